//! Who asks: a person in a session, a program with a token, a sensor, the program itself.

use crate::error::AppError;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use wardline_authority::Role;
use wardline_store::{AccountId, DepartmentId, Reach, Scope, SiteId};

/// Who asks, from where, with which rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Whose rights; absent for the program itself and for sensors.
    pub account: Option<AccountId>,
    /// What is written into the audit.
    pub actor: String,
    /// Roles.
    pub roles: Vec<Role>,
    /// Whether emergency access holds.
    pub emergency: bool,
    /// What may be seen.
    pub scope: Scope,
    /// Where from: an address, or `console`.
    pub address: String,
    /// The session, for a person.
    pub session: Option<i64>,
}

impl Caller {
    /// Somebody at the machine's own console, who holds its files anyway.
    #[must_use]
    pub fn console() -> Self {
        Self {
            account: None,
            actor: "console".to_owned(),
            roles: vec![Role::Administrator],
            emergency: false,
            scope: Scope::ALL,
            address: "console".to_owned(),
            session: None,
        }
    }

    /// The sensor of that name.
    #[must_use]
    pub fn sensor(name: &str) -> Self {
        Self {
            actor: format!("sensor {name}"),
            roles: vec![Role::Sensor],
            address: "local".to_owned(),
            ..Self::console()
        }
    }
}

/// A scope as text: `sites=1,2;departments=7;makers=Acme%2C Inc`. What is not named is not limited.
pub struct Reaches;

impl Reaches {
    /// The text of a scope.
    #[must_use]
    pub fn to_text(scope: &Scope) -> String {
        let mut text = String::new();
        let mut part = |name: &str, values: Option<Vec<String>>| {
            if let Some(values) = values {
                let separator = if text.is_empty() { "" } else { ";" };
                let _ = write!(text, "{separator}{name}={}", values.join(","));
            }
        };
        let numbers =
            |reach: Option<Vec<i64>>| reach.map(|ids| ids.iter().map(ToString::to_string).collect());
        part("sites", numbers(only(&scope.sites).map(|ids| ids.iter().map(|id| id.0).collect())));
        part("departments", numbers(only(&scope.departments).map(|ids| ids.iter().map(|id| id.0).collect())));
        part("makers", only(&scope.makers).map(|names| names.iter().map(|name| escape(name)).collect()));
        text
    }

    /// Reads what [`Self::to_text`] wrote.
    ///
    /// # Errors
    ///
    /// When it is something else: then nothing is permitted rather than everything.
    pub fn parse(text: &str) -> Result<Scope, AppError> {
        let wrong = || AppError::Inside(format!("`{text}` is no scope"));
        let mut scope = Scope::ALL;
        for part in text.split(';').filter(|part| !part.is_empty()) {
            let (name, values) = part.split_once('=').ok_or_else(wrong)?;
            let values: Vec<&str> = values.split(',').filter(|value| !value.is_empty()).collect();
            let ids = || values.iter().map(|value| value.parse::<i64>()).collect::<Result<BTreeSet<_>, _>>();
            match name {
                "sites" => {
                    scope.sites = Reach::Only(ids().map_err(|_| wrong())?.into_iter().map(SiteId).collect());
                }
                "departments" => {
                    let ids = ids().map_err(|_| wrong())?;
                    scope.departments = Reach::Only(ids.into_iter().map(DepartmentId).collect());
                }
                "makers" => {
                    let names: Option<BTreeSet<String>> =
                        values.iter().map(|value| unescape(value)).collect();
                    scope.makers = Reach::Only(names.ok_or_else(wrong)?);
                }
                _ => return Err(wrong()),
            }
        }
        Ok(scope)
    }
}

fn only<T>(reach: &Reach<T>) -> Option<&BTreeSet<T>> {
    match reach {
        Reach::All => None,
        Reach::Only(some) => Some(some),
    }
}

fn escape(text: &str) -> String {
    text.replace('%', "%25").replace(',', "%2C").replace(';', "%3B")
}

fn unescape(text: &str) -> Option<String> {
    let text = text.replace("%3B", ";").replace("%2C", ",");
    let rest = text.replace("%25", "");
    (!rest.contains('%')).then(|| text.replace("%25", "%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_reads_back_and_nonsense_is_refused() {
        let scope = Scope {
            sites: Reach::Only(BTreeSet::from([SiteId(1), SiteId(2)])),
            departments: Reach::Only(BTreeSet::new()),
            makers: Reach::Only(BTreeSet::from(["A, B; 50%".to_owned()])),
        };
        for scope in [scope, Scope::ALL, Scope::nothing()] {
            assert_eq!(Reaches::parse(&Reaches::to_text(&scope)).unwrap(), scope);
        }
        for bad in ["sites", "sites=x", "rooms=1", "makers=%41"] {
            assert!(Reaches::parse(bad).is_err(), "{bad}");
        }
    }
}
