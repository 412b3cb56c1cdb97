//! Version text into lexemes: versions, comparison signs, and the few words that advisories put around them.

use crate::version::Version;
use crate::version::month;

/// A piece of a version text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Lexeme {
    /// `<`, `prior to`: the version that follows is the first not meant.
    Below,
    /// `<=`, `up to`: the version that follows is the last meant.
    UpTo,
    /// `>`: after the version that follows.
    After,
    /// `>=`, `from`: from the version that follows.
    From,
    /// `and prior`: the version before it is the last meant.
    AndEarlier,
    /// `and later`: the version before it is the first meant.
    AndLater,
    /// `all versions`, `*`.
    All,
    /// `and`, a bar, a comma.
    Separator,
    /// `to`, `through`, a dash between two versions.
    Through,
    /// A version, as written.
    Version(String),
    /// Words not understood.
    Word(String),
}

/// Phrases, longest first within one beginning. They are compared with whole words in lower case.
const PHRASES: &[(&[&str], Option<Lexeme>)] = &[
    (&["prior", "to", "and", "including"], Some(Lexeme::UpTo)),
    (&["up", "to", "and", "including"], Some(Lexeme::UpTo)),
    (&["up", "to", "but", "not", "including"], Some(Lexeme::Below)),
    (&["up", "to"], Some(Lexeme::UpTo)),
    (&["released", "prior", "to"], Some(Lexeme::Below)),
    (&["released", "before"], Some(Lexeme::Below)),
    (&["prior", "to"], Some(Lexeme::Below)),
    (&["previous", "to"], Some(Lexeme::Below)),
    (&["earlier", "than"], Some(Lexeme::Below)),
    (&["older", "than"], Some(Lexeme::Below)),
    (&["lower", "than"], Some(Lexeme::Below)),
    (&["less", "than", "or", "equal", "to"], Some(Lexeme::UpTo)),
    (&["less", "than"], Some(Lexeme::Below)),
    (&["greater", "than", "or", "equal", "to"], Some(Lexeme::From)),
    (&["starting", "with"], Some(Lexeme::From)),
    (&["starting", "from"], Some(Lexeme::From)),
    (&["back", "to"], Some(Lexeme::From)),
    (&["later", "than"], Some(Lexeme::After)),
    (&["newer", "than"], Some(Lexeme::After)),
    (&["as", "well", "as"], Some(Lexeme::Separator)),
    (&["the", "limited"], None),
];

/// One word and what it may be; `?` marks words whose meaning depends on what stands around them.
const FILLERS: &[&str] = &[
    "version",
    "versions",
    "ver",
    "v",
    "software",
    "firmware",
    "release",
    "releases",
    "revision",
    "revisions",
    "rev",
    "sw",
    "fw",
    "models",
    "only",
    "the",
    "system",
    "are",
    "is",
    "affected",
    "even",
];

/// Words that begin a condition which goes on to the end.
const CONDITIONS: &[&str] = &[
    "with",
    "when",
    "running",
    "installed",
    "using",
    "that",
    "which",
    "if",
    "where",
    "model",
    "sn",
    "serial",
    "serials",
    "included",
    "distributed",
    "shipped",
    "sold",
    "on",
    "for",
    "manufactured",
    "option",
    "w/",
];

/// Words after a version that belong to it.
const QUALIFIERS: &[&str] =
    &["build", "sp", "hf", "hotfix", "patch", "update", "upd", "mr", "beta", "alpha", "rc", "edition", "gma"];

/// Words that turn a text round or say that nothing is told: never a name.
const TURNS: &[&str] = &[
    "affected",
    "below",
    "current",
    "earlier",
    "except",
    "excluding",
    "later",
    "latest",
    "multiple",
    "n/a",
    "na",
    "newer",
    "no",
    "none",
    "not",
    "older",
    "other",
    "previous",
    "prior",
    "see",
    "tbd",
    "unaffected",
    "undefined",
    "unknown",
    "unless",
    "unspecified",
    "various",
    "without",
];

/// Operating systems: a text that begins with one says what the product runs on.
const SYSTEMS: &[&str] = &["windows", "linux", "android", "ios", "macos"];

/// Regions in brackets: the version beside them says the same.
const REGIONS: &[&str] =
    &["global", "u.s.", "us", "united states", "outside the united states", "eu", "world"];

/// The lexemes of a text and the conditions that it states besides.
pub(super) fn lex(text: &str) -> (Vec<Lexeme>, Vec<String>) {
    let text = without_vers(text.trim());
    let (text, mut conditions) = without_brackets(text);
    let words = words(&text);
    let mut lexemes = Vec::new();
    if is_system(&words) {
        conditions.push(words.join(" "));
        return (lexemes, conditions);
    }
    let mut place = 0_usize;
    while let Some(word) = words.get(place) {
        let lower = word.trim_end_matches(['.', ':']).to_lowercase();
        if is_condition(&lower, &lexemes) {
            conditions.push(words.get(place..).unwrap_or_default().join(" "));
            break;
        }
        place = place.saturating_add(lexeme(&words, place, &lower, &mut lexemes).max(1));
    }
    (lexemes, conditions)
}

/// Whether the whole text names a system that the product runs on, and no limit.
fn is_system(words: &[String]) -> bool {
    let mut lower = words.iter().map(|word| word.to_lowercase());
    let limit = |word: String| {
        word.contains(['<', '>', '≤', '≥', '|'])
            || matches!(word.as_str(), "version" | "versions" | "before" | "through" | "up")
            || is_turn(&word)
    };
    lower.next().is_some_and(|first| SYSTEMS.contains(&first.as_str())) && !lower.any(limit)
}

/// Whether a word turns a text round or tells nothing.
pub(super) fn is_turn(word: &str) -> bool {
    TURNS.contains(&word.trim_end_matches(['.', ':']).to_lowercase().as_str())
}

/// The name that a text without any version is: every word begins with a capital letter (`RaspberryPi`, `UDP`).
pub(super) fn name(lexemes: &[Lexeme]) -> Option<String> {
    let words = lexemes.iter().map(|lexeme| match lexeme {
        Lexeme::Word(word) if word.starts_with(char::is_uppercase) && !is_turn(word) => Some(word.as_str()),
        _ => None,
    });
    let words: Vec<&str> = words.collect::<Option<_>>()?;
    (!words.is_empty()).then(|| words.join(" "))
}

/// `vers:scheme/` in front says no more than what follows it.
fn without_vers(text: &str) -> &str {
    let rest = text.strip_prefix("vers:").and_then(|rest| rest.split_once('/'));
    rest.map_or(text, |(_, rest)| rest)
}

/// Takes brackets out of the text; what they hold is a condition, unless it is a version, a region or `all`.
fn without_brackets(text: &str) -> (String, Vec<String>) {
    let mut kept = String::new();
    let mut conditions = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('(') {
        kept.push_str(before);
        let (inside, after) = after.split_once(')').unwrap_or((after, ""));
        // "523(K)": brackets inside a word are part of it.
        let glued = before.ends_with(|c: char| c.is_alphanumeric());
        let lower = inside.trim().to_lowercase();
        let bare = lower.trim_start_matches('v');
        if glued {
            kept.push_str(inside);
        } else if lower.starts_with("all ")
            || bare.starts_with(|c: char| c.is_ascii_digit())
            || lower.starts_with("build ")
            || lower.ends_with("edition")
        {
            kept.push(' ');
            kept.push_str(inside);
            kept.push(' ');
        } else if !lower.trim_matches('(').is_empty() && !REGIONS.contains(&lower.as_str()) {
            conditions.push(inside.trim().to_owned());
        }
        rest = after;
    }
    kept.push_str(rest);
    (kept, conditions)
}

/// The words of the text; signs and separators are words of their own, a day written out is one.
fn words(text: &str) -> Vec<String> {
    let mut spaced = String::new();
    let mut before = ' ';
    for c in text.chars() {
        let sign_goes_on = matches!(before, '<' | '>') && c == '=';
        if matches!(c, '<' | '>' | '|' | ',' | ';' | '≤' | '≥' | '&')
            || (matches!(before, '<' | '>') && c != '=')
            || before == '='
        {
            spaced.push(' ');
        }
        if c == '=' && !sign_goes_on {
            spaced.push(' ');
        }
        spaced.push(c);
        if matches!(c, '|' | ',' | ';' | '≤' | '≥' | '&') {
            spaced.push(' ');
        }
        before = c;
    }
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut joined = Vec::new();
    let mut place = 0_usize;
    while let Some(word) = words.get(place) {
        match day_length(words.get(place..).unwrap_or_default()) {
            Some(length) => {
                let day = words.iter().skip(place).take(length).filter(|word| **word != ",").copied();
                joined.push(day.collect::<Vec<_>>().join(" "));
                place = place.saturating_add(length);
            }
            None => {
                joined.push((*word).to_owned());
                place = place.saturating_add(1);
            }
        }
    }
    joined
}

/// How many words a day written out takes: `April 1, 2018`.
fn day_length(words: &[&str]) -> Option<usize> {
    let is_number = |word: &&str| word.bytes().all(|b| b.is_ascii_digit());
    month(&words.first()?.to_lowercase())?;
    words.get(1).filter(|word| is_number(word))?;
    match (words.get(2), words.get(3)) {
        (Some(&","), Some(year)) if is_number(year) && year.len() == 4 => Some(4),
        (Some(year), _) if is_number(year) && year.len() == 4 => Some(3),
        _ => None,
    }
}

fn is_condition(lower: &str, before: &[Lexeme]) -> bool {
    let begun = before.iter().any(|lexeme| !matches!(lexeme, Lexeme::Separator));
    CONDITIONS.contains(&lower) && (begun || !matches!(lower, "model" | "running" | "using" | "on" | "for"))
}

/// Reads one lexeme at that place; how many words it took.
fn lexeme(words: &[String], place: usize, lower: &str, lexemes: &mut Vec<Lexeme>) -> usize {
    let rest = words.get(place..).unwrap_or_default();
    if let Some((phrase, meaning)) = PHRASES.iter().find(|(phrase, _)| begins(rest, phrase)) {
        lexemes.extend(meaning.clone());
        return phrase.len();
    }
    if let Some(length) = and_earlier_or_later(rest, lexemes) {
        return length;
    }
    match lower {
        "<" => lexemes.push(Lexeme::Below),
        "<=" | "≤" => lexemes.push(Lexeme::UpTo),
        ">" => lexemes.push(Lexeme::After),
        ">=" | "≥" | "from" | "since" | "between" => lexemes.push(Lexeme::From),
        "=" | "==" => {}
        "before" => lexemes.push(Lexeme::Below),
        "until" => lexemes.push(Lexeme::UpTo),
        "|" | "," | ";" | "&" | "and" | "or" | "/" => lexemes.push(Lexeme::Separator),
        "to" | "through" | "thru" | "-" | "–" | "—" => lexemes.push(through(lexemes)),
        "*" | "any" => lexemes.push(Lexeme::All),
        "all" => return all(rest, lexemes),
        lower if FILLERS.contains(&lower) || (lower == "model") => {}
        _ => return version(rest, lexemes),
    }
    1
}

fn begins(words: &[String], phrase: &[&str]) -> bool {
    words.len() >= phrase.len()
        && words.iter().zip(phrase).all(|(word, wanted)| word.eq_ignore_ascii_case(wanted))
}

/// `through 3.3.5` without a version before it is an upper end.
fn through(before: &[Lexeme]) -> Lexeme {
    match before.last() {
        Some(Lexeme::Version(_)) => Lexeme::Through,
        Some(Lexeme::All) | None => Lexeme::UpTo,
        _ => Lexeme::Separator,
    }
}

/// `all versions`, and `all` before a limit, which says nothing.
fn all(rest: &[String], lexemes: &mut Vec<Lexeme>) -> usize {
    let named = rest.iter().skip(1).take_while(|word| {
        let word = word.trim_end_matches(['.', ':']).to_lowercase();
        FILLERS.contains(&word.as_str()) || matches!(word.as_str(), "devices" | "products" | "model")
    });
    lexemes.push(Lexeme::All);
    named.count().saturating_add(1)
}

/// `and prior versions`, `or lower`, `and all earlier`, `and later`, after a version.
fn and_earlier_or_later(rest: &[String], lexemes: &mut Vec<Lexeme>) -> Option<usize> {
    if !matches!(lexemes.last(), Some(Lexeme::Version(_))) {
        return None;
    }
    let mut words = rest.iter().map(|word| word.to_lowercase()).peekable();
    let mut length = 0_usize;
    while let Some(word) = words.peek() {
        if matches!(word.as_str(), "and" | "or" | "&" | "all" | "any" | "," | "versions" | "version") {
            words.next();
            length = length.saturating_add(1);
        } else {
            break;
        }
    }
    let direction = match words.next()?.trim_end_matches('.') {
        "prior" | "earlier" | "previous" | "below" | "lower" | "older" | "before" | "under" => {
            Lexeme::AndEarlier
        }
        "later" | "newer" | "higher" | "above" | "greater" | "up" | "onwards" | "onward" | "after" => {
            Lexeme::AndLater
        }
        _ => return None,
    };
    // "3.0 and prior to 3.1" goes on.
    if words.peek().is_some_and(|word| matches!(word.as_str(), "to" | "than")) {
        return None;
    }
    length = length.saturating_add(1);
    while words.next_if(|word| FILLERS.contains(&word.as_str()) || word == "revisions").is_some() {
        length = length.saturating_add(1);
    }
    lexemes.push(direction);
    Some(length)
}

/// A version with the words that belong to it, or a word that is none.
fn version(rest: &[String], lexemes: &mut Vec<Lexeme>) -> usize {
    let Some(first) = rest.first() else { return 1 };
    if let Some((low, high)) = dash_range(first) {
        lexemes.extend([Lexeme::Version(low), Lexeme::Through, Lexeme::Version(high)]);
        return 1;
    }
    let first_bare = first.trim_end_matches(['.', ':']);
    let numbered = |word: &str| word.contains(|c: char| c.is_ascii_digit()) || word.ends_with(".x");
    // "LPI 3.5.12": a line's short name in capitals before its number.
    let named_line = rest.get(1).is_some_and(|next| next.starts_with(|c: char| c.is_ascii_digit()))
        && first.len() <= 4
        && first.bytes().all(|b| b.is_ascii_uppercase());
    if !numbered(first_bare) && !named_line {
        lexemes.push(Lexeme::Word(first.clone()));
        return 1;
    }
    if let Some(open) = first_bare.strip_suffix('+')
        && Version::new(open).is_some()
    {
        lexemes.extend([Lexeme::Version(open.to_owned()), Lexeme::AndLater]);
        return 1;
    }
    let mut text = first_bare.to_owned();
    let mut length = 1_usize;
    if named_line && !numbered(first_bare) {
        append(&mut text, rest.get(1));
        length = 2;
    }
    while let Some(next) = rest.get(length) {
        let letters: String =
            next.chars().take_while(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
        let after = text.rsplit(' ').next().unwrap_or_default().to_lowercase();
        let number_of_qualifier = QUALIFIERS.contains(&after.as_str()) && numbered(next);
        if !QUALIFIERS.contains(&letters.as_str()) && !number_of_qualifier {
            break;
        }
        append(&mut text, Some(next));
        length = length.saturating_add(1);
    }
    lexemes.push(Lexeme::Version(text));
    length
}

fn append(text: &mut String, word: Option<&String>) {
    if let Some(word) = word {
        text.push(' ');
        text.push_str(word);
    }
}

/// `7.00-7.04`: both sides dotted numbers. `2018-1` and `1.00-06` are versions, not ranges.
fn dash_range(word: &str) -> Option<(String, String)> {
    let (low, high) = word.split_once('-')?;
    let dotted = |text: &str| {
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        text.contains('.')
            && text.chars().all(|c| c.is_ascii_digit() || c == '.')
            && text.starts_with(|c: char| c.is_ascii_digit())
    };
    (dotted(low) && dotted(high)).then(|| (low.to_owned(), high.to_owned()))
}
