//! ASTM E1381 frames (CLSI LIS01-A2) and what E1394 records (CLSI LIS02-A2) they carry.
//!
//! A frame is STX, number, text, ETX or ETB, two hexadecimal digits of the sum from the number through ETX/ETB,
//! CR, LF.

pub(crate) const ENQUIRY: &[u8] = &[0x05];
pub(crate) const ACKNOWLEDGE: &[u8] = &[0x06];
pub(crate) const REFUSE: &[u8] = &[0x15];
pub(crate) const END: &[u8] = &[0x04];

/// Longest text of a frame in the standard; some makers ignore it.
const FRAME_TEXT_MAX: usize = 240;

/// How a maker cuts a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// One record a frame, long ones continued.
    Records,
    /// The whole message, cut at the standard's length wherever that falls.
    Stream,
    /// The whole message in one frame, however long.
    Whole,
}

fn frame(number: usize, text: &[u8], last: bool) -> Vec<u8> {
    let mut out = vec![0x02, b'0' + (number % 8) as u8];
    out.extend_from_slice(text);
    out.push(if last { 0x03 } else { 0x17 });
    let sum = out[1..].iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    out.extend_from_slice(format!("{sum:02X}\r\n").as_bytes());
    out
}

/// The frames of a message; records come without their end.
pub(crate) fn frames(records: &[String], cut: Cut) -> Vec<Vec<u8>> {
    let ended = |record: &String| format!("{record}\r");
    let whole: String = records.iter().map(ended).collect();
    let texts: Vec<String> = match cut {
        Cut::Records => records.iter().map(ended).collect(),
        Cut::Stream | Cut::Whole => vec![whole],
    };
    let longest = if cut == Cut::Whole { usize::MAX } else { FRAME_TEXT_MAX };
    let mut out = Vec::new();
    for text in texts {
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(longest).collect();
        for (index, piece) in pieces.iter().enumerate() {
            out.push(frame(out.len() + 1, piece, index + 1 == pieces.len()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_carries_its_number_and_sum() {
        // 0x31 + 'A' + ETX = 0x31 + 0x41 + 0x03 = 0x75
        assert_eq!(frame(1, b"A", true), b"\x021A\x0375\r\n");
    }

    #[test]
    fn long_messages_are_continued_and_numbers_wrap() {
        let records = vec!["x".repeat(2400)];
        let frames = frames(&records, Cut::Stream);
        assert_eq!(frames.len(), 11);
        assert_eq!(frames[7][1], b'0');
        assert!(frames[0].contains(&0x17) && frames[10].contains(&0x03));
    }
}
