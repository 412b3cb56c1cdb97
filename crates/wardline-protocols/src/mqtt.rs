//! MQTT 3.1, 3.1.1 and 5 (OASIS MQTT 3.1.1 and 5.0, section 3.1), from CONNECT to its answer.
//!
//! In: both streams. Out: the client identifier where it is the name of a device, a password sent in clear. Topics
//! and messages are never read, and a flow picked up after its CONNECT is not recognised: what follows has no
//! signature. Limits: [`CONNECT_MAX`], [`PACKETS_MAX`].

use crate::sasl::Login;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use wardline_model::{Attribute, Fact};
use wardline_wire::Reader;

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "mqtt",
    carriers: &[Carrier::Stream],
    ports: &[1883],
    probe,
    start: |_| Box::new(Mqtt::default()),
};

/// Longest CONNECT read: its last will may be long, its other fields are not.
const CONNECT_MAX: usize = 16_384;
/// Packets of a side stepped over while the answer to CONNECT is waited for.
const PACKETS_MAX: u8 = 64;
/// Bytes of a packet's kind and length at most.
const HEAD_MAX: usize = 5;
/// Lengths of an identifier that names a device; shorter ones say nothing, longer ones are made by chance.
const NAME: std::ops::RangeInclusive<usize> = 4..=40;
/// Longest run of digits in it: a longer one may be a person's number, or chance.
const DIGITS_MAX: usize = 6;
/// Longest part that mixes letters and digits: longer ones are chance.
const MIXED_MAX: usize = 10;

/// Kinds of packets.
const CONNECT: u8 = 0x10;
const CONNACK: u8 = 0x20;

/// How identifiers begin that a library or a tool makes up.
const MADE_UP: &[&str] = &[
    "auto", "client", "consumer", "emqx", "hivemq", "java", "mosq", "mqtt", "paho", "python", "sub_", "pub_",
    "test",
];
/// Words of which one makes a name without a number that of a device.
const THINGS: &[&str] = &[
    "analyser",
    "analyzer",
    "bridge",
    "camera",
    "controller",
    "device",
    "fridge",
    "gateway",
    "meter",
    "monitor",
    "plc",
    "printer",
    "pump",
    "scanner",
    "sensor",
    "server",
    "station",
    "thermo",
    "ventilator",
];

/// A length of up to four bytes, seven bits each.
fn variable(reader: &mut Reader<'_>) -> Option<usize> {
    let mut value = 0_usize;
    for shift in [0_u32, 7, 14, 21] {
        let byte = reader.u8("length").ok()?;
        value |= usize::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Kind and whole length of the packet that starts here, or the step that gets to know.
fn head(bytes: &[u8]) -> Result<(u8, usize, usize), Step> {
    let mut reader = Reader::new(bytes);
    let kind = reader.u8("kind").map_err(|_| Step::More(1))?;
    let Some(length) = variable(&mut reader) else {
        let short =
            bytes.len() < HEAD_MAX && bytes.get(1..).is_none_or(|rest| rest.iter().all(|b| b & 0x80 != 0));
        return Err(if short { Step::More(bytes.len().saturating_add(1)) } else { Step::Done });
    };
    let taken = bytes.len().saturating_sub(reader.len());
    Ok((kind, taken, taken.saturating_add(length)))
}

/// Version and flags of a CONNECT without its head.
fn opening(reader: &mut Reader<'_>) -> Option<(u8, u8)> {
    let length = usize::from(reader.u16("name").ok()?);
    let name = reader.take(length, "name").ok()?;
    // A bridge between two brokers sets the uppermost bit.
    let version = reader.u8("version").ok()? & 0x7f;
    let flags = reader.u8("flags").ok()?;
    let fits = matches!((name, version), (b"MQIsdp", 3) | (b"MQTT", 4 | 5));
    (fits && flags_fit(version, flags)).then_some((version, flags))
}

/// The lowest bit is reserved, a will's quality is below 3 and stands only beside a will, a password before
/// version 5 only beside a user.
const fn flags_fit(version: u8, flags: u8) -> bool {
    let will = flags & 0x04 != 0;
    let user = flags & 0x80 != 0;
    let password = flags & 0x40 != 0;
    flags & 0x01 == 0
        && flags & 0x18 != 0x18
        && (will || flags & 0x38 == 0)
        && (version == 5 || user || !password)
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    if bytes.first() != Some(&CONNECT) {
        return Verdict::No;
    }
    let (taken, whole) = match head(bytes) {
        Ok((_, taken, whole)) => (taken, whole),
        Err(Step::More(_)) => return Verdict::More,
        Err(_) => return Verdict::No,
    };
    // A name of four letters, version, flags, time and an identifier without letters at least.
    if whole.saturating_sub(taken) < 12 {
        return Verdict::No;
    }
    let body = bytes.get(taken..).unwrap_or_default();
    let mut reader = Reader::new(body);
    if opening(&mut reader).is_some() {
        return Verdict::Yes;
    }
    let begins = |magic: &[u8]| magic.starts_with(body.get(..magic.len()).unwrap_or(body));
    let wanted = if body.get(1) == Some(&6) { 10 } else { 8 };
    if body.len() < wanted && (begins(b"\0\x04MQTT") || begins(b"\0\x06MQIsdp")) {
        Verdict::More
    } else {
        Verdict::No
    }
}

#[derive(Default)]
struct Mqtt {
    client: Option<Side>,
    connected: bool,
    answered: bool,
    login: Option<Login>,
    packets: u8,
}

impl Dissector for Mqtt {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let (kind, taken, whole) = match head(bytes) {
            Ok(head) => head,
            Err(step) => return step,
        };
        let asks = self.client.map_or(kind == CONNECT, |client| client == side);
        if asks && kind == CONNECT && !self.connected {
            self.client = Some(side);
            notes.requester = Some(side);
            if whole > CONNECT_MAX {
                return Step::Done;
            }
            let Some(body) = bytes.get(taken..whole) else { return Step::More(whole) };
            self.connected = true;
            self.connect(side, body, notes);
            return Step::skip(whole);
        }
        if !asks {
            self.answered = true;
        }
        if !asks && kind == CONNACK {
            let Some(body) = bytes.get(taken..whole.min(taken.saturating_add(2))) else {
                return Step::More(taken.saturating_add(2));
            };
            if let [0 | 1, 0] = body {
                notes.speaker(
                    side,
                    self.login.take().unwrap_or_default().accepted("MQTT CONNECT", "mqtt.connect"),
                );
            }
            return Step::Done;
        }
        self.packets = self.packets.saturating_add(1);
        if self.packets > PACKETS_MAX { Step::Done } else { Step::skip(whole) }
    }

    fn end(&mut self, notes: &mut Notes) {
        // Only the client's side was seen: whether the password is right is open, that it travels in clear not.
        if let (Some(client), Some(_), false) = (self.client, self.login.take(), self.answered) {
            let fact = Fact::new(Attribute::ClearCredential, "MQTT CONNECT", 70, "mqtt.connect");
            notes.speaker(client.peer(), [fact]);
        }
    }
}

impl Mqtt {
    fn connect(&mut self, client: Side, body: &[u8], notes: &mut Notes) {
        let Some(connect) = Connect::read(body) else {
            notes.malformed = true;
            return;
        };
        if let Some(password) = connect.password.filter(|password| !password.is_empty()) {
            let mut login = Login::default();
            login.user(connect.user.unwrap_or_default());
            login.password(password);
            self.login = Some(login);
        }
        let name = text::ascii(connect.client).filter(|name| is_device_name(name));
        notes.speaker(
            client,
            [name.and_then(|name| Fact::new(Attribute::MqttClient, name, 90, "mqtt.client-identifier"))],
        );
    }
}

/// What is kept of a CONNECT.
struct Connect<'a> {
    client: &'a [u8],
    user: Option<&'a [u8]>,
    password: Option<&'a [u8]>,
}

impl<'a> Connect<'a> {
    /// Reads a whole CONNECT; `None` unless its fields add up to its length.
    fn read(body: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(body);
        let (version, flags) = opening(&mut reader)?;
        reader.u16("keep alive").ok()?;
        let properties = |reader: &mut Reader<'a>| {
            let length = if version == 5 { variable(reader)? } else { 0 };
            reader.skip(length, "properties").ok()
        };
        let field = |reader: &mut Reader<'a>| {
            let length = usize::from(reader.u16("length").ok()?);
            reader.take(length, "field").ok()
        };
        properties(&mut reader)?;
        let client = field(&mut reader)?;
        if flags & 0x04 != 0 {
            properties(&mut reader)?;
            field(&mut reader)?;
            field(&mut reader)?;
        }
        let user = if flags & 0x80 == 0 { None } else { Some(field(&mut reader)?) };
        let password = if flags & 0x40 == 0 { None } else { Some(field(&mut reader)?) };
        reader.is_empty().then_some(Self { client, user, password })
    }
}

/// Whether an identifier is the name of a device: words and short numbers, made by nobody's library, and not the
/// name or address of a person.
fn is_device_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let digits = |part: &str| part.bytes().filter(u8::is_ascii_digit).count();
    let by_chance = |part: &str| {
        let letters = part.bytes().any(|b| b.is_ascii_alphabetic());
        digits(part) > DIGITS_MAX || (letters && digits(part) > 0 && part.len() > MIXED_MAX)
    };
    let thing = THINGS.iter().any(|thing| lower.contains(thing));
    let numbered = digits(name) > 0 && name.contains(['-', '_']);
    NAME.contains(&name.len())
        && name.bytes().all(plain)
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && !MADE_UP.iter().any(|made_up| lower.starts_with(made_up))
        && !name.split(['-', '_']).any(by_chance)
        && digits(name) <= DIGITS_MAX
        && (thing || numbered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_devices_are_kept() {
        for name in ["sensor-001", "legacy-device", "iot-gateway-west", "ICU_3_PUMP", "bed-12"] {
            assert!(is_device_name(name), "{name}");
        }
        for name in [
            "P1",
            "",
            "jane@clinic.example",
            "jane_doe",
            "janedoe",
            "mosq-aGMiV6nelbCb00tvAY",
            "mqttjs_3be2c321",
            "bed-19580312",
            "d9176-194f-b5f5-1015477",
            "6f8c71b2-sensor",
            "pump-4f2a91bc77de01",
        ] {
            assert!(!is_device_name(name), "{name}");
        }
    }

    #[test]
    fn flags_that_contradict_each_other_are_refused() {
        assert!(flags_fit(4, 0xc2) && flags_fit(3, 0x16) && flags_fit(5, 0x42));
        assert!(!flags_fit(4, 0x03) && !flags_fit(4, 0x08) && !flags_fit(4, 0x1c) && !flags_fit(4, 0x42));
    }
}
