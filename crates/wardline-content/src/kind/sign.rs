//! Signs: what a device shows, said so that rules over several signs at once can be data.
//!
//! In: signs of one device, each a key and a text: `dicom-service: scu:query`, `serves: smb`. Out: whether
//! conditions over them hold. A condition asks for one key and, where it says so, for values, for a pattern, for
//! the lack of a pattern, or for several different values.

use super::pattern::Pattern;
use serde::Deserialize;
use std::collections::BTreeSet;
use wardline_model::Attribute;

/// Most different values a condition can ask for: more than that is a census, not a sign.
const AT_LEAST_MAX: u8 = 16;

/// What a sign is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignKey {
    /// A fact, or what is concluded from one.
    Of(Attribute),
    /// A protocol in which it asks others.
    Asks,
    /// The listed maker, where nothing better is known that of its network card.
    Maker,
    /// A transport and port that it offers: `tcp/104`.
    Port,
    /// A protocol that it offers.
    Serves,
}

impl SignKey {
    /// The key of that name: an attribute's, or `asks`, `maker`, `port`, `serves`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "asks" => Some(Self::Asks),
            "maker" => Some(Self::Maker),
            "port" => Some(Self::Port),
            "serves" => Some(Self::Serves),
            _ => Attribute::parse(text).map(Self::Of),
        }
    }

    /// A bit of its own, as far as there are bits; the rest share one.
    #[must_use]
    pub fn bit(self) -> u128 {
        let number = match self {
            Self::Of(attribute) => attribute.number().min(123),
            Self::Asks => 124,
            Self::Maker => 125,
            Self::Port => 126,
            Self::Serves => 127,
        };
        1_u128.wrapping_shl(number)
    }
}

/// One sign: what it is about, and its text.
pub type Sign<'a> = (SignKey, &'a str);

#[derive(Clone, Debug)]
enum Test {
    Any,
    Values(Vec<String>),
    Like(Pattern),
    Unlike(Pattern),
}

/// One condition.
#[derive(Clone, Debug)]
pub struct SignCondition {
    /// What it asks about.
    pub key: SignKey,
    test: Test,
    at_least: usize,
}

impl SignCondition {
    /// Whether a sign is one that the condition asks for.
    #[must_use]
    pub fn is_met_by(&self, (key, text): Sign<'_>) -> bool {
        self.key == key
            && match &self.test {
                Test::Any => true,
                Test::Values(values) => values.iter().any(|value| value.eq_ignore_ascii_case(text)),
                Test::Like(pattern) => pattern.is_match(text),
                Test::Unlike(pattern) => !pattern.is_match(text),
            }
    }

    /// The values it asks for, where it asks for values.
    #[must_use]
    pub fn values(&self) -> &[String] {
        match &self.test {
            Test::Values(values) => values,
            Test::Any | Test::Like(_) | Test::Unlike(_) => &[],
        }
    }

    fn holds(&self, signs: &[Sign<'_>]) -> bool {
        let mut meeting = signs.iter().filter(|sign| self.is_met_by(**sign));
        if self.at_least <= 1 {
            return meeting.next().is_some();
        }
        let different: BTreeSet<&str> = meeting.map(|(_, text)| *text).collect();
        different.len() >= self.at_least
    }
}

/// Conditions that must hold, and others of which none may.
#[derive(Clone, Debug, Default)]
pub struct SignRule {
    /// All of these must hold.
    pub all: Vec<SignCondition>,
    /// None of these may hold.
    pub none: Vec<SignCondition>,
    /// Bits of the keys of `all`.
    keys: u128,
}

impl SignRule {
    /// Whether it holds for a device with these signs; `keys` are the bits of all their keys.
    #[must_use]
    pub fn holds(&self, keys: u128, signs: &[Sign<'_>]) -> bool {
        self.keys & keys == self.keys
            && self.all.iter().all(|condition| condition.holds(signs))
            && !self.none.iter().any(|condition| condition.holds(signs))
    }

    /// Whether the rule holds for signs as an example writes them, `key: text`.
    pub(crate) fn holds_for(&self, example: &[String]) -> Result<bool, String> {
        let mut signs = Vec::new();
        for line in example {
            let (key, text) = line.split_once(": ").ok_or_else(|| format!("`{line}` is not `key: text`"))?;
            let key = SignKey::parse(key).ok_or_else(|| format!("`{key}` is not a sign"))?;
            signs.push((key, text));
        }
        let keys = signs.iter().fold(0, |keys, (key, _)| keys | key.bit());
        Ok(self.holds(keys, &signs))
    }
}

/// A condition as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSign {
    sign: String,
    values: Option<Vec<String>>,
    like: Option<String>,
    unlike: Option<String>,
    #[serde(default)]
    at_least: u8,
}

impl RawSign {
    fn check(self, trusted: bool) -> Result<SignCondition, String> {
        let key = SignKey::parse(&self.sign).ok_or_else(|| format!("`{}` is not a sign", self.sign))?;
        let pattern = |text: &str| {
            if trusted { Ok(Pattern::trusted(text, "i")) } else { Pattern::checked(text, "i") }
        };
        let test = match (self.values, self.like, self.unlike) {
            (None, None, None) => Test::Any,
            (Some(values), None, None) if !values.is_empty() => Test::Values(values),
            (None, Some(text), None) => Test::Like(pattern(&text)?),
            (None, None, Some(text)) => Test::Unlike(pattern(&text)?),
            _ => return Err("a condition has values, like or unlike, and one of them".to_owned()),
        };
        if self.at_least > AT_LEAST_MAX {
            return Err(format!("at_least is at most {AT_LEAST_MAX}"));
        }
        Ok(SignCondition { key, test, at_least: usize::from(self.at_least) })
    }

    /// The rule that these conditions make.
    pub(crate) fn rule(all: Vec<Self>, none: Vec<Self>, trusted: bool) -> Result<SignRule, String> {
        let check =
            |raw: Vec<Self>| raw.into_iter().map(|one| one.check(trusted)).collect::<Result<Vec<_>, _>>();
        let all = check(all)?;
        let keys = all.iter().fold(0, |keys, condition| keys | condition.key.bit());
        Ok(SignRule { all, none: check(none)?, keys })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> SignRule {
        #[derive(Deserialize)]
        struct Both {
            all: Vec<RawSign>,
            #[serde(default)]
            none: Vec<RawSign>,
        }
        let both: Both = toml::from_str(text).unwrap();
        RawSign::rule(both.all, both.none, false).unwrap()
    }

    fn check(rule: &SignRule, signs: &[&str], holds: bool) {
        let signs: Vec<String> = signs.iter().map(|&sign| sign.to_owned()).collect();
        assert_eq!(rule.holds_for(&signs), Ok(holds), "{signs:?}");
    }

    #[test]
    fn all_must_hold_and_none_may() {
        let rule = rule(
            "all = [{ sign = 'serves', values = ['smb'] }, { sign = 'hostname', like = '^kiosk' }]\n\
             none = [{ sign = 'os', unlike = '^Windows' }]",
        );
        check(&rule, &["serves: smb", "hostname: KIOSK-3"], true);
        check(&rule, &["serves: smb", "hostname: KIOSK-3", "os: Windows 10"], true);
        check(&rule, &["serves: smb", "hostname: KIOSK-3", "os: Linux"], false);
        check(&rule, &["serves: smb"], false);
        check(&rule, &["asks: smb", "hostname: KIOSK-3"], false);
        check(&rule, &[], false);
    }

    #[test]
    fn several_values_must_differ() {
        let rule = rule("all = [{ sign = 'dicom-service', like = '^scp:storage:', at_least = 2 }]");
        check(&rule, &["dicom-service: scp:storage:CT", "dicom-service: scp:storage:CT"], false);
        check(&rule, &["dicom-service: scp:storage:CT", "dicom-service: scp:storage:MR"], true);
    }

    #[test]
    fn every_key_has_a_bit_of_its_own() {
        let keys = Attribute::ALL.iter().map(|a| SignKey::Of(*a));
        let keys = keys.chain([SignKey::Asks, SignKey::Maker, SignKey::Port, SignKey::Serves]);
        let bits: BTreeSet<u128> = keys.map(SignKey::bit).collect();
        assert_eq!(bits.len(), Attribute::ALL.len() + 4);
    }
}
