//! STIX patterns (STIX 2.1, clause 9): whether one parses, and where it does not.
//!
//! Limits: [`DEPTH_MAX`]; a pattern is read once from its beginning to its end.

use std::iter::Peekable;
use std::str::CharIndices;

/// Parentheses within each other.
const DEPTH_MAX: usize = 64;

/// A word of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    /// A name, a keyword, a number, as written.
    Name(String),
    /// A text in quotes; `t`, `h` or `b` before it where it is a time, hexadecimal or base64.
    Text(Option<char>),
    /// A sign.
    Sign(&'static str),
}

const SIGNS: [&str; 16] =
    ["==", "!=", "<>", "<=", ">=", "[", "]", "(", ")", ":", ".", ",", "=", "<", ">", "*"];
const COMPARE: [&str; 8] = ["=", "==", "!=", "<>", "<", "<=", ">", ">="];
const BY_WORD: [&str; 5] = ["IN", "LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"];

/// Why a pattern is none, and at which character, from 1.
pub(super) fn fault(pattern: &str) -> Option<(usize, &'static str)> {
    let words = match words(pattern) {
        Ok(words) => words,
        Err(fault) => return Some(fault),
    };
    let mut reader = Reader { words: &words, next: 0 };
    let end = pattern.chars().count().saturating_add(1);
    let place = |reader: &Reader<'_>| reader.words.get(reader.next).map_or(end, |(at, _)| *at);
    match reader.observations(0) {
        Err(why) => Some((place(&reader), why)),
        Ok(()) if reader.next < words.len() => {
            Some((place(&reader), "something follows the end of the pattern"))
        }
        Ok(()) => None,
    }
}

fn words(pattern: &str) -> Result<Vec<(usize, Word)>, (usize, &'static str)> {
    let mut words = Vec::new();
    let mut letters = pattern.char_indices().peekable();
    let mut number = 0_usize;
    let mut last = 0_usize;
    while let Some((at, letter)) = letters.peek().copied() {
        number = number.saturating_add(pattern.get(last..at).map_or(0, |text| text.chars().count()));
        last = at;
        let place = number.saturating_add(1);
        if letter.is_whitespace() {
            letters.next();
        } else if letter == '\'' {
            letters.next();
            quoted(&mut letters).ok_or((place, "the text that begins here does not end"))?;
            words.push((place, Word::Text(None)));
        } else if letter.is_alphanumeric() || matches!(letter, '_' | '-' | '+') {
            let mut name = String::new();
            while let Some((_, next)) =
                letters.next_if(|(_, c)| c.is_alphanumeric() || matches!(c, '_' | '-' | '+'))
            {
                name.push(next);
            }
            let kind = name.chars().next().filter(|c| name.len() == 1 && matches!(c, 't' | 'h' | 'b'));
            if kind.is_some() && letters.next_if(|(_, c)| *c == '\'').is_some() {
                quoted(&mut letters).ok_or((place, "the text that begins here does not end"))?;
                words.push((place, Word::Text(kind)));
            } else {
                words.push((place, Word::Name(name)));
            }
        } else {
            let rest = pattern.get(at..).unwrap_or_default();
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let sign = sign.ok_or((place, "no sign that patterns have"))?;
            for _ in sign.chars() {
                letters.next();
            }
            words.push((place, Word::Sign(sign)));
        }
    }
    Ok(words)
}

/// Passes a text in quotes to its end.
fn quoted(letters: &mut Peekable<CharIndices<'_>>) -> Option<()> {
    loop {
        match letters.next()?.1 {
            '\\' => {
                letters.next();
            }
            '\'' => return Some(()),
            _ => {}
        }
    }
}

struct Reader<'w> {
    words: &'w [(usize, Word)],
    next: usize,
}

type Read = Result<(), &'static str>;

impl Reader<'_> {
    fn peek(&self) -> Option<&Word> {
        self.words.get(self.next).map(|(_, word)| word)
    }

    fn take(&mut self, wanted: impl Fn(&Word) -> bool) -> bool {
        let taken = self.peek().is_some_and(wanted);
        self.next = self.next.saturating_add(usize::from(taken));
        taken
    }

    fn sign(&mut self, sign: &str) -> bool {
        self.take(|word| matches!(word, Word::Sign(own) if *own == sign))
    }

    fn name(&mut self, names: &[&str]) -> bool {
        self.take(|word| matches!(word, Word::Name(own) if names.contains(&own.as_str())))
    }

    fn any_name(&mut self) -> bool {
        self.take(|word| matches!(word, Word::Name(_)))
    }

    /// Observations joined by AND, OR, FOLLOWEDBY.
    fn observations(&mut self, depth: usize) -> Read {
        loop {
            self.observation(depth)?;
            if !self.name(&["AND", "OR", "FOLLOWEDBY"]) {
                return Ok(());
            }
        }
    }

    fn observation(&mut self, depth: usize) -> Read {
        if depth >= DEPTH_MAX {
            return Err("parentheses lie more than 64 deep in each other");
        }
        let deeper = depth.saturating_add(1);
        if self.sign("(") {
            self.observations(deeper)?;
            if !self.sign(")") {
                return Err("a closing parenthesis should be here");
            }
        } else if self.sign("[") {
            self.comparisons(deeper)?;
            if !self.sign("]") {
                return Err("the observation should end here with ]");
            }
        } else {
            return Err("an observation in brackets should be here");
        }
        self.qualifiers()
    }

    fn qualifiers(&mut self) -> Read {
        loop {
            let right = if self.name(&["REPEATS"]) {
                self.any_name() && self.name(&["TIMES"])
            } else if self.name(&["WITHIN"]) {
                self.number() && self.name(&["SECONDS"])
            } else if self.name(&["START"]) {
                self.time() && self.name(&["STOP"]) && self.time()
            } else {
                return Ok(());
            };
            if !right {
                return Err("a qualifier is REPEATS n TIMES, WITHIN n SECONDS or START t'…' STOP t'…'");
            }
        }
    }

    fn number(&mut self) -> bool {
        let digits = self.take(|word| {
            matches!(word, Word::Name(own) if own.trim_start_matches(['-', '+']).starts_with(|c: char| c.is_ascii_digit()))
        });
        digits && (!self.sign(".") || self.any_name())
    }

    fn time(&mut self) -> bool {
        self.take(|word| matches!(word, Word::Text(Some('t') | None)))
    }

    /// Comparisons joined by AND and OR.
    fn comparisons(&mut self, depth: usize) -> Read {
        loop {
            self.comparison(depth)?;
            if !self.name(&["AND", "OR"]) {
                return Ok(());
            }
        }
    }

    fn comparison(&mut self, depth: usize) -> Read {
        if depth >= DEPTH_MAX {
            return Err("parentheses lie more than 64 deep in each other");
        }
        if self.sign("(") {
            self.comparisons(depth.saturating_add(1))?;
            return if self.sign(")") { Ok(()) } else { Err("a closing parenthesis should be here") };
        }
        let exists = self.name(&["EXISTS"]);
        if !exists {
            self.name(&["NOT"]);
        }
        self.path()?;
        if exists {
            return Ok(());
        }
        self.name(&["NOT"]);
        if self.name(&["IN"]) {
            return self.set();
        }
        let compared = self.take(|word| matches!(word, Word::Sign(sign) if COMPARE.contains(sign)))
            || self.name(&BY_WORD);
        if !compared {
            return Err("a comparison (=, !=, <, IN, LIKE, MATCHES…) should be here");
        }
        self.literal()
    }

    /// `file:hashes.'SHA-256'`, `process:opened_connection_refs[*].dst_port`.
    fn path(&mut self) -> Read {
        const WHY: &str = "a path of an object (type:property) should be here";
        if !self.any_name() || !self.sign(":") || !self.step() {
            return Err(WHY);
        }
        loop {
            if self.sign(".") {
                if !self.step() {
                    return Err(WHY);
                }
            } else if self.sign("[") {
                if !(self.sign("*") || self.any_name()) || !self.sign("]") {
                    return Err("a place in a list is [number] or [*]");
                }
            } else {
                return Ok(());
            }
        }
    }

    fn step(&mut self) -> bool {
        self.take(|word| matches!(word, Word::Name(_) | Word::Text(None)))
    }

    fn set(&mut self) -> Read {
        if !self.sign("(") {
            return Err("a set in parentheses should follow IN");
        }
        loop {
            self.literal()?;
            if self.sign(")") {
                return Ok(());
            }
            if !self.sign(",") {
                return Err("a comma or the end of the set should be here");
            }
        }
    }

    fn literal(&mut self) -> Read {
        let text = self.take(|word| matches!(word, Word::Text(_)));
        if text || self.name(&["true", "false"]) || self.number() {
            Ok(())
        } else {
            Err("a value (text in single quotes, number, true, false) should be here")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn patterns_parse_or_say_where_they_do_not() {
        for right in [
            "[ipv4-addr:value = '198.51.100.1/32']",
            "[file:hashes.'SHA-256' = 'ab\\'c' AND (file:size > 1.5 OR NOT file:name LIKE 'x%')]",
            "([a:b = 1] AND [a:c IN ('x', 'y')]) FOLLOWEDBY [a:d[*].e ISSUBSET '1.2.3.0/24'] WITHIN 600 SECONDS",
            "[a:b = t'2024-01-01T00:00:00Z'] START t'2024-01-01T00:00:00Z' STOP t'2024-02-01T00:00:00Z'",
            "[EXISTS network-traffic:dst_port AND x-own:y NOT MATCHES '^a$'] REPEATS 5 TIMES",
        ] {
            assert_eq!(fault(right), None, "{right}");
        }
        for (wrong, at) in [
            ("", 1),
            ("[a:b = 'x'", 11),
            ("[a:b 'x']", 6),
            ("[a = 'x']", 4),
            ("[a:b = x]", 8),
            ("[a:b = 'x]", 8),
            ("[a:b = 1] [a:b = 2]", 11),
            ("[a:b = 1] WITHIN 5", 19),
            ("[é:b = ;]", 8),
        ] {
            assert_eq!(fault(wrong).map(|(at, _)| at), Some(at), "{wrong}");
        }
        assert!(fault(&"(".repeat(10_000)).is_some());
    }
}
