//! What one record says of one device.
//!
//! In: a statement and the device. Out: a verdict with its reasons in order, or nothing when the record does not speak
//! of the product. A version outside what is listed is free of the vulnerability only where the source's words say
//! so (`prior to 2.0`, a default status, a fix they name); otherwise it is unknown. Where the two halves of an advisory
//! contradict each other (`<= 3.01` beside "3.02 and prior") a version between them is possible, and it is said.

use crate::record::{Case, Claim, Otherwise, Statement, Verdict};
use crate::subject::Subject;
use std::cmp::Ordering;
use wardline_product::{Applies, Bound, Membership, Products, Reading, Scheme, Span, Truth, Version};

/// What a record says of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in order.
    pub reasons: Vec<String>,
    /// Versions said to be free of it.
    pub fixed_in: Vec<String>,
}

/// Judges a device by a statement.
#[must_use]
pub fn judge(statement: &Statement, subject: &Subject) -> Option<Said> {
    let by_formula = statement.formula.as_ref().and_then(|formula| {
        let applied = formula.apply(subject);
        applied.concerned.then(|| {
            let verdict = match applied.truth {
                Truth::True => Verdict::Affected,
                Truth::Unknown => Verdict::Possible,
                Truth::False => Verdict::NotAffected,
            };
            Said { verdict, reasons: applied.reasons, fixed_in: applied.fixed_in }
        })
    });
    let own = statement.claims.iter().filter(|claim| claim.is_of(subject));
    let by_claims = own.map(|claim| by_claim(claim, subject));
    by_claims.chain(by_formula).reduce(together)
}

/// Several claims of one record on one product: what names the version beats what takes it in, and that beats
/// silence.
fn together(a: Said, b: Said) -> Said {
    let (mut first, second) = if rank(b.verdict) < rank(a.verdict) { (b, a) } else { (a, b) };
    if first.verdict == second.verdict {
        for reason in second.reasons {
            if !first.reasons.contains(&reason) {
                first.reasons.push(reason);
            }
        }
    }
    for version in second.fixed_in {
        if !first.fixed_in.contains(&version) {
            first.fixed_in.push(version);
        }
    }
    first
}

const fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Affected => 0,
        Verdict::UnderInvestigation => 1,
        Verdict::Possible => 2,
        Verdict::Fixed => 3,
        Verdict::NotAffected => 4,
        Verdict::Unknown => 5,
    }
}

impl Claim {
    /// Whether it speaks of the subject's product.
    pub(crate) fn is_of(&self, subject: &Subject) -> bool {
        self.keys.iter().any(|key| **key == *subject.key)
    }
}

fn by_claim(claim: &Claim, subject: &Subject) -> Said {
    let fixed_in: Vec<String> =
        claim.treatments.iter().flat_map(|treatment| treatment.fixed_in.clone()).collect();
    let (mut verdict, mut reasons) = match &subject.version {
        Some(version) => by_version(claim, version, subject.scheme, &fixed_in),
        None => without_version(claim),
    };
    if !claim.platforms.is_empty() && matches!(verdict, Verdict::Affected | Verdict::Possible) {
        let there = Truth::all(
            claim.platforms.iter().map(|platform| subject.has_named(&platform.name, &platform.applies)),
        );
        let names: Vec<&str> = claim.platforms.iter().map(|platform| platform.name.as_str()).collect();
        let names = names.join(" and ");
        match there {
            Truth::True => reasons.push(format!("it runs on {names}, as the advisory requires")),
            Truth::Unknown => {
                verdict = Verdict::Possible;
                reasons.push(format!("only on {names}, and nobody stated whether that is there"));
            }
            Truth::False => {
                verdict = Verdict::NotAffected;
                reasons.push(format!("only on {names}, and something else was stated to be there"));
            }
        }
    }
    Said { verdict, reasons, fixed_in }
}

fn without_version(claim: &Claim) -> (Verdict, Vec<String>) {
    if let Some(case) = claim.cases.iter().find(|case| case.applies.is_all()) {
        return (case.verdict, vec![format!("every version is {}", words(case.verdict))]);
    }
    let worst = claim.cases.iter().map(|case| case.verdict).min_by_key(|verdict| rank(*verdict));
    match worst {
        Some(Verdict::Affected | Verdict::Possible) => {
            let spans: Vec<String> =
                claim.cases.iter().filter(|case| case.verdict == Verdict::Affected).map(spans_text).collect();
            (Verdict::Possible, vec![format!("the version is not known; affected is {}", spans.join(", "))])
        }
        Some(Verdict::UnderInvestigation) => {
            (Verdict::UnderInvestigation, vec!["the source is still looking".to_owned()])
        }
        _ => match claim.otherwise {
            Otherwise::Said(verdict @ (Verdict::Affected | Verdict::UnderInvestigation)) => (
                if claim.cases.is_empty() { verdict } else { Verdict::Possible },
                vec!["the version is not known".to_owned()],
            ),
            Otherwise::Said(verdict) if claim.cases.is_empty() => {
                (verdict, vec![format!("every version is {}", words(verdict))])
            }
            _ => (Verdict::Unknown, vec!["the version is not known".to_owned()]),
        },
    }
}

fn spans_text(case: &Case) -> String {
    let mut text: Vec<String> = case.applies.spans.iter().map(ToString::to_string).collect();
    text.extend(case.applies.unread.iter().map(|word| format!("“{word}”")));
    text.join(" or ")
}

fn by_version(
    claim: &Claim,
    version: &Version,
    scheme: Scheme,
    fixed_in: &[String],
) -> (Verdict, Vec<String>) {
    let held: Vec<(&Case, Membership)> =
        claim.cases.iter().map(|case| (case, case.holds(version, scheme))).collect();
    let named =
        held.iter().filter(|(_, found)| found.truth == Truth::True).min_by_key(|(case, _)| exactness(case));
    if let Some((case, found)) = named {
        return (case.verdict, vec![format!("{}, and {}", found.why, words(case.verdict))]);
    }
    let doubtful = held
        .iter()
        .filter(|(_, found)| found.truth == Truth::Unknown)
        .min_by_key(|(case, _)| rank(case.verdict));
    if let Some((case, found)) = doubtful {
        if let Some(fix) = fixed_in.iter().find(|fix| settles(fix, case, version, scheme)) {
            let why = format!("{}; the advisory names {fix} as the fix", found.why);
            return (Verdict::Fixed, vec![why]);
        }
        let verdict = match case.verdict {
            Verdict::Affected | Verdict::Possible => Verdict::Possible,
            Verdict::UnderInvestigation => Verdict::UnderInvestigation,
            _ => Verdict::Unknown,
        };
        return (verdict, vec![found.why.clone()]);
    }
    let outside: Vec<String> = held.iter().map(|(_, found)| found.why.clone()).collect();
    outside_of(claim, version, scheme, fixed_in, outside)
}

/// Whether a fix ends a doubt about the line of a version: it is of that line, the version is not before it, and
/// nothing but the version was open.
fn settles(fix: &str, case: &Case, version: &Version, scheme: Scheme) -> bool {
    let Some(fix) = Version::new(fix) else { return false };
    let of_line = |span: &Span| match span {
        Span::One(end) | Span::Range { high: Some(Bound { version: end, .. }), .. } => {
            fix.extends(end) && version.extends(end)
        }
        _ => false,
    };
    let open = |span: &Span| span.holds(version, scheme, Reading::Exact) != Truth::False;
    case.words.is_none()
        && case.applies.conditions.is_empty()
        && case.applies.unread.is_empty()
        && case.applies.spans.iter().any(of_line)
        && !case.applies.spans.iter().any(open)
        && matches!(version.compare(&fix, scheme), Some(Ordering::Greater | Ordering::Equal))
}

/// What is said of a version that no case names.
fn outside_of(
    claim: &Claim,
    version: &Version,
    scheme: Scheme,
    fixed_in: &[String],
    mut why: Vec<String>,
) -> (Verdict, Vec<String>) {
    if let Otherwise::Said(verdict) = claim.otherwise {
        why.push(format!("of every other version the source says: {}", words(verdict)));
        return (verdict, why);
    }
    let at_or_after = |text: &str| {
        Version::new(text).is_some_and(|fix| {
            matches!(version.compare(&fix, scheme), Some(Ordering::Greater | Ordering::Equal))
        })
    };
    if let Some(fix) = fixed_in.iter().find(|fix| at_or_after(fix)) {
        why.push(format!("the advisory names {fix} as the fix"));
        return (Verdict::Fixed, why);
    }
    let ends = claim
        .cases
        .iter()
        .filter(|case| case.verdict == Verdict::Affected)
        .flat_map(|case| &case.applies.spans);
    for span in ends {
        if let Span::Range { high: Some(end), .. } = span
            && !end.inclusive
            && at_or_after(end.version.text())
        {
            why.push(format!("the advisory's words end before {}", end.version));
            return (Verdict::NotAffected, why);
        }
    }
    why.push("the advisory does not say that other versions are free of it".to_owned());
    (Verdict::Unknown, why)
}

/// Smaller is more exact: what names the version, then ranges, then everything; of equals what says it is there.
fn exactness(case: &Case) -> (u8, u8) {
    let span = case.applies.spans.iter().map(|span| match span {
        Span::One(_) => 0,
        Span::Range { .. } => 1,
        Span::All => 2,
    });
    (span.max().unwrap_or(2), rank(case.verdict))
}

impl Case {
    /// Versions of one status.
    #[must_use]
    pub fn new(applies: Applies, verdict: Verdict) -> Self {
        Self { applies, words: None, verdict, semantic: false }
    }

    /// Whether the version is meant: both halves of the advisory must say so.
    fn holds(&self, version: &Version, scheme: Scheme) -> Membership {
        let scheme = if self.semantic && scheme == Scheme::Dotted { Scheme::Semantic } else { scheme };
        let found = self.applies.holds(version, scheme);
        let Some(words) = &self.words else { return found };
        let told = words.holds(version, scheme);
        if told.truth == found.truth {
            return found;
        }
        let why = format!(
            "the advisory contradicts itself: by its product tree {}, by its words {}",
            found.why, told.why
        );
        Membership { truth: Truth::Unknown, why }
    }

    /// Whether every word was understood, nothing is conditional, and both halves say the same.
    #[must_use]
    pub fn contradiction(&self) -> Option<String> {
        let words = self.words.as_ref()?;
        let text =
            |applies: &Applies| applies.spans.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        Some(format!("{} / {}", text(&self.applies), text(words)))
    }
}

/// A verdict in a sentence.
const fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Affected => "affected",
        Verdict::Possible => "possibly affected",
        Verdict::UnderInvestigation => "under investigation",
        Verdict::Unknown => "not told",
        Verdict::Fixed => "fixed",
        Verdict::NotAffected => "not affected",
    }
}

/// The key of a CPE name's product.
#[must_use]
pub fn cpe_key(cpe: &str, products: &Products) -> Option<String> {
    let cpe = wardline_product::Cpe::read(cpe).ok()?;
    products.resolve_cpe(&cpe).map(|resolved| resolved.key)
}
