//! SSH up to the change of keys (RFC 4253, RFC 8731): banners, algorithm lists, the server's host key.
//!
//! Keys and signatures are random bytes of right shape; everything after is random.

use crate::rng::Rng;

/// Which implementation speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    /// OpenSSH of today: curve25519, Ed25519.
    Modern,
    /// Embedded: group 14, RSA.
    Old,
}

const KEXINIT: u8 = 20;
const NEWKEYS: u8 = 21;
const KEX_REQUEST: u8 = 30;
const KEX_REPLY: u8 = 31;

fn text(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat()
}

/// A positive multiple-precision integer.
fn mpint(bytes: &[u8]) -> Vec<u8> {
    let mut value = bytes.to_vec();
    if value.first().is_some_and(|first| first & 0x80 != 0) {
        value.insert(0, 0);
    }
    text(&value)
}

/// A packet without encryption: length, padding, payload; a multiple of eight bytes in all.
fn packet(payload: &[u8]) -> Vec<u8> {
    let padding = 8 - (payload.len() + 5) % 8;
    let padding = if padding < 4 { padding + 8 } else { padding };
    let mut out = ((payload.len() + padding + 1) as u32).to_be_bytes().to_vec();
    out.push(padding as u8);
    out.extend_from_slice(payload);
    out.resize(out.len() + padding, 0);
    out
}

impl Age {
    pub(crate) const fn banner(self) -> &'static str {
        match self {
            Self::Modern => "SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.6\r\n",
            Self::Old => "SSH-2.0-dropbear_2014.63\r\n",
        }
    }

    const fn lists(self) -> [&'static str; 8] {
        match self {
            Self::Modern => [
                "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,diffie-hellman-group14-sha256",
                "ssh-ed25519,rsa-sha2-512,rsa-sha2-256",
                "chacha20-poly1305@openssh.com,aes128-ctr,aes256-gcm@openssh.com",
                "chacha20-poly1305@openssh.com,aes128-ctr,aes256-gcm@openssh.com",
                "umac-128-etm@openssh.com,hmac-sha2-256",
                "umac-128-etm@openssh.com,hmac-sha2-256",
                "none,zlib@openssh.com",
                "none,zlib@openssh.com",
            ],
            Self::Old => [
                "diffie-hellman-group14-sha1,diffie-hellman-group1-sha1",
                "ssh-rsa,ssh-dss",
                "aes128-ctr,3des-ctr,aes128-cbc,3des-cbc",
                "aes128-ctr,3des-ctr,aes128-cbc,3des-cbc",
                "hmac-sha1,hmac-md5",
                "hmac-sha1,hmac-md5",
                "none",
                "none",
            ],
        }
    }
}

/// The algorithm lists of one side.
pub(crate) fn proposal(age: Age, rng: &mut Rng) -> Vec<u8> {
    let mut payload = vec![KEXINIT];
    payload.extend_from_slice(&rng.bytes(16));
    for list in age.lists() {
        payload.extend_from_slice(&text(list.as_bytes()));
    }
    payload.extend_from_slice(&[0; 8 + 5]);
    packet(&payload)
}

/// The client's half of the key exchange; `age` is the server's.
pub(crate) fn exchange_request(age: Age, rng: &mut Rng) -> Vec<u8> {
    let value = match age {
        Age::Modern => text(&rng.bytes(32)),
        Age::Old => mpint(&rng.bytes(256)),
    };
    packet(&[&[KEX_REQUEST][..], &value].concat())
}

/// The host key as it stands in the reply, from at least 256 bytes of key material.
fn host_key(age: Age, material: &[u8]) -> Vec<u8> {
    match age {
        Age::Modern => [text(b"ssh-ed25519"), text(&material[..32])].concat(),
        Age::Old => {
            let mut modulus = material[..256].to_vec();
            modulus[0] |= 0x80;
            [text(b"ssh-rsa"), mpint(&[1, 0, 1]), mpint(&modulus)].concat()
        }
    }
}

/// The server's half: host key, its public value, signature; then the change of keys.
pub(crate) fn exchange_reply(age: Age, material: &[u8], rng: &mut Rng) -> Vec<u8> {
    let (value, signature) = match age {
        Age::Modern => (text(&rng.bytes(32)), [text(b"ssh-ed25519"), text(&rng.bytes(64))].concat()),
        Age::Old => (mpint(&rng.bytes(256)), [text(b"ssh-rsa"), text(&rng.bytes(256))].concat()),
    };
    let payload = [&[KEX_REPLY][..], &text(&host_key(age, material)), &value, &text(&signature)].concat();
    [packet(&payload), new_keys()].concat()
}

pub(crate) fn new_keys() -> Vec<u8> {
    packet(&[NEWKEYS])
}
