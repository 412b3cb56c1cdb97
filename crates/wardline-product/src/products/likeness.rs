//! How alike two products' names are, and why: a hint for a person, never a match.
//!
//! Two names are alike when the distinguishing words of one are among those of the other, or differ by one letter of
//! a long word. Words that only say what kind of thing it is (pump, monitor, software) do not distinguish. Numbers
//! and model numbers must be the same on both sides, or be told on one side only: `Alaris 8000` is not `Alaris 8015`.

/// How alike, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Likeness {
    /// From 0 to below 1.
    pub score: f64,
    /// Why, in words.
    pub why: String,
}

/// Words of kind.
const KINDS: &[&str] = &[
    "a",
    "and",
    "app",
    "application",
    "control",
    "controller",
    "device",
    "family",
    "for",
    "infusion",
    "machine",
    "medical",
    "model",
    "module",
    "monitor",
    "monitoring",
    "of",
    "patient",
    "platform",
    "program",
    "pump",
    "pumps",
    "series",
    "server",
    "software",
    "station",
    "system",
    "systems",
    "the",
    "tool",
    "unit",
    "version",
    "with",
    "workstation",
    "firmware",
];

/// Shortest word in which one letter may differ.
const TYPO_LETTERS_MIN: usize = 6;

/// Compares two keys of the same maker; nothing when they are not alike. Both are names in the form that keys have.
#[must_use]
pub fn likeness(a: &str, b: &str) -> Option<Likeness> {
    let (maker_a, name_a) = a.split_once('|')?;
    let (maker_b, name_b) = b.split_once('|')?;
    if maker_a != maker_b || name_a == name_b {
        return None;
    }
    let (a, b) = (words(name_a), words(name_b));
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let numbers = |all: &[String]| all.iter().filter(|word| has_digit(word)).cloned().collect::<Vec<_>>();
    let (numbers_a, numbers_b) = (numbers(&a), numbers(&b));
    if !numbers_a.is_empty() && !numbers_b.is_empty() && numbers_a != numbers_b {
        return None;
    }
    let shared: Vec<&str> = a.iter().filter(|word| b.contains(word)).map(String::as_str).collect();
    let (more, fewer) = (a.len().max(b.len()), a.len().min(b.len()));
    if shared.len() == fewer && shared.iter().any(|word| !has_digit(word)) {
        let differ: Vec<&str> =
            a.iter().chain(&b).filter(|word| !shared.contains(&word.as_str())).map(String::as_str).collect();
        let share = f64::from(u32::try_from(fewer).ok()?) / f64::from(u32::try_from(more).ok()?);
        let rest = if differ.is_empty() {
            "only words of kind differ".to_owned()
        } else {
            format!("one of them adds {}", differ.join(", "))
        };
        return Some(Likeness {
            score: 0.4 + 0.4 * share,
            why: format!("both say {}; {rest}", shared.join(", ")),
        });
    }
    one_letter(&a, &b)
}

fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> =
        name.split(' ').filter(|word| !word.is_empty() && !KINDS.contains(word)).map(str::to_owned).collect();
    words.sort();
    words.dedup();
    words
}

fn has_digit(word: &str) -> bool {
    word.contains(|c: char| c.is_ascii_digit())
}

/// One letter of one long word differs, all else is equal.
fn one_letter(a: &[String], b: &[String]) -> Option<Likeness> {
    let only = |these: &[String], those: &[String]| -> Option<String> {
        let mut rest = these.iter().filter(|word| !those.contains(word));
        rest.next().filter(|_| rest.next().is_none()).cloned()
    };
    let (x, y) = (only(a, b)?, only(b, a)?);
    let long =
        x.chars().count().min(y.chars().count()) >= TYPO_LETTERS_MIN && !has_digit(&x) && !has_digit(&y);
    (long && within_one_edit(&x, &y))
        .then(|| Likeness { score: 0.7, why: format!("{x} and {y} differ in one letter") })
}

fn within_one_edit(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let start = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let longer = a.len().max(b.len());
    longer - a.len().min(b.len()) <= 1 && start + end + 1 >= longer
}
