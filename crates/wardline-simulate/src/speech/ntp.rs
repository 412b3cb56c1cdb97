//! NTP version 4 and 3 packets (RFC 5905 section 7.3).

use wardline_model::Timestamp;

/// Seconds from 1900 to 1970.
const ERA_SECONDS: i64 = 2_208_988_800;

fn time(at: i64) -> [u8; 8] {
    let seconds = (at.div_euclid(Timestamp::SECOND) + ERA_SECONDS) as u32;
    let fraction = ((at.rem_euclid(Timestamp::SECOND) as u64) << 32) / Timestamp::SECOND as u64;
    let mut out = [0; 8];
    out[..4].copy_from_slice(&seconds.to_be_bytes());
    out[4..].copy_from_slice(&(fraction as u32).to_be_bytes());
    out
}

/// A client's question.
pub(crate) fn request(version: u8, at: i64) -> Vec<u8> {
    let mut out = vec![0; 48];
    out[0] = (version << 3) | 3;
    out[2] = 6;
    out[3] = 0xe9;
    out[40..].copy_from_slice(&time(at));
    out
}

/// A stratum 2 server's answer.
pub(crate) fn response(version: u8, asked: i64, at: i64) -> Vec<u8> {
    let mut out = vec![0; 48];
    out[0] = (version << 3) | 4;
    out[1] = 2;
    out[2] = 6;
    out[3] = 0xe9;
    out[6..8].copy_from_slice(&[0x04, 0x1d]);
    out[10..12].copy_from_slice(&[0x06, 0x70]);
    out[12..16].copy_from_slice(&[192, 0, 2, 123]);
    out[16..24].copy_from_slice(&time(at - 120 * Timestamp::SECOND));
    out[24..32].copy_from_slice(&time(asked));
    out[32..40].copy_from_slice(&time(at));
    out[40..].copy_from_slice(&time(at + 20_000));
    out
}
