//! Values that take parts of what a pattern matched: `$1` to `$9` are its groups, `$$` is a dollar sign.

use regex::bytes::Captures;

/// A value with places for captured groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Group(usize),
}

impl Template {
    /// Reads a template for a pattern that has `groups` groups.
    pub(crate) fn parse(text: &str, groups: usize) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            if c != '$' {
                plain.push(c);
                continue;
            }
            match chars.next() {
                Some('$') => plain.push('$'),
                Some(digit @ '1'..='9') => {
                    let group = digit.to_digit(10).and_then(|d| usize::try_from(d).ok()).unwrap_or(0);
                    if group > groups {
                        return Err(format!("`{text}` asks for group {group}, the pattern has {groups}"));
                    }
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(Part::Group(group));
                }
                _ => return Err(format!("`{text}`: after `$` comes a digit from 1 to 9, or `$`")),
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        if parts.is_empty() {
            return Err("an empty value says nothing".to_owned());
        }
        Ok(Self(parts))
    }

    /// Group `group` alone, however high its number.
    pub(crate) fn group(group: usize) -> Self {
        Self(vec![Part::Group(group)])
    }

    /// The text as it stands.
    pub(crate) fn text(text: &str) -> Self {
        Self(vec![Part::Text(text.to_owned())])
    }

    /// Whether the value depends on what was matched.
    pub(crate) fn has_groups(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Group(_)))
    }

    /// The highest group it asks for; 0 for none.
    pub(crate) fn highest_group(&self) -> usize {
        let groups = self.0.iter().map(|part| if let Part::Group(group) = part { *group } else { 0 });
        groups.max().unwrap_or(0)
    }

    /// The value, trimmed; `None` when a group it needs did not take part or nothing is left.
    pub(crate) fn fill(&self, captures: &Captures<'_>) -> Option<String> {
        let mut value = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => value.push_str(text),
                Part::Group(group) => {
                    value.push_str(std::str::from_utf8(captures.get(*group)?.as_bytes()).ok()?);
                }
            }
        }
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::Template;
    use regex::bytes::Regex;

    fn fill(pattern: &str, template: &str, text: &str) -> Option<String> {
        let regex = Regex::new(pattern).unwrap();
        let template = Template::parse(template, regex.captures_len() - 1).unwrap();
        template.fill(&regex.captures(text.as_bytes()).unwrap())
    }

    #[test]
    fn groups_are_put_in_their_places() {
        assert_eq!(fill("^V(.)(.)(.)$", "$1.$2.$3 $$", "V367").unwrap(), "3.6.7 $");
        assert_eq!(fill("^a(b)?", "v$1", "a"), None);
        assert_eq!(fill("^a( *)", "$1", "a  "), None);
    }

    #[test]
    fn a_template_must_fit_its_pattern() {
        for wrong in ["$2", "$", "$x", ""] {
            assert!(Template::parse(wrong, 1).is_err(), "{wrong}");
        }
    }
}
