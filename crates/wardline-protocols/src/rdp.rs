//! RDP (MS-RDPBCGR section 2.2.1) up to the choice of its security, over TPKT and X.224.
//!
//! In: both streams. Out: whether the server lets clients in without network level authentication; build and
//! name of the client where the old standard security shows them. What follows TLS is handed over. The user
//! name in the cookie is stepped over. Limits: [`PACKET_MAX`].

use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use wardline_model::{Attribute, DetailKey, Fact};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "rdp",
    carriers: &[Carrier::Stream],
    ports: &[3389],
    probe,
    start: |_| Box::new(Rdp::default()),
};

/// Longest packet of the connection sequence read; its settings take some hundred bytes.
const PACKET_MAX: usize = 8_192;
/// TPKT head and X.224 connection request or confirm without options.
const HEAD: usize = 11;
const CONNECTION_REQUEST: u8 = 0xE0;
const CONNECTION_CONFIRM: u8 = 0xD0;
const DATA: u8 = 0xF0;

/// Protocols that authenticate the user before there is a screen.
const NETWORK_LEVEL: u32 = 0x02 | 0x08 | 0x10;
const TLS: u32 = 0x01;

fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    let at = |at: usize, fits: &dyn Fn(u8) -> bool| bytes.get(at).is_none_or(|b| fits(*b));
    let shape = at(0, &|b| b == 3)
        && at(1, &|b| b == 0)
        && at(4, &|b| b >= 6)
        && at(5, &|b| b == CONNECTION_REQUEST)
        && at(6, &|b| b == 0)
        && at(7, &|b| b == 0);
    if !shape {
        return Verdict::No;
    }
    let Some(&[_, _, high, low, indicator, ..]) = bytes.first_chunk::<HEAD>() else { return Verdict::More };
    let length = u16::from_be_bytes([high, low]);
    if length != u16::from(indicator).saturating_add(5) {
        return Verdict::No;
    }
    // Other users of X.224 (S7, MMS, H.323) send its options C0 to C2 here.
    match bytes.get(HEAD..).unwrap_or_default() {
        _ if usize::from(length) == HEAD => Verdict::Maybe,
        [] | b"\r" => Verdict::More,
        [b'\r', b'\n', ..] if usize::from(length) == HEAD.saturating_add(2) => Verdict::Maybe,
        [1, flags, 8, 0, ..] if flags & 0xF0 == 0 => Verdict::Yes,
        rest if rest.starts_with(b"Cookie: msts") => Verdict::Yes,
        rest if rest.len() < 12 && (b"Cookie: msts".starts_with(rest) || rest.first() == Some(&1)) => {
            Verdict::More
        }
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct Rdp {
    client: Option<Side>,
    /// The security chosen is the old one of RDP itself; its settings follow in clear.
    standard: bool,
}

impl Dissector for Rdp {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let Some(&[version, reserved, high, low, _, kind]) = bytes.first_chunk::<6>() else {
            return Step::More(6);
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if version != 3 || reserved != 0 || !(7..=PACKET_MAX).contains(&length) {
            return self.strange(notes);
        }
        let Some(packet) = bytes.get(..length) else { return Step::More(length) };
        let answer = match kind {
            CONNECTION_REQUEST if self.client.is_none() => {
                self.client = Some(side);
                notes.requester = Some(side);
                notes.confirmed |= length > HEAD;
                Ok(Step::skip(length))
            }
            CONNECTION_CONFIRM if self.client == Some(side.peer()) => self.confirm(side, packet, notes),
            DATA if self.standard && self.client == Some(side) => client_settings(side, packet, notes),
            DATA if self.standard => server_settings(packet, notes),
            _ => return self.strange(notes),
        };
        answer.unwrap_or_else(|_| {
            notes.malformed = true;
            Step::Done
        })
    }
}

impl Rdp {
    fn strange(&self, notes: &mut Notes) -> Step {
        if self.client.is_none() {
            return Step::Withdraw;
        }
        notes.malformed = true;
        Step::Done
    }

    /// The server's choice (section 2.2.1.2): none is said by servers that know standard security only.
    fn confirm(&mut self, server: Side, packet: &[u8], notes: &mut Notes) -> Result<Step, Fault> {
        let mut reader = Reader::new(packet);
        reader.skip(HEAD, "connection confirm")?;
        let mut selected = 0;
        if !reader.is_empty() {
            let kind = reader.u8("negotiation type")?;
            reader.skip(3, "negotiation flags and length")?;
            let value = reader.u32_le("negotiation value")?;
            notes.confirmed = true;
            match kind {
                2 => selected = value,
                3 => {
                    notes.detail(DetailKey::Rejected, failure(value));
                    return Ok(Step::Done);
                }
                _ => return Err(Fault::Malformed("negotiation type")),
            }
        }
        if selected & NETWORK_LEVEL == 0 {
            notes.speaker(server, [Fact::new(Attribute::Weakness, "rdp-without-nla", 90, "rdp.confirm")]);
        }
        if selected & (NETWORK_LEVEL | TLS) != 0 {
            notes.handover = true;
        } else {
            self.standard = true;
            notes.speaker(
                server,
                [Fact::new(Attribute::Weakness, "rdp-standard-security", 90, "rdp.confirm")],
            );
        }
        Ok(Step::skip(packet.len()))
    }
}

const fn failure(code: u32) -> &'static str {
    match code {
        1 => "rdp: TLS required by server",
        2 => "rdp: TLS not allowed by server",
        3 => "rdp: no TLS certificate on server",
        4 => "rdp: inconsistent flags",
        5 => "rdp: network level authentication required by server",
        6 => "rdp: TLS with user authentication required by server",
        _ => "rdp: negotiation failed",
    }
}

/// What follows the key of the other side in a T.124 conference message: blocks of settings.
fn blocks<'a>(packet: &'a [u8], key: &[u8; 4]) -> Result<Reader<'a>, Fault> {
    let at = memchr::memmem::find(packet, key).ok_or(Fault::Truncated("conference key"))?;
    let mut reader = Reader::new(packet.get(at.saturating_add(4)..).unwrap_or_default());
    // A length in packed encoding: one byte, or two with the first bit set.
    if reader.u8("settings length")? & 0x80 != 0 {
        reader.skip(1, "settings length")?;
    }
    Ok(reader)
}

/// The block of that type, without its head.
fn block<'a>(mut blocks: Reader<'a>, kind: u16) -> Result<Reader<'a>, Fault> {
    loop {
        let found = blocks.u16_le("block type")?;
        let length = usize::from(blocks.u16_le("block length")?);
        let body = blocks.sub(length.checked_sub(4).ok_or(Fault::Malformed("block length"))?, "block")?;
        if found == kind {
            return Ok(body);
        }
    }
}

/// Core settings of the client (section 2.2.1.3.2): build at 16, name at 20.
fn client_settings(client: Side, packet: &[u8], notes: &mut Notes) -> Result<Step, Fault> {
    let mut core = block(blocks(packet, b"Duca")?, 0xC001)?;
    core.skip(16, "version to keyboard layout")?;
    let build = core.u32_le("client build")?;
    let name = core.take(32, "client name")?;
    let (units, _) = name.as_chunks::<2>();
    let end = units.iter().take_while(|unit| **unit != [0, 0]).count();
    let name = text::utf16_le(name.get(..end.saturating_mul(2)).unwrap_or_default());
    notes.confirmed = true;
    notes.speaker(
        client,
        [
            Fact::new(Attribute::RdpClientBuild, &build.to_string(), 85, "rdp.client-build"),
            name.and_then(|name| Fact::new(Attribute::Hostname, &name, 80, "rdp.client-name")),
        ],
    );
    Ok(Step::skip(packet.len()))
}

/// Security settings of the server (section 2.2.1.4.3): encryption method first, 0 for none.
fn server_settings(packet: &[u8], notes: &mut Notes) -> Result<Step, Fault> {
    let mut security = block(blocks(packet, b"McDn")?, 0x0C02)?;
    notes.confirmed = true;
    notes.encrypted = Some(security.u32_le("encryption method")? != 0);
    Ok(Step::Done)
}
