//! Radiology: a modality's examination (worklist, performed step, images) and a viewer's query and retrieval.

use super::{Habit, Job, busy};
use crate::calendar;
use crate::catalogue::Part;
use crate::hospital::{Group, Host, World};
use crate::rhythm::Rhythm;
use crate::speech::dicom::dataset::{Dataset, Syntax};
use crate::speech::dicom::{self, Association, Command, Context, Implementation, verb};
use crate::tcp::{Carries, Connection, Side};
use crate::truth::{Patient, Weakness};
use wardline_model::{Attribute, Timestamp};

pub(crate) const DICOM: Carries = Carries { protocol: "dicom", encrypted: false };
/// The registered port, older than the protocol's name.
const RIS_PORT: u16 = 104;
/// The other registered port.
pub(crate) const ARCHIVE_PORT: u16 = 11_112;
/// Where viewers take what they retrieve.
const VIEWER_PORT: u16 = 104;

const VERIFICATION: &str = "1.2.840.10008.1.1";
const SECONDARY_CAPTURE: &str = "1.2.840.10008.5.1.4.1.1.7";
const WORKLIST: &str = "1.2.840.10008.5.1.4.31";
const PERFORMED_STEP: &str = "1.2.840.10008.3.1.2.3.3";
pub(crate) const STUDY_FIND: &str = "1.2.840.10008.5.1.4.1.2.2.1";
const STUDY_MOVE: &str = "1.2.840.10008.5.1.4.1.2.2.2";

/// Pending answers follow.
pub(crate) const PENDING: u16 = 0xff00;

/// What makes the images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Modality {
    Ct,
    Dx,
    Mr,
    Us,
}

impl Modality {
    const fn code(self) -> &'static str {
        match self {
            Self::Ct => "CT",
            Self::Dx => "DX",
            Self::Mr => "MR",
            Self::Us => "US",
        }
    }

    pub(crate) const fn storage(self) -> &'static str {
        match self {
            Self::Ct => "1.2.840.10008.5.1.4.1.1.2",
            Self::Dx => "1.2.840.10008.5.1.4.1.1.1.1",
            Self::Mr => "1.2.840.10008.5.1.4.1.1.4",
            Self::Us => "1.2.840.10008.5.1.4.1.1.6.1",
        }
    }

    pub(crate) const fn syntax(self) -> Syntax {
        match self {
            Self::Ct | Self::Dx => Syntax::Explicit,
            Self::Mr | Self::Us => Syntax::Implicit,
        }
    }

    /// Rows, columns: small, so that a day fits a disk.
    const fn size(self) -> (u16, u16) {
        match self {
            Self::Ct | Self::Mr => (128, 128),
            Self::Dx => (192, 192),
            Self::Us => (160, 144),
        }
    }

    const fn images(self) -> i64 {
        match self {
            Self::Ct | Self::Mr => 3,
            Self::Dx => 1,
            Self::Us => 2,
        }
    }
}

/// An association in use.
pub(crate) struct Talk {
    pub(crate) connection: Connection,
    /// Who began it.
    pub(crate) sender: u32,
    pub(crate) message: u16,
}

pub(crate) fn implementation(host: &Host) -> Implementation {
    let imaging = host.model.imaging;
    Implementation {
        uid: imaging.map_or("1.2.276.0.7230010.3.0.3.6.4", |imaging| imaging.uid),
        version: imaging.map_or("OFFIS_DCMTK_364", |imaging| imaging.version),
    }
}

/// Connects and associates.
fn associate(world: &mut World, at: i64, ends: (u32, u32), port: u16, contexts: &[Context]) -> Talk {
    let (client, server) = (world.host(ends.0).clone(), world.host(ends.1).clone());
    let identity = (client.model.class == "img.xr").then_some(("drx", "imaging"));
    let takes = &[];
    let association = Association { called: &server.ae, calling: &client.ae, contexts, identity, takes };
    let (own, peer) = (client.station, server.station);
    let wire = &mut world.wire;
    let mut connection = Connection::open(wire, at, &own, (&peer, port), DICOM);
    wire.told(ends.0, &[Attribute::AeTitle]);
    wire.told(ends.1, &[Attribute::AeTitle]);
    if identity.is_some() {
        wire.weak(ends.0, Weakness::ClearCredentials);
    }
    connection.client_says(wire, &association.request(implementation(&client)));
    let pause = wire.rng.range(1_000_000, 20_000_000);
    connection.wait(wire, pause);
    connection.server_says(wire, &association.accept(implementation(&server)));
    Talk { connection, sender: ends.0, message: 0 }
}

impl Talk {
    pub(crate) fn next_message(&mut self) -> u16 {
        self.message += 1;
        self.message
    }

    pub(crate) fn client(&mut self, world: &mut World, context: u8, command: &Command<'_>) {
        self.connection.client_says(&mut world.wire, &command.bytes(context));
        let pause = world.wire.rng.range(1_000_000, 30_000_000);
        self.connection.wait(&mut world.wire, pause);
    }

    pub(crate) fn server(&mut self, world: &mut World, context: u8, command: &Command<'_>) {
        self.connection.server_says(&mut world.wire, &command.bytes(context));
    }

    /// Releases and closes; answers the time after it.
    pub(crate) fn end(mut self, world: &mut World) -> i64 {
        let wire = &mut world.wire;
        self.connection.client_says(wire, &dicom::release());
        self.connection.server_says(wire, &dicom::released());
        self.connection.close(wire, Side::Client);
        self.connection.now
    }
}

/// An examination: what the images of one study share.
pub(crate) struct Examination {
    pub(crate) patient: Patient,
    pub(crate) accession: String,
    pub(crate) study: String,
    pub(crate) time: Timestamp,
}

/// One examination, from the worklist to the archive.
pub(super) fn images(world: &mut World, job: &Job, modality: Modality, now: i64) -> Option<i64> {
    let archive = world.peer(Part::Archive, job.host)?;
    let system = world.peer(Part::RadiologySystem, job.host)?;
    let host = world.host(job.host).clone();
    let number = world.next_number();
    let examination = Examination {
        patient: world.patient(),
        accession: format!("A{number:07}"),
        study: format!("{}.{}.{number}", implementation(&host).uid, world.start.0 / Timestamp::SECOND),
        time: Timestamp(now),
    };
    let mut at = now;
    if job.turn.is_multiple_of(4) {
        at = echo(world, at, (job.host, archive));
    }
    if modality == Modality::Us {
        at = refused(world, at, (&host, archive));
    }
    at = worklist(world, at, (&host, system), modality, &examination);
    let step = format!("{}.9", examination.study);
    at = performed_step(world, at + 2_000_000_000, (&host, system), &examination, (&step, modality, false));
    at = store(world, at + 4_000_000_000, (&host, archive), modality, &examination);
    at = performed_step(world, at + 1_000_000_000, (&host, system), &examination, (&step, modality, true));
    Some(busy(world, now, 600, Rhythm::Office).max(at + super::SECOND))
}

pub(crate) fn echo(world: &mut World, at: i64, ends: (u32, u32)) -> i64 {
    let contexts = [Context { abstract_syntax: VERIFICATION, syntax: Syntax::Implicit }];
    let mut talk = associate(world, at, ends, ARCHIVE_PORT, &contexts);
    let message = talk.next_message();
    talk.client(world, 1, &Command::new(verb::ECHO, VERIFICATION, message));
    talk.server(world, 1, &Command::new(verb::ECHO | verb::RESPONSE, VERIFICATION, message));
    talk.end(world)
}

/// A cart still knows the archive by its former title and tries that first.
fn refused(world: &mut World, at: i64, ends: (&Host, u32)) -> i64 {
    let (host, archive) = ends;
    let contexts = [Context { abstract_syntax: VERIFICATION, syntax: Syntax::Implicit }];
    let association =
        Association { called: "PACSOLD", calling: &host.ae, contexts: &contexts, identity: None, takes: &[] };
    let peer = world.station(archive);
    let wire = &mut world.wire;
    let mut connection = Connection::open(wire, at, &host.station, (&peer, ARCHIVE_PORT), DICOM);
    connection.client_says(wire, &association.request(implementation(host)));
    connection.server_says(wire, &dicom::reject());
    connection.close(wire, Side::Server);
    connection.now + super::SECOND
}

/// The modality asks which patients are scheduled for it.
fn worklist(
    world: &mut World,
    at: i64,
    ends: (&Host, u32),
    modality: Modality,
    examination: &Examination,
) -> i64 {
    let (host, system) = ends;
    let syntax = Syntax::Implicit;
    let contexts = [Context { abstract_syntax: WORKLIST, syntax }];
    let mut talk = associate(world, at, (host.station.index, system), RIS_PORT, &contexts);
    let message = talk.next_message();
    let entry = |patient: Option<&Patient>| {
        let (name, id) = patient
            .map(|patient| (format!("{}^{}", patient.family, patient.given), patient.id.clone()))
            .unwrap_or_default();
        let mut item = Dataset::new(syntax);
        item.text((0x0008, 0x0060), *b"CS", modality.code());
        item.text((0x0040, 0x0001), *b"AE", &host.ae);
        item.text((0x0040, 0x0002), *b"DA", &calendar::date(examination.time));
        item.text((0x0040, 0x0003), *b"TM", if patient.is_some() { "080000" } else { "" });
        let mut set = Dataset::new(syntax);
        set.text((0x0008, 0x0005), *b"CS", "ISO_IR 100");
        set.text((0x0008, 0x0050), *b"SH", if patient.is_some() { &examination.accession } else { "" });
        set.text((0x0010, 0x0010), *b"PN", &name);
        set.text((0x0010, 0x0020), *b"LO", &id);
        set.text((0x0020, 0x000d), *b"UI", if patient.is_some() { &examination.study } else { "" });
        set.sequence((0x0040, 0x0100), &item);
        set.bytes()
    };
    let question = entry(None);
    let answer = entry(Some(&examination.patient));
    talk.client(world, 1, &Command { data: Some(&question), ..Command::new(verb::FIND, WORKLIST, message) });
    for end in [host.station.index, system] {
        world.wire.patient_data(end);
    }
    let response = Command::new(verb::FIND | verb::RESPONSE, WORKLIST, message);
    talk.server(world, 1, &Command { status: PENDING, data: Some(&answer), ..response });
    talk.server(world, 1, &response);
    talk.end(world)
}

/// The modality says that the examination began, or that it is complete.
fn performed_step(
    world: &mut World,
    at: i64,
    ends: (&Host, u32),
    examination: &Examination,
    step: (&str, Modality, bool),
) -> i64 {
    let (host, system) = ends;
    let (instance, modality, complete) = step;
    let syntax = Syntax::Explicit;
    let contexts = [Context { abstract_syntax: PERFORMED_STEP, syntax }];
    let mut talk = associate(world, at, (host.station.index, system), RIS_PORT, &contexts);
    let message = talk.next_message();
    let mut set = Dataset::new(syntax);
    if complete {
        set.text((0x0040, 0x0250), *b"DA", &calendar::date(examination.time));
        set.text((0x0040, 0x0251), *b"TM", &calendar::clock(Timestamp(at)));
        set.text((0x0040, 0x0252), *b"CS", "COMPLETED");
    } else {
        let patient = &examination.patient;
        let mut scheduled = Dataset::new(syntax);
        scheduled.text((0x0008, 0x0050), *b"SH", &examination.accession);
        scheduled.text((0x0020, 0x000d), *b"UI", &examination.study);
        set.text((0x0008, 0x0005), *b"CS", "ISO_IR 100");
        set.text((0x0008, 0x0060), *b"CS", modality.code());
        set.text((0x0010, 0x0010), *b"PN", &format!("{}^{}", patient.family, patient.given));
        set.text((0x0010, 0x0020), *b"LO", &patient.id);
        set.text((0x0040, 0x0241), *b"AE", &host.ae);
        set.text((0x0040, 0x0242), *b"SH", &host.hostname);
        set.text((0x0040, 0x0243), *b"SH", &format!("{} {}", host.model.area.unit(), host.room));
        set.text((0x0040, 0x0244), *b"DA", &calendar::date(examination.time));
        set.text((0x0040, 0x0245), *b"TM", &calendar::clock(examination.time));
        set.text((0x0040, 0x0252), *b"CS", "IN PROGRESS");
        set.sequence((0x0040, 0x0270), &scheduled);
        for end in [host.station.index, system] {
            world.wire.patient_data(end);
        }
        let own = host.station.index;
        world.wire.told_of(own, own, &[Attribute::Hostname]);
    }
    let verb = if complete { verb::SET } else { verb::CREATE };
    let body = set.bytes();
    let request = Command { instance: Some(instance), ..Command::new(verb, PERFORMED_STEP, message) };
    talk.client(world, 1, &Command { data: Some(&body), ..request });
    talk.server(world, 1, &Command { verb: verb | verb::RESPONSE, ..request });
    talk.end(world)
}

/// The data set of one image, with everything a modality says of itself.
pub(crate) fn image(
    world: &mut World,
    host: &Host,
    modality: Modality,
    examination: &Examination,
    instance: &str,
) -> Vec<u8> {
    let patient = &examination.patient;
    let date = calendar::date(examination.time);
    let clock = calendar::clock(examination.time);
    let (rows, columns) = modality.size();
    let mut set = Dataset::new(modality.syntax());
    set.text((0x0008, 0x0005), *b"CS", "ISO_IR 100");
    set.text((0x0008, 0x0008), *b"CS", "ORIGINAL\\PRIMARY");
    set.text((0x0008, 0x0016), *b"UI", modality.storage());
    set.text((0x0008, 0x0018), *b"UI", instance);
    set.text((0x0008, 0x0020), *b"DA", &date);
    set.text((0x0008, 0x0030), *b"TM", &clock);
    set.text((0x0008, 0x0050), *b"SH", &examination.accession);
    set.text((0x0008, 0x0060), *b"CS", modality.code());
    set.text((0x0008, 0x0070), *b"LO", host.vendor());
    set.text((0x0008, 0x0080), *b"LO", "Lindmoor Hospital");
    set.text((0x0008, 0x1010), *b"SH", &host.hostname);
    set.text((0x0008, 0x1040), *b"LO", "Radiology");
    set.text((0x0008, 0x1090), *b"LO", host.model_name());
    let mut referenced = Dataset::new(modality.syntax());
    referenced.text((0x0008, 0x1150), *b"UI", PERFORMED_STEP);
    referenced.text((0x0008, 0x1155), *b"UI", &format!("{}.9", examination.study));
    set.sequence((0x0008, 0x1111), &referenced);
    set.text((0x0010, 0x0010), *b"PN", &format!("{}^{}", patient.family, patient.given));
    set.text((0x0010, 0x0020), *b"LO", &patient.id);
    set.text((0x0010, 0x0030), *b"DA", &patient.birth_date);
    set.text((0x0010, 0x0040), *b"CS", patient.sex);
    set.text((0x0018, 0x1000), *b"LO", &host.serial);
    set.text((0x0018, 0x1020), *b"LO", &format!("{} {}", host.software().0, host.software().1));
    set.text((0x0020, 0x000d), *b"UI", &examination.study);
    set.text((0x0020, 0x000e), *b"UI", &format!("{}.1", examination.study));
    set.text((0x0020, 0x0010), *b"SH", &examination.accession);
    set.text((0x0020, 0x0011), *b"IS", "1");
    set.text((0x0020, 0x0013), *b"IS", instance.rsplit('.').next().unwrap_or("1"));
    set.number((0x0028, 0x0002), 1);
    set.text((0x0028, 0x0004), *b"CS", "MONOCHROME2");
    set.number((0x0028, 0x0010), rows);
    set.number((0x0028, 0x0011), columns);
    for (element, value) in [(0x0100, 16), (0x0101, 12), (0x0102, 11), (0x0103, 0)] {
        set.number((0x0028, element), value);
    }
    let pixels = pixels(world, usize::from(rows) * usize::from(columns));
    set.bulk((0x7fe0, 0x0010), *b"OW", &pixels);
    set.bytes()
}

/// A soft gradient with noise, 12 bits in 16.
fn pixels(world: &mut World, count: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(count * 2);
    for index in 0..count {
        let value = ((index / 7) as u64 + world.wire.rng.below(64)) % 4096;
        out.extend_from_slice(&(value as u16).to_le_bytes());
    }
    out
}

fn store(
    world: &mut World,
    at: i64,
    ends: (&Host, u32),
    modality: Modality,
    examination: &Examination,
) -> i64 {
    let (host, archive) = ends;
    let contexts = [
        Context { abstract_syntax: modality.storage(), syntax: modality.syntax() },
        Context { abstract_syntax: SECONDARY_CAPTURE, syntax: modality.syntax() },
    ];
    let mut talk = associate(world, at, (host.station.index, archive), ARCHIVE_PORT, &contexts);
    for number in 1..=modality.images() {
        send_image(world, &mut talk, (host, archive), modality, examination, number, None);
        world.wire.patient_data(host.station.index);
    }
    talk.end(world)
}

/// Attributes that an image tells of its maker.
pub(crate) const TOLD_BY_IMAGE: &[Attribute] =
    &[Attribute::Vendor, Attribute::Model, Attribute::Serial, Attribute::Software, Attribute::Hostname];

/// One C-STORE of an image that `maker` made, to `receiver`.
fn send_image(
    world: &mut World,
    talk: &mut Talk,
    ends: (&Host, u32),
    modality: Modality,
    examination: &Examination,
    number: i64,
    originator: Option<(&str, u16)>,
) {
    let (maker, receiver) = ends;
    let instance = format!("{}.1.{number}", examination.study);
    let body = image(world, maker, modality, examination, &instance);
    let message = talk.next_message();
    let sender = if originator.is_some() { talk.sender } else { maker.station.index };
    world.wire.told_of(sender, maker.station.index, TOLD_BY_IMAGE);
    world.wire.patient_data(receiver);
    let request =
        Command { instance: Some(&instance), ..Command::new(verb::STORE, modality.storage(), message) };
    talk.client(world, 1, &Command { data: Some(&body), originator, ..request });
    talk.server(world, 1, &Command { verb: verb::STORE | verb::RESPONSE, ..request });
}

/// A viewer asks the archive for studies and has one sent to itself: the archive repeats another device's facts.
pub(super) fn viewing(world: &mut World, host: u32, now: i64) -> Option<i64> {
    let archive = world.peer(Part::Archive, host)?;
    let count = world.group(Group::Modalities, archive).len() as u64;
    let place = world.wire.rng.below(count) as usize;
    let maker = *world.group(Group::Modalities, archive).get(place)?;
    let maker = world.host(maker).clone();
    let modality = maker.model.habits.iter().find_map(|habit| match habit {
        Habit::Images(modality) => Some(*modality),
        _ => None,
    })?;
    let number = world.next_number();
    let examination = Examination {
        patient: world.patient(),
        accession: format!("A{number:07}"),
        study: format!(
            "{}.{}.{number}",
            implementation(&maker).uid,
            world.start.0 / Timestamp::SECOND - 86_400
        ),
        time: Timestamp(now - 86_400 * super::SECOND),
    };
    let contexts = [
        Context { abstract_syntax: STUDY_FIND, syntax: Syntax::Explicit },
        Context { abstract_syntax: STUDY_MOVE, syntax: Syntax::Explicit },
    ];
    let mut talk = associate(world, now, (host, archive), ARCHIVE_PORT, &contexts);
    find_study(world, &mut talk, (host, archive), &examination);
    let own = world.host(host).clone();
    let mut key = Dataset::new(Syntax::Explicit);
    key.text((0x0008, 0x0052), *b"CS", "STUDY");
    key.text((0x0020, 0x000d), *b"UI", &examination.study);
    let key = key.bytes();
    let message = talk.next_message();
    let request = Command { destination: Some(&own.ae), ..Command::new(verb::MOVE, STUDY_MOVE, message) };
    talk.client(world, 3, &Command { data: Some(&key), ..request });
    let storage = [Context { abstract_syntax: modality.storage(), syntax: modality.syntax() }];
    let at = talk.connection.now + 5_000_000;
    let mut delivery = associate(world, at, (archive, host), VIEWER_PORT, &storage);
    world.wire.patient_data(archive);
    send_image(world, &mut delivery, (&maker, host), modality, &examination, 1, Some((&own.ae, message)));
    let delivered = delivery.end(world);
    talk.connection.wait_until(&mut world.wire, delivered);
    let response = Command {
        operations: Some((0, 1)),
        ..Command::new(verb::MOVE | verb::RESPONSE, STUDY_MOVE, message)
    };
    talk.server(world, 3, &response);
    let end = talk.end(world);
    Some(busy(world, now, 300, Rhythm::Office).max(end + super::SECOND))
}

fn find_study(world: &mut World, talk: &mut Talk, ends: (u32, u32), examination: &Examination) {
    let patient = &examination.patient;
    let identifier = |name: &str, id: &str, study: &str| {
        let mut set = Dataset::new(Syntax::Explicit);
        set.text((0x0008, 0x0020), *b"DA", &calendar::date(examination.time));
        set.text((0x0008, 0x0052), *b"CS", "STUDY");
        set.text((0x0010, 0x0010), *b"PN", name);
        set.text((0x0010, 0x0020), *b"LO", id);
        set.text((0x0020, 0x000d), *b"UI", study);
        set.bytes()
    };
    let question = identifier(&format!("{}*", patient.family), "", "");
    let answer =
        identifier(&format!("{}^{}", patient.family, patient.given), &patient.id, &examination.study);
    for end in [ends.0, ends.1] {
        world.wire.patient_data(end);
    }
    let message = talk.next_message();
    talk.client(
        world,
        1,
        &Command { data: Some(&question), ..Command::new(verb::FIND, STUDY_FIND, message) },
    );
    let response = Command::new(verb::FIND | verb::RESPONSE, STUDY_FIND, message);
    talk.server(world, 1, &Command { status: PENDING, data: Some(&answer), ..response });
    talk.server(world, 1, &response);
}
