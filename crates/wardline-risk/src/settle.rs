//! Several sources on one vulnerability of one device: which one counts, and by which rule.
//!
//! The rule: the nearest source to the product that settles the question counts (the maker, then the coordinator who
//! passes on its words, then whoever numbered the vulnerability, then CISA's additions, then the NVD); of two as near,
//! the newer. A source that leaves the question open does not overrule one that settles it. Where a source that is not
//! the maker's or the coordinator's says the device is free of it and another says it is not, nobody's word is taken:
//! it is possible, and a person decides.

use crate::judge::Said;
use crate::record::{Source, Verdict};

/// One source's word.
#[derive(Clone, Debug)]
pub struct Word {
    /// The record's own identifier.
    pub advisory: String,
    /// Who speaks.
    pub source: Source,
    /// When it was last changed.
    pub updated: Option<String>,
    /// What it says.
    pub said: Said,
}

/// The outcome.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The verdict.
    pub verdict: Verdict,
    /// The chain of reasons, in order.
    pub reasons: Vec<String>,
}

/// Settles what the sources say. The list is not empty.
#[must_use]
pub fn settle(words: &mut [Word]) -> Option<Settled> {
    words.sort_by(|a, b| {
        let newest_first = b.updated.cmp(&a.updated);
        a.source.cmp(&b.source).then(newest_first).then_with(|| a.advisory.cmp(&b.advisory))
    });
    let words = &*words;
    let first = words.first()?;
    let winner = words.iter().find(|word| word.said.verdict.is_definite());
    let strongest = words.iter().min_by_key(|word| open_rank(word.said.verdict)).unwrap_or(first);
    let winner = winner.unwrap_or(strongest);
    let mut reasons: Vec<String> =
        winner.said.reasons.iter().map(|reason| format!("{}: {reason}", winner.advisory)).collect();
    let others: Vec<&Word> = words.iter().filter(|word| word.said.verdict != winner.said.verdict).collect();
    if others.is_empty() {
        return Some(Settled { verdict: winner.said.verdict, reasons });
    }
    let free = matches!(winner.said.verdict, Verdict::Fixed | Verdict::NotAffected);
    let against = others.iter().find(|word| word.said.verdict == Verdict::Affected);
    let heard = matches!(winner.source, Source::Maker | Source::Coordinator);
    if let (true, false, Some(against)) = (free, heard, against) {
        reasons.extend(against.said.reasons.iter().map(|reason| format!("{}: {reason}", against.advisory)));
        reasons.push(format!(
            "{} says {}, {} says affected, and neither speaks for the maker: a person has to decide",
            winner.advisory,
            winner.said.verdict.as_str(),
            against.advisory
        ));
        return Some(Settled { verdict: Verdict::Possible, reasons });
    }
    let told: Vec<String> =
        others.iter().map(|word| format!("{} says {}", word.advisory, word.said.verdict.as_str())).collect();
    let rule = if winner.said.verdict.is_definite() {
        format!(
            "{} counts: it is the nearest to the product that settles the question",
            winner.source.words()
        )
    } else {
        "no source settles the question: the most worrying word is kept".to_owned()
    };
    reasons.push(format!("{}; {rule}", told.join(", ")));
    Some(Settled { verdict: winner.said.verdict, reasons })
}

const fn open_rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Affected => 0,
        Verdict::Possible => 1,
        Verdict::UnderInvestigation => 2,
        Verdict::Fixed | Verdict::NotAffected => 3,
        Verdict::Unknown => 4,
    }
}
