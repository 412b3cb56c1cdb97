//! DICOM files (PS3.10) that something else carries: a body of STOW-RS.
//!
//! In: bytes that hold a file from its preamble, or a part of it. Out: what its meta information and data set
//! say of the machines that made and wrote it; whether a patient's data was seen, and whether the preamble
//! begins a program. Limits: the preamble is looked for in the first [`SEARCHED_MAX`] bytes; those of
//! [`super::elements`].

use super::elements::{Elements, Form, Progress, Sink, Tag, Want};
use super::message::DataReader;
use super::sets::Purpose;
use wardline_model::{Attribute, Fact};

/// Bytes in which the head of the first file is looked for: the heads of a multipart body stand before it.
const SEARCHED_MAX: usize = 2_048;
/// Bytes before `DICM`.
const PREAMBLE: usize = 128;

/// What a file told.
#[derive(Debug, Default)]
pub(crate) struct File {
    /// Of each machine that had a hand in it.
    pub(crate) equipment: Vec<Vec<Fact>>,
    /// Of whoever wrote the file.
    pub(crate) writer: Vec<Fact>,
    pub(crate) patient: bool,
    /// The preamble begins a program for Windows or Linux.
    pub(crate) program: bool,
}

/// The meta information: always explicit VR, little endian.
#[derive(Debug, Default)]
struct Meta {
    transfer_syntax: Option<String>,
    writer: Vec<Fact>,
}

impl Sink for Meta {
    fn want(&self, _: Option<Tag>, tag: Tag) -> Want {
        match tag {
            Tag(0x0002, 0x0010 | 0x0012 | 0x0013 | 0x0016) => Want::Value,
            Tag(0x0002, _) => Want::Pass,
            _ => Want::Stop,
        }
    }

    fn value(&mut self, _: Option<Tag>, tag: Tag, value: &[u8]) {
        let text = crate::text::ascii(value).map(str::trim).unwrap_or_default();
        let fact = |attribute, confidence, rule| Fact::new(attribute, text, confidence, rule);
        self.writer.extend(match tag.1 {
            0x0010 => {
                self.transfer_syntax = Some(text.to_owned());
                None
            }
            0x0012 => fact(Attribute::DicomImplementationUid, 70, "dicom.file-implementation-uid"),
            0x0013 => fact(Attribute::DicomImplementationVersion, 70, "dicom.file-implementation-version"),
            _ => fact(Attribute::AeTitle, 60, "dicom.file-source-ae"),
        });
    }
}

/// Reads the first file in `bytes`; `None` when none begins there.
pub(crate) fn read(bytes: &[u8]) -> Option<File> {
    let searched = bytes.get(..SEARCHED_MAX).unwrap_or(bytes);
    let at = memchr::memmem::find(searched, b"DICM").filter(|at| *at >= PREAMBLE)?;
    let preamble = bytes.get(at.checked_sub(PREAMBLE)?..at)?;
    let rest = bytes.get(at.checked_add(4)?..)?;
    let (group, set) = meta_length(rest)?;
    let mut meta = Meta::default();
    let _ = Elements::new(Form { implicit: false, ..Form::IMPLICIT }, true).feed(group, &mut meta);
    let form = meta.transfer_syntax.as_deref().map_or(Form::IMPLICIT, Form::of);
    let mut data = DataReader::new(form, Purpose::Object);
    let malformed = data.feed(set) == Progress::Malformed;
    let set = data.finish();
    let equipment = if malformed {
        Vec::new()
    } else {
        [set.equipment(), set.capture_device()].into_iter().chain(set.contributing()).collect()
    };
    Some(File {
        equipment: equipment.into_iter().filter(|facts: &Vec<Fact>| !facts.is_empty()).collect(),
        writer: meta.writer,
        patient: set.patient,
        program: preamble.starts_with(b"MZ") || preamble.starts_with(b"\x7FELF"),
    })
}

/// The meta information and what follows it, by the length in its first element.
fn meta_length(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [2, 0, 0, 0, b'U', b'L', 4, 0, a, b, c, d] = *bytes.first_chunk::<12>()? else { return None };
    let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).ok()?;
    bytes.get(12..)?.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(tag: (u16, u16), vr: &str, value: &str) -> Vec<u8> {
        let mut bytes = [tag.0.to_le_bytes(), tag.1.to_le_bytes()].concat();
        bytes.extend(vr.bytes());
        bytes.extend(u16::try_from(value.len()).unwrap().to_le_bytes());
        bytes.extend(value.bytes());
        bytes
    }

    fn file(preamble: &[u8]) -> Vec<u8> {
        let meta = [
            element((2, 0x10), "UI", "1.2.840.10008.1.2.1\0"),
            element((2, 0x12), "UI", "1.2.826.0.1\0"),
            element((2, 0x16), "AE", "CT1 "),
        ]
        .concat();
        let mut bytes = b"--boundary\r\nContent-Type: application/dicom\r\n\r\n".to_vec();
        bytes.extend_from_slice(preamble);
        bytes.resize(bytes.len() + PREAMBLE - preamble.len(), 0);
        bytes.extend(b"DICM");
        bytes.extend([2, 0, 0, 0, b'U', b'L', 4, 0]);
        bytes.extend(u32::try_from(meta.len()).unwrap().to_le_bytes());
        bytes.extend(meta);
        bytes.extend(element((8, 0x70), "LO", "Example"));
        bytes.extend(element((8, 0x1090), "LO", "Scanner 5 "));
        bytes.extend(element((0x10, 0x10), "PN", "X^Y "));
        bytes
    }

    #[test]
    fn a_file_tells_its_maker_and_its_writer() {
        let read = read(&file(b"")).unwrap();
        let words: Vec<&str> = read.equipment.iter().flatten().map(|fact| &*fact.value).collect();
        assert_eq!(words, ["Example", "Scanner 5"]);
        assert_eq!(read.writer.iter().map(|fact| &*fact.value).collect::<Vec<_>>(), ["1.2.826.0.1", "CT1"]);
        assert!(read.patient && !read.program);
    }

    #[test]
    fn a_program_in_the_preamble_is_seen_and_other_bytes_are_no_file() {
        assert!(read_program(b"MZ\x90") && read_program(b"\x7FELF") && !read_program(b"II*\0"));
        let whole = file(b"");
        for end in 0..whole.len() {
            let _ = read(&whole[..end]);
        }
        assert!(read(&whole[..150]).is_none() && read(b"DICM").is_none());
    }

    fn read_program(preamble: &[u8]) -> bool {
        read(&file(preamble)).unwrap().program
    }
}
