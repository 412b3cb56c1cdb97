//! An X.509 version 3 certificate in DER (RFC 5280). The key and the signature are random bytes of right shape.

use crate::calendar;
use crate::rng::Rng;
use crate::speech::ber::{element, group, integer, object};
use wardline_model::Timestamp;

const COMMON_NAME: &[u32] = &[2, 5, 4, 3];
const ORGANISATION: &[u32] = &[2, 5, 4, 10];
const RSA: &[u32] = &[1, 2, 840, 113_549, 1, 1, 1];
const SHA1_RSA: &[u32] = &[1, 2, 840, 113_549, 1, 1, 5];
const SHA256_RSA: &[u32] = &[1, 2, 840, 113_549, 1, 1, 11];
const ALTERNATIVE_NAME: &[u32] = &[2, 5, 29, 17];
const BASIC_CONSTRAINTS: &[u32] = &[2, 5, 29, 19];
/// One day.
const DAY: i64 = 86_400 * Timestamp::SECOND;

/// What a certificate says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Certificate<'a> {
    pub(crate) organisation: &'a str,
    /// Common name, and alternative DNS name.
    pub(crate) name: &'a str,
    pub(crate) issuer: &'a str,
    pub(crate) from: Timestamp,
    pub(crate) days: i64,
    /// Old servers sign with SHA-1 and have keys of 1024 bits.
    pub(crate) old: bool,
}

fn name(organisation: &str, common: &str) -> Vec<u8> {
    let attribute = |kind: &[u32], text: &str| {
        group(0x31, &[group(0x30, &[object(kind), element(0x0c, text.as_bytes())])])
    };
    group(0x30, &[attribute(ORGANISATION, organisation), attribute(COMMON_NAME, common)])
}

fn moment(time: Timestamp) -> Vec<u8> {
    let stamp = calendar::stamp(time);
    if stamp.as_str() < "2050" {
        element(0x17, format!("{}Z", &stamp[2..]).as_bytes())
    } else {
        element(0x18, format!("{stamp}Z").as_bytes())
    }
}

fn extension(kind: &[u32], critical: bool, value: &[u8]) -> Vec<u8> {
    let mut parts = vec![object(kind)];
    if critical {
        parts.push(element(0x01, &[0xff]));
    }
    parts.push(element(0x04, value));
    group(0x30, &parts)
}

/// The DER bytes; the same generator state gives the same certificate.
pub(crate) fn certificate(about: &Certificate<'_>, rng: &mut Rng) -> Vec<u8> {
    let size = if about.old { 128 } else { 256 };
    let algorithm = group(0x30, &[object(if about.old { SHA1_RSA } else { SHA256_RSA }), element(0x05, &[])]);
    let mut modulus = rng.bytes(size);
    modulus[0] |= 0x80;
    modulus[size - 1] |= 1;
    modulus.insert(0, 0);
    let key = group(0x30, &[element(0x02, &modulus), integer(65_537)]);
    let bits = |bytes: &[u8]| element(0x03, &[&[0][..], bytes].concat());
    let public = group(0x30, &[group(0x30, &[object(RSA), element(0x05, &[])]), bits(&key)]);
    let validity = group(0x30, &[moment(about.from), moment(Timestamp(about.from.0 + about.days * DAY))]);
    let alternative = group(0x30, &[element(0x82, about.name.as_bytes())]);
    let extensions = group(
        0x30,
        &[
            extension(ALTERNATIVE_NAME, false, &alternative),
            extension(BASIC_CONSTRAINTS, true, &group(0x30, &[])),
        ],
    );
    let body = group(
        0x30,
        &[
            group(0xa0, &[integer(2)]),
            integer(rng.next() >> 2 | 1 << 60),
            algorithm.clone(),
            name(about.organisation, about.issuer),
            validity,
            name(about.organisation, about.name),
            public,
            group(0xa3, &[extensions]),
        ],
    );
    let signature = rng.bytes(size);
    group(0x30, &[body, algorithm, bits(&signature)])
}
