//! SPDX 2.x as tag-value: one tag a line, texts over several lines between `<text>` and `</text>`.

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tag<'t> {
    /// Line, from 1.
    pub(crate) line: usize,
    /// Its name.
    pub(crate) name: &'t str,
    /// Its value; of a text over several lines the first one.
    pub(crate) value: &'t str,
}

/// The tags of a text; lines that are none are left out.
pub(crate) fn tags(text: &str) -> impl Iterator<Item = Tag<'_>> {
    let mut within = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let ends = line.contains("</text>");
        if within {
            within = !ends;
            return None;
        }
        within = line.contains("<text>") && !ends;
        let (name, value) = line.split_once(':').filter(|_| !line.trim_start().starts_with('#'))?;
        let value = value.trim().trim_start_matches("<text>").trim_end_matches("</text>").trim();
        Some(Tag { line: index.saturating_add(1), name: name.trim(), value })
    })
}
