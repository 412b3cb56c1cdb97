//! A CVE in neutral form: what the NVD and CVE records have in common, and what each has alone.

/// A CVE as a source tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cve {
    /// `CVE-2024-1234`.
    pub id: String,
    /// Whether it stands.
    pub standing: Standing,
    /// The source's own word for that.
    pub status: String,
    /// When it was published, as written.
    pub published: String,
    /// When it was changed last, as written.
    pub modified: String,
    /// A title, where there is one.
    pub title: String,
    /// What it is, in English where there is English.
    pub description: String,
    /// CVSS vectors with who gave them.
    pub scores: Vec<Score>,
    /// CWE ids.
    pub weaknesses: Vec<String>,
    /// Where more is said.
    pub references: Vec<Reference>,
    /// What it concerns by the NVD: it concerns what satisfies any of these.
    pub configurations: Vec<Formula>,
    /// What it concerns by the CVE record.
    pub affected: Vec<Affected>,
    /// The decision points of CISA.
    pub ssvc: Option<Ssvc>,
    /// Since when it is in the KEV, by the source.
    pub exploited_since: Option<String>,
}

/// Whether a CVE stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// The source has worked on it.
    #[default]
    Analysed,
    /// The source has not worked on it yet: what it concerns may be missing.
    Awaiting,
    /// The source does not intend to work on it: what it concerns stays missing.
    Deferred,
    /// Withdrawn: it concerns nothing.
    Rejected,
}

/// A CVSS vector.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Score {
    /// Version of CVSS as the source says it.
    pub version: String,
    /// The vector.
    pub vector: String,
    /// The base score as the source says it.
    pub base: Option<f64>,
    /// Who gave it.
    pub by: String,
    /// The source's own or its first choice.
    pub primary: bool,
    /// The products it is for; empty: all.
    pub products: Vec<String>,
}

/// Where more is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reference {
    /// Address.
    pub url: String,
    /// What the source calls it (`Patch`, `Vendor Advisory`).
    pub tags: Vec<String>,
}

/// A condition over what a machine runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Formula {
    /// All hold.
    All(Vec<Formula>),
    /// One holds at least.
    Any(Vec<Formula>),
    /// It does not hold.
    Not(Box<Formula>),
    /// Something on the machine matches.
    Match(Box<CpeMatch>),
}

impl Formula {
    /// Every match in it.
    pub fn matches(&self) -> Vec<&CpeMatch> {
        match self {
            Self::All(below) | Self::Any(below) => below.iter().flat_map(Self::matches).collect(),
            Self::Not(below) => below.matches(),
            Self::Match(found) => vec![found],
        }
    }
}

/// A CPE name with a range of versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CpeMatch {
    /// Whether this is what is vulnerable; else it is the platform that must be there too.
    pub vulnerable: bool,
    /// CPE 2.3 formatted string.
    pub cpe: String,
    /// The version from which on.
    pub from: Option<Bound>,
    /// The version up to which.
    pub to: Option<Bound>,
    /// The NVD's id of the criteria.
    pub criteria_id: String,
}

/// One end of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The version as written.
    pub version: String,
    /// Whether the version itself belongs to the range.
    pub inclusive: bool,
}

/// A product in a CVE record (format 5, `affected`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Affected {
    /// As the record writes it; empty or `n/a` when it does not say.
    pub vendor: String,
    /// As the record writes it.
    pub product: String,
    /// A package: collection address and name, or a purl.
    pub package: String,
    /// Platforms in words.
    pub platforms: Vec<String>,
    /// CPE names.
    pub cpes: Vec<String>,
    /// The status of versions that are not named: `affected`, `unaffected` or `unknown`.
    pub default_status: String,
    /// Versions named.
    pub versions: Vec<Version>,
    /// Who says so.
    pub by: String,
}

/// A version or range of a CVE record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// The version, or the first of the range.
    pub version: String,
    /// `affected`, `unaffected` or `unknown`.
    pub status: String,
    /// How to compare: `semver`, `custom`, `rpm`, `git`…
    pub scheme: String,
    /// The end of the range, with whether it belongs to it.
    pub to: Option<Bound>,
    /// Where within the range the status changes.
    pub changes: Vec<Change>,
}

/// A version from which on another status holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// From this version.
    pub at: String,
    /// This status.
    pub status: String,
}

/// CISA's decision points (SSVC).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ssvc {
    /// `none`, `poc`, `active`.
    pub exploitation: String,
    /// `yes`, `no`.
    pub automatable: String,
    /// `partial`, `total`.
    pub technical_impact: String,
    /// When it was decided.
    pub time: String,
}
