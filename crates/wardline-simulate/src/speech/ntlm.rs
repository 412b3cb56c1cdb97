//! NTLMSSP messages ([MS-NLMP] section 2.2.1) and their SPNEGO wrapping (RFC 4178).

use crate::rng::Rng;
use crate::speech::ber::{element, group, object};
use wardline_model::Timestamp;

const SPNEGO: &[u32] = &[1, 3, 6, 1, 5, 5, 2];
const NTLMSSP: &[u32] = &[1, 3, 6, 1, 4, 1, 311, 2, 2, 10];
/// Unicode, target, sign, NTLM, always sign, target type domain, extended security, target info, version, 128, key exchange, 56.
const FLAGS: u32 = 0xe289_8215;

/// Version of Windows: major, minor, build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Build(pub(crate) u8, pub(crate) u8, pub(crate) u16);

impl Build {
    fn bytes(self) -> [u8; 8] {
        let [low, high] = self.2.to_le_bytes();
        [self.0, self.1, low, high, 0, 0, 0, 15]
    }
}

pub(crate) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Length, room and offset of a field in the payload.
fn field(length: usize, offset: usize) -> Vec<u8> {
    let mut out = (length as u16).to_le_bytes().to_vec();
    out.extend_from_slice(&(length as u16).to_le_bytes());
    out.extend_from_slice(&(offset as u32).to_le_bytes());
    out
}

fn head(kind: u32) -> Vec<u8> {
    let mut out = b"NTLMSSP\0".to_vec();
    out.extend_from_slice(&kind.to_le_bytes());
    out
}

pub(crate) fn negotiate(build: Build) -> Vec<u8> {
    let mut out = head(1);
    out.extend_from_slice(&0xe208_8297_u32.to_le_bytes());
    out.extend_from_slice(&[0; 16]);
    out.extend_from_slice(&build.bytes());
    out
}

/// Who answers a challenge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'a> {
    pub(crate) netbios: &'a str,
    pub(crate) netbios_domain: &'a str,
    pub(crate) dns: &'a str,
    pub(crate) dns_domain: &'a str,
}

pub(crate) fn challenge(build: Build, names: &Names<'_>, time: Timestamp, rng: &mut Rng) -> Vec<u8> {
    let target = utf16(names.netbios_domain);
    let mut info = Vec::new();
    let mut pair = |kind: u16, value: &[u8]| {
        info.extend_from_slice(&kind.to_le_bytes());
        info.extend_from_slice(&(value.len() as u16).to_le_bytes());
        info.extend_from_slice(value);
    };
    pair(2, &target);
    pair(1, &utf16(names.netbios));
    pair(4, &utf16(names.dns_domain));
    pair(3, &utf16(names.dns));
    if build.0 >= 6 {
        // 100-nanosecond steps since 1601.
        let steps = (time.0 / 100 + 116_444_736_000_000_000) as u64;
        pair(7, &steps.to_le_bytes());
    }
    pair(0, &[]);
    let mut out = head(2);
    out.extend_from_slice(&field(target.len(), 56));
    out.extend_from_slice(&FLAGS.to_le_bytes());
    out.extend_from_slice(&rng.bytes(8));
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&field(info.len(), 56 + target.len()));
    out.extend_from_slice(&build.bytes());
    out.extend_from_slice(&target);
    out.extend_from_slice(&info);
    out
}

/// The answer of an account; the proof is random.
pub(crate) fn authenticate(build: Build, account: (&str, &str, &str), rng: &mut Rng) -> Vec<u8> {
    let (domain, user, workstation) = account;
    let fields = [utf16(domain), utf16(user), utf16(workstation)];
    let (lm, nt) = ([0; 24], ntlm2_proof(rng));
    let mut offset = 72;
    let mut place = |length: usize| {
        let here = offset;
        offset += length;
        field(length, here)
    };
    let places: Vec<Vec<u8>> = fields.iter().map(|bytes| place(bytes.len())).collect();
    let (lm_place, nt_place, key_place) = (place(24), place(nt.len()), place(16));
    let mut out = head(3);
    out.extend_from_slice(&lm_place);
    out.extend_from_slice(&nt_place);
    out.extend_from_slice(&places.concat());
    out.extend_from_slice(&key_place);
    out.extend_from_slice(&0xe288_8215_u32.to_le_bytes());
    out.extend_from_slice(&build.bytes());
    out.extend_from_slice(&fields.concat());
    out.extend_from_slice(&lm);
    out.extend_from_slice(&nt);
    out.extend_from_slice(&rng.bytes(16));
    out
}

/// An NTLMv2 response: proof, then the client's challenge with an empty list of pairs.
fn ntlm2_proof(rng: &mut Rng) -> Vec<u8> {
    let mut out = rng.bytes(16);
    out.extend_from_slice(&[1, 1, 0, 0, 0, 0, 0, 0]);
    out.extend_from_slice(&[0, 0x80, 0x3e, 0xd5, 0xde, 0xb1, 0x9d, 0x01]);
    out.extend_from_slice(&rng.bytes(8));
    out.extend_from_slice(&[0; 12]);
    out
}

/// NegTokenInit: offers NTLM, with its first message when there is one.
pub(crate) fn offer(token: Option<&[u8]>) -> Vec<u8> {
    let mut parts = vec![group(0xa0, &[group(0x30, &[object(NTLMSSP)])])];
    if let Some(token) = token {
        parts.push(group(0xa2, &[element(0x04, token)]));
    }
    group(0x60, &[object(SPNEGO), group(0xa0, &[group(0x30, &parts)])])
}

/// NegTokenResp of a server: incomplete, NTLM chosen, with its challenge.
pub(crate) fn answer(token: &[u8]) -> Vec<u8> {
    let parts = [
        group(0xa0, &[element(0x0a, &[1])]),
        group(0xa1, &[object(NTLMSSP)]),
        group(0xa2, &[element(0x04, token)]),
    ];
    group(0xa1, &[group(0x30, &parts)])
}

/// NegTokenResp of a client with its last message.
pub(crate) fn proof(token: &[u8]) -> Vec<u8> {
    group(0xa1, &[group(0x30, &[group(0xa2, &[element(0x04, token)])])])
}

/// NegTokenResp of a server that is satisfied.
pub(crate) fn accepted() -> Vec<u8> {
    group(0xa1, &[group(0x30, &[group(0xa0, &[element(0x0a, &[0])])])])
}
