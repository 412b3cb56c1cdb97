//! OPC UA over TCP (OPC 10000-6 sections 6.7 and 7.1): that it is spoken, by whom, and whether in clear.
//!
//! In: both streams. Out: the roles, whether the channel is encrypted, and the weakness of a server that lets a
//! session be activated over a channel without security (a list of endpoints is asked for that way of every
//! server). Addresses, names and values are stepped over. Limits: [`READ_MAX`], [`SIZE_MAX`].

use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict};
use wardline_model::{Attribute, Fact};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "opcua",
    carriers: &[Carrier::Stream],
    ports: &[4840],
    probe,
    start: |_| Box::new(OpcUa::default()),
};

/// Kind, chunk and size.
const HEAD: usize = 8;
/// Bytes of a chunk that are read: heads and the policy's name, which the standard ends at 255 bytes.
const READ_MAX: usize = 512;
/// Longest chunk believed; usual buffers are 64 KiB, generous ones some MiB.
const SIZE_MAX: usize = 16 << 20;
/// Head, version, buffers and limits of a greeting, without the address.
const HELLO: usize = 32;
/// A greeting's answer.
const ACKNOWLEDGE: usize = 28;
/// Longest address in a greeting and longest reason of an error.
const TEXT_MAX: usize = 4_096;
/// What every security policy's name starts with.
const POLICIES: &[u8] = b"http://opcfoundation.org/";
/// Smallest buffer that a side may offer.
const BUFFER_MIN: u32 = 8_192;
/// Channel, token, sequence number and request of a message.
const MESSAGE_HEAD: usize = 16;
/// The node of an answer to the activation of a session, in its encoding of four bytes.
const ACTIVATED: [u8; 4] = [1, 0, 0xD6, 0x01];

fn probe(probe: &Probe<'_>) -> Verdict {
    const KINDS: [&[u8; 4]; 8] = [b"HELF", b"ACKF", b"ERRF", b"OPNF", b"CLOF", b"MSGF", b"MSGC", b"RHEF"];
    let bytes = probe.bytes;
    let Some((kind, rest)) = bytes.split_first_chunk::<4>() else {
        let starts = KINDS.iter().any(|kind| kind.starts_with(bytes));
        return if starts { Verdict::More } else { Verdict::No };
    };
    if !KINDS.contains(&kind) {
        return Verdict::No;
    }
    let Some((size, body)) = rest.split_first_chunk::<4>() else { return Verdict::More };
    let Ok(size) = usize::try_from(u32::from_le_bytes(*size)) else { return Verdict::No };
    if !(12..=SIZE_MAX).contains(&size) {
        return Verdict::No;
    }
    match fits(kind, size, body, probe.port(4840)) {
        Ok(true) => Verdict::Yes,
        Ok(false) => Verdict::No,
        Err(_) => Verdict::More,
    }
}

/// Whether what follows the head is such a message; a fault when there is too little of it to tell.
fn fits(kind: &[u8; 4], size: usize, body: &[u8], usual: bool) -> Result<bool, Fault> {
    let mut reader = Reader::new(body);
    Ok(match kind {
        b"HELF" | b"ACKF" => {
            reader.skip(4, "version")?;
            let buffers = [reader.u32_le("receive buffer")?, reader.u32_le("send buffer")?];
            reader.skip(8, "limits")?;
            let text = if kind == b"HELF" { text(&mut reader)? } else { 0 };
            let head = if kind == b"HELF" { HELLO } else { ACKNOWLEDGE };
            buffers.iter().all(|size| *size >= BUFFER_MIN) && head.checked_add(text) == Some(size)
        }
        b"ERRF" => {
            let bad = reader.u32_le("error")? >> 30 == 2;
            bad && text(&mut reader)?.checked_add(16) == Some(size)
        }
        b"RHEF" => {
            let server = text(&mut reader)?;
            if server > TEXT_MAX {
                return Ok(false);
            }
            reader.skip(server, "server")?;
            text(&mut reader)?.checked_add(server).and_then(|n| n.checked_add(16)) == Some(size)
        }
        b"OPNF" => {
            reader.skip(4, "channel")?;
            let length = text(&mut reader)?;
            (POLICIES.len()..=255).contains(&length) && reader.take(POLICIES.len(), "policy")? == POLICIES
        }
        // In the middle of a stream: the node of a service in clear, or the port.
        _ => {
            reader.skip(MESSAGE_HEAD, "message head")?;
            let node = matches!(reader.array::<4>("service")?, [1, 0, _, 1..=3]);
            size >= 28 && (node || usual)
        }
    })
}

/// Length of a string, 0 when there is none; more than any when it is too long.
fn text(reader: &mut Reader<'_>) -> Result<usize, Fault> {
    let length = reader.u32_le("string length")?;
    if length == u32::MAX {
        return Ok(0);
    }
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    Ok(if length > TEXT_MAX { usize::MAX } else { length })
}

#[derive(Default)]
struct OpcUa {
    /// The policy last named is that of no security.
    open: bool,
    said: bool,
}

impl Dissector for OpcUa {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let Some(&[a, b, c, chunk, e, f, g, h]) = bytes.first_chunk::<HEAD>() else {
            return Step::More(HEAD);
        };
        let size = usize::try_from(u32::from_le_bytes([e, f, g, h])).unwrap_or(usize::MAX);
        let known = matches!(&[a, b, c], b"HEL" | b"ACK" | b"ERR" | b"RHE" | b"OPN" | b"CLO" | b"MSG");
        if !known || !matches!(chunk, b'F' | b'C' | b'A') || !(12..=SIZE_MAX).contains(&size) {
            notes.malformed = true;
            // Where the next message starts cannot be told.
            return Step::skip(bytes.len());
        }
        let wanted = size.min(READ_MAX);
        let Some(message) = bytes.get(..wanted) else { return Step::More(wanted) };
        let body = message.get(HEAD..).unwrap_or_default();
        match &[a, b, c] {
            b"HEL" => notes.requester = Some(side),
            b"ACK" | b"RHE" => notes.requester = Some(side.peer()),
            b"OPN" => notes.malformed |= self.policy(body, notes).is_err(),
            b"MSG" if self.open => self.message(side, body, notes),
            _ => {}
        }
        Step::skip(size)
    }

    fn gap(&mut self, _: Side, _: Option<u64>, _: &mut Notes) -> Step {
        Step::Skip(1)
    }
}

impl OpcUa {
    fn policy(&mut self, body: &[u8], notes: &mut Notes) -> Result<(), Fault> {
        let mut reader = Reader::new(body);
        reader.skip(4, "channel")?;
        let length = text(&mut reader)?;
        let policy = reader.take(length, "policy")?;
        self.open = policy.starts_with(POLICIES) && policy.ends_with(b"#None");
        // With a policy messages may still be signed only, which their bytes do not tell.
        if self.open {
            notes.encrypted = Some(false);
        }
        Ok(())
    }

    /// An answer that a session is active, with its time, handle and result.
    fn message(&mut self, side: Side, body: &[u8], notes: &mut Notes) {
        let answer = body.get(MESSAGE_HEAD..).and_then(|answer| answer.split_first_chunk::<4>());
        let Some((&ACTIVATED, answer)) = answer else { return };
        let good = answer.get(12..16) == Some(&[0; 4]);
        if good && !self.said {
            self.said = true;
            notes.requester.get_or_insert(side.peer());
            let weakness = Fact::new(Attribute::Weakness, "opcua-without-security", 95, "opcua.session");
            notes.speaker(side, [weakness]);
        }
    }
}
