//! What a person may see: some sites, some departments, some makers, or all of them.
//!
//! Every list and every count of what stands in a hospital takes a [`Scope`]; there is no way to ask without one. A
//! device without department is not in a scope that names departments, and likewise for its maker.

use crate::site::{DepartmentId, SiteId};
use crate::value::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// All of something, or some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach<T> {
    /// Without limit.
    All,
    /// These and no others; none at all when empty.
    Only(BTreeSet<T>),
}

impl<T: Ord> Reach<T> {
    /// Whether `value` is within. What has no value is only within [`Reach::All`].
    #[must_use]
    pub fn contains(&self, value: Option<&T>) -> bool {
        match self {
            Self::All => true,
            Self::Only(some) => value.is_some_and(|value| some.contains(value)),
        }
    }
}

/// The part of the hospital that somebody may see: all three must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Sites.
    pub sites: Reach<SiteId>,
    /// Departments.
    pub departments: Reach<DepartmentId>,
    /// Canonical names of makers.
    pub makers: Reach<String>,
}

impl Scope {
    /// Everything.
    pub const ALL: Self = Self { sites: Reach::All, departments: Reach::All, makers: Reach::All };

    /// Nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self { sites: Reach::Only(BTreeSet::new()), departments: Reach::All, makers: Reach::All }
    }

    /// Whether a device of that place and maker is within.
    #[must_use]
    pub fn contains(&self, site: SiteId, department: Option<DepartmentId>, maker: Option<&String>) -> bool {
        self.sites.contains(Some(&site))
            && self.departments.contains(department.as_ref())
            && self.makers.contains(maker)
    }
}

/// A condition under construction: text with numbered places, and what goes there.
pub(crate) struct Condition<'a> {
    pub(crate) text: String,
    pub(crate) values: Vec<Value<'a>>,
}

impl<'a> Condition<'a> {
    /// True of every row.
    pub(crate) fn new() -> Self {
        Self { text: "1 = 1".to_owned(), values: Vec::new() }
    }

    /// And `before $n after`.
    pub(crate) fn and(&mut self, before: &str, value: impl Into<Value<'a>>, after: &str) {
        self.values.push(value.into());
        let _ = write!(self.text, " AND {before}${}{after}", self.values.len());
    }

    /// And `column` is one of these.
    pub(crate) fn and_in(&mut self, column: &str, values: impl Iterator<Item = Value<'a>>) {
        let _ = write!(self.text, " AND {column} IN (");
        let mut comma = "";
        for value in values {
            self.values.push(value);
            let _ = write!(self.text, "{comma}${}", self.values.len());
            comma = ",";
        }
        // An empty list is no SQL; nothing equals null.
        self.text.push_str(if comma.is_empty() { "NULL)" } else { ")" });
    }

    /// And within the scope, for a table whose columns have the usual names under `alias`.
    pub(crate) fn and_scope(&mut self, alias: &str, scope: &'a Scope) {
        if let Reach::Only(sites) = &scope.sites {
            self.and_in(&format!("{alias}.site_id"), sites.iter().map(|id| Value::from(id.0)));
        }
        if let Reach::Only(departments) = &scope.departments {
            self.and_in(&format!("{alias}.department_id"), departments.iter().map(|id| Value::from(id.0)));
        }
        if let Reach::Only(makers) = &scope.makers {
            self.and_in(&format!("{alias}.maker"), makers.iter().map(Value::from));
        }
    }

    /// And after the row with these keys, in this order of two columns.
    pub(crate) fn and_after(&mut self, columns: [&str; 2], descending: bool, keys: [Value<'a>; 2]) {
        let [first, second] = keys;
        self.values.extend([first, second]);
        let (n, sign) = (self.values.len(), if descending { "<" } else { ">" });
        let _ = write!(self.text, " AND ({}, {}) {sign} (${}, ${n})", columns[0], columns[1], n - 1);
    }
}
