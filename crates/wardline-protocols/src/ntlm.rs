//! NTLMSSP messages (MS-NLMP section 2.2.1), wherever they are carried: SMB, HTTP, RDP, RPC.
//!
//! In: bytes that contain one, at any place (SPNEGO wraps them). Out: the sender's Windows version, its names,
//! its clock, its domain; whether a login was answered by the old method (its length tells). Never read: user
//! names, domains of users, responses. Limits: [`PAIRS_MAX`] target information
//! pairs, [`NAME_BYTES_MAX`] bytes of a name.

use crate::text;
use wardline_model::{Attribute, Fact, Timestamp};
use wardline_wire::{Fault, Reader};

/// Target information pairs read; the standard defines eleven.
const PAIRS_MAX: usize = 32;
/// Bytes of a name: a DNS name of 255 characters in UTF-16.
const NAME_BYTES_MAX: usize = 510;
/// Negotiate flag: text is UTF-16, else in the sender's code page.
const UNICODE: u32 = 0x0000_0001;
/// Negotiate flag: the version field is filled.
const VERSION: u32 = 0x0200_0000;
/// Seconds from 1601 (the epoch of `FILETIME`) to 1970.
const FILETIME_ERA: i64 = 11_644_473_600;
/// A clock further off than this is not a clock.
const PLAUSIBLE_SECONDS_MAX: i64 = 10 * 365 * 86_400;

/// Which of the three messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Sent by the client.
    Negotiate,
    /// Sent by the server: names and version are the server's.
    Challenge,
    /// Sent by the client: workstation and version are the client's.
    Authenticate,
}

/// What an NTLMSSP message says of the machine that sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// Which message.
    pub(crate) kind: Kind,
    /// Operating system version `major.minor.build`.
    pub(crate) version: Option<String>,
    /// NetBIOS name: of the server in a challenge, of the workstation otherwise.
    pub(crate) netbios_name: Option<String>,
    /// DNS name of the server, in a challenge.
    pub(crate) dns_name: Option<String>,
    /// Domain that the server belongs to, in a challenge: its DNS name, else its NetBIOS name.
    pub(crate) domain: Option<String>,
    /// The server's time as a `FILETIME`, in a challenge.
    pub(crate) filetime: Option<u64>,
    /// The login was answered by version 1 of the method.
    pub(crate) old: bool,
}

/// The first NTLMSSP message in `bytes`, if there is a whole head of one.
pub(crate) fn find(bytes: &[u8]) -> Option<Message> {
    let at = memchr::memmem::find(bytes, b"NTLMSSP\0")?;
    let message = bytes.get(at..)?;
    parse(message).ok()
}

fn parse(message: &[u8]) -> Result<Message, Fault> {
    let mut head = Reader::new(message);
    head.skip(8, "NTLM signature")?;
    match head.u32_le("NTLM message type")? {
        1 => negotiate(message, head),
        2 => challenge(message, head),
        3 => authenticate(message, head),
        _ => Err(Fault::Unsupported("NTLM message type")),
    }
}

fn negotiate(message: &[u8], mut head: Reader<'_>) -> Result<Message, Fault> {
    let flags = head.u32_le("NTLM flags")?;
    head.skip(8, "NTLM domain")?;
    // Names in this message are always in the code page (section 2.2.1.1).
    let netbios_name = field(message, &mut head).ok().and_then(text::ascii).map(str::to_owned);
    let version = version(&mut head, flags);
    Ok(Message { version, netbios_name, ..Message::new(Kind::Negotiate) })
}

fn challenge(message: &[u8], mut head: Reader<'_>) -> Result<Message, Fault> {
    head.skip(8, "NTLM target name")?;
    let flags = head.u32_le("NTLM flags")?;
    head.skip(16, "NTLM challenge")?;
    let mut said = Message::new(Kind::Challenge);
    let Ok(target) = field(message, &mut head) else { return Ok(said) };
    said.version = version(&mut head, flags);
    let mut target = Reader::new(target);
    let (mut dns_domain, mut netbios_domain) = (None, None);
    for _ in 0..PAIRS_MAX {
        let (Ok(id), Ok(length)) = (target.u16_le("pair id"), target.u16_le("pair length")) else { break };
        let Ok(value) = target.take(usize::from(length), "pair value") else { break };
        match id {
            0 => break,
            1 => said.netbios_name = name(value, UNICODE),
            2 => netbios_domain = name(value, UNICODE),
            3 => said.dns_name = name(value, UNICODE),
            4 => dns_domain = name(value, UNICODE),
            7 => said.filetime = Reader::new(value).u64_le("time").ok(),
            _ => {}
        }
    }
    // A server of no domain gives its own name in place of one.
    let own = |domain: &String| {
        Some(domain) == said.dns_name.as_ref() || Some(domain) == said.netbios_name.as_ref()
    };
    said.domain = match (netbios_domain, dns_domain) {
        (Some(netbios), _) if own(&netbios) => None,
        (netbios, dns) => dns.or(netbios).filter(|domain| !own(domain) && is_domain(domain)),
    };
    Ok(said)
}

fn authenticate(message: &[u8], mut head: Reader<'_>) -> Result<Message, Fault> {
    // Both responses, the domain and the user stay unread. A response of version 1 has 24 bytes, always.
    head.skip(8, "LAN manager response")?;
    let old = head.u16_le("NTLM response length")? == 24;
    head.skip(22, "NTLM response and user")?;
    let workstation = field(message, &mut head);
    head.skip(8, "NTLM session key")?;
    let flags = head.u32_le("NTLM flags")?;
    Ok(Message {
        version: version(&mut head, flags),
        netbios_name: workstation.ok().and_then(|bytes| name(bytes, flags)),
        old,
        ..Message::new(Kind::Authenticate)
    })
}

/// Whether this is the name of a domain, and not of the group that hosts without one are in as delivered.
fn is_domain(name: &str) -> bool {
    text::is_host_name(name) && !["WORKGROUP", "MSHOME"].iter().any(|group| name.eq_ignore_ascii_case(group))
}

/// The bytes that a length, maximum and offset point at.
fn field<'a>(message: &'a [u8], head: &mut Reader<'_>) -> Result<&'a [u8], Fault> {
    let length = usize::from(head.u16_le("field length")?);
    head.skip(2, "field maximum")?;
    let offset = head.u32_le("field offset")?;
    let offset = usize::try_from(offset).map_err(|_| Fault::TooLarge("field offset"))?;
    let end = offset.checked_add(length).ok_or(Fault::TooLarge("field offset"))?;
    message.get(offset..end).ok_or(Fault::Truncated("field"))
}

fn name(bytes: &[u8], flags: u32) -> Option<String> {
    if bytes.len() > NAME_BYTES_MAX {
        return None;
    }
    if flags & UNICODE != 0 { text::utf16_le(bytes) } else { text::ascii(bytes).map(str::to_owned) }
}

fn version(head: &mut Reader<'_>, flags: u32) -> Option<String> {
    let [major, minor] = head.array("NTLM version").ok()?;
    let build = head.u16_le("NTLM build").ok()?;
    let [_, _, _, revision] = head.array("NTLM revision").ok()?;
    // Windows 2000 to 2003 are 5, Vista to 8.1 are 6, then 10; the revision is fixed (section 2.2.2.10).
    let fits = matches!(major, 5 | 6 | 10) && matches!(revision, 10 | 15);
    (flags & VERSION != 0 && fits).then(|| format!("{major}.{minor}.{build}"))
}

impl Message {
    const fn new(kind: Kind) -> Self {
        Self {
            kind,
            version: None,
            netbios_name: None,
            dns_name: None,
            domain: None,
            filetime: None,
            old: false,
        }
    }

    /// Facts about the machine that sent the message; `now` is the packet's time.
    pub(crate) fn facts(&self, now: Timestamp) -> [Option<Fact>; 5] {
        let version = self.version.as_deref();
        let (name, rule, confidence) = match (&self.dns_name, &self.netbios_name, self.kind) {
            (Some(name), _, _) => (Some(name), "ntlm.dns-name", 85),
            (None, name, Kind::Challenge) => (name.as_ref(), "ntlm.netbios-name", 85),
            (None, name, Kind::Negotiate | Kind::Authenticate) => (name.as_ref(), "ntlm.workstation", 80),
        };
        let offset = self.filetime.and_then(|time| clock_offset(time, now));
        [
            version.and_then(|v| Fact::new(Attribute::NtlmVersion, v, 90, "ntlm.version")),
            name.and_then(|name| Fact::new(Attribute::Hostname, name, confidence, rule)),
            self.domain.as_deref().and_then(|d| Fact::new(Attribute::Domain, d, 85, "ntlm.domain")),
            offset.and_then(|o| Fact::new(Attribute::ClockOffset, &o.to_string(), 85, "ntlm.time")),
            self.old.then(|| Fact::new(Attribute::Weakness, "ntlm-v1", 90, "ntlm.response")).flatten(),
        ]
    }
}

/// Whole seconds by which a `FILETIME` is ahead of `now`, when plausible.
pub(crate) fn clock_offset(filetime: u64, now: Timestamp) -> Option<i64> {
    let seconds = i64::try_from(filetime.checked_div(10_000_000)?).ok()?.checked_sub(FILETIME_ERA)?;
    let offset = seconds.checked_sub(now.0.checked_div(Timestamp::SECOND)?)?;
    (offset.abs() < PLAUSIBLE_SECONDS_MAX).then_some(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A challenge by hand from MS-NLMP section 2.2.1.2, behind bytes of a wrapper.
    fn challenge_bytes() -> Vec<u8> {
        let mut pairs = Vec::new();
        for (id, text) in [(2u16, "CLINIC"), (1, "PACS01"), (3, "pacs01.clinic.example")] {
            let text: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            pairs.extend(id.to_le_bytes());
            pairs.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
            pairs.extend(text);
        }
        pairs.extend([0; 4]);
        let length = u16::try_from(pairs.len()).unwrap().to_le_bytes();
        let mut bytes = b"\x60\x82wrapNTLMSSP\0\x02\0\0\0".to_vec();
        bytes.extend([0; 8]);
        bytes.extend((UNICODE | VERSION).to_le_bytes());
        bytes.extend([0x11; 16]);
        bytes.extend(length);
        bytes.extend(length);
        bytes.extend(56u32.to_le_bytes());
        bytes.extend([10, 0, 0x63, 0x45, 0, 0, 0, 15]);
        bytes.extend(pairs);
        bytes
    }

    #[test]
    fn a_challenge_tells_names_and_build() {
        let message = find(&challenge_bytes()).unwrap();
        assert_eq!(message.kind, Kind::Challenge);
        assert_eq!(message.version.as_deref(), Some("10.0.17763"));
        assert_eq!(message.netbios_name.as_deref(), Some("PACS01"));
        assert_eq!(message.dns_name.as_deref(), Some("pacs01.clinic.example"));
        assert_eq!(message.domain.as_deref(), Some("CLINIC"));
    }

    #[test]
    fn cuts_and_lies_never_panic_and_never_invent() {
        let whole = challenge_bytes();
        for end in 0..whole.len() {
            if let Some(cut) = find(&whole[..end]) {
                assert_eq!(cut.dns_name, None, "cut at {end}");
            }
        }
        for at in 0..whole.len() {
            let mut lie = whole.clone();
            lie[at] = 0xff;
            let _ = find(&lie);
        }
    }

    #[test]
    fn an_authenticate_gives_the_workstation_and_never_the_user() {
        let mut bytes = b"NTLMSSP\0\x03\0\0\0".to_vec();
        bytes.extend([0; 16]);
        let user: Vec<u8> = "jdoe".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let station: Vec<u8> = "CT-CONSOLE".encode_utf16().flat_map(u16::to_le_bytes).collect();
        bytes.extend([0; 8]);
        for (length, offset) in [(8u16, 72u32), (20, 80), (0, 0)] {
            bytes.extend(length.to_le_bytes());
            bytes.extend(length.to_le_bytes());
            bytes.extend(offset.to_le_bytes());
        }
        bytes.extend((UNICODE | VERSION).to_le_bytes());
        bytes.extend([6, 1, 0xb1, 0x1d, 0, 0, 0, 15]);
        bytes.extend(user);
        bytes.extend(station);
        let message = find(&bytes).unwrap();
        assert_eq!(message.netbios_name.as_deref(), Some("CT-CONSOLE"));
        assert_eq!(message.version.as_deref(), Some("6.1.7601"));
        assert!(!format!("{message:?}").contains("jdoe"));
    }
}
