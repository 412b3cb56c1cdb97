//! Lines of a text dialogue, one at a time: bounded, resumed after loss.

use crate::{Notes, Step};

/// Cuts one direction into lines; the rest of a line that is too long, or whose start was lost, is left out.
#[derive(Default)]
pub(crate) struct Lines {
    broken: bool,
}

impl Lines {
    /// The next line without its end, and how many bytes it takes with it; or the step that gets there. No
    /// line is longer than `most`.
    pub(crate) fn next<'a>(&mut self, bytes: &'a [u8], most: usize) -> Result<(&'a [u8], usize), Step> {
        let within = bytes.get(..most).unwrap_or(bytes);
        let Some(end) = memchr::memchr(b'\n', within) else {
            if bytes.len() < most {
                return Err(Step::More(bytes.len().saturating_add(1)));
            }
            self.broken = true;
            return Err(Step::skip(within.len()));
        };
        let consumed = end.saturating_add(1);
        if std::mem::take(&mut self.broken) {
            return Err(Step::skip(consumed));
        }
        let line = within.get(..end).unwrap_or_default();
        Ok((line.strip_suffix(b"\r").unwrap_or(line), consumed))
    }

    /// Bytes were lost: what follows up to the next end of a line is left out.
    pub(crate) const fn lose(&mut self) {
        self.broken = true;
    }
}

/// How well a dialogue keeps to the protocol that it was taken for.
#[derive(Debug, Default)]
pub(crate) struct Conduct {
    confirmed: bool,
    strange: u8,
}

impl Conduct {
    /// Whether it is known to be of the protocol.
    pub(crate) const fn is_confirmed(&self) -> bool {
        self.confirmed
    }

    /// From here on it is known.
    pub(crate) const fn confirm(&mut self, notes: &mut Notes) {
        self.confirmed = true;
        notes.confirmed = true;
    }

    /// A line that is none of the protocol: the claim is withdrawn, unless it is known to be of it or was greeted as
    /// such; more than `most` of them, and it is over.
    pub(crate) const fn strange(&mut self, greeted: bool, most: u8) -> Option<Step> {
        if !self.confirmed && !greeted {
            return Some(Step::Withdraw);
        }
        self.strange = self.strange.saturating_add(1);
        if self.strange > most { Some(Step::Done) } else { None }
    }
}

/// The first word of a line in upper case, and what follows the blank after it.
pub(crate) fn verb(line: &[u8]) -> (String, &[u8]) {
    let end = memchr::memchr(b' ', line).unwrap_or(line.len());
    let (word, rest) = line.split_at_checked(end).unwrap_or((line, &[]));
    let word = word.get(..VERB_MAX).unwrap_or(word);
    (String::from_utf8_lossy(word).to_ascii_uppercase(), rest.get(1..).unwrap_or_default())
}

/// Longest word looked at; the longest command of the mail protocols is AUTHENTICATE.
const VERB_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_bounded_and_resume_after_loss() {
        let mut lines = Lines::default();
        assert_eq!(lines.next(b"a b\r\nc", 10), Ok((&b"a b"[..], 5)));
        assert_eq!(lines.next(b"c", 10), Err(Step::More(2)));
        assert_eq!(lines.next(b"0123456789", 10), Err(Step::Skip(10)), "too long");
        assert_eq!(lines.next(b"rest\nnew\n", 10), Err(Step::Skip(5)), "its rest is left out");
        assert_eq!(lines.next(b"new\n", 10), Ok((&b"new"[..], 4)));
        lines.lose();
        assert_eq!(lines.next(b"half\n", 10), Err(Step::Skip(5)));
    }

    #[test]
    fn verbs_are_the_first_word() {
        assert_eq!(verb(b"ehlo a b"), ("EHLO".into(), &b"a b"[..]));
        assert_eq!(verb(b"QUIT"), ("QUIT".into(), &b""[..]));
        assert_eq!(verb(b""), (String::new(), &b""[..]));
    }
}
