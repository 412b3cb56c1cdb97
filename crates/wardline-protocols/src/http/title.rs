//! The title of a small HTML page: device consoles put their product's name there.

/// The end of a title.
const END: &[u8] = b"</title";

/// Whether the title may have become whole with the bytes behind `before`.
pub(super) fn may_be_whole(page: &[u8], before: usize) -> bool {
    // Only what is new can end a title, but for the start of the end tag that may stand before.
    let unread = page.get(before.saturating_sub(END.len())..).unwrap_or_default();
    memchr::memmem::find(&unread.to_ascii_lowercase(), END).is_some()
}

/// The title, when there is one and it is whole.
pub(super) fn read(page: &[u8]) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let open = memchr::memmem::find(&lower, b"<title")?;
    let start = memchr::memchr(b'>', lower.get(open..)?)?.checked_add(open)?.checked_add(1)?;
    let length = memchr::memmem::find(lower.get(start..)?, END)?;
    let text = str::from_utf8(page.get(start..start.checked_add(length)?)?).ok()?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let entities =
        [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    let text = entities.iter().fold(words.join(" "), |text, (entity, letter)| text.replace(entity, letter));
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_found_however_the_page_is_cut() {
        let page = b"<!doctype html><HTML><Title lang=en>\n Scanner &amp; Console\n 7 </TITLE><body>";
        assert_eq!(read(page).as_deref(), Some("Scanner & Console 7"));
        let whole = (1..page.len()).find(|end| may_be_whole(&page[..*end], end - 1));
        assert_eq!(whole, page.iter().rposition(|b| *b == b'>').map(|_| page.len() - b"><body>".len()));
        assert_eq!(read(b"<title></title>"), None);
        assert_eq!(read(&page[..40]), None);
    }
}
