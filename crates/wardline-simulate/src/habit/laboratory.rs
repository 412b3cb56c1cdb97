//! The laboratory: analysers report to the middleware in ASTM, the middleware to the laboratory system in HL7.

use super::clinical::{exchange, feed, keep, session};
use super::{Job, SECOND, busy};
use crate::calendar;
use crate::catalogue::Part;
use crate::hospital::{Group, Host, World};
use crate::rhythm::Rhythm;
use crate::speech::astm::{self, Cut};
use crate::speech::hl7::{Head, Message};
use crate::tcp::{Carries, Connection, Side};
use crate::truth::{Patient, Weakness};
use wardline_model::{Attribute, Timestamp};

const ASTM: Carries = Carries { protocol: "astm", encrypted: false };
const HL7: Carries = Carries { protocol: "hl7", encrypted: false };
/// Where the middleware listens for analysers; no port is registered.
const ASTM_PORT: u16 = 4010;
/// Where a serial device server offers its first port.
const SERIAL_PORT: u16 = 10_001;
/// Where the laboratory system listens for the middleware.
const LAW_PORT: u16 = 6662;
const ENGINE_PORT: u16 = 6661;
/// Frames in a thousand that the middleware wants again.
const REFUSED_PER_MILLE: u64 = 15;

/// How an instrument names itself in its header record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AstmStyle {
    Afinion,
    CobasC111,
    CobasC311,
    DcaVantage,
    GeneXpert,
    SysmexXn,
    SysmexXp,
    Yumizen,
}

impl AstmStyle {
    /// H-5, in the order of fields that this maker chose.
    fn sender(self, host: &Host) -> String {
        let (model, serial, version) = (host.model_name(), &host.serial, host.software().1);
        match self {
            Self::Afinion => format!("{model} Analyzer^^{serial}"),
            Self::CobasC111 => format!("{}^Roche^c111^{version}^1^{serial}", host.hostname),
            Self::CobasC311 => "c311^1".to_owned(),
            Self::DcaVantage => format!("DCA VANTAGE^{version}^{serial}"),
            Self::GeneXpert => format!("{serial} Lindmoor Hospital^GeneXpert^{version}"),
            Self::SysmexXn => format!("    {model}^{version}^{serial}^^^^BD634545"),
            Self::SysmexXp => format!("{model}^{version}^^^^A7869^{serial}"),
            Self::Yumizen => format!("H500^{serial}^{version}"),
        }
    }

    const fn cut(self) -> Cut {
        match self {
            Self::SysmexXn | Self::GeneXpert => Cut::Whole,
            Self::CobasC311 | Self::SysmexXp => Cut::Stream,
            Self::Afinion | Self::CobasC111 | Self::DcaVantage | Self::Yumizen => Cut::Records,
        }
    }

    /// Whether the instrument hangs on a serial device server that the middleware connects to.
    const fn serial(self) -> bool {
        matches!(self, Self::DcaVantage | Self::SysmexXp)
    }

    /// What the header tells.
    const fn told(self) -> &'static [Attribute] {
        match self {
            Self::CobasC311 => &[Attribute::Model],
            Self::Afinion => &[Attribute::Model, Attribute::Serial],
            Self::CobasC111 => &[Attribute::Vendor, Attribute::Model, Attribute::Serial, Attribute::Software],
            Self::GeneXpert => &[Attribute::Model, Attribute::Software],
            Self::DcaVantage | Self::SysmexXn | Self::SysmexXp | Self::Yumizen => {
                &[Attribute::Model, Attribute::Serial, Attribute::Software]
            }
        }
    }
}

/// Name, unit, lowest and highest of what an instrument measures.
fn tests_of(style: AstmStyle) -> &'static [(&'static str, &'static str, i64, i64)] {
    match style {
        AstmStyle::SysmexXn | AstmStyle::SysmexXp | AstmStyle::Yumizen => &[
            ("WBC", "10*3/uL", 3, 14),
            ("RBC", "10*6/uL", 3, 6),
            ("HGB", "g/dL", 9, 17),
            ("PLT", "10*3/uL", 120, 420),
        ],
        AstmStyle::GeneXpert => &[("FLUA", "", 0, 1), ("FLUB", "", 0, 1), ("RSV", "", 0, 1)],
        AstmStyle::DcaVantage | AstmStyle::Afinion => &[("HbA1c", "%", 5, 11)],
        AstmStyle::CobasC111 | AstmStyle::CobasC311 => {
            &[("GLUC", "mg/dL", 60, 240), ("CREA", "mg/dL", 1, 4), ("ALT", "U/L", 8, 90)]
        }
    }
}

/// The records of one sample's results.
fn records(
    world: &mut World,
    host: &Host,
    style: AstmStyle,
    patient: &Patient,
    time: Timestamp,
) -> Vec<String> {
    let stamp = calendar::stamp(time);
    let sample = format!("S{:08}", world.next_number());
    let delimiters = if style == AstmStyle::GeneXpert { "@^\\" } else { "\\^&" };
    let sender = style.sender(host);
    let password = if style == AstmStyle::CobasC111 { "LAB111" } else { "" };
    let Patient { family, given, id, birth_date, sex } = patient;
    let mut out = vec![
        format!("H|{delimiters}||{password}|{sender}|||||host||P|1|{stamp}"),
        format!("P|1||{id}||{family}^{given}||{birth_date}|{sex}"),
        format!("O|1|{sample}||^^^ALL|R||{stamp}||||||||||||||||||F"),
    ];
    for (index, (name, unit, low, high)) in tests_of(style).iter().enumerate() {
        let value = world.wire.rng.range(*low, *high);
        let number = index + 1;
        out.push(format!("R|{number}|^^^{name}|{value}|{unit}||N||F||operator||{stamp}|"));
    }
    out.push("L|1|N".to_owned());
    out
}

/// A sample is done: the instrument says so.
pub(super) fn astm(world: &mut World, job: &mut Job, style: AstmStyle, now: i64) -> Option<i64> {
    let middleware = world.peer(Part::Middleware, job.host)?;
    let (own, peer) = (world.station(job.host), world.station(middleware));
    let wire = &mut world.wire;
    let (speaker, listener) =
        if style.serial() { (Side::Server, Side::Client) } else { (Side::Client, Side::Server) };
    let mut connection = match job.sessions.pop() {
        Some(mut old) => {
            old.wait_until(wire, now);
            old
        }
        None if style.serial() => Connection::open(wire, now, &peer, (&own, SERIAL_PORT), ASTM),
        None => Connection::open(wire, now, &own, (&peer, ASTM_PORT), ASTM),
    };
    let host = world.host(job.host).clone();
    let patient = world.patient();
    let records = records(world, &host, style, &patient, Timestamp(connection.now));
    let wire = &mut world.wire;
    connection.says(wire, speaker, astm::ENQUIRY);
    connection.says(wire, listener, astm::ACKNOWLEDGE);
    wire.told_of(job.host, job.host, style.told());
    if style == AstmStyle::CobasC111 {
        wire.weak(job.host, Weakness::ClearCredentials);
    }
    for (index, frame) in astm::frames(&records, style.cut()).iter().enumerate() {
        if index == 1 || style.cut() == Cut::Whole {
            wire.patient_data(job.host);
            wire.patient_data(middleware);
        }
        connection.says(wire, speaker, frame);
        if wire.rng.per_mille(REFUSED_PER_MILLE) {
            connection.says(wire, listener, astm::REFUSE);
            connection.wait(wire, 200_000_000);
            connection.says(wire, speaker, frame);
        }
        let pause = wire.rng.range(2_000_000, 30_000_000);
        connection.wait(wire, pause);
        connection.says(wire, listener, astm::ACKNOWLEDGE);
    }
    connection.says(wire, speaker, astm::END);
    // Some connect for every sample, some keep the line.
    if style == AstmStyle::GeneXpert || style == AstmStyle::Afinion {
        connection.wait(wire, 300_000_000);
        connection.close(wire, speaker);
    } else {
        keep(world, job, 0, connection.clone());
    }
    Some(busy(world, now, 240, Rhythm::Laboratory).max(connection.now + SECOND))
}

/// The middleware reports results with the instrument that made them, in IHE's laboratory analytical workflow.
pub(super) fn automation(world: &mut World, job: &mut Job, now: i64) -> Option<i64> {
    let system = world.peer(Part::LaboratorySystem, job.host)?;
    let analysers = world.group(Group::Analysers, job.host);
    let count = analysers.len().max(1);
    let analyser = *analysers.get(job.turn as usize % count)?;
    let mut connection = session(world, job, 0, (system, LAW_PORT), HL7, now);
    let analyser = world.host(analyser).clone();
    let patient = world.patient();
    let number = world.next_number();
    let control = format!("W{number:07}");
    let time = Timestamp(connection.now);
    let stamp = calendar::stamp(time);
    let kind = "OUL^R22^OUL_R22";
    let profile = "LAB-29^IHE";
    let head = Head {
        sender: "INSTRUMENTMANAGER",
        receiver: "LABLEDGER",
        kind,
        control: &control,
        version: "2.5.1",
        time,
        profile,
    };
    let (product, version) = world.host(job.host).software();
    let mut message = Message::new(&head);
    message.software("Data Innovations", version, product).patient(&patient);
    message.segment(&format!("SPM|1|S{number:08}||SER^Serum^HL70487"));
    message.segment(&format!("OBR|1|{number}||2345-7^Glucose^LN|||{stamp}"));
    message.segment(&format!("ORC|RE|{number}"));
    let value = world.wire.rng.range(60, 180);
    let (vendor, model) = (analyser.vendor(), analyser.model_name());
    let serial =
        if analyser.serial.is_empty() { String::new() } else { format!("~{}^{vendor}", analyser.serial) };
    message.segment(&format!(
        "OBX|1|NM|2345-7^Glucose^LN||{value}|mg/dL^^UCUM|70-105|N|||F|||||lab^auto||{model}^{vendor}{serial}|{stamp}"
    ));
    world.wire.told(job.host, &[Attribute::Software]);
    world.wire.told_of(job.host, analyser.station.index, &[Attribute::Model, Attribute::Vendor]);
    exchange(world, &mut connection, &head, &message, [job.host, system]);
    let end = keep(world, job, 0, connection);
    let pause = (300 / count as i64).clamp(1, 60);
    Some(busy(world, now, pause, Rhythm::Laboratory).max(end + SECOND / 10))
}

/// The laboratory system reports validated results to the interface engine.
pub(super) fn results(world: &mut World, job: &mut Job, now: i64) -> Option<i64> {
    let engine = world.peer(Part::Engine, job.host)?;
    let mut connection = session(world, job, 0, (engine, ENGINE_PORT), HL7, now);
    feed(world, &mut connection, "ORU^R01^ORU_R01", ("LABLEDGER", "ENGINE"), [job.host, engine]);
    let end = keep(world, job, 0, connection);
    Some(busy(world, now, 60, Rhythm::Laboratory).max(end + SECOND))
}
