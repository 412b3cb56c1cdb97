//! The XML of a workbook as events: tags open and close, text with its references resolved; entities are refused.

use super::WorkbookError;
use crate::json::place;
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

/// Elements within each other; workbooks have ten.
const DEPTH_MAX: usize = 64;

/// Something that happens.
pub(super) enum Piece<'p> {
    /// A tag opens; whether it is empty, so that its end follows at once as a [`Piece::Close`] of its own.
    Open(&'p BytesStart<'p>, bool),
    /// A tag closes: its name without prefix.
    Close(&'p str),
    /// A text.
    Text(&'p str),
}

/// The value of an attribute by its name without prefix.
pub(super) fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = tag.attributes();
    let found = attributes.with_checks(false).flatten().find(|one| one.key.local_name().as_ref() == name)?;
    Some(unescape(&found.value).map_or_else(|_| found.value.to_string(), std::borrow::Cow::into_owned))
}

/// Gives each event of a member; the receiver says why it must not go on.
pub(super) fn each(
    part: &str,
    text: &str,
    take: &mut dyn FnMut(Piece<'_>) -> Result<(), &'static str>,
) -> Result<(), WorkbookError> {
    let mut reader = Reader::from_str(text);
    let mut depth = 0_usize;
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let wrong = |at: usize, why: String| WorkbookError::Xml {
            part: part.to_owned(),
            place: place(text.as_bytes(), at),
            why,
        };
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => {
                let at = usize::try_from(reader.error_position()).unwrap_or(at);
                return Err(wrong(at, error.to_string()));
            }
        };
        let done = match &event {
            Event::Eof if depth == 0 => return Ok(()),
            Event::Eof => return Err(wrong(at, "the text stops in the middle".to_owned())),
            Event::DocType(_) => Err("a workbook has no document type, which could define entities: refused"),
            Event::Start(tag) => {
                depth = depth.saturating_add(1);
                if depth > DEPTH_MAX {
                    Err("elements too deep in each other")
                } else {
                    take(Piece::Open(tag, false))
                }
            }
            Event::Empty(tag) => {
                take(Piece::Open(tag, true)).and_then(|()| take(Piece::Close(tag.local_name().as_ref())))
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                take(Piece::Close(tag.local_name().as_ref()))
            }
            Event::Text(text) => take(Piece::Text(text)),
            Event::CData(text) => take(Piece::Text(text)),
            Event::GeneralRef(name) => match unescape(&format!("&{};", &**name)) {
                Ok(text) => take(Piece::Text(&text)),
                Err(_) => Err("an entity that XML does not have: refused"),
            },
            _ => Ok(()),
        };
        done.map_err(|why| wrong(at, why.to_owned()))?;
    }
}
