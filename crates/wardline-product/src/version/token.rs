//! The parts of a version: numbers, letters and the words that say before or after a release.

/// A part of a version.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Token {
    /// A number.
    Number(u64),
    /// One to three letters with no meaning of their own: a revision (`B`.02), a letter release (5.09`b`).
    Letters(Box<str>),
    /// Before the release: the rank of alpha, beta, preview, release candidate.
    Before(u8),
    /// After the release: the rank of build, hotfix, update, service pack.
    After(u8),
    /// `x`: any number.
    Any,
    /// A word without a known place: equal to itself, else incomparable. Also numbers beyond 64 bits.
    Word(Box<str>),
}

/// Words that stand before a version and say nothing of it.
const HEADS: &[&str] =
    &["v", "ver", "vers", "version", "versions", "rev", "revision", "firmware", "software", "fw", "sw"];

/// Words before a release, and their order.
const BEFORE: &[(&str, u8)] = &[
    ("dev", 0),
    ("snapshot", 0),
    ("alpha", 1),
    ("beta", 2),
    ("milestone", 3),
    ("pre", 3),
    ("preview", 3),
    ("prerelease", 3),
    ("rc", 4),
    ("cr", 4),
];

/// Words after a release, and their order: a service pack takes in the hotfixes before it.
const AFTER: &[(&str, u8)] = &[
    ("build", 1),
    ("bld", 1),
    ("h", 2),
    ("hf", 2),
    ("hotfix", 2),
    ("p", 3),
    ("patch", 3),
    ("pl", 3),
    ("fix", 3),
    ("mr", 4),
    ("r", 4),
    ("release", 4),
    ("u", 5),
    ("upd", 5),
    ("update", 5),
    ("sp", 6),
    ("servicepack", 6),
];

/// Words that mean what is equal to no word.
const EMPTY: &[&str] = &["final", "ga", "lts", "and", "the", "with"];

/// The parts of a text, in a form in which equal versions are equal lists.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    without_zeros(written_tokens(text))
}

/// The parts as they are written, zeros and all.
pub(crate) fn written_tokens(text: &str) -> Vec<Token> {
    let text = without_word_gaps(&text.to_lowercase());
    let mut all = Vec::new();
    let mut attached = false;
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let length = run(rest, first);
        let (part, after) = rest.split_at(length);
        rest = after;
        if first.is_ascii_digit() {
            match digest(part, rest) {
                Some(length) => {
                    let (tail, after) = rest.split_at(length);
                    all.push(Token::Word([part, tail].concat().into()));
                    rest = after;
                }
                None => all.push(number(part)),
            }
            attached = true;
        } else if first.is_alphabetic() {
            let digits = rest.starts_with(|c: char| c.is_ascii_digit());
            if let Some(token) = word(part, all.is_empty(), attached, digits) {
                // "C.0x": any number of the first ten.
                if token == Token::Any && attached && all.last() == Some(&Token::Number(0)) {
                    all.pop();
                }
                all.push(token);
            }
            attached = true;
        } else {
            if first == '*' {
                all.push(Token::Any);
            }
            attached = false;
        }
    }
    all
}

/// How far the run of the same kind of character goes.
fn run(text: &str, first: char) -> usize {
    let same = |c: char| {
        if first.is_ascii_digit() {
            c.is_ascii_digit()
        } else if first.is_alphabetic() {
            c.is_alphabetic()
        } else {
            false
        }
    };
    let more: usize = text.chars().skip(1).take_while(|c| same(*c)).map(char::len_utf8).sum();
    first.len_utf8().saturating_add(more)
}

/// `service pack` and `hot fix` are one word each.
fn without_word_gaps(text: &str) -> String {
    text.replace("service pack", "sp").replace("hot fix", "hf").replace("release candidate", "rc")
}

fn number(digits: &str) -> Token {
    digits.parse().map_or_else(|_| Token::Word(digits.trim_start_matches('0').into()), Token::Number)
}

/// Length of the rest of a digest that begins with these digits: at least seven hexadecimal characters in which
/// letters and digits alternate more than once.
fn digest(digits: &str, rest: &str) -> Option<usize> {
    let length = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
    let body = rest.get(..length)?;
    let ends = rest.get(length..).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()));
    let turns = body.as_bytes().windows(2).filter(|pair| {
        let [a, b] = pair else { return false };
        a.is_ascii_digit() != b.is_ascii_digit()
    });
    (digits.len().saturating_add(length) >= 7 && ends && turns.count() >= 2).then_some(length)
}

fn word(word: &str, first: bool, attached: bool, digits_follow: bool) -> Option<Token> {
    if EMPTY.contains(&word) || (first && HEADS.contains(&word)) {
        return None;
    }
    // Not "R" for "Rev": a letter at the head of a version is its line, whatever else it may mean later.
    if !first {
        if let Some((_, rank)) = BEFORE.iter().find(|(name, _)| *name == word) {
            return Some(Token::Before(*rank));
        }
        if let Some((_, rank)) = AFTER.iter().find(|(name, _)| *name == word) {
            // "1.0.1h" is a letter release, "10.2.9-h1" a hotfix: one letter needs its number.
            if word.len() > 1 || digits_follow {
                return Some(Token::After(*rank));
            }
        }
    }
    if word == "x" && !digits_follow || word == "xx" || word == "xxx" {
        return Some(Token::Any);
    }
    if word.len() <= 3 && (first || attached || word.len() == 1) && word.is_ascii() {
        return Some(Token::Letters(word.into()));
    }
    Some(Token::Word(word.into()))
}

/// The list without the zeros that end a row of numbers: they say nothing.
fn without_zeros(all: Vec<Token>) -> Vec<Token> {
    let mut kept: Vec<Token> = Vec::with_capacity(all.len());
    let mut zeros = 0_usize;
    for token in all {
        if token == Token::Number(0) {
            zeros = zeros.saturating_add(1);
            continue;
        }
        if matches!(token, Token::Number(_) | Token::Any) {
            kept.extend(std::iter::repeat_n(Token::Number(0), zeros));
        }
        zeros = 0;
        kept.push(token);
    }
    kept
}
