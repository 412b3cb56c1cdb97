//! The two bindings of a name (NISTIR 7695 section 6), read and written.

use super::{ATTRIBUTES, CPE_BYTES_MAX, Cpe, Open, Text, Value};
use std::fmt::{self, Write as _};
use thiserror::Error;

/// Why a text is no name.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CpeError {
    /// Neither binding's beginning.
    #[error("a CPE name begins with \"cpe:2.3:\" or \"cpe:/\"")]
    Beginning,
    /// Too few or too many attributes.
    #[error("a CPE name has {wanted} attributes, this one has {found}")]
    Count {
        /// How many there should be.
        wanted: usize,
        /// How many there are.
        found: usize,
    },
    /// Beyond our limit.
    #[error("a CPE name of {0} bytes is beyond the limit of {CPE_BYTES_MAX}")]
    Long(usize),
    /// The first attribute is not a, o or h.
    #[error("the part of a CPE name is a, o or h, not {0:?}")]
    Part(String),
    /// An attribute is not well formed.
    #[error("attribute {place} of a CPE name: {why}")]
    Value {
        /// Which attribute, from 1.
        place: usize,
        /// What is wrong.
        why: &'static str,
    },
}

pub(super) fn read(text: &str) -> Result<Cpe, CpeError> {
    if text.len() > CPE_BYTES_MAX {
        return Err(CpeError::Long(text.len()));
    }
    let cpe = if let Some(rest) = strip(text, "cpe:2.3:") {
        formatted(rest)?
    } else if let Some(rest) = strip(text, "cpe:/") {
        uri(rest)?
    } else {
        return Err(CpeError::Beginning);
    };
    match &cpe.values()[0] {
        Value::Text(Text { before: Open::Closed, body, after: Open::Closed })
            if matches!(&**body, "a" | "o" | "h") =>
        {
            Ok(cpe)
        }
        Value::Text(text) => Err(CpeError::Part(text.body.to_string())),
        Value::Any | Value::NotApplicable => Ok(cpe),
    }
}

fn strip<'a>(text: &'a str, head: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(head.len())?;
    start.eq_ignore_ascii_case(head).then_some(rest)
}

fn formatted(text: &str) -> Result<Cpe, CpeError> {
    let parts = split_unescaped(text);
    if parts.len() != ATTRIBUTES {
        return Err(CpeError::Count { wanted: ATTRIBUTES, found: parts.len() });
    }
    let mut values = <[Value; ATTRIBUTES]>::default();
    for (place, (slot, part)) in values.iter_mut().zip(parts).enumerate() {
        *slot = formatted_value(part).map_err(|why| CpeError::Value { place: place + 1, why })?;
    }
    Ok(Cpe::from_values(values))
}

fn split_unescaped(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (place, c) in text.char_indices() {
        if c == ':' && !escaped {
            parts.push(text.get(start..place).unwrap_or_default());
            start = place + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

fn formatted_value(text: &str) -> Result<Value, &'static str> {
    match text {
        "" => return Err("it is empty; any value is written *"),
        "*" => return Ok(Value::Any),
        "-" => return Ok(Value::NotApplicable),
        _ => {}
    }
    // Characters with whether they were quoted.
    let mut marks: Vec<(char, bool)> = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\\' {
            marks.push((chars.next().ok_or("it ends in a backslash that quotes nothing")?, true));
        } else {
            marks.push((c, false));
        }
    }
    value(&marks)
}

/// A value of characters of which some are quoted.
fn value(mut marks: &[(char, bool)]) -> Result<Value, &'static str> {
    if marks.iter().any(|(c, _)| c.is_whitespace() || c.is_control()) {
        return Err("it has a space or a control character");
    }
    let before = open(marks.iter());
    marks = marks.get(before.1..).unwrap_or_default();
    let after = open(marks.iter().rev());
    marks = marks.get(..marks.len() - after.1).unwrap_or_default();
    if marks.iter().any(|(c, quoted)| !quoted && matches!(c, '*' | '?')) {
        return Err("a wildcard that is not quoted may only stand at the ends");
    }
    if marks.is_empty() {
        return Ok(Value::Any);
    }
    let body: String = marks.iter().flat_map(|(c, _)| c.to_lowercase()).collect();
    Ok(Value::Text(Text { before: before.0, body: body.into(), after: after.0 }))
}

/// The wildcards at one end and how many characters they take.
fn open<'a>(marks: impl Iterator<Item = &'a (char, bool)>) -> (Open, usize) {
    let mut questions = 0_u8;
    for (c, quoted) in marks {
        match (c, quoted) {
            ('*', false) if questions == 0 => return (Open::Anything, 1),
            ('?', false) if questions < u8::MAX => questions += 1,
            _ => break,
        }
    }
    if questions == 0 { (Open::Closed, 0) } else { (Open::AtMost(questions), usize::from(questions)) }
}

fn uri(text: &str) -> Result<Cpe, CpeError> {
    let parts: Vec<&str> = text.split(':').collect();
    if parts.len() > 7 {
        return Err(CpeError::Count { wanted: 7, found: parts.len() });
    }
    let mut values = <[Value; ATTRIBUTES]>::default();
    for (place, part) in parts.iter().enumerate() {
        let wrong = |why| CpeError::Value { place: place + 1, why };
        // The edition packs five attributes: ~edition~sw_edition~target_sw~target_hw~other.
        match (place, part.strip_prefix('~')) {
            (5, Some(packed)) => {
                let packed: Vec<&str> = packed.split('~').collect();
                if packed.len() != 5 {
                    return Err(wrong("a packed edition has five parts"));
                }
                for (slot, part) in [5, 7, 8, 9, 10].into_iter().zip(packed) {
                    values[slot] = uri_value(part).map_err(wrong)?;
                }
            }
            _ => values[place] = uri_value(part).map_err(wrong)?,
        }
    }
    Ok(Cpe::from_values(values))
}

fn uri_value(text: &str) -> Result<Value, &'static str> {
    match text {
        "" => return Ok(Value::Any),
        "-" => return Ok(Value::NotApplicable),
        _ => {}
    }
    let mut marks = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            marks.push((c, true));
            continue;
        }
        let digits: String = chars.by_ref().take(2).collect();
        let code = u8::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 2);
        marks.push(match code.ok_or("a percent sign needs two hexadecimal digits")? {
            1 => ('?', false),
            2 => ('*', false),
            code if code.is_ascii_graphic() => (char::from(code), true),
            _ => return Err("it has a space or a control character"),
        });
    }
    value(&marks)
}

impl fmt::Display for Cpe {
    /// The formatted string.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cpe:2.3")?;
        for value in self.values() {
            f.write_char(':')?;
            match value {
                Value::Any => f.write_char('*')?,
                Value::NotApplicable => f.write_char('-')?,
                Value::Text(text) => {
                    text.before.write(f)?;
                    // A lone hyphen would read as "not applicable".
                    for c in text.body.chars() {
                        let plain = c.is_alphanumeric()
                            || matches!(c, '_' | '.')
                            || (c == '-' && text.body.len() > 1);
                        if !plain {
                            f.write_char('\\')?;
                        }
                        f.write_char(c)?;
                    }
                    text.after.write(f)?;
                }
            }
        }
        Ok(())
    }
}

impl Open {
    fn write(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => Ok(()),
            Self::Anything => f.write_char('*'),
            Self::AtMost(count) => (0..count).try_for_each(|_| f.write_char('?')),
        }
    }
}
