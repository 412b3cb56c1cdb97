//! Serial numbers and unique device identifications: which of them identify, and which only fill a field.

/// Shortest serial number that identifies anything: below it lie counters and bench numbers.
const LENGTH_MIN: usize = 4;
/// Words that stand where a serial number should.
const FILLERS: &[&str] = &[
    "none",
    "unknown",
    "undefined",
    "default",
    "serial",
    "serialnumber",
    "notavailable",
    "notapplicable",
    "notset",
    "null",
    "test",
    "demo",
    "sn",
    "tobefilledbyoem",
    "systemserialnumber",
];

/// The form in which serial numbers are compared; `None` when the text identifies nothing: too short, without
/// a digit, a filler, one character over and over, a run of digits, or the model's name.
pub(crate) fn key(serial: &str, model: Option<&str>) -> Option<String> {
    let key = compact(serial);
    let digits = key.bytes().filter(u8::is_ascii_digit).count();
    let first = key.chars().next()?;
    let trivial = key.len() < LENGTH_MIN
        || digits == 0
        || key.chars().all(|c| c == first)
        || key.bytes().all(|b| b == b'0' || b == b'x')
        || FILLERS.contains(&key.trim_matches(|c: char| c.is_ascii_digit()))
        || is_run(key.as_bytes())
        || model.is_some_and(|model| compact(model) == key);
    (!trivial).then_some(key)
}

/// Letters and digits in lower case, nothing else.
pub(crate) fn compact(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// `123456`, `0123456789`, `987654`: typed, not printed by a maker.
fn is_run(bytes: &[u8]) -> bool {
    let step = |up: bool| {
        bytes.windows(2).all(|pair| {
            let next = if up { pair[0].wrapping_add(1) } else { pair[0].wrapping_sub(1) };
            pair[1] == next || (pair[0], pair[1]) == (b'9', b'0')
        })
    };
    bytes.iter().all(u8::is_ascii_digit) && (step(true) || step(false))
}

/// The form in which unique device identifications are compared; `None` when the text names the product only:
/// without a serial number (GS1 application identifier 21, HIBCC `/S`, ICCBBA `=,`) all units have the same.
pub(crate) fn udi_key(udi: &str) -> Option<String> {
    let with_serial = udi.contains("(21)")
        || udi.contains("/S")
        || udi.contains("=,")
        || udi.strip_prefix("01").is_some_and(|rest| rest.get(14..).is_some_and(has_serial_after_dates));
    with_serial.then(|| compact(udi))
}

/// Unbracketed GS1: production and expiry dates (11, 17) are six digits, then the serial number (21).
fn has_serial_after_dates(mut rest: &str) -> bool {
    while let Some(after) = rest.strip_prefix("11").or_else(|| rest.strip_prefix("17")) {
        let Some(next) = after.get(6..) else { return false };
        rest = next;
    }
    rest.starts_with("21") && rest.len() > 2
}

#[cfg(test)]
mod tests {
    use super::{key, udi_key};

    #[test]
    fn fillers_identify_nothing() {
        for text in [
            "0000",
            "N/A",
            "n.a.",
            "-",
            "123",
            "XXXX",
            "1111111",
            "123456789",
            "0123456789",
            "none",
            "Unknown",
            "000000x",
            "default1",
            "987654321",
            "SERIAL",
            "ABCDEF",
            "To be filled by O.E.M.",
        ] {
            assert_eq!(key(text, None), None, "{text}");
        }
        assert_eq!(key("MAC 2000", Some("MAC2000")), None);
        assert_eq!(key("SP700-0042", Some("SyrPump 700")).as_deref(), Some("sp7000042"));
        assert_eq!(key("13147", None).as_deref(), Some("13147"));
    }

    #[test]
    fn a_udi_identifies_a_unit_only_with_its_serial_number() {
        for text in ["00643169007222", "(01)00643169007222", "0100643169007222", "010064316900722217250101"] {
            assert_eq!(udi_key(text), None, "{text}");
        }
        for text in ["(01)00643169007222(21)A1", "010064316900722217250101" /* expiry */] {
            assert_eq!(udi_key(text).is_some(), text.contains("(21)"), "{text}");
        }
        assert!(udi_key("01006431690072221725010121SN77").is_some());
    }
}
