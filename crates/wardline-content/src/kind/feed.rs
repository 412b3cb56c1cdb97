//! Sources of vulnerability knowledge: where they are fetched, how, and why one would.

use serde::Deserialize;

/// How a source is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FeedKind {
    /// Files, each by its address.
    File,
    /// A CSAF provider, by its domain or the address of its metadata.
    Csaf,
    /// The API of the NVD, by pages and changes.
    NvdApi,
}

/// A source.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedSource {
    /// What it is called.
    pub name: String,
    /// How it is fetched.
    pub kind: FeedKind,
    /// Its address; for files with `{}` where each of `parts` stands.
    pub address: String,
    /// What stands at `{}`, one file each; `2002..` is every year from then.
    #[serde(default)]
    pub parts: Vec<String>,
    /// Days after which it is called stale.
    #[serde(default = "stale_days")]
    pub stale_days: u32,
    /// Whether it is fetched when no name is given.
    #[serde(default)]
    pub usual: bool,
    /// Who publishes it, and why one would fetch it.
    pub why: String,
}

/// The slowest source publishes every month.
const fn stale_days() -> u32 {
    35
}

impl FeedSource {
    pub(crate) fn check(&self) -> Result<(), String> {
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        if self.name.is_empty() || !self.name.chars().all(good) {
            return Err(format!("`{}` is no name: small letters, digits, `-` and `.`", self.name));
        }
        let is_address = self.address.starts_with("https://");
        let is_domain = !self.address.contains(['/', ':', ' ']) && self.address.contains('.');
        let is_source = is_address || (self.kind == FeedKind::Csaf && is_domain);
        if !is_source {
            return Err(format!("`{}` is no https:// address", self.address));
        }
        if (self.kind == FeedKind::File && self.address.contains("{}")) == self.parts.is_empty() {
            return Err("`parts` and a `{}` in the address of files need each other".to_owned());
        }
        if self.stale_days == 0 {
            return Err("`stale_days` is at least 1".to_owned());
        }
        if self.why.trim().is_empty() { Err("has no reason".to_owned()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::{FeedKind, FeedSource};

    #[test]
    fn a_source_says_where_and_why() {
        let good = FeedSource {
            name: "nvd".to_owned(),
            kind: FeedKind::File,
            address: "https://feeds.example/{}.json".to_owned(),
            parts: vec!["2002..".to_owned()],
            stale_days: 35,
            usual: false,
            why: "Numbers.".to_owned(),
        };
        assert_eq!(good.check(), Ok(()));
        let changed = |change: fn(&mut FeedSource)| {
            let mut one = good.clone();
            change(&mut one);
            one.check()
        };
        assert!(changed(|one| one.name = "N V".to_owned()).is_err());
        assert!(changed(|one| one.address = "http://feeds.example/{}".to_owned()).is_err());
        assert!(changed(|one| one.address = "feeds.example".to_owned()).is_err());
        assert!(changed(|one| one.parts.clear()).is_err());
        assert!(changed(|one| one.stale_days = 0).is_err());
        assert!(changed(|one| one.why = " ".to_owned()).is_err());
        let csaf = |one: &mut FeedSource| {
            (one.kind, one.address, one.parts) = (FeedKind::Csaf, "maker.example".to_owned(), Vec::new());
        };
        assert_eq!(changed(csaf), Ok(()));
    }
}
