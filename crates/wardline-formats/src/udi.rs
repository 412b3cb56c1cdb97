//! Unique device identifications decoded: GS1, HIBCC and ICCBBA, as scanners and people write them.
//!
//! In: the text of a label, with or without brackets (GS1), with or without the scanner's separators. Out: device
//! identifier, serial number, lot, dates. A wrong check digit is an error: a mistyped label names another device.
//! GS1 General Specifications section 3 (application identifiers), ANSI/HIBC 2.6, ISBT 128 ST-001 section 2.4.

/// Longest label: GS1 allows 48 per symbol, several are joined.
const LENGTH_MAX: usize = 256;
/// Separator of variable fields, as scanners send it.
const GROUP: char = '\u{1d}';

/// Who issued the identification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Issuer {
    /// GS1.
    Gs1,
    /// Health Industry Business Communications Council.
    Hibcc,
    /// ICCBBA: blood, tissue, cells.
    Iccbba,
}

/// A unique device identification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Udi {
    /// Who issued it.
    pub issuer: Issuer,
    /// Device identifier: the same for all units of a model and package.
    pub device: String,
    /// Serial number.
    pub serial: Option<String>,
    /// Lot.
    pub lot: Option<String>,
    /// Made on, as the label writes it.
    pub made: Option<String>,
    /// Expires on, as the label writes it.
    pub expires: Option<String>,
}

impl Udi {
    const fn new(issuer: Issuer, device: String) -> Self {
        Self { issuer, device, serial: None, lot: None, made: None, expires: None }
    }
}

/// Decodes a label.
///
/// # Errors
/// What is wrong with it, in words.
pub fn decode(text: &str) -> Result<Udi, String> {
    let text = text.trim().trim_start_matches("]C1").trim_start_matches("]d2").trim_start_matches("]Q3");
    if text.len() > LENGTH_MAX || !text.is_ascii() {
        return Err(format!("longer than {LENGTH_MAX} characters, or not of plain letters and digits"));
    }
    if let Some(rest) =
        text.strip_prefix('+').or_else(|| text.strip_prefix("*+").map(|rest| rest.trim_end_matches('*')))
    {
        return hibcc(rest);
    }
    if let Some(rest) = text.strip_prefix("=/") {
        return iccbba(rest);
    }
    gs1(text)
}

/// GS1: application identifiers with their values.
fn gs1(text: &str) -> Result<Udi, String> {
    let mut udi: Option<Udi> = None;
    let mut rest = text;
    while !rest.is_empty() {
        rest = rest.trim_start_matches(GROUP);
        let (identifier, after, bracketed) = match rest.strip_prefix('(') {
            Some(inner) => {
                let (identifier, after) = inner.split_once(')').ok_or("a bracket is not closed")?;
                (identifier, after, true)
            }
            None => {
                let (identifier, after) = rest.split_at_checked(2).ok_or("it ends inside an identifier")?;
                (identifier, after, false)
            }
        };
        let (value, next) = match length(identifier) {
            Some(length) => {
                after.split_at_checked(length).ok_or_else(|| format!("({identifier}) is cut short"))?
            }
            // Without brackets a variable field ends at the separator, or with the label.
            None => {
                let end = after.find(|c| c == GROUP || bracketed && c == '(').unwrap_or(after.len());
                after.split_at_checked(end).unwrap_or((after, ""))
            }
        };
        rest = next;
        match (identifier, &mut udi) {
            ("01", None) => {
                if !is_gtin(value) {
                    return Err(format!("the check digit of {value} is wrong, or it has not 14 digits"));
                }
                udi = Some(Udi::new(Issuer::Gs1, value.to_owned()));
            }
            (_, None) => return Err("it begins neither with (01), + nor =/".to_owned()),
            ("21", Some(udi)) => udi.serial = Some(value.to_owned()).filter(|text| !text.is_empty()),
            ("10", Some(udi)) => udi.lot = Some(value.to_owned()).filter(|text| !text.is_empty()),
            ("11", Some(udi)) => udi.made = date(value)?,
            ("17", Some(udi)) => udi.expires = date(value)?,
            _ => {}
        }
    }
    udi.ok_or_else(|| "it is empty".to_owned())
}

/// Length of the identifiers whose value has one.
fn length(identifier: &str) -> Option<usize> {
    match identifier {
        "01" | "02" => Some(14),
        "11" | "12" | "13" | "15" | "16" | "17" => Some(6),
        "20" => Some(2),
        _ => None,
    }
}

fn date(value: &str) -> Result<Option<String>, String> {
    if value.len() == 6 && value.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(Some(value.to_owned()))
    } else {
        Err(format!("`{value}` is not a date of six digits"))
    }
}

/// Whether the last of 14 digits is the check digit of the others.
fn is_gtin(text: &str) -> bool {
    if text.len() != 14 {
        return false;
    }
    let mut sum = 0_u32;
    for (place, c) in text.chars().enumerate() {
        let Some(digit) = c.to_digit(10) else { return false };
        // From the left, the first of 14 weighs three; the check digit weighs one.
        let weight = if place % 2 == 0 { 3 } else { 1 };
        sum = sum.saturating_add(digit.saturating_mul(weight));
    }
    sum.is_multiple_of(10)
}

/// HIBCC: labeller, product and unit of measure; then, after strokes, lot, serial number and dates; a check
/// character at the end.
fn hibcc(text: &str) -> Result<Udi, String> {
    let (body, check) = text
        .char_indices()
        .next_back()
        .map_or(("", None), |(at, c)| (text.get(..at).unwrap_or_default(), Some(c)));
    let expected = check_character(body).ok_or("it holds a character that HIBC does not have")?;
    if check != Some(expected) {
        return Err("its check character is wrong".to_owned());
    }
    let mut parts = body.split('/');
    let primary = parts.next().unwrap_or_default();
    let labeller = primary.get(..4).filter(|code| code.starts_with(|c: char| c.is_ascii_alphabetic()));
    if labeller.is_none() || primary.len() < 6 {
        return Err("it has no labeller and product".to_owned());
    }
    let mut udi = Udi::new(Issuer::Hibcc, primary.to_owned());
    for part in parts {
        if let Some(serial) = part.strip_prefix("$$+") {
            (udi.expires, udi.serial) = dated(serial);
        } else if let Some(serial) = part.strip_prefix("$+") {
            udi.serial = Some(serial.to_owned());
        } else if let Some(lot) = part.strip_prefix("$$") {
            (udi.expires, udi.lot) = dated(lot);
        } else if let Some(lot) = part.strip_prefix('$') {
            udi.lot = Some(lot.to_owned());
        } else if let Some(date) = part.strip_prefix("16D") {
            udi.made = Some(date.to_owned());
        } else if let Some(date) = part.strip_prefix("14D") {
            udi.expires = Some(date.to_owned());
        } else if let Some(serial) = part.strip_prefix('S') {
            udi.serial = Some(serial.to_owned());
        }
    }
    Ok(udi)
}

/// A date of one of HIBC's forms and what follows it: `MMYY` without a digit in front, else by that digit.
fn dated(text: &str) -> (Option<String>, Option<String>) {
    let (skip, length) = match text.as_bytes().first() {
        Some(b'2') => (1_usize, 6),
        Some(b'3') => (1, 6),
        Some(b'4') => (1, 8),
        Some(b'5') => (1, 5),
        Some(b'6') => (1, 7),
        Some(b'7') => (1, 0),
        _ => (0, 4),
    };
    let after = text.get(skip..).unwrap_or_default();
    let (date, rest) = after.split_at_checked(length).unwrap_or((after, ""));
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    (some(date), some(rest))
}

/// The characters of HIBC in the order of their values.
const HIBC: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%";

/// The check character of what follows the `+`, which itself counts.
fn check_character(body: &str) -> Option<char> {
    let mut sum = HIBC.find('+')?;
    for c in body.chars() {
        sum = sum.saturating_add(HIBC.find(c)?);
    }
    HIBC.chars().nth(sum.checked_rem(43)?)
}

/// ICCBBA: processor and product, then data structures by their two characters.
fn iccbba(text: &str) -> Result<Udi, String> {
    let (device, mut rest) = text.split_at_checked(16).ok_or("it ends inside the device identifier")?;
    let mut udi = Udi::new(Issuer::Iccbba, device.to_owned());
    while !rest.is_empty() {
        let (head, after) = rest.split_at_checked(2).ok_or("it ends inside a data structure")?;
        let length = match head {
            "=," | "=>" | "=}" => 6,
            "&," => 19,
            // A donation or tissue number, which ends the label.
            _ if head.starts_with('=') => break,
            _ => return Err(format!("`{head}` is no data structure that a label of a device has")),
        };
        let (value, next) = after.split_at_checked(length).unwrap_or((after, ""));
        rest = next;
        match head {
            "=," => udi.serial = Some(value.to_owned()),
            "=>" => udi.expires = Some(value.to_owned()),
            "=}" => udi.made = Some(value.to_owned()),
            _ => udi.lot = value.get(1..).map(str::to_owned),
        }
    }
    Ok(udi)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, device: &str, serial: Option<&str>, lot: Option<&str>) -> Udi {
        let udi = decode(text).unwrap_or_else(|why| panic!("{text}: {why}"));
        assert_eq!(
            (udi.device.as_str(), udi.serial.as_deref(), udi.lot.as_deref()),
            (device, serial, lot),
            "{text}"
        );
        udi
    }

    #[test]
    fn gs1_with_and_without_brackets() {
        let udi =
            check("(01)00643169007222(17)250101(10)L77(21)SN-9", "00643169007222", Some("SN-9"), Some("L77"));
        assert_eq!(udi.expires.as_deref(), Some("250101"));
        check("0100643169007222112101011725010121SN9", "00643169007222", Some("SN9"), None);
        check("]d2010064316900722210L77\u{1d}21SN9", "00643169007222", Some("SN9"), Some("L77"));
        check("(01)00643169007222", "00643169007222", None, None);
    }

    #[test]
    fn hibcc_with_serial_and_dates() {
        let label = |body: &str| format!("+{body}{}", check_character(body).unwrap());
        check(&label("A999BJ5D6LGJ1"), "A999BJ5D6LGJ1", None, None);
        let udi = check(
            &label("H123PARTNO1234567890120/$$420020216LOT123456789012345/SXYZ456789012345678/16D20130202"),
            "H123PARTNO1234567890120",
            Some("XYZ456789012345678"),
            Some("LOT123456789012345"),
        );
        assert_eq!(udi.made.as_deref(), Some("20130202"));
        check(&label("A999BJ5D6LGJ1/$+SN42"), "A999BJ5D6LGJ1", Some("SN42"), None);
    }

    #[test]
    fn iccbba_with_serial_and_dates() {
        let udi =
            check("=/A9999XYZ100T0479=,000025=>014032=}013032", "A9999XYZ100T0479", Some("000025"), None);
        assert_eq!((udi.made.as_deref(), udi.expires.as_deref()), (Some("013032"), Some("014032")));
    }

    #[test]
    fn a_wrong_check_or_a_cut_label_is_an_error() {
        for text in [
            "(01)00643169007223",
            "(01)0064316900722",
            "(01)00643169007222(17)2501",
            "(21)SN9",
            "+A999BJ5D6LGJ1A",
            "=/A9999XYZ",
            "",
            "SN-4711",
            "(01",
            "+",
            "+A",
        ] {
            assert!(decode(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_cut_of_a_label_is_survived() {
        for label in [
            "(01)00643169007222(17)250101(10)L77(21)SN-9",
            "+H123PARTNO1/$$3200202LOT/SXYZ/16D20130202C",
            "=/A9999XYZ100T0479=,000025=>014032",
        ] {
            for end in 0..label.len() {
                _ = decode(&label[..end]);
            }
        }
    }
}
