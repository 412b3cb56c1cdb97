//! Text of devices in the character sets of clinical messages, never guessed.
//!
//! In: bytes of a value and the declared set (DICOM PS3.3 C.12.1.1.2, HL7 table 0211). Out: text, or nothing
//! where the bytes are not ASCII and the set is not one we read (ISO 2022, GB 18030): a garbled name is worse
//! than none. UTF-8 that is declared as something single-byte is read as UTF-8, a common mislabel.

use std::borrow::Cow;

/// A declared character set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Charset {
    /// Not declared: ASCII, or UTF-8 when it reads as such.
    #[default]
    Unknown,
    /// One byte per character above 0xA0; `None` for ISO 8859-1.
    Single(Option<&'static str>),
    /// Multi-byte sets other than UTF-8, whose bytes may look like UTF-8 by chance.
    Refused,
}

/// ISO 8859-2 (Central European) from 0xA0.
const PART_2: &str = "\u{a0}Ą˘Ł¤ĽŚ§¨ŠŞŤŹ\u{ad}ŽŻ°ą˛ł´ľśˇ¸šşťź˝žżŔÁÂĂÄĹĆÇČÉĘËĚÍÎĎĐŃŇÓÔŐÖ×ŘŮÚŰÜÝŢßŕáâăäĺćçčéęëěíîďđńňóôőö÷řůúűüýţ˙";
/// ISO 8859-4 (Baltic) from 0xA0.
const PART_4: &str = "\u{a0}ĄĸŖ¤ĨĻ§¨ŠĒĢŦ\u{ad}Ž¯°ą˛ŗ´ĩļˇ¸šēģŧŊžŋĀÁÂÃÄÅÆĮČÉĘËĖÍÎĪĐŅŌĶÔÕÖ×ØŲÚÛÜŨŪßāáâãäåæįčéęëėíîīđņōķôõö÷øųúûüũū˙";
/// ISO 8859-5 (Cyrillic) from 0xA0.
const PART_5: &str = "\u{a0}ЁЂЃЄЅІЇЈЉЊЋЌ\u{ad}ЎЏАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя№ёђѓєѕіїјљњћќ§ўџ";
/// ISO 8859-7 (Greek) from 0xA0.
const PART_7: &str = "\u{a0}‘’£€₯¦§¨©ͺ«¬\u{ad}\u{fffd}―°±²³΄΅Ά·ΈΉΊ»Ό½ΎΏΐΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡ\u{fffd}ΣΤΥΦΧΨΩΪΫάέήίΰαβγδεζηθικλμνξοπρςστυφχψωϊϋόύώ\u{fffd}";
/// ISO 8859-9 (Turkish) from 0xA0.
const PART_9: &str = "\u{a0}¡¢£¤¥¦§¨©ª«¬\u{ad}®¯°±²³´µ¶·¸¹º»¼½¾¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏĞÑÒÓÔÕÖ×ØÙÚÛÜİŞßàáâãäåæçèéêëìíîïğñòóôõö÷øùúûüışÿ";
/// ISO 8859-15 (Western European with euro sign) from 0xA0.
const PART_15: &str = "\u{a0}¡¢£€¥Š§š©ª«¬\u{ad}®¯°±²³Žµ¶·ž¹º»ŒœŸ¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ";

impl Charset {
    /// Of DICOM (0008,0005): the first value; code extensions are recognised by their escapes.
    pub(crate) fn of_dicom(value: &[u8]) -> Self {
        let text = String::from_utf8_lossy(value);
        let first = text.split('\\').next().unwrap_or_default().trim_matches([' ', '\0']);
        match first.trim_start_matches("ISO_IR ").trim_start_matches("ISO 2022 IR ") {
            "100" => Self::Single(None),
            "101" => Self::Single(Some(PART_2)),
            "110" => Self::Single(Some(PART_4)),
            "144" => Self::Single(Some(PART_5)),
            "126" => Self::Single(Some(PART_7)),
            "148" => Self::Single(Some(PART_9)),
            "203" => Self::Single(Some(PART_15)),
            "" | "6" | "192" => Self::Unknown,
            _ => Self::Refused,
        }
    }

    /// Of HL7 MSH-18: the first repetition is the default set of the message.
    pub(crate) fn of_hl7(value: &str) -> Self {
        match value.trim().to_ascii_uppercase().as_str() {
            "8859/1" | "ISO-8859-1" | "ISO8859/1" => Self::Single(None),
            "8859/2" => Self::Single(Some(PART_2)),
            "8859/4" => Self::Single(Some(PART_4)),
            "8859/5" => Self::Single(Some(PART_5)),
            "8859/7" => Self::Single(Some(PART_7)),
            "8859/9" => Self::Single(Some(PART_9)),
            "8859/15" => Self::Single(Some(PART_15)),
            // A message in UTF-16 is read as UTF-8 (see the HL7 dissector).
            "" | "ASCII" | "UNICODE" | "UNICODE UTF-8" | "UTF-8" | "UNICODE UTF-16" | "UTF-16" => {
                Self::Unknown
            }
            _ => Self::Refused,
        }
    }

    /// The text of `bytes`, or `None` where it cannot be told.
    pub(crate) fn decode(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        if bytes.contains(&0x1B) {
            return None;
        }
        if bytes.is_ascii() {
            return std::str::from_utf8(bytes).ok().map(Cow::Borrowed);
        }
        if self == Self::Refused {
            return None;
        }
        if let Ok(text) = std::str::from_utf8(bytes) {
            return Some(Cow::Borrowed(text));
        }
        let Self::Single(part) = self else { return None };
        bytes.iter().map(|&byte| single(byte, part)).collect::<Option<String>>().map(Cow::Owned)
    }
}

/// A character of a single-byte set; control codes 0x80 to 0x9F and holes are none.
fn single(byte: u8, part: Option<&str>) -> Option<char> {
    match (byte, part) {
        (..0x80, _) => Some(char::from(byte)),
        (0x80..=0x9F, _) => None,
        (_, None) => Some(char::from(byte)),
        (_, Some(part)) => {
            part.chars().nth(usize::from(byte.saturating_sub(0xA0))).filter(|&c| c != '\u{fffd}')
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_whole() {
        for part in [PART_2, PART_4, PART_5, PART_7, PART_9, PART_15] {
            assert_eq!(part.chars().count(), 96);
        }
    }

    #[test]
    fn declared_sets_are_read_and_others_refused() {
        let dicom =
            |set: &str, bytes: &[u8]| Charset::of_dicom(set.as_bytes()).decode(bytes).map(Cow::into_owned);
        assert_eq!(dicom("ISO_IR 100", b"M\xfcller").as_deref(), Some("Müller"));
        assert_eq!(dicom("ISO_IR 144", b"\xbb\xee\xdd").as_deref(), Some("Люн"));
        assert_eq!(dicom("ISO_IR 192", "日立".as_bytes()).as_deref(), Some("日立"));
        assert_eq!(dicom("ISO_IR 100", "Müller".as_bytes()).as_deref(), Some("Müller"));
        assert_eq!(dicom("", b"M\xfcller"), None);
        // Two bytes of GB 18030 that would also be UTF-8.
        assert_eq!(dicom("GB18030", b"\xc4\xa3"), None);
        assert_eq!(dicom("ISO 2022 IR 6\\ISO 2022 IR 87", b"\x1b$B;3ED"), None);
        assert_eq!(dicom("GB18030", b"CT ROOM").as_deref(), Some("CT ROOM"));
        assert_eq!(Charset::of_hl7("8859/15").decode(b"\xa4").as_deref(), Some("€"));
    }
}
