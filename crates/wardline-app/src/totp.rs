//! Time-based one-time passwords, RFC 6238: six digits, thirty seconds, HMAC-SHA-1, as every authenticator has them.

use aws_lc_rs::hmac;

/// Seconds of a step.
const STEP_SECONDS: i64 = 30;
/// Steps before and after the current one that are taken, for clocks that differ.
const STEPS_AROUND: i64 = 1;

/// The step of a moment.
const fn step(now_us: i64) -> i64 {
    now_us.div_euclid(1_000_000 * STEP_SECONDS)
}

/// The code of a step (RFC 4226 section 5.3).
pub(crate) fn code(secret: &[u8], step: i64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let digest = tag.as_ref();
    let at = usize::from(digest.last().copied().unwrap_or(0) & 15);
    let word = digest.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_be_bytes);
    (word & 0x7fff_ffff) % 1_000_000
}

/// The step whose code was entered, among those near now.
pub(crate) fn entered(secret: &[u8], now_us: i64, text: &str) -> Option<i64> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let wanted: u32 = digits.parse().ok()?;
    let now = step(now_us);
    (now - STEPS_AROUND..=now + STEPS_AROUND).find(|step| code(secret, *step) == wanted)
}

/// A secret as authenticators take it (RFC 4648 section 6, without padding).
pub(crate) fn base32(secret: &[u8]) -> String {
    let mut text = String::new();
    let (mut word, mut bits) = (0u32, 0);
    for byte in secret {
        word = word << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[usize::try_from(word >> bits & 31).unwrap_or(0)],
            ));
        }
    }
    if bits > 0 {
        text.push(char::from(
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[usize::try_from(word << (5 - bits) & 31).unwrap_or(0)],
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_of_the_standard_come_out() {
        // RFC 6238 appendix B, the last six of its eight digits.
        for (seconds, expected) in [(59, 287_082), (1_111_111_109, 81_804), (20_000_000_000, 353_130)] {
            assert_eq!(code(b"12345678901234567890", step(seconds * 1_000_000)), expected);
        }
        assert_eq!(base32(b"12345678901234567890"), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(base32(b"f"), "MY");
    }

    #[test]
    fn a_code_holds_for_its_step_and_its_neighbours() {
        let secret = b"12345678901234567890";
        let at = |seconds: i64| entered(secret, seconds * 1_000_000, "287 082");
        assert_eq!((at(0), at(59), at(60), at(89)), (Some(1), Some(1), Some(1), Some(1)));
        assert_eq!((at(90), at(120)), (None, None));
        for bad in ["", "28708", "2870822", "28708a", "-87082"] {
            assert_eq!(entered(secret, 59_000_000, bad), None);
        }
    }
}
