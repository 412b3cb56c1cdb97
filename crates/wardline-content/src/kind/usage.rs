//! Signs of use: what shows that a device treats, measures or examines, or is merely ready.
//!
//! A rule names protocols that the device speaks, or facts that it says; how long one sighting stands for the state;
//! and for which classes. The surest state that some rule shows is the device's; where none does it is unknown, which
//! counts as in use.

use super::sign::{RawSign, SignRule};
use serde::Deserialize;
use wardline_model::UseState;

/// Longest that one sighting may stand for a state: half a day. Beyond, it says nothing of now.
const HOLD_S_MAX: u32 = 43_200;

/// One rule.
#[derive(Clone, Debug)]
pub struct UsageRule {
    /// Unique name.
    pub id: String,
    /// What it shows: in use, or standby.
    pub state: UseState,
    /// In plain words.
    pub because: String,
    /// Beginnings of class codes; all classes where empty.
    pub classes: Vec<String>,
    /// Protocols, any of which shows it.
    pub protocols: Vec<String>,
    /// Only where the device asks (`true`) or serves (`false`).
    pub asks: Option<bool>,
    /// Facts, one of which must be said in such a protocol; empty where speaking it is enough.
    pub said: SignRule,
    /// Seconds for which one sighting stands.
    pub hold_s: u32,
}

impl UsageRule {
    /// Whether it is about devices of a class.
    #[must_use]
    pub fn is_about(&self, class: Option<&str>) -> bool {
        self.classes.is_empty()
            || class.is_some_and(|code| self.classes.iter().any(|start| code.starts_with(start)))
    }
}

/// A rule as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawUsage {
    pub(crate) id: String,
    state: String,
    because: String,
    #[serde(default)]
    classes: Vec<String>,
    protocols: Vec<String>,
    side: Option<String>,
    #[serde(default)]
    said: Vec<RawSign>,
    hold_s: u32,
}

impl RawUsage {
    pub(crate) fn check(self, trusted: bool) -> Result<UsageRule, String> {
        let state = UseState::parse(&self.state).filter(|s| matches!(s, UseState::InUse | UseState::Standby));
        let state = state.ok_or_else(|| format!("`{}` is not `in-use` or `standby`", self.state))?;
        let asks = match self.side.as_deref() {
            None => None,
            Some("asks") => Some(true),
            Some("serves") => Some(false),
            Some(other) => return Err(format!("`{other}` is not `asks` or `serves`")),
        };
        if self.because.trim().is_empty() || self.protocols.is_empty() {
            return Err("gives no reason or no protocol".to_owned());
        }
        if !(1..=HOLD_S_MAX).contains(&self.hold_s) {
            return Err(format!("hold_s is from 1 to {HOLD_S_MAX}"));
        }
        Ok(UsageRule {
            id: self.id,
            state,
            because: self.because,
            classes: self.classes,
            protocols: self.protocols,
            asks,
            said: RawSign::rule(self.said, Vec::new(), trusted)?,
            hold_s: self.hold_s,
        })
    }
}
