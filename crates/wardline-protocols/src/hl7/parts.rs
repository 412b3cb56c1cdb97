//! The segments of a message that tell of software and devices, and whether they tell anything new.
//!
//! In: segments of one message. Out: those to look into, once the message is over. A device says the same of
//! itself in each of its thousands of messages: only digests are compared until something differs. Limits:
//! [`PARTS_MAX`] segments, [`TEXT_MAX`] bytes of a message.

use super::segment::{Fields, Separators};
use foldhash::fast::FixedState;
use std::hash::{BuildHasher, Hash};

/// Segments kept of one message: several for each device of a gateway.
const PARTS_MAX: usize = 128;
/// Bytes kept of one message.
const TEXT_MAX: usize = 16_384;
/// Bytes that stay allocated between messages.
const IDLE_MAX: usize = 1024;

/// What is kept of a message, and the digests of the message before it.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Of how the message is read, then of each segment kept.
    digests: Vec<u64>,
    /// The segments, each ended by CR.
    text: Vec<u8>,
    earlier: Vec<u64>,
}

impl Parts {
    /// Begins a message that is read in a certain way: the same segments read in another way are new.
    pub(super) fn begin(&mut self, reading: u64) {
        self.text.clear();
        self.digests.clear();
        self.digests.push(reading);
    }

    /// Keeps a segment when it may tell of software or of a device, each of its kind once.
    pub(super) fn keep(&mut self, bytes: &[u8], separators: &Separators) {
        let Some(digest) = digest_of_part(bytes, separators.field) else { return };
        let room = self.text.len().saturating_add(bytes.len()) < TEXT_MAX && self.digests.len() < PARTS_MAX;
        if room && !self.digests.contains(&digest) {
            self.digests.push(digest);
            self.text.extend_from_slice(bytes);
            self.text.push(b'\r');
        }
    }

    /// The message is over: its segments, unless the message before had the same.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        if self.text.is_empty() {
            return Vec::new();
        }
        if self.digests == self.earlier {
            self.text.clear();
            self.text.shrink_to(IDLE_MAX);
            return Vec::new();
        }
        std::mem::swap(&mut self.digests, &mut self.earlier);
        std::mem::take(&mut self.text)
    }
}

/// A digest for comparing within one run.
pub(super) fn digest(of: impl Hash) -> u64 {
    FixedState::default().hash_one(of)
}

/// A digest of what a segment says of devices or software; `None` when it says nothing of them.
fn digest_of_part(bytes: &[u8], separator: u8) -> Option<u64> {
    match bytes.get(..3)? {
        b"OBX" => digest_of_observation(bytes, separator),
        b"PV1" => Some(digest(("PV1", bytes.split(|&b| b == separator).nth(3)?))),
        b"SFT" | b"PRT" | b"EQU" | b"DEV" => Some(digest(bytes)),
        _ => None,
    }
}

/// Of an observation that specifies a device all of that; of one that names its device which part of which. Most are
/// neither.
fn digest_of_observation(bytes: &[u8], separator: u8) -> Option<u64> {
    let fields = Fields::<19>::of(bytes, separator);
    let [kind, code, node, value, instance] = [2, 3, 4, 5, 18].map(|number| fields.get(number));
    if is_specification(code) {
        return Some(digest((kind, code, node, value, instance)));
    }
    let system = node.split(|&b| b == b'.').next();
    (!instance.is_empty()).then(|| digest((system, instance)))
}

/// Whether an observation identifier may be one of a device's production specification or model.
fn is_specification(code: &[u8]) -> bool {
    let mut rest = code;
    while let Some((first, after)) = rest.split_first() {
        if *first == b'M' && after.starts_with(b"DC_ID_") {
            return true;
        }
        rest = after;
    }
    code.starts_with(b"5319")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hl7::segment::{Header, header};

    fn told(parts: &mut Parts, segments: &[&str]) -> Vec<u8> {
        let Header::Is(separators) = header(b"MSH|^~\\&|") else { panic!() };
        parts.begin(1);
        for segment in segments {
            parts.keep(segment.as_bytes(), &separators);
        }
        parts.finish()
    }

    #[test]
    fn only_what_is_new_of_a_device_is_told() {
        let mut parts = Parts::default();
        let heart = |rate: u8| format!("OBX|1|NM|147842^MDC_ECG_HEART_RATE|1.1.1|{rate}|||||||||||||X^Y^Z");
        let spot = "OBX|2|NM|150456^MDC_PULS_OXIM|1.1.2|97|||||||||||||X^Y^Z";
        assert!(told(&mut parts, &[&heart(80), spot]).starts_with(b"OBX|1|"));
        assert!(told(&mut parts, &[&heart(81), spot]).is_empty(), "other values, the same device");
        assert!(told(&mut parts, &["PID|1||A", "OBX|1|NM|8867-4||80"]).is_empty(), "no device");
        let serial = "OBX|3|ST|531972^MDC_ID_PROD_SPEC_SERIAL|1.0.0.1|A77";
        assert_eq!(told(&mut parts, &[serial, serial]).len(), serial.len() + 1);
        assert!(told(&mut parts, &[&serial.replace("A77", "A78")]).ends_with(b"A78\r"));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut parts = Parts::default();
        let many: Vec<String> = (0..1000).map(|n| format!("EQU|{n}|{}", "x".repeat(100))).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(told(&mut parts, &many).len() <= TEXT_MAX);
    }
}
