//! SMB up to the session, and in `share` what comes after ([MS-SMB2] section 2.2, [MS-CIFS] section 2.2.4, [MS-SMB] section 2.2.4).

pub(crate) mod share;

use crate::rng::Rng;
use crate::speech::ntlm::{self, utf16};
use wardline_model::Timestamp;

const NEGOTIATE: u16 = 0;
const SESSION_SETUP: u16 = 1;
/// STATUS_MORE_PROCESSING_REQUIRED.
pub(crate) const MORE: u32 = 0xc000_0016;

fn framed(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u32).to_be_bytes()[..], message].concat()
}

/// 100-nanosecond steps since 1601.
fn file_time(time: Timestamp) -> [u8; 8] {
    ((time.0 / 100 + 116_444_736_000_000_000) as u64).to_le_bytes()
}

/// An SMB2 header: `status` none for a request.
fn head2(command: u16, message: u64, session: u64, status: Option<u32>) -> Vec<u8> {
    let mut out = b"\xfeSMB".to_vec();
    out.extend_from_slice(&64_u16.to_le_bytes());
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&status.unwrap_or(0).to_le_bytes());
    out.extend_from_slice(&command.to_le_bytes());
    out.extend_from_slice(&1_u16.to_le_bytes());
    out.extend_from_slice(&u32::from(status.is_some()).to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&message.to_le_bytes());
    out.extend_from_slice(&[0xff, 0xfe, 0, 0, 0, 0, 0, 0]);
    out.extend_from_slice(&session.to_le_bytes());
    out.extend_from_slice(&[0; 16]);
    out
}

/// Pre-authentication integrity: SHA-512 with a salt; padded to eight bytes.
fn integrity_context(rng: &mut Rng) -> Vec<u8> {
    let mut data = vec![1, 0, 32, 0, 1, 0];
    data.extend_from_slice(&rng.bytes(32));
    let mut out = 1_u16.to_le_bytes().to_vec();
    out.extend_from_slice(&(data.len() as u16).to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&data);
    out
}

/// A client's SMB2 NEGOTIATE up to its highest dialect.
pub(crate) fn negotiate2(highest: u16, rng: &mut Rng) -> Vec<u8> {
    let dialects: Vec<u16> =
        [0x0202, 0x0210, 0x0300, 0x0302, 0x0311].into_iter().filter(|dialect| *dialect <= highest).collect();
    let mut out = head2(NEGOTIATE, 0, 0, None);
    out.extend_from_slice(&36_u16.to_le_bytes());
    out.extend_from_slice(&(dialects.len() as u16).to_le_bytes());
    out.extend_from_slice(&[1, 0, 0, 0, 0x7f, 0, 0, 0]);
    out.extend_from_slice(&rng.bytes(16));
    let list_end = 64 + 36 + dialects.len() * 2;
    let contexts_at = list_end.next_multiple_of(8);
    if highest >= 0x0311 {
        out.extend_from_slice(&(contexts_at as u32).to_le_bytes());
        out.extend_from_slice(&[1, 0, 0, 0]);
    } else {
        out.extend_from_slice(&[0; 8]);
    }
    for dialect in &dialects {
        out.extend_from_slice(&dialect.to_le_bytes());
    }
    if highest >= 0x0311 {
        out.resize(contexts_at, 0);
        out.extend_from_slice(&integrity_context(rng));
    }
    framed(&out)
}

/// The server's choice.
pub(crate) fn negotiated2(dialect: u16, signing_required: bool, now: Timestamp, rng: &mut Rng) -> Vec<u8> {
    let token = ntlm::offer(None);
    let mut out = head2(NEGOTIATE, 0, 0, Some(0));
    out.extend_from_slice(&65_u16.to_le_bytes());
    out.extend_from_slice(&[if signing_required { 3 } else { 1 }, 0]);
    out.extend_from_slice(&dialect.to_le_bytes());
    let contexts = dialect >= 0x0311;
    out.extend_from_slice(&u16::from(contexts).to_le_bytes());
    out.extend_from_slice(&rng.bytes(16));
    out.extend_from_slice(&0x2f_u32.to_le_bytes());
    for _ in 0..3 {
        out.extend_from_slice(&0x0080_0000_u32.to_le_bytes());
    }
    out.extend_from_slice(&file_time(now));
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&128_u16.to_le_bytes());
    out.extend_from_slice(&(token.len() as u16).to_le_bytes());
    let contexts_at = (128 + token.len()).next_multiple_of(8);
    out.extend_from_slice(&(if contexts { contexts_at as u32 } else { 0 }).to_le_bytes());
    out.extend_from_slice(&token);
    if contexts {
        out.resize(contexts_at, 0);
        out.extend_from_slice(&integrity_context(rng));
    }
    framed(&out)
}

/// A client's SESSION_SETUP.
pub(crate) fn session2(message: u64, session: u64, token: &[u8]) -> Vec<u8> {
    let mut out = head2(SESSION_SETUP, message, session, None);
    out.extend_from_slice(&25_u16.to_le_bytes());
    out.extend_from_slice(&[0, 1, 1, 0, 0, 0, 0, 0, 0, 0]);
    out.extend_from_slice(&88_u16.to_le_bytes());
    out.extend_from_slice(&(token.len() as u16).to_le_bytes());
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(token);
    framed(&out)
}

/// The server's answer to it.
pub(crate) fn session2_answer(message: u64, session: u64, status: u32, token: &[u8]) -> Vec<u8> {
    let mut out = head2(SESSION_SETUP, message, session, Some(status));
    out.extend_from_slice(&9_u16.to_le_bytes());
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&72_u16.to_le_bytes());
    out.extend_from_slice(&(token.len() as u16).to_le_bytes());
    out.extend_from_slice(token);
    framed(&out)
}

/// An SMB1 header with Unicode, NT status codes and extended security.
fn head1(command: u8, status: Option<u32>, user: u16, multiplex: u16) -> Vec<u8> {
    let mut out = b"\xffSMB".to_vec();
    out.push(command);
    out.extend_from_slice(&status.unwrap_or(0).to_le_bytes());
    out.push(if status.is_some() { 0x98 } else { 0x18 });
    out.extend_from_slice(&0xc807_u16.to_le_bytes());
    out.extend_from_slice(&[0; 12]);
    out.extend_from_slice(&[0, 0, 0xff, 0xfe]);
    out.extend_from_slice(&user.to_le_bytes());
    out.extend_from_slice(&multiplex.to_le_bytes());
    out
}

/// A client's SMB1 NEGOTIATE.
pub(crate) fn negotiate1() -> Vec<u8> {
    let mut out = head1(0x72, None, 0, 0);
    let dialects =
        ["PC NETWORK PROGRAM 1.0", "LANMAN1.0", "Windows for Workgroups 3.1a", "LM1.2X002", "NT LM 0.12"];
    let list: Vec<u8> =
        dialects.iter().flat_map(|dialect| [&[2][..], dialect.as_bytes(), &[0]].concat()).collect();
    out.push(0);
    out.extend_from_slice(&(list.len() as u16).to_le_bytes());
    out.extend_from_slice(&list);
    framed(&out)
}

/// The server takes NT LM 0.12 with extended security.
pub(crate) fn negotiated1(now: Timestamp, rng: &mut Rng) -> Vec<u8> {
    let mut out = head1(0x72, Some(0), 0, 0);
    out.push(17);
    out.extend_from_slice(&4_u16.to_le_bytes());
    out.push(3);
    out.extend_from_slice(&10_u16.to_le_bytes());
    out.extend_from_slice(&1_u16.to_le_bytes());
    out.extend_from_slice(&4356_u32.to_le_bytes());
    out.extend_from_slice(&65_536_u32.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&0x8000_e3fd_u32.to_le_bytes());
    out.extend_from_slice(&file_time(now));
    out.extend_from_slice(&[0, 0, 0]);
    let guid = rng.bytes(16);
    let token = ntlm::offer(None);
    out.extend_from_slice(&((guid.len() + token.len()) as u16).to_le_bytes());
    out.extend_from_slice(&guid);
    out.extend_from_slice(&token);
    framed(&out)
}

/// Texts that end an SMB1 session setup, padded so that they begin at an even offset of the message.
fn native(out: &mut Vec<u8>, token: &[u8], count_at: usize, texts: &[&str]) {
    out.extend_from_slice(token);
    if out.len() % 2 == 1 {
        out.push(0);
    }
    for text in texts {
        out.extend_from_slice(&utf16(text));
        out.extend_from_slice(&[0, 0]);
    }
    let count = (out.len() - count_at - 2) as u16;
    out[count_at..count_at + 2].copy_from_slice(&count.to_le_bytes());
}

/// A client's SMB1 session setup.
pub(crate) fn session1(multiplex: u16, user: u16, token: &[u8]) -> Vec<u8> {
    let mut out = head1(0x73, None, user, multiplex);
    out.extend_from_slice(&[12, 0xff, 0, 0, 0]);
    out.extend_from_slice(&4356_u16.to_le_bytes());
    out.extend_from_slice(&[10, 0, 0, 0, 0, 0, 0, 0]);
    out.extend_from_slice(&(token.len() as u16).to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&0x8000_00d4_u32.to_le_bytes());
    let count_at = out.len();
    out.extend_from_slice(&[0, 0]);
    // Windows since Vista leaves its own names empty here.
    native(&mut out, token, count_at, &["", ""]);
    framed(&out)
}

/// The server's answer, with the names of its system.
pub(crate) fn session1_answer(
    multiplex: u16,
    user: u16,
    status: u32,
    token: &[u8],
    system: [&str; 2],
) -> Vec<u8> {
    let mut out = head1(0x73, Some(status), user, multiplex);
    out.extend_from_slice(&[4, 0xff, 0, 0, 0, 0, 0]);
    out.extend_from_slice(&(token.len() as u16).to_le_bytes());
    let count_at = out.len();
    out.extend_from_slice(&[0, 0]);
    native(&mut out, token, count_at, &system);
    framed(&out)
}
