//! SMB 1, 2 and 3 (MS-CIFS, MS-SMB2) over TCP, direct or behind NetBIOS sessions (RFC 1002 section 4.3).
//!
//! In: a stream of messages behind four bytes of length. Out: dialect and signing of the server, names,
//! versions and clocks from negotiation and NTLMSSP, whether what follows is encrypted. Everything after
//! session setup is stepped over by its length, save what is small enough to open an interface in a named pipe:
//! files and users are never read. Limits: [`WANTED_MAX`], [`PIPE_MAX`], [`LOST_MAX`].

mod one;
mod pipe;
mod two;

use crate::dcerpc::Dcerpc;
use crate::nbns::NetbiosName;
use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, ntlm};
use pipe::Content;
use wardline_model::{Attribute, DetailKey, Fact};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "smb",
    carriers: &[Carrier::Stream],
    ports: &[445, 139],
    probe,
    start: |_| Box::new(Smb::default()),
};

/// Bytes of a message that are waited for: session setups with a Kerberos ticket reach some 16 KiB, and what
/// is read stands before it.
const WANTED_MAX: usize = 16_384;
/// Bytes searched for the next message head after a gap before the flow is given up.
const LOST_MAX: usize = 4 << 20;
/// Longest NetBIOS session request: two names, each with a scope.
const NAMES_REQUEST_MAX: usize = 600;
/// Bytes of the session head, and of it with the protocol mark.
const HEAD: usize = 4;
const MARKED: usize = 8;
/// Bytes after the session head that tell the command, in all dialects, and whether others follow in a chain.
const COMMAND: usize = 24;

/// What an SMB 2 response flag and commands are.
const RESPONSE: u32 = 1;
const NEGOTIATE: u16 = 0;
const SESSION_SETUP: u16 = 1;
const TREE_CONNECT: u16 = 3;
/// Longest message in which the opening of an interface is looked for.
const PIPE_MAX: usize = 4_096;

#[derive(Default)]
struct Smb {
    said: Once,
    /// SMB 1 dialects the client offered, by index.
    offered: Vec<Box<str>>,
    /// Whether a side's next head must be found first.
    lost: [bool; 2],
    /// Bytes searched for one so far.
    searched: usize,
    /// What named pipes carry.
    pipe: Dcerpc,
}

/// What a message is, by its first bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// SMB 1 and its command.
    One(u8),
    /// SMB 2 or 3 and its command.
    Two(u16),
    /// SMB 3, encrypted.
    Encrypted,
    /// SMB 3, compressed.
    Compressed,
}

fn kind(message: &[u8]) -> Option<Kind> {
    match message {
        [0xff, b'S', b'M', b'B', command, ..] => Some(Kind::One(*command)),
        [0xfe, b'S', b'M', b'B', _, _, _, _, _, _, _, _, low, high, ..] => {
            Some(Kind::Two(u16::from_le_bytes([*low, *high])))
        }
        [0xfd, b'S', b'M', b'B', ..] => Some(Kind::Encrypted),
        [0xfc, b'S', b'M', b'B', ..] => Some(Kind::Compressed),
        _ => None,
    }
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    if let [0x81, ..] = bytes {
        // A session request: two encoded names and nothing else.
        let shape = [0x81, 0x00, 0x00, 0x44, 0x20];
        return match bytes.get(..shape.len()) {
            None => probe.starts_with(&shape),
            Some(head) if head != shape => Verdict::No,
            Some(_) if bytes.len() < 37 => Verdict::More,
            Some(_) => {
                let letters = bytes.get(5..37).is_some_and(|l| l.iter().all(|b| (b'A'..=b'P').contains(b)));
                if letters { Verdict::Yes } else { Verdict::No }
            }
        };
    }
    match bytes {
        [0, _, _, _, mark, b'S', b'M', b'B', ..] if is_mark(*mark) => Verdict::Yes,
        [0, _, _, _, rest @ ..] if rest.len() >= HEAD => Verdict::No,
        [0, _, _, _, mark, rest @ ..] if is_mark(*mark) && b"SMB".starts_with(rest) => Verdict::More,
        [0] | [0, _] | [0, _, _] | [0, _, _, _] => Verdict::More,
        _ => Verdict::No,
    }
}

/// SMB 1, SMB 2, encrypted, compressed.
const fn is_mark(mark: u8) -> bool {
    mark >= 0xfc
}

impl Dissector for Smb {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        if *side.of(&mut self.lost)
            && let Some(step) = self.search(side, bytes)
        {
            return step;
        }
        let Some((&[kind, high, middle, low], _)) = bytes.split_first_chunk::<HEAD>() else {
            return Step::More(HEAD);
        };
        let length = usize::try_from(u32::from_be_bytes([0, high, middle, low])).unwrap_or(usize::MAX);
        let whole = length.saturating_add(HEAD);
        match kind {
            0 if length >= 32 => self.message(side, bytes, whole, notes),
            0x81 if whole <= NAMES_REQUEST_MAX => {
                let Some(request) = bytes.get(HEAD..whole) else { return Step::More(whole) };
                self.session_request(side, request, notes);
                Step::skip(whole)
            }
            // Keep-alives and answers to session requests.
            0 | 0x82..=0x85 if length < 32 => Step::skip(whole),
            _ => self.get_lost(side, notes),
        }
    }

    fn gap(&mut self, side: Side, _count: Option<u64>, _notes: &mut Notes) -> Step {
        *side.of(&mut self.lost) = true;
        Step::Skip(1)
    }
}

impl Smb {
    fn get_lost(&mut self, side: Side, notes: &mut Notes) -> Step {
        notes.malformed = true;
        *side.of(&mut self.lost) = true;
        Step::Skip(1)
    }

    /// Finds the next message head after a loss; `None` when it stands at the start of `bytes`.
    fn search(&mut self, side: Side, bytes: &[u8]) -> Option<Step> {
        let mut heads = memchr::memmem::find_iter(bytes, b"SMB").filter_map(|at| at.checked_sub(5));
        let is_head = |at: &usize| matches!(bytes.get(*at..), Some([0, _, _, _, mark, ..]) if is_mark(*mark));
        match heads.find(is_head) {
            Some(0) => {
                *side.of(&mut self.lost) = false;
                None
            }
            Some(at) => Some(Step::skip(at)),
            None if bytes.len() < MARKED => Some(Step::More(MARKED)),
            None => {
                let past = bytes.len().saturating_sub(MARKED.saturating_sub(1));
                self.searched = self.searched.saturating_add(past);
                Some(if self.searched > LOST_MAX { Step::Done } else { Step::skip(past) })
            }
        }
    }

    /// The names in a NetBIOS session request: called, then calling.
    fn session_request(&mut self, side: Side, request: &[u8], notes: &mut Notes) {
        notes.requester.get_or_insert(side);
        let mut names = request.chunks_exact(34).map(|name| {
            let label = name.get(1..33).and_then(|letters| std::str::from_utf8(letters).ok());
            label.and_then(NetbiosName::from_label)
        });
        let (called, calling) = (names.next().flatten(), names.next().flatten());
        for (who, name, rule) in [(side.peer(), called, "smb.called"), (side, calling, "smb.calling")] {
            // `*SMBSERVER` stands for a server whose name is not known, as do the digits of its address.
            let named =
                |name: &NetbiosName| !name.text.starts_with('*') && name.text.contains(char::is_alphabetic);
            if let Some(name) = name.filter(named) {
                notes.speaker(who, name.facts(70, rule));
            }
        }
    }

    /// A message of `whole` bytes with its session head: reads it when it is one that tells something.
    fn message(&mut self, side: Side, bytes: &[u8], whole: usize, notes: &mut Notes) -> Step {
        let Some(message) = bytes.get(HEAD..).filter(|message| message.len() >= COMMAND) else {
            return Step::More(HEAD.saturating_add(COMMAND));
        };
        let wanted = whole.min(WANTED_MAX);
        if matches!(kind(message), Some(Kind::Two(_))) && two::is_chain(message) && whole <= PIPE_MAX {
            let Some(chain) = bytes.get(HEAD..whole) else { return Step::More(whole) };
            for part in two::chain(chain) {
                let length = part.len().saturating_add(HEAD);
                // Each part is whole: there is nothing to wait for.
                let _ = self.one_message(side, Ok(part), length, notes);
            }
            return Step::skip(whole);
        }
        let message = bytes.get(HEAD..wanted).ok_or(message);
        self.one_message(side, message, whole, notes)
    }

    /// A message that stands alone, whole or as much of it as is there.
    fn one_message(
        &mut self,
        side: Side,
        message: Result<&[u8], &[u8]>,
        whole: usize,
        notes: &mut Notes,
    ) -> Step {
        let wanted = whole.min(WANTED_MAX);
        let kind = kind(message.unwrap_or_else(|part| part));
        let read = match (kind, message) {
            (None, _) => return self.get_lost(side, notes),
            (Some(Kind::Encrypted), _) => {
                notes.encrypted = Some(true);
                Ok(())
            }
            (Some(Kind::Compressed), _) => Ok(()),
            (
                Some(
                    Kind::One(one::NEGOTIATE | one::SESSION_SETUP)
                    | Kind::Two(NEGOTIATE | SESSION_SETUP | TREE_CONNECT),
                ),
                Err(_),
            ) => {
                return Step::More(wanted);
            }
            (Some(Kind::One(one::NEGOTIATE)), Ok(message)) => self.negotiate_one(side, message, notes),
            (Some(Kind::One(one::SESSION_SETUP)), Ok(message)) => self.session_one(side, message, notes),
            (Some(Kind::Two(NEGOTIATE)), Ok(message)) => self.negotiate_two(side, message, notes),
            (Some(Kind::Two(SESSION_SETUP)), Ok(message)) => self.session_two(side, message, notes),
            (Some(Kind::Two(TREE_CONNECT)), Ok(message)) => self.connect_two(side, message, notes),
            (Some(kind), part) if whole <= PIPE_MAX && pipe::carries(kind) => {
                notes.encrypted.get_or_insert(false);
                match pipe::content(kind, part.unwrap_or_else(|part| part), whole.saturating_sub(HEAD)) {
                    Content::Wanted(count) => return Step::More(count.saturating_add(HEAD)),
                    Content::Opening(bytes) => self.pipe.pipe(side, bytes, notes),
                    Content::Other => {}
                }
                Ok(())
            }
            // Work in the clear, unless the rest is encrypted (the negotiation never is).
            (Some(Kind::One(_) | Kind::Two(_)), _) => {
                notes.encrypted.get_or_insert(false);
                Ok(())
            }
        };
        notes.malformed |= read.is_err() && wanted == whole;
        Step::skip(whole)
    }

    fn negotiate_two(&mut self, side: Side, message: &[u8], notes: &mut Notes) -> Result<(), Fault> {
        let (mut body, status) = head_two(side, message, notes)?;
        let Some(0) = status else { return Ok(()) };
        if body.u16_le("negotiate size")? != 65 {
            return Err(Fault::Malformed("negotiate size"));
        }
        let security = body.u16_le("security mode")?;
        let dialect = match body.u16_le("dialect")? {
            0x0202 => Some("SMB 2.0.2"),
            0x0210 => Some("SMB 2.1"),
            0x0300 => Some("SMB 3.0"),
            0x0302 => Some("SMB 3.0.2"),
            0x0311 => Some("SMB 3.1.1"),
            // 02FF answers an SMB 1 negotiation: the dialect follows in a second one.
            _ => None,
        };
        body.skip(34, "negotiate sizes")?;
        let offset = ntlm::clock_offset(body.u64_le("system time")?, notes.time);
        let facts = [
            dialect.and_then(|dialect| Fact::new(Attribute::SmbDialect, dialect, 95, "smb.dialect")),
            (dialect.is_some() && security & 2 == 0).then(unsigned).flatten(),
            offset.and_then(|o| Fact::new(Attribute::ClockOffset, &o.to_string(), 85, "smb.system-time")),
        ];
        self.tell(side, facts, notes);
        if dialect == Some("SMB 3.1.1")
            && let Some(cipher) = two::cipher(message)?
            && self.said.is_new(("cipher", cipher))
        {
            notes.detail(DetailKey::Cipher, cipher);
        }
        Ok(())
    }

    /// A share is connected to, by the name that the client calls the server.
    fn connect_two(&mut self, side: Side, message: &[u8], notes: &mut Notes) -> Result<(), Fault> {
        let (_, status) = head_two(side, message, notes)?;
        notes.encrypted.get_or_insert(false);
        if status.is_none()
            && let Some(name) = two::server_name(message)?
        {
            self.tell(side.peer(), [Fact::new(Attribute::Hostname, &name, 70, "smb.tree-connect")], notes);
        }
        Ok(())
    }

    fn session_two(&mut self, side: Side, message: &[u8], notes: &mut Notes) -> Result<(), Fault> {
        let (mut body, status) = head_two(side, message, notes)?;
        self.ntlm(side, message, notes);
        if status == Some(0) && body.u16_le("session setup size")? == 9 {
            let guest = body.u16_le("session flags")? & 1 != 0;
            let weakness = || Fact::new(Attribute::Weakness, "smb-guest-access", 90, "smb.session-flags");
            self.tell(side, [guest.then(weakness).flatten()], notes);
        }
        Ok(())
    }

    /// What an NTLMSSP message in a session setup tells of its sender.
    fn ntlm(&mut self, side: Side, message: &[u8], notes: &mut Notes) {
        if let Some(message) = ntlm::find(message) {
            self.tell(side, message.facts(notes.time), notes);
        }
    }

    fn tell<const N: usize>(&mut self, side: Side, facts: [Option<Fact>; N], notes: &mut Notes) {
        if self.said.is_new((side, &facts)) {
            notes.speaker(side, facts);
        }
    }
}

/// Signing is offered at most: whoever sits in between may change what is said.
fn unsigned() -> Option<Fact> {
    Fact::new(Attribute::Weakness, "smb-signing-not-required", 95, "smb.security-mode")
}

/// Reads the head of an SMB 2 message; returns its body, and the status when it is a response.
fn head_two<'a>(
    side: Side,
    message: &'a [u8],
    notes: &mut Notes,
) -> Result<(Reader<'a>, Option<u32>), Fault> {
    let mut reader = Reader::new(message);
    reader.skip(4, "SMB 2 mark")?;
    if reader.u16_le("SMB 2 head size")? != 64 {
        return Err(Fault::Malformed("SMB 2 head size"));
    }
    reader.skip(2, "credit charge")?;
    let status = reader.u32_le("status")?;
    reader.skip(4, "command and credits")?;
    let response = reader.u32_le("flags")? & RESPONSE != 0;
    reader.skip(44, "SMB 2 head")?;
    notes.requester.get_or_insert(if response { side.peer() } else { side });
    Ok((reader, response.then_some(status)))
}
