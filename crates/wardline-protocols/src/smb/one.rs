//! SMB 1 negotiation and session setup (MS-CIFS sections 2.2.4.52 and 2.2.4.53, MS-SMB section 2.2.4).

use super::{Smb, unsigned};
use crate::{Notes, Side, ntlm, text};
use wardline_model::{Attribute, Fact};
use wardline_wire::{Fault, Reader};

/// Commands read.
pub(super) const NEGOTIATE: u8 = 0x72;
pub(super) const SESSION_SETUP: u8 = 0x73;

/// Capability: text is UTF-16.
const UNICODE: u32 = 0x0000_0004;
/// Capability: a security blob stands in place of key and names.
const EXTENDED_SECURITY: u32 = 0x8000_0000;
/// Dialects kept of an offer; clients offer below ten.
const DIALECTS_MAX: usize = 32;
/// UTF-16 units of a string; the longest operating system names have 60.
const STRING_UNITS_MAX: usize = 512;

/// A message behind its head.
struct Message<'a> {
    response: bool,
    status: u32,
    unicode: bool,
    words: &'a [u8],
    /// The bytes, and where in the message they begin: UTF-16 strings are aligned to its start.
    bytes: Reader<'a>,
    all: usize,
}

fn read<'a>(side: Side, message: &'a [u8], notes: &mut Notes) -> Result<Message<'a>, Fault> {
    let mut reader = Reader::new(message);
    reader.skip(5, "SMB mark and command")?;
    let status = reader.u32_le("status")?;
    let response = reader.u8("flags")? & 0x80 != 0;
    let unicode = reader.u16_le("flags 2")? & 0x8000 != 0;
    reader.skip(20, "SMB head")?;
    let words = usize::from(reader.u8("word count")?).saturating_mul(2);
    let words = reader.take(words, "words")?;
    let length = usize::from(reader.u16_le("byte count")?);
    let start = message.len().saturating_sub(reader.len());
    let bytes = Reader::new(reader.take_up_to(length));
    notes.requester.get_or_insert(if response { side.peer() } else { side });
    Ok(Message { response, status, unicode, words, bytes, all: start.saturating_add(bytes.len()) })
}

impl Message<'_> {
    /// The next string of a session setup: UTF-16 begins at an even place of the message.
    fn aligned_string(&mut self) -> Option<String> {
        if self.unicode && !self.all.saturating_sub(self.bytes.len()).is_multiple_of(2) {
            self.bytes.take_up_to(1);
        }
        self.string()
    }

    /// The next string, in the encoding the head names; `None` when it is not text.
    fn string(&mut self) -> Option<String> {
        if !self.unicode {
            let end = memchr::memchr(0, self.bytes.rest()).unwrap_or(self.bytes.len());
            let text = self.bytes.take_up_to(end);
            self.bytes.take_up_to(1);
            return text::ascii(text).map(str::to_owned);
        }
        let units = self.bytes.rest().chunks_exact(2).take(STRING_UNITS_MAX);
        let count = units.take_while(|unit| **unit != [0, 0]).count().saturating_mul(2);
        let text = self.bytes.take_up_to(count);
        self.bytes.take_up_to(2);
        // Some servers leave the alignment out: every low byte zero is ASCII read one byte off.
        let off = text.chunks_exact(2).all(|unit| matches!(unit, [0, _]));
        text::utf16_le(text).filter(|_| !off)
    }
}

impl Smb {
    pub(super) fn negotiate_one(
        &mut self,
        side: Side,
        message: &[u8],
        notes: &mut Notes,
    ) -> Result<(), Fault> {
        let mut message = read(side, message, notes)?;
        if !message.response {
            let offered = message.bytes.rest().split(|byte| *byte == 0).take(DIALECTS_MAX);
            let offered = offered.filter_map(|dialect| dialect.strip_prefix(&[2]));
            self.offered = offered.map(|d| text::ascii(d).unwrap_or_default().into()).collect();
            return Ok(());
        }
        let mut words = Reader::new(message.words);
        let index = words.u16_le("dialect index")?;
        if message.status != 0 || index == 0xffff {
            return Ok(());
        }
        let current = message.words.len() == 34;
        let dialect = self.offered.get(usize::from(index)).filter(|dialect| !dialect.is_empty());
        // The length of the answer tells the one dialect that Windows has used since NT.
        let dialect = dialect.map(|d| &**d).or(current.then_some("NT LM 0.12"));
        let dialect = dialect.map(|dialect| format!("SMB 1 {dialect}"));
        let mut facts = [
            dialect.and_then(|dialect| Fact::new(Attribute::SmbDialect, &dialect, 95, "smb.dialect")),
            None,
            None,
            None,
        ];
        if current {
            let security = words.u8("security mode")?;
            words.skip(16, "sizes")?;
            let capabilities = words.u32_le("capabilities")?;
            let offset = ntlm::clock_offset(words.u64_le("system time")?, notes.time);
            words.skip(2, "time zone")?;
            let key = usize::from(words.u8("key length")?);
            facts[1] = (security & 0x08 == 0).then(unsigned).flatten();
            facts[2] =
                offset.and_then(|o| Fact::new(Attribute::ClockOffset, &o.to_string(), 85, "smb.system-time"));
            // Without extended security the domain's and the server's name follow the key, not aligned.
            if capabilities & EXTENDED_SECURITY == 0 {
                message.unicode = capabilities & UNICODE != 0;
                message.bytes.skip(key, "key")?;
                let _domain = message.string();
                let name = message.string();
                facts[3] = name.and_then(|n| Fact::new(Attribute::Hostname, &n, 80, "smb.server-name"));
            }
        }
        self.tell(side, facts, notes);
        Ok(())
    }

    pub(super) fn session_one(&mut self, side: Side, whole: &[u8], notes: &mut Notes) -> Result<(), Fault> {
        self.ntlm(side, whole, notes);
        let mut message = read(side, whole, notes)?;
        let mut words = Reader::new(message.words);
        // Skips to the lengths of what stands before the strings; the account's name is never read.
        let (before, account) = match (message.response, message.words.len()) {
            (true, 6) => (0, false),
            (true, 8) => {
                words.skip(6, "action")?;
                (usize::from(words.u16_le("blob length")?), false)
            }
            (false, 24) => {
                words.skip(14, "session head")?;
                (usize::from(words.u16_le("blob length")?), false)
            }
            (false, 26) => {
                words.skip(14, "session head")?;
                let plain = usize::from(words.u16_le("password length")?);
                (plain.saturating_add(usize::from(words.u16_le("password length")?)), true)
            }
            _ => return Ok(()),
        };
        message.bytes.skip(before, "blob or passwords")?;
        if account {
            let _account = message.aligned_string();
            let _domain = message.aligned_string();
        }
        let (system, manager) = (message.aligned_string(), message.aligned_string());
        let fact = |attribute, text: Option<String>, rule| Fact::new(attribute, text.as_deref()?, 85, rule);
        let facts = [
            fact(Attribute::SmbNativeOs, system, "smb.native-os"),
            fact(Attribute::SmbNativeLanManager, manager, "smb.native-lan-manager"),
        ];
        self.tell(side, facts, notes);
        Ok(())
    }
}
