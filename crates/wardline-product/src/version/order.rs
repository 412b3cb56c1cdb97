//! The order of two lists of parts.

use super::token::Token;
use std::cmp::Ordering;

/// Which came later; nothing when a part decides that has no order. `letters` says whether leading letters are a
/// sequence of revisions (`B.02` before `C.01`) or names of lines.
pub(crate) fn compare_tokens(a: &[Token], b: &[Token], letters: Letters) -> Option<Ordering> {
    let mut place = 0_usize;
    loop {
        let (x, y) = (a.get(place), b.get(place));
        // A pattern's last place stands for all that may follow.
        let ends = |list: &[Token], other: Option<&Token>| {
            other == Some(&Token::Any) && list.len() == place.saturating_add(1)
        };
        if (x.is_none() && y.is_none()) || ends(a, x) || ends(b, y) {
            return Some(Ordering::Equal);
        }
        match at(x, y, place, letters) {
            Some(Ordering::Equal) => {}
            decided => return decided,
        }
        place = place.checked_add(1)?;
    }
}

/// What leading letters of a version are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Letters {
    /// A line of its own: comparable with itself alone.
    Line,
    /// A sequence of revisions.
    Sequence,
}

fn at(x: Option<&Token>, y: Option<&Token>, place: usize, letters: Letters) -> Option<Ordering> {
    match (x, y) {
        (Some(Token::Any), _) | (_, Some(Token::Any)) => Some(Ordering::Equal),
        // A zero that is kept because more follows it: the shorter version has it too.
        (None, Some(Token::Number(0))) | (Some(Token::Number(0)), None) if place > 0 => Some(Ordering::Equal),
        (Some(Token::Number(x)), Some(Token::Number(y))) => Some(x.cmp(y)),
        (Some(Token::Before(x)), Some(Token::Before(y))) | (Some(Token::After(x)), Some(Token::After(y))) => {
            Some(x.cmp(y))
        }
        (Some(Token::Letters(x)), Some(Token::Letters(y))) => {
            if x == y {
                Some(Ordering::Equal)
            } else if place > 0 || letters == Letters::Sequence {
                Some(x.len().cmp(&y.len()).then_with(|| x.cmp(y)))
            } else {
                None
            }
        }
        (Some(Token::Word(x)), Some(Token::Word(y))) => (x == y).then_some(Ordering::Equal),
        // A version that begins with letters and one that does not are of two lines.
        _ if place == 0 && (is_line(x) || is_line(y)) => None,
        _ => match (height(x), height(y)) {
            (Some(x), Some(y)) if x != y => Some(x.cmp(&y)),
            _ => None,
        },
    }
}

fn is_line(token: Option<&Token>) -> bool {
    matches!(token, Some(Token::Letters(_) | Token::Word(_)))
}

/// Where a kind of part stands among the others: before a release, at it, after it, in the next one. Letters and
/// words of after stand at one height and have no order among each other; unknown words are only below numbers.
fn height(token: Option<&Token>) -> Option<u8> {
    match token {
        Some(Token::Before(_)) => Some(0),
        None => Some(1),
        Some(Token::After(_) | Token::Letters(_)) => Some(2),
        Some(Token::Number(_)) => Some(3),
        Some(Token::Any | Token::Word(_)) => None,
    }
}
