//! Bedside devices, their gateways, and the messages between the hospital's systems.

use super::{Job, SECOND, about, busy};
use crate::catalogue::Part;
use crate::hospital::{Group, Host, World};
use crate::rhythm::Rhythm;
use crate::speech::hl7::{self, Head, Message};
use crate::tcp::{Carries, Connection, Side};
use wardline_model::{Attribute, Timestamp};

const HL7: Carries = Carries { protocol: "hl7", encrypted: false };
/// Unknown to every dissector: the maker's own protocol.
const UNKNOWN: Carries = Carries { protocol: "unknown", encrypted: false };
/// Where the vital signs gateway listens: not the registered port, as in the field.
const VITALS_PORT: u16 = 5001;
/// Where the interface engine listens.
const ENGINE_PORT: u16 = 6661;
/// Registered for HL7.
const HL7_PORT: u16 = 2575;
/// Registered as alaris-disc.
const PUMP_PORT: u16 = 3613;
/// Where a serial device server offers its first port.
const SERIAL_PORT: u16 = 4001;
/// Messages after which a sender connects anew.
const MESSAGES_PER_SESSION: u64 = 240;

/// Longer than a receiver keeps its acknowledgement back.
const SETTLED_NANOS: i64 = 60_000_000;

/// Attributes that a PCD-01 message tells.
const TOLD_BY_PCD: &[Attribute] = &[
    Attribute::Mac,
    Attribute::Vendor,
    Attribute::Model,
    Attribute::Serial,
    Attribute::Software,
    Attribute::Location,
];

/// The connection of a job: opened, or one from before the capture, or opened anew after many messages.
pub(super) fn session(
    world: &mut World,
    job: &mut Job,
    slot: usize,
    to: (u32, u16),
    carries: Carries,
    now: i64,
) -> Connection {
    let (client, server) = (world.station(job.host), world.station(to.0));
    let wire = &mut world.wire;
    if slot < job.sessions.len() {
        let mut old = job.sessions.swap_remove(slot);
        old.wait_until(wire, now);
        wire.speak(carries.protocol);
        if job.turn % MESSAGES_PER_SESSION != MESSAGES_PER_SESSION - 1 {
            return old;
        }
        old.close(wire, Side::Client);
        let at = old.now + SECOND;
        return Connection::open(wire, at, &client, (&server, to.1), carries);
    }
    if job.turn == 0 && wire.rng.per_mille(330) {
        return Connection::resumed(wire, now, &client, (&server, to.1), carries);
    }
    Connection::open(wire, now, &client, (&server, to.1), carries)
}

/// Puts a connection back where `session` took it; answers the time after the receiver's last acknowledgement,
/// which must not be left for the next turn.
pub(super) fn keep(world: &mut World, job: &mut Job, slot: usize, mut connection: Connection) -> i64 {
    connection.wait(&mut world.wire, SETTLED_NANOS);
    let end = connection.now;
    job.sessions.push(connection);
    let last = job.sessions.len() - 1;
    if slot < last {
        job.sessions.swap(slot, last);
    }
    end
}

/// A framed message and its acknowledgement.
pub(crate) fn exchange(
    world: &mut World,
    connection: &mut Connection,
    head: &Head<'_>,
    message: &Message,
    ends: [u32; 2],
) {
    for end in ends {
        world.wire.patient_data(end);
    }
    connection.client_says(&mut world.wire, &message.framed());
    let number = world.next_number();
    let thinking = world.wire.rng.range(2_000_000, 35_000_000);
    connection.wait(&mut world.wire, thinking);
    let answer = hl7::acknowledgement(head, number, Timestamp(connection.now));
    connection.server_says(&mut world.wire, &answer);
}

fn ascii(text: &str) -> String {
    text.replace('ä', "ae")
}

/// OBX-18 as the maker writes it.
fn instance(host: &Host) -> String {
    let eui = host.eui64();
    match host.model_name() {
        "B40" => format!("{eui}^B40_GE"),
        _ => format!("{eui}^^{eui}^EUI-64"),
    }
}

/// A PCD-01 message about a device, whoever sends it.
fn pcd01(world: &mut World, head: &Head<'_>, device: &Host, software: Option<(&str, &str, &str)>) -> Message {
    let patient = world.patient_of(device.station.index);
    let mut message = Message::new(head);
    if let Some((vendor, version, product)) = software {
        message.software(vendor, version, product);
    }
    message.patient(&patient).visit(&device.place());
    let pump = device.model.class.starts_with("inf.");
    let rng = &mut world.wire.rng;
    let measurements = if pump { hl7::infusion(rng) } else { hl7::vital_signs(rng) };
    let order = format!("{}^{}", head.control, device.hostname);
    let (vendor, instance) = (ascii(device.vendor()), instance(device));
    let described = hl7::Device {
        root: if pump { hl7::PUMP } else { hl7::MONITOR },
        vendor: &vendor,
        model: device.model_name(),
        serial: &device.serial,
        software: device.software().1,
        instance: &instance,
    };
    hl7::observations(&mut message, &described, &measurements, &order, head.time);
    message
}

/// IHE's profile of PCD-01, MSH-21.
const PCD_PROFILE: &str = "IHE_PCD_ORU_R01^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO";

/// A monitor reports to the vital signs gateway.
pub(super) fn vitals(world: &mut World, job: &mut Job, now: i64) -> Option<i64> {
    let gateway = world.peer(Part::MonitorGateway, job.host)?;
    let mut connection = session(world, job, 0, (gateway, VITALS_PORT), HL7, now);
    let device = world.host(job.host).clone();
    let sender =
        format!("{}^{}^EUI-64", ascii(device.model_name()).replace(' ', "_").to_uppercase(), device.eui64());
    let control = format!("{}", world.next_number());
    let receiver = "VITALSGATEWAY";
    let time = Timestamp(connection.now);
    let kind = "ORU^R01^ORU_R01";
    let head = Head {
        sender: &sender,
        receiver,
        kind,
        control: &control,
        version: "2.6",
        time,
        profile: PCD_PROFILE,
    };
    let message = pcd01(world, &head, &device, None);
    let message = if device.model.class == "mon.vs" { message.with_line_feeds() } else { message };
    world.wire.told_of(job.host, job.host, TOLD_BY_PCD);
    exchange(world, &mut connection, &head, &message, [job.host, gateway]);
    let end = keep(world, job, 0, connection);
    Some(about(world, now, 60).max(end + SECOND))
}

/// The gateway passes on what monitors told it, also those that speak only their maker's protocol.
pub(super) fn vitals_forward(world: &mut World, job: &mut Job, now: i64) -> Option<i64> {
    let software = ("Lindmoor Integration", "VITALSGATEWAY", "ORU^R01^ORU_R01");
    forward(world, job, now, Group::Monitors, software)
}

/// The pump server reports what pumps do: only here do they tell who they are.
pub(super) fn pump_events(world: &mut World, job: &mut Job, now: i64) -> Option<i64> {
    forward(world, job, now, Group::Pumps, ("BD", "ALARIS_SM", "ORU^R42^ORU_R01"))
}

/// One device's message by a gateway to the interface engine; `from` is maker of the software, MSH-3, MSH-9. Now
/// and then two messages go out in one breath.
fn forward(
    world: &mut World,
    job: &mut Job,
    now: i64,
    group: Group,
    from: (&str, &str, &str),
) -> Option<i64> {
    let engine = world.peer(Part::Engine, job.host)?;
    let count_devices = world.group(group, job.host).len();
    if count_devices == 0 {
        return None;
    }
    let mut connection = session(world, job, 0, (engine, ENGINE_PORT), HL7, now);
    let (vendor, sender, kind) = from;
    let (product, version) = world.host(job.host).software();
    let count = if world.wire.rng.per_mille(100) { 2 } else { 1 };
    let (mut text, mut answers) = (Vec::new(), Vec::new());
    for place in 0..count {
        let device = world.group(group, job.host)[(job.turn as usize + place) % count_devices];
        let device = world.host(device).clone();
        let control = format!("G{}", world.next_number());
        let time = Timestamp(connection.now);
        let profile = PCD_PROFILE;
        let head =
            Head { sender, receiver: "ENGINE", kind, control: &control, version: "2.6", time, profile };
        let message = pcd01(world, &head, &device, Some((vendor, version, product)));
        text.extend_from_slice(&message.framed());
        let number = world.next_number();
        answers.extend_from_slice(&hl7::acknowledgement(&head, number, time));
        world.wire.told_of(job.host, device.station.index, TOLD_BY_PCD);
        world.wire.patient_data(device.station.index);
    }
    world.wire.told(job.host, &[Attribute::Software]);
    world.wire.patient_data(job.host);
    world.wire.patient_data(engine);
    connection.client_says(&mut world.wire, &text);
    let thinking = world.wire.rng.range(2_000_000, 35_000_000);
    connection.wait(&mut world.wire, thinking);
    connection.server_says(&mut world.wire, &answers);
    let end = keep(world, job, 0, connection);
    let pause = (600 / count_devices as i64).clamp(1, 20);
    Some(about(world, now, pause).max(end + SECOND / 10))
}

/// A monitor that speaks its maker's protocol to the gateway: small binary records with a fixed head.
pub(super) fn vitals_proprietary(world: &mut World, job: &mut Job, now: i64) -> Option<i64> {
    let gateway = world.peer(Part::MonitorGateway, job.host)?;
    let mut connection = session(world, job, 0, (gateway, 24_200), UNKNOWN, now);
    let mut record = vec![0xa5, 0x5a, 0x01, 0x10];
    record.extend_from_slice(&(job.turn as u32).to_be_bytes());
    record.extend_from_slice(&world.wire.rng.bytes(88));
    connection.client_says(&mut world.wire, &record);
    let answer = [0xa5, 0x5a, 0x01, 0x90, record[4], record[5], record[6], record[7]];
    connection.server_says(&mut world.wire, &answer);
    let end = keep(world, job, 0, connection);
    Some(about(world, now, 30).max(end + SECOND))
}

/// A pump's heartbeat to its server.
pub(super) fn pump_link(world: &mut World, job: &mut Job, now: i64) -> Option<i64> {
    let server = world.peer(Part::PumpServer, job.host)?;
    let mut connection = session(world, job, 0, (server, PUMP_PORT), UNKNOWN, now);
    let length = world.wire.rng.range(40, 180) as usize;
    let mut record = vec![0x1a, 0x1a, 0x00, length as u8];
    record.extend_from_slice(&world.wire.rng.bytes(length));
    connection.client_says(&mut world.wire, &record);
    let answer = [&[0x1a, 0x1a, 0x01, 0x04][..], &world.wire.rng.bytes(4)].concat();
    connection.server_says(&mut world.wire, &answer);
    let end = keep(world, job, 0, connection);
    Some(about(world, now, 45).max(end + SECOND))
}

/// A Medibus telegram: the checksum is the low byte of the sum of all before it, in hexadecimal digits.
fn medibus_telegram(first: u8, command: u8, text: &str) -> Vec<u8> {
    let mut out = vec![first, command];
    out.extend_from_slice(text.as_bytes());
    let sum = out.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    out.extend_from_slice(format!("{sum:02X}\r").as_bytes());
    out
}

/// The gateway reads a ventilator through its serial device server, in Medibus.
pub(super) fn medibus(world: &mut World, job: &mut Job, now: i64) -> Option<i64> {
    let gateway = world.peer(Part::MonitorGateway, job.host)?;
    let (client, server) = (world.station(gateway), world.station(job.host));
    let carries = Carries { protocol: "medibus", encrypted: false };
    let fresh = job.sessions.is_empty();
    let mut connection = match job.sessions.pop() {
        Some(mut old) => {
            old.wait_until(&mut world.wire, now);
            old
        }
        None => Connection::open(&mut world.wire, now, &client, (&server, SERIAL_PORT), carries),
    };
    let device = world.host(job.host).clone();
    let identity = format!("8213'{}'{}:04.04", device.model_name().replace(' ', ""), device.software().1);
    let measured = format!("B9{:>4}D6{:>4}F1{:>4}", 21, 12 + job.turn % 5, 97);
    let commands = if fresh {
        world.wire.told_of(job.host, job.host, &[Attribute::Model, Attribute::Software]);
        vec![(0x51, String::new()), (0x52, identity)]
    } else {
        vec![(0x24, measured)]
    };
    for (command, text) in commands {
        connection.client_says(&mut world.wire, &medibus_telegram(0x1b, command, ""));
        connection.server_says(&mut world.wire, &medibus_telegram(0x01, command, &text));
    }
    let end = keep(world, job, 0, connection);
    Some(about(world, now, 20).max(end + SECOND))
}

/// Admissions, transfers, discharges and orders out of the record system.
pub(super) fn admissions(world: &mut World, job: &mut Job, now: i64) -> Option<i64> {
    let engine = world.peer(Part::Engine, job.host)?;
    let mut connection = session(world, job, 0, (engine, ENGINE_PORT), HL7, now);
    let kinds =
        ["ADT^A01^ADT_A01", "ADT^A08^ADT_A01", "ADT^A03^ADT_A03", "ORM^O01^ORM_O01", "OML^O21^OML_O21"];
    let kind = *world.wire.rng.pick(&kinds);
    feed(world, &mut connection, kind, ("CLINRECORD", "ENGINE"), [job.host, engine]);
    let end = keep(world, job, 0, connection);
    Some(busy(world, now, 40, Rhythm::Ward).max(end + SECOND))
}

/// The interface engine passes messages on: demographics and orders to departments, results to the record.
pub(super) fn distribution(world: &mut World, job: &mut Job, now: i64) -> Option<i64> {
    let targets = [
        (Part::LaboratorySystem, "LABLEDGER", "OML^O21^OML_O21"),
        (Part::RadiologySystem, "RIS", "ORM^O01^ORM_O01"),
        (Part::Record, "CLINRECORD", "ORU^R01^ORU_R01"),
    ];
    let mut end = now;
    for (slot, (part, receiver, kind)) in targets.into_iter().enumerate() {
        let target = world.peer(part, job.host)?;
        if slot < job.sessions.len() && !world.wire.rng.per_mille(500) {
            continue;
        }
        let mut connection = session(world, job, slot, (target, HL7_PORT), HL7, end);
        let kind = if world.wire.rng.per_mille(400) { "ADT^A08^ADT_A01" } else { kind };
        feed(world, &mut connection, kind, ("ENGINE", receiver), [job.host, target]);
        end = keep(world, job, slot, connection) + SECOND / 4;
    }
    Some(busy(world, now, 45, Rhythm::Ward).max(end + SECOND))
}

/// One message of a hospital system, with its software segment.
pub(super) fn feed(
    world: &mut World,
    connection: &mut Connection,
    kind: &str,
    systems: (&str, &str),
    ends: [u32; 2],
) {
    let patient = world.patient();
    let number = world.next_number();
    let control = format!("M{number:07}");
    let time = Timestamp(connection.now);
    let stamp = crate::calendar::stamp(time);
    let head = Head {
        sender: systems.0,
        receiver: systems.1,
        kind,
        control: &control,
        version: "2.5.1",
        time,
        profile: "",
    };
    let mut message = Message::new(&head);
    let (product, version) = world.host(ends[0]).software();
    let vendor = if product == "Mirth Connect" { "NextGen Healthcare" } else { product };
    message.software(vendor, version, product);
    if kind.starts_with("ADT") {
        message.segment(&format!("EVN|{}|{stamp}", &kind[4..7]));
    }
    message.patient(&patient).visit("WARD4^R104^2^LINDMOOR");
    match &kind[..3] {
        "ADT" => {}
        "ORU" => {
            message.segment(&format!("ORC|RE|{number}|{number}"));
            message.segment(&format!("OBR|1|{number}|{number}|2345-7^Glucose^LN|||{stamp}"));
            let value = world.wire.rng.range(60, 180);
            message.segment(&format!("OBX|1|NM|2345-7^Glucose^LN||{value}|mg/dL|70-105||||F|||{stamp}"));
        }
        _ => {
            message.segment(&format!("ORC|NW|{number}"));
            message.segment(&format!("OBR|1|{number}||2345-7^Glucose^LN|||{stamp}"));
        }
    }
    world.wire.told(ends[0], &[Attribute::Software]);
    exchange(world, connection, &head, &message, ends);
}
