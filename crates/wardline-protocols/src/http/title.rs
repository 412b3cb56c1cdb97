//! The title of a small HTML page: device consoles put their product's name there.

/// Bytes of a page in which its title is looked for; it stands in the first lines.
const PAGE_BYTES_MAX: usize = 16_384;
/// The end of a title.
const END: &[u8] = b"</title";

/// What is known of a page's title.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    NotYet,
    Title(String),
    Nothing,
}

/// Collects the start of a page until its title is whole.
#[derive(Debug, Default)]
pub(super) struct Title {
    page: Vec<u8>,
}

impl Title {
    /// Adds bytes of the page.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Found {
        let before = self.page.len();
        let room = PAGE_BYTES_MAX.saturating_sub(before);
        self.page.extend(bytes.iter().take(room));
        // Only what is new can end a title, but for the start of the end tag that may stand before.
        let unread = self.page.get(before.saturating_sub(END.len())..).unwrap_or_default();
        if memchr::memmem::find(&unread.to_ascii_lowercase(), END).is_some() {
            return self.read().map_or(Found::Nothing, Found::Title);
        }
        if self.page.len() < PAGE_BYTES_MAX { Found::NotYet } else { Found::Nothing }
    }

    fn read(&self) -> Option<String> {
        let lower = self.page.to_ascii_lowercase();
        let open = memchr::memmem::find(&lower, b"<title")?;
        let start = memchr::memchr(b'>', lower.get(open..)?)?.checked_add(open)?.checked_add(1)?;
        let length = memchr::memmem::find(lower.get(start..)?, END)?;
        let text = str::from_utf8(self.page.get(start..start.checked_add(length)?)?).ok()?;
        let words: Vec<&str> = text.split_whitespace().collect();
        let entities =
            [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
        let text =
            entities.iter().fold(words.join(" "), |text, (entity, letter)| text.replace(entity, letter));
        Some(text).filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_found_however_the_page_is_cut() {
        let page = b"<!doctype html><HTML><Title lang=en>\n Scanner &amp; Console\n 7 </TITLE><body>";
        let found = Found::Title("Scanner & Console 7".into());
        assert_eq!(Title::default().add(page), found);
        let mut bytewise = Title::default();
        assert_eq!(page.iter().map(|b| bytewise.add(&[*b])).find(|f| *f != Found::NotYet), Some(found));
        assert_eq!(Title::default().add(&[b'x'; PAGE_BYTES_MAX]), Found::Nothing);
        assert_eq!(Title::default().add(b"<title></title>"), Found::Nothing);
    }
}
