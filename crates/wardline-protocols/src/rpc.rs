//! ONC RPC version 2 (RFC 5531) as file servers use it: NFS and the port mapper.
//!
//! In: datagrams, or a stream of records behind four bytes of mark (section 11). Out: which program is called,
//! name of the calling machine (section 14), whether calls are encrypted (RFC 2203 section 5.3.1). Procedures,
//! files and users are never read. Programs that are not named here are left unknown. Limits: [`NAME_MAX`],
//! [`CALLS_MAX`].

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use wardline_model::{Attribute, Fact};
use wardline_wire::{Fault, Reader};

/// The table line of NFS (RFC 1813, RFC 7530).
pub(crate) const NFS: Protocol = Protocol {
    name: "nfs",
    carriers: &[Carrier::Datagram, Carrier::Stream],
    ports: &[2049],
    probe: |probe| recognise(probe, is_nfs),
    start,
};

/// The table line of the port mapper (RFC 1833).
pub(crate) const PORTMAP: Protocol = Protocol {
    name: "portmap",
    carriers: &[Carrier::Datagram, Carrier::Stream],
    ports: &[111],
    probe: |probe| recognise(probe, |program, version| program == 100_000 && (2..=4).contains(&version)),
    start,
};

/// Longest name of a machine (section 14).
const NAME_MAX: usize = 255;
/// Calls looked at in vain for a machine's name: what comes first has none.
const CALLS_MAX: u8 = 32;
/// Bytes of a call up to its procedure, and with the credential's kind and length.
const CALL: usize = 32;
/// Longest credential or verifier (section 8.2).
const CREDENTIAL_MAX: usize = 400;
/// Longest record stepped over: NFS writes a megabyte at once.
const RECORD_MAX: usize = 8 << 20;

/// Kinds of credentials: of a system, of a security mechanism.
const SYSTEM: u32 = 1;
const SECURITY: u32 = 6;

/// NFS in the versions that exist. Its mounts, locks and access lists are programs of their own, which have no
/// name here.
const fn is_nfs(program: u32, version: u32) -> bool {
    program == 100_003 && version >= 2 && version <= 4
}

fn start(carrier: Carrier) -> Box<dyn Dissector> {
    Box::new(Rpc { framed: carrier == Carrier::Stream, said: Once::default(), calls: 0, inside: [false; 2] })
}

/// What stands at the start of a call.
struct Call<'a> {
    program: u32,
    version: u32,
    kind: u32,
    credential: Reader<'a>,
}

/// A call, when one begins here: `Malformed` when not, `Truncated` while that cannot be told.
fn call(bytes: &[u8]) -> Result<Call<'_>, Fault> {
    let zero = |at: usize| bytes.get(at).is_none_or(|byte| *byte == 0);
    // Message type 0, RPC version 2, program numbers of 2^24 at most, small versions and procedures.
    let shape = [4, 5, 6, 7, 8, 9, 10, 12, 16, 17, 18, 20, 21, 22, 24, 25, 26, 28, 29].into_iter().all(zero);
    if !shape || bytes.get(11).is_some_and(|byte| *byte != 2) {
        return Err(Fault::Malformed("RPC call"));
    }
    let mut reader = Reader::new(bytes);
    reader.skip(12, "call head")?;
    let program = reader.u32("program")?;
    let version = reader.u32("version")?;
    reader.skip(4, "procedure")?;
    let kind = reader.u32("credential")?;
    let length = reader.u32("credential length")?;
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > CREDENTIAL_MAX || (kind == 0 && length != 0) {
        return Err(Fault::Malformed("credential length"));
    }
    let credential = reader.sub(length, "credential")?;
    Ok(Call { program, version, kind, credential })
}

/// A record's mark: whether it is the last of its message, and how long it is.
fn mark(bytes: &[u8]) -> Option<(bool, usize)> {
    let mark = u32::from_be_bytes(*bytes.first_chunk::<4>()?);
    Some((mark & 0x8000_0000 != 0, usize::try_from(mark & 0x7fff_ffff).unwrap_or(usize::MAX)))
}

fn recognise(probe: &Probe<'_>, known: fn(u32, u32) -> bool) -> Verdict {
    let stream = probe.carrier == Carrier::Stream;
    let bytes = if stream {
        match mark(probe.bytes) {
            Some((_, CALL..=RECORD_MAX)) => probe.bytes.get(4..).unwrap_or_default(),
            None if matches!(probe.bytes, [0x80 | 0, ..]) => return Verdict::More,
            _ => return Verdict::No,
        }
    } else {
        probe.bytes
    };
    match call(bytes) {
        Ok(call) if known(call.program, call.version) => Verdict::Yes,
        Err(Fault::Truncated(_)) if stream => Verdict::More,
        _ => Verdict::No,
    }
}

struct Rpc {
    /// Messages are records of a stream.
    framed: bool,
    said: Once,
    calls: u8,
    /// The next record of a side goes on with a message.
    inside: [bool; 2],
}

impl Dissector for Rpc {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        if !self.framed {
            self.message(side, bytes, notes);
            return Step::skip(bytes.len());
        }
        let Some((last, length)) = mark(bytes) else { return Step::More(4) };
        if length > RECORD_MAX {
            notes.malformed = true;
            return Step::Done;
        }
        let goes_on = std::mem::replace(side.of(&mut self.inside), !last);
        let whole = length.saturating_add(4);
        if goes_on || length == 0 {
            return Step::skip(whole);
        }
        // Credentials stand in the first bytes; the rest of the call is not waited for.
        let look = length.min(CALL.saturating_add(CREDENTIAL_MAX));
        let Some(start) = bytes.get(4..look.saturating_add(4)) else {
            *side.of(&mut self.inside) = goes_on;
            return Step::More(look.saturating_add(4));
        };
        if self.message(side, start, notes) && self.calls >= CALLS_MAX {
            return Step::Done;
        }
        Step::skip(whole)
    }
}

impl Rpc {
    /// Reads the start of a message; whether it was a call.
    fn message(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> bool {
        match bytes.get(4..8) {
            Some([0, 0, 0, 0]) => {}
            Some([0, 0, 0, 1]) => {
                notes.requester.get_or_insert(side.peer());
                return false;
            }
            _ => {
                notes.malformed = true;
                return false;
            }
        }
        self.calls = self.calls.saturating_add(1);
        notes.requester.get_or_insert(side);
        match call(bytes) {
            Ok(call) => {
                notes.malformed |= self.credential(side, &call, notes).is_err();
            }
            Err(Fault::Malformed(_)) => notes.malformed = true,
            Err(_) => {}
        }
        true
    }

    fn credential(&mut self, side: Side, call: &Call<'_>, notes: &mut Notes) -> Result<(), Fault> {
        let mut credential = call.credential;
        match call.kind {
            SYSTEM => {
                notes.encrypted.get_or_insert(false);
                credential.skip(4, "stamp")?;
                let length = usize::try_from(credential.u32("name length")?).unwrap_or(usize::MAX);
                let name = credential.take(length.min(NAME_MAX), "machine name")?;
                let name = text::ascii(name).filter(|name| text::is_host_name(name) && *name != "localhost");
                let fact = name.and_then(|name| Fact::new(Attribute::Hostname, name, 75, "rpc.machine-name"));
                if self.said.is_new((side, &fact)) {
                    notes.speaker(side, [fact]);
                }
                self.calls = CALLS_MAX;
            }
            SECURITY => {
                const PRIVACY: u32 = 3;
                const DATA: u32 = 0;
                credential.skip(4, "version")?;
                let procedure = credential.u32("procedure")?;
                credential.skip(4, "sequence")?;
                let service = credential.u32("service")?;
                if procedure == DATA {
                    notes.encrypted = Some(service == PRIVACY);
                }
            }
            _ => {}
        }
        Ok(())
    }
}
