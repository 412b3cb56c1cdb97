//! MySQL and MariaDB (client/server protocol, version 10) up to the end of the login.
//!
//! In: both streams. Out: the server's version, whether a password is sent in clear; after the request for TLS
//! the rest is handed over. Users, databases and queries are never read. Limits: [`WANTED_MAX`], [`VERSION_MAX`].

use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use wardline_model::{Attribute, Fact};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "mysql",
    carriers: &[Carrier::Stream],
    ports: &[3306],
    probe,
    start: |_| Box::new(Mysql::default()),
};

/// Longest packet of a login waited for: attributes of the connection take some KiB.
const WANTED_MAX: usize = 16_384;
/// Longest query by which a flow is recognised in its middle.
const QUERY_MAX: usize = 1_024;
/// Longest text of a version.
const VERSION_MAX: usize = 128;
/// Bytes of a packet's head.
const HEAD: usize = 4;
/// Packets of a login after which it is given up.
const PACKETS_MAX: u8 = 16;

/// Capabilities.
const TLS: u32 = 0x0800;
const PROTOCOL_41: u32 = 0x0200;
const PLUGIN: u32 = 0x0008_0000;

/// Ways to log in that send the password itself, and one whose answer gives it away.
const CLEAR: &[u8] = b"mysql_clear_password";
const OLD: &[u8] = b"mysql_old_password";

/// The length and the number of the packet that starts here.
fn head(bytes: &[u8]) -> Option<(usize, u8)> {
    let (&[low, middle, high, number], _) = bytes.split_first_chunk::<HEAD>()?;
    Some((usize::try_from(u32::from_le_bytes([low, middle, high, 0])).unwrap_or(usize::MAX), number))
}

/// A text up to its end, a zero byte.
fn terminated<'a>(reader: &mut Reader<'a>, most: usize) -> Result<&'a [u8], Fault> {
    let within = reader.rest().get(..most).unwrap_or(reader.rest());
    let end = memchr::memchr(0, within).ok_or(Fault::Truncated("text"))?;
    let text = reader.take(end, "text")?;
    reader.skip(1, "end of text")?;
    Ok(text)
}

/// A server's greeting: its version and the way it proposes to log in.
fn greeting(packet: &[u8]) -> Result<(&str, &[u8]), Fault> {
    let mut reader = Reader::new(packet);
    if reader.u8("protocol version")? != 10 {
        return Err(Fault::Unsupported("protocol version"));
    }
    let version = terminated(&mut reader, VERSION_MAX)?;
    let version = text::ascii(version).ok_or(Fault::Malformed("version"))?;
    if !version.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(Fault::Malformed("version"));
    }
    reader.skip(12, "thread and first part of the challenge")?;
    if reader.u8("filler")? != 0 {
        return Err(Fault::Malformed("filler"));
    }
    let low = reader.u16_le("capabilities")?;
    if reader.is_empty() {
        return Ok((version, b""));
    }
    reader.skip(3, "charset and status")?;
    let high = reader.u16_le("capabilities")?;
    let challenge = usize::from(reader.u8("challenge length")?);
    if reader.array::<6>("reserved")? != [0; 6] {
        return Err(Fault::Malformed("reserved"));
    }
    reader.skip(4, "MariaDB's capabilities")?;
    let capabilities = u32::from(low) | u32::from(high) << 16;
    if capabilities & PLUGIN == 0 {
        return Ok((version, b""));
    }
    reader.skip(challenge.saturating_sub(8).max(13), "challenge")?;
    let plugin = reader.rest();
    Ok((version, plugin.strip_suffix(&[0]).unwrap_or(plugin)))
}

/// A server that refuses before it greets: an error that names the product.
fn is_refusal(packet: &[u8]) -> bool {
    matches!(packet, [0xff, low, high, ..] if (1000..4000).contains(&u16::from_le_bytes([*low, *high])))
        && [&b"MySQL"[..], b"MariaDB"].iter().any(|name| memchr::memmem::find(packet, name).is_some())
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    let zero = |at: usize| bytes.get(at).is_none_or(|byte| *byte == 0);
    if !zero(2) || !zero(3) {
        return Verdict::No;
    }
    let Some((length, number)) = head(bytes) else { return Verdict::More };
    // Greetings are short; a query begins a new numbering, as does everything a client asks.
    if length == 0 || number != 0 || length > WANTED_MAX {
        return Verdict::No;
    }
    let body = bytes.get(HEAD..).unwrap_or_default();
    match body.first() {
        None => Verdict::More,
        Some(10 | 0xff) if probe.from_start && length > 512 => Verdict::No,
        Some(10) if body.get(1).is_some_and(|byte| !byte.is_ascii_digit()) => Verdict::No,
        Some(10) if body.len() < length => {
            if body.len() < 512 {
                Verdict::More
            } else {
                Verdict::No
            }
        }
        Some(10) if body.len() == length && greeting(body).is_ok() => Verdict::Yes,
        Some(0xff) if body.len() < length && length <= 512 => Verdict::More,
        Some(0xff) if body.len() == length && is_refusal(body) => Verdict::Yes,
        Some(3) if !probe.from_start && body.len() == length && is_query(body) => Verdict::Yes,
        Some(3) if !probe.from_start && body.len() < length && length <= QUERY_MAX => {
            let words = body.get(1..).unwrap_or_default();
            if words.iter().all(|byte| *byte >= b' ' || byte.is_ascii_whitespace()) {
                Verdict::More
            } else {
                Verdict::No
            }
        }
        _ => Verdict::No,
    }
}

/// A query in words, of a connection picked up in the middle.
fn is_query(body: &[u8]) -> bool {
    const VERBS: [&str; 10] = [
        "SELECT ",
        "INSERT ",
        "UPDATE ",
        "DELETE ",
        "REPLACE ",
        "SHOW ",
        "SET ",
        "CALL ",
        "START TRANSACTION",
        "COMMIT",
    ];
    let text = body.get(1..).unwrap_or_default();
    VERBS
        .iter()
        .any(|verb| text.get(..verb.len()).is_some_and(|start| start.eq_ignore_ascii_case(verb.as_bytes())))
        && std::str::from_utf8(text).is_ok_and(|text| !text.contains('\0'))
}

#[derive(Default)]
struct Mysql {
    server: Option<Side>,
    /// The password itself is being sent.
    clear: bool,
    /// Its kind of login gives the password away.
    old: bool,
    packets: u8,
}

impl Dissector for Mysql {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let Some((length, number)) = head(bytes) else { return Step::More(HEAD) };
        let whole = length.saturating_add(HEAD);
        if whole > WANTED_MAX || self.packets >= PACKETS_MAX {
            return Step::Done;
        }
        let Some(packet) = bytes.get(HEAD..whole) else { return Step::More(whole) };
        self.packets = self.packets.saturating_add(1);
        match self.server {
            None => self.first(side, packet, notes),
            Some(server) if server == side => self.answer(server, packet, notes).unwrap_or(Step::skip(whole)),
            Some(_) if number == 1 && self.packets == 2 => self.response(packet, notes, whole),
            Some(_) => Step::skip(whole),
        }
    }
}

impl Mysql {
    fn first(&mut self, side: Side, packet: &[u8], notes: &mut Notes) -> Step {
        let whole = packet.len().saturating_add(HEAD);
        match greeting(packet) {
            Ok((version, _)) => {
                self.server = Some(side);
                notes.requester = Some(side.peer());
                notes.speaker(side, version_facts(version));
                Step::skip(whole)
            }
            Err(_) if is_refusal(packet) => {
                notes.requester = Some(side.peer());
                Step::Done
            }
            Err(_) => {
                notes.requester = Some(side);
                notes.encrypted = Some(false);
                Step::Done
            }
        }
    }

    /// The client's answer to the greeting: TLS first, or its login.
    fn response(&mut self, packet: &[u8], notes: &mut Notes, whole: usize) -> Step {
        let mut reader = Reader::new(packet);
        let Ok(capabilities) = reader.u32_le("capabilities") else { return Step::Done };
        if capabilities & PROTOCOL_41 != 0 && capabilities & TLS != 0 && packet.len() == 32 {
            notes.handover = true;
            return Step::skip(whole);
        }
        notes.encrypted = Some(false);
        self.clear = memchr::memmem::find(packet, CLEAR).is_some();
        self.old = capabilities & PROTOCOL_41 == 0 || memchr::memmem::find(packet, OLD).is_some();
        Step::skip(whole)
    }

    /// What the server says to a login; `None` to go on.
    fn answer(&mut self, server: Side, packet: &[u8], notes: &mut Notes) -> Option<Step> {
        match packet.first()? {
            // Another way to log in, or the old one by its bare number.
            0xfe => {
                let way = packet.get(1..).unwrap_or_default();
                self.clear = way.starts_with(CLEAR);
                self.old = way.is_empty() || way.starts_with(OLD);
                None
            }
            1 => None,
            0 => {
                notes.speaker(
                    server,
                    [
                        self.clear
                            .then(|| {
                                Fact::new(
                                    Attribute::ClearCredential,
                                    "MySQL clear password",
                                    95,
                                    "mysql.login",
                                )
                            })
                            .flatten(),
                        self.old
                            .then(|| Fact::new(Attribute::Weakness, "mysql-old-password", 90, "mysql.login"))
                            .flatten(),
                    ],
                );
                Some(Step::Done)
            }
            _ => Some(Step::Done),
        }
    }
}

/// The version as it is told; as software where it is plainly that of one product. MariaDB puts a version of
/// MySQL before its own, for old clients.
fn version_facts(version: &str) -> [Option<Fact>; 2] {
    let told = format!("mysql {version}");
    let own = version.strip_prefix("5.5.5-").unwrap_or(version);
    let number = own.split('-').next().unwrap_or_default();
    let rest = own.get(number.len()..).unwrap_or_default().to_ascii_lowercase();
    let numbered = number.split('.').count() == 3 && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let product = if rest.contains("mariadb") {
        Some("MariaDB")
    } else {
        let plain =
            ["", "-log", "-debug", "-community", "-community-log", "-standard", "-standard-log", "-nt"];
        let packaged = ["-0ubuntu", "-1ubuntu", "-0+deb", "-1debian"].iter().any(|own| rest.starts_with(own));
        (plain.contains(&rest.as_str()) || packaged).then_some("MySQL")
    };
    let software = product.filter(|_| numbered).and_then(|product| {
        Fact::new(Attribute::Software, product, 90, "mysql.version").map(|fact| fact.with_version(number))
    });
    [Fact::new(Attribute::DatabaseServer, &told, 95, "mysql.version"), software]
}
