//! What a source says: one record per advisory or CVE record, in a form that all sources share.
//!
//! In: the fields that readers find in CSAF, CVE 5, NVD, OpenVEX and CycloneDX documents. Out: statements per
//! vulnerability, each with claims on products (which versions have which status) or a formula over products (NVD).
//! Texts are kept as the source has them; what they mean is decided when a device is judged.

use crate::formula::Node;
use std::sync::Arc;
use wardline_product::Applies;

/// Who speaks, and how near to the product that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The product's own maker, in CSAF or VEX.
    Maker,
    /// A coordinator that passes on what the maker said (CISA's advisories).
    Coordinator,
    /// Whoever numbered the vulnerability, in its CVE record.
    Numberer,
    /// CISA's additions to a CVE record.
    Additions,
    /// The National Vulnerability Database.
    Nvd,
    /// Somebody else: a discoverer, a user, a translator.
    Other,
}

impl Source {
    /// The source in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Maker => "the maker's own statement",
            Self::Coordinator => "the coordinator's advisory",
            Self::Numberer => "the CVE record",
            Self::Additions => "CISA's additions to the CVE record",
            Self::Nvd => "the NVD",
            Self::Other => "somebody else's statement",
        }
    }
}

/// What is said of a version, and in the end of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The vulnerability is there.
    Affected,
    /// It may be there: a fact is missing, or a person has to confirm something.
    Possible,
    /// The source is still looking.
    UnderInvestigation,
    /// The source speaks of the product but not of this version.
    Unknown,
    /// It was there and has been removed.
    Fixed,
    /// It is not there.
    NotAffected,
}

impl Verdict {
    /// The verdict as output writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Affected => "affected",
            Self::Possible => "possible",
            Self::UnderInvestigation => "under_investigation",
            Self::Unknown => "unknown",
            Self::Fixed => "fixed",
            Self::NotAffected => "not_affected",
        }
    }

    /// Whether it settles the question.
    #[must_use]
    pub const fn is_definite(self) -> bool {
        matches!(self, Self::Affected | Self::Fixed | Self::NotAffected)
    }
}

/// One advisory or record.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its own identifier: `ICSMA-21-187-01`, or the CVE number with its database (`NVD CVE-2020-25165`).
    pub advisory: String,
    /// Who speaks.
    pub source: Source,
    /// When it was last changed, as RFC 3339 text, where told.
    pub updated: Option<String>,
    /// What it says of each vulnerability.
    pub statements: Vec<Statement>,
}

/// What a record says of one vulnerability.
#[derive(Clone, Debug, Default)]
pub struct Statement {
    /// The CVE number, or the record's own identifier where there is none.
    pub vulnerability: String,
    /// What is claimed of products.
    pub claims: Vec<Claim>,
    /// The formula over products that must hold.
    pub formula: Option<Node>,
    /// Scores: vectors as written.
    pub vectors: Vec<String>,
    /// CISA's stakeholder-specific points, where told.
    pub ssvc: Option<crate::ssvc::Points>,
}

/// What a statement says of one product.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The vendor as written.
    pub vendor: String,
    /// The product as written.
    pub product: String,
    /// The product's CPE names, where told.
    pub cpes: Vec<String>,
    /// Keys of the product; filled in by [`crate::knowledge::Knowledge::add`].
    pub keys: Vec<Arc<str>>,
    /// Which versions have which status, in order.
    pub cases: Vec<Case>,
    /// What holds of a version that no case names.
    pub otherwise: Otherwise,
    /// What else must be there: systems it is installed on, platforms.
    pub platforms: Vec<Platform>,
    /// What to do.
    pub treatments: Vec<Treatment>,
}

/// Versions and their status.
#[derive(Clone, Debug)]
pub struct Case {
    /// The versions, as the machine-readable part says it.
    pub applies: Applies,
    /// The same in the words of the product's full name, where those say it otherwise.
    pub words: Option<Applies>,
    /// Their status.
    pub verdict: Verdict,
    /// How exactly bounds are meant, and by which scheme where the source tells.
    pub semantic: bool,
}

/// What holds of versions that no case names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// The source says so.
    Said(Verdict),
    /// The source is silent.
    Silent,
}

/// A system or platform that must be there too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// Its name as written.
    pub name: String,
    /// Its versions.
    pub applies: Applies,
}

/// What can be done about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Treatment {
    /// `vendor_fix`, `mitigation`, `workaround`, `no_fix_planned`, `none_available`, `optional_patch`.
    pub category: String,
    /// In the source's words; empty where only the fact is kept.
    pub details: String,
    /// Where to get it.
    pub url: Option<String>,
    /// Versions that its words name as free of the vulnerability.
    pub fixed_in: Vec<String>,
}
