//! Text: files fit, nothing is silenced or left for later, the project speaks of itself alone.

use super::Tree;

/// Longest source file. Past 500 lines look for the seam; past this there is one.
const LINES_MAX: usize = 800;

/// Needles of [`shape`], split so that this file does not hold them.
const SILENCED: &[(&str, &str)] = &[
    (concat!("#[al", "low("), "use #[expect(…, reason)]"),
    (concat!("#![al", "low("), "use #![expect(…, reason)]"),
    (concat!("to", "do!("), "nothing is left for later"),
    (concat!("unimple", "mented!("), "nothing is left for later"),
    (concat!("#[ig", "nore"), "a test runs, or says SKIPPED and why"),
];

/// Words that have no place in the text, with the reason.
const WORDS: &[(&str, &str)] = &[
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("/ro", "ot/"), "a path of one machine"),
    (concat!("/ho", "me/"), "a path of one machine"),
    (concat!("index", "-url"), "a package registry of one machine"),
    (concat!("replace", "-with"), "a package registry of one machine"),
    (concat!("arti", "factory"), "a package registry of one machine"),
    (concat!("language", " model"), "the project speaks of itself alone"),
    (concat!("coding", " agent"), "the project speaks of itself alone"),
    (concat!("sub", "agent"), "the project speaks of itself alone"),
    (concat!("a.i. ", "assist"), "the project speaks of itself alone"),
    (concat!("ai ", "assist"), "the project speaks of itself alone"),
    (concat!("this ses", "sion's "), "the project speaks of itself alone"),
    (concat!("previous ses", "sion of the project"), "the project speaks of itself alone"),
    (concat!("co-author", "ed-by"), "the project speaks of itself alone"),
];

/// The one file that may ask for the exception (decision 0012), and the word for it.
const UNSAFE: (&str, &str) = ("crates/wardline-capture/src/sys.rs", concat!("unsafe", "_code"));

fn source(name: &str) -> bool {
    ["rs", "md", "sh", "py", "css", "js", "toml"].iter().any(|end| {
        name.strip_suffix(end).is_some_and(|stem| stem.ends_with('.')) && !name.starts_with("data/")
    })
}

/// Length, silenced lints, skipped tests, notes to self.
pub(super) fn shape(tree: &Tree) -> Vec<String> {
    let mut breaches = Vec::new();
    for (name, text) in tree.iter().filter(|(name, _)| source(name)) {
        let lines = text.lines().count();
        if lines > LINES_MAX {
            breaches.push(format!("{name}: {lines} lines, {LINES_MAX} at most"));
        }
        for (number, line) in text.lines().enumerate() {
            let place = format!("{name}:{}", number + 1);
            for (needle, instead) in SILENCED.iter().filter(|_| name.ends_with(".rs")) {
                if line.contains(needle) {
                    breaches.push(format!("{place}: `{needle}`: {instead}"));
                }
            }
            if name.ends_with(".rs") && name != UNSAFE.0 && line.contains(UNSAFE.1) {
                breaches.push(format!(
                    "{place}: `{}`: only {} may ask for it (decision 0012)",
                    UNSAFE.1, UNSAFE.0
                ));
            }
            if name.ends_with(".rs") && later(line) {
                breaches.push(format!("{place}: a note for later names its issue, as in `(#12)`"));
            }
        }
    }
    breaches
}

/// A note for later without an issue behind it.
fn later(line: &str) -> bool {
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")].iter().any(|word| {
        line.split_once(word).is_some_and(|(_, rest)| {
            let issue = rest.strip_prefix("(#").and_then(|rest| rest.split_once(')'));
            !issue.is_some_and(|(digits, _)| digits.bytes().all(|byte| byte.is_ascii_digit()))
        })
    })
}

/// Machine paths, private registries, talk about how the text came to be.
pub(super) fn words(tree: &Tree) -> Vec<String> {
    let mut breaches = Vec::new();
    for (name, text) in tree.iter().filter(|(name, _)| !name.ends_with("Cargo.lock")) {
        for (number, line) in text.lines().enumerate() {
            let lower = line.to_lowercase();
            for (word, reason) in WORDS {
                if lower.match_indices(word).any(|(at, _)| begins(&lower, at, word)) {
                    breaches.push(format!("{name}:{}: `{word}`: {reason}", number + 1));
                }
            }
        }
    }
    breaches
}

/// Whether a word stands on its own: a path of a machine begins at its slash, a part of a URL does not.
fn begins(line: &str, at: usize, word: &str) -> bool {
    let before = line.split_at(at).0.chars().next_back();
    let glued = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | '~');
    !before.is_some_and(|c| glued(c) && (word.starts_with('/') || c.is_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_a_breach_and_long_data_is_not() {
        let long = "x\n".repeat(LINES_MAX + 1);
        assert_eq!(shape(&Tree::of(&[("a.rs", &long)])).len(), 1);
        assert!(shape(&Tree::of(&[("data/a.toml", &long)])).is_empty());
    }

    #[test]
    fn each_silencer_is_a_breach() {
        for (needle, _) in SILENCED {
            assert_eq!(shape(&Tree::of(&[("a.rs", needle)])).len(), 1, "{needle}");
        }
    }

    #[test]
    fn one_file_may_ask_for_the_unsafe_and_no_other() {
        let asks = format!("#![expect({}, reason = \"x\")]", UNSAFE.1);
        assert!(shape(&Tree::of(&[(UNSAFE.0, &asks)])).is_empty());
        assert_eq!(shape(&Tree::of(&[("crates/a/src/sys.rs", &asks)])).len(), 1);
    }

    #[test]
    fn a_note_for_later_needs_its_issue() {
        let word = concat!("TO", "DO");
        assert!(later(&format!("// {word}: someday")));
        assert!(!later(&format!("// {word}(#12): until then")));
    }

    #[test]
    fn each_word_is_a_breach_alone_and_not_inside_another() {
        for (word, _) in WORDS {
            assert_eq!(words(&Tree::of(&[("a.md", &format!("see {word}x"))])).len(), 1, "{word}");
        }
        assert!(words(&Tree::of(&[("a.md", concat!("https://example.org/wo", "rk/"))])).is_empty());
    }
}
