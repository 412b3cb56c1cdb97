//! Attacks in clinical protocols: images taken from the archive, results sent in another's name.

use super::{Campaign, aim};
use crate::calendar;
use crate::habit::imaging::{self, Examination, PENDING, STUDY_FIND, TOLD_BY_IMAGE, Talk};
use crate::habit::{Habit, Modality, SECOND, clinical};
use crate::hospital::{Group, World};
use crate::speech::dicom::dataset::{Dataset, Syntax};
use crate::speech::dicom::{Association, Command, Context, verb};
use crate::speech::hl7::{Head, Message};
use crate::tcp::{Carries, Connection, Side};
use wardline_model::{Attribute, Timestamp};

/// Associations before somebody notices, and studies asked for in each.
const ASSOCIATIONS: u64 = 25;
const STUDIES_PER_ASSOCIATION: usize = 4;
/// Study root retrieve by C-GET.
const STUDY_GET: &str = "1.2.840.10008.5.1.4.1.2.2.3";
const MODALITIES: [Modality; 4] = [Modality::Ct, Modality::Dx, Modality::Mr, Modality::Us];

/// An unknown application asks the archive for everything and takes it, association after association.
pub(super) fn dicom_harvesting(world: &mut World, campaign: &Campaign, now: i64) -> Option<i64> {
    if campaign.turn >= ASSOCIATIONS || campaign.targets.is_empty() {
        return None;
    }
    let archive = campaign.targets[campaign.turn as usize % campaign.targets.len()];
    let own = campaign.attacker;
    let mut at = now;
    if campaign.turn == 0 {
        aim(world, archive);
        at = imaging::echo(world, at, (own, archive)) + SECOND;
    }
    aim(world, archive);
    let mut talk = associate(world, at, (own, archive));
    for _ in 0..STUDIES_PER_ASSOCIATION {
        take_study(world, &mut talk, archive);
    }
    let end = talk.end(world);
    Some(end + world.wire.rng.range(3, 9) * SECOND)
}

/// An association on which the requester finds, and takes images itself.
fn associate(world: &mut World, at: i64, ends: (u32, u32)) -> Talk {
    let (client, server) = (world.host(ends.0).clone(), world.host(ends.1).clone());
    let storages = MODALITIES.map(Modality::storage);
    let asks = [STUDY_FIND, STUDY_GET].map(|asked| (asked, Syntax::Explicit));
    let takes = MODALITIES.map(|modality| (modality.storage(), modality.syntax()));
    let context = |(abstract_syntax, syntax)| Context { abstract_syntax, syntax };
    let contexts: Vec<Context> = asks.into_iter().chain(takes).map(context).collect();
    let association = Association {
        called: &server.ae,
        calling: &client.ae,
        contexts: &contexts,
        identity: None,
        takes: &storages,
    };
    let wire = &mut world.wire;
    let peer = (&server.station, imaging::ARCHIVE_PORT);
    let mut connection = Connection::open(wire, at, &client.station, peer, imaging::DICOM);
    wire.told(ends.0, &[Attribute::AeTitle]);
    wire.told(ends.1, &[Attribute::AeTitle]);
    connection.client_says(wire, &association.request(imaging::implementation(&client)));
    connection.wait(wire, 4_000_000);
    connection.server_says(wire, &association.accept(imaging::implementation(&server)));
    Talk { connection, sender: ends.0, message: 0 }
}

fn identifier(name: &str, id: &str, study: &str) -> Vec<u8> {
    let mut set = Dataset::new(Syntax::Explicit);
    set.text((0x0008, 0x0052), *b"CS", "STUDY");
    set.text((0x0010, 0x0010), *b"PN", name);
    set.text((0x0010, 0x0020), *b"LO", id);
    set.text((0x0020, 0x000d), *b"UI", study);
    set.bytes()
}

/// A question with wildcards, its many answers, and one of the studies taken.
fn take_study(world: &mut World, talk: &mut Talk, archive: u32) {
    let message = talk.next_message();
    let question = identifier("*", "*", "");
    talk.client(
        world,
        1,
        &Command { data: Some(&question), ..Command::new(verb::FIND, STUDY_FIND, message) },
    );
    let response = Command::new(verb::FIND | verb::RESPONSE, STUDY_FIND, message);
    let mut study = String::new();
    let mut patient = world.patient();
    for _ in 0..world.wire.rng.range(6, 14) {
        patient = world.patient();
        study = format!("1.2.40.0.13.1.{}", world.next_number());
        let answer = identifier(&format!("{}^{}", patient.family, patient.given), &patient.id, &study);
        world.wire.patient_data(archive);
        talk.server(world, 1, &Command { status: PENDING, data: Some(&answer), ..response });
    }
    talk.server(world, 1, &response);
    let message = talk.next_message();
    let key = identifier("", "", &study);
    talk.client(world, 3, &Command { data: Some(&key), ..Command::new(verb::GET, STUDY_GET, message) });
    let examination = Examination {
        patient,
        accession: format!("A{:07}", world.next_number()),
        study,
        time: Timestamp(talk.connection.now - 30 * 86_400 * SECOND),
    };
    let taken = take_image(world, talk, archive, &examination);
    let response = Command {
        operations: Some((0, taken)),
        ..Command::new(verb::GET | verb::RESPONSE, STUDY_GET, message)
    };
    talk.server(world, 3, &response);
}

/// The archive sends an image that one of its modalities made; how many it sent.
fn take_image(world: &mut World, talk: &mut Talk, archive: u32, examination: &Examination) -> u16 {
    let makers = world.group(Group::Modalities, archive);
    let count = makers.len() as u64;
    let place = world.wire.rng.below(count) as usize;
    let Some(maker) = world.group(Group::Modalities, archive).get(place).copied() else { return 0 };
    let maker = world.host(maker).clone();
    let makes = |habit: &Habit| match habit {
        Habit::Images(modality) => Some(*modality),
        _ => None,
    };
    let Some(modality) = maker.model.habits.iter().find_map(makes) else { return 0 };
    let storage = modality.storage();
    let context = MODALITIES.iter().position(|other| *other == modality).unwrap_or(0) as u8 * 2 + 5;
    let instance = format!("{}.1.1", examination.study);
    let body = imaging::image(world, &maker, modality, examination, &instance);
    let message = talk.next_message();
    world.wire.told_of(archive, maker.station.index, TOLD_BY_IMAGE);
    world.wire.patient_data(archive);
    let request = Command { instance: Some(&instance), ..Command::new(verb::STORE, storage, message) };
    talk.server(world, context, &Command { data: Some(&body), ..request });
    talk.client(world, context, &Command { verb: verb::STORE | verb::RESPONSE, ..request });
    1
}

/// Where the interface engine listens for results.
const ENGINE_PORT: u16 = 6661;
/// False results.
const RESULTS: u64 = 30;

/// Results in the laboratory's name, from a computer that is not the laboratory's.
pub(super) fn hl7_spoofing(world: &mut World, campaign: &mut Campaign, now: i64) -> Option<i64> {
    let engine = *campaign.targets.first()?;
    let own = world.station(campaign.attacker);
    let wire = &mut world.wire;
    let mut connection = match campaign.session.take() {
        Some(mut connection) => {
            connection.wait_until(wire, now);
            connection
        }
        None => {
            let peer = world.station(engine);
            aim(world, engine);
            let carries = Carries { protocol: "hl7", encrypted: false };
            Connection::open(&mut world.wire, now, &own, (&peer, ENGINE_PORT), carries)
        }
    };
    if campaign.turn >= RESULTS {
        connection.close(&mut world.wire, Side::Client);
        return None;
    }
    let number = world.next_number();
    let control = format!("L{number:07}");
    let time = Timestamp(connection.now);
    let stamp = calendar::stamp(time);
    let head = Head {
        sender: "LABLEDGER",
        receiver: "ENGINE",
        kind: "ORU^R01^ORU_R01",
        control: &control,
        version: "2.5.1",
        time,
        profile: "",
    };
    let patient = world.patient();
    let mut message = Message::new(&head);
    message.patient(&patient).visit("WARD4^R104^2^LINDMOOR");
    message.segment(&format!("ORC|RE|{number}|{number}"));
    message.segment(&format!("OBR|1|{number}|{number}|2823-3^Potassium^LN|||{stamp}"));
    let value = world.wire.rng.range(71, 89);
    let (whole, tenth) = (value / 10, value % 10);
    message
        .segment(&format!("OBX|1|NM|2823-3^Potassium^LN||{whole}.{tenth}|mmol/L|3.5-5.1|HH|||F|||{stamp}"));
    clinical::exchange(world, &mut connection, &head, &message, [own.index, engine]);
    let end = connection.now;
    connection.wait(&mut world.wire, 60_000_000);
    campaign.session = Some(connection);
    Some((now + world.wire.rng.range(4, 12) * SECOND).max(end + SECOND))
}
