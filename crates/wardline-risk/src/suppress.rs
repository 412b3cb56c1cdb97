//! A site's own statement that a vulnerability does not count here, in the manner of VEX.
//!
//! In: who says so and why, for which vulnerability, product and versions, until when. Out: the finding settled by
//! that statement, its own verdict kept beside it. A version outside the scope or a passed day brings it back: silence
//! never spreads. Statements live in the site's store, so no feed and no new revision of a record touches them.

use crate::knowledge::Matched;
use crate::subject::Subject;
use wardline_product::{Applies, Products, Truth};

/// The justifications of OpenVEX 0.2.0 (status justifications), which are CISA's.
pub const JUSTIFICATIONS: [&str; 5] = [
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
];

/// A statement of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Its id.
    pub id: String,
    /// The vulnerability.
    pub vulnerability: String,
    /// The vendor, as any of its names.
    pub vendor: String,
    /// The product, as any of its names.
    pub product: String,
    /// The versions it was written for.
    pub versions: Applies,
    /// Who says so.
    pub author: String,
    /// Why: one of [`JUSTIFICATIONS`].
    pub justification: String,
    /// Why, in words.
    pub reason: String,
    /// The last day it holds, RFC 3339 date; for ever where absent.
    pub until: Option<String>,
    /// Today, RFC 3339 date, by the caller's clock.
    pub today: String,
}

/// Settles a finding by the first statement that speaks of it.
pub(crate) fn apply(
    mut matched: Matched,
    subject: &Subject,
    products: &Products,
    all: &[Suppression],
) -> Matched {
    let own = all.iter().filter(|one| {
        one.vulnerability == matched.id && products.key(&one.vendor, &one.product) == subject.key
    });
    for one in own {
        match one.holds(subject) {
            Ok(()) => {
                matched
                    .reasons
                    .push(format!("{} settled it: {} ({})", one.author, one.reason, one.justification));
                matched.suppressed = Some(one.clone());
                return matched;
            }
            Err(why) => matched.reasons.push(format!("a statement of {} no longer holds: {why}", one.author)),
        }
    }
    matched
}

impl Suppression {
    fn holds(&self, subject: &Subject) -> Result<(), String> {
        if let Some(until) = self.until.as_ref().filter(|until| **until < self.today) {
            return Err(format!("it ended on {until}"));
        }
        match &subject.version {
            _ if self.versions.is_all() => Ok(()),
            None => Err("it was written for versions, and the version is not known".to_owned()),
            Some(version) => {
                let found = self.versions.holds(version, subject.scheme);
                if found.truth == Truth::True { Ok(()) } else { Err(found.why) }
            }
        }
    }
}
