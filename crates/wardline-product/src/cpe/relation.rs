//! How a record's name relates to a device's (NISTIR 7696 section 6, tables 6-2 and 6-4).

use super::{ATTRIBUTES, Open, Text, Value};
use crate::truth::Truth;

/// What the set of products that one name means is to that of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// They have nothing in common.
    Disjoint,
    /// They are the same.
    Equal,
    /// The record's is part of the device's: the device's name is too coarse to tell.
    Subset,
    /// The record's takes in the device's.
    Superset,
    /// The specification does not say: the device's name has wildcards, or attributes point both ways.
    Undefined,
}

impl Relation {
    /// Whether the record speaks of the device.
    #[must_use]
    pub fn truth(self) -> Truth {
        match self {
            Self::Equal | Self::Superset => Truth::True,
            Self::Subset | Self::Undefined => Truth::Unknown,
            Self::Disjoint => Truth::False,
        }
    }
}

pub(super) fn names(record: &[Value; ATTRIBUTES], device: &[Value; ATTRIBUTES]) -> Relation {
    record.iter().zip(device).map(|(record, device)| values(record, device)).fold(Relation::Equal, both)
}

/// The relation of two attributes taken together.
fn both(a: Relation, b: Relation) -> Relation {
    use Relation::{Disjoint, Equal, Undefined};
    match (a, b) {
        (Disjoint, _) | (_, Disjoint) => Disjoint,
        (Equal, other) | (other, Equal) => other,
        (a, b) if a == b => a,
        _ => Undefined,
    }
}

pub(super) fn values(record: &Value, device: &Value) -> Relation {
    match (record, device) {
        (_, Value::Text(device))
            if device.is_open() && !matches!(record, Value::Text(same) if same == device) =>
        {
            Relation::Undefined
        }
        (Value::Any, Value::Any) | (Value::NotApplicable, Value::NotApplicable) => Relation::Equal,
        (Value::Any, _) => Relation::Superset,
        (_, Value::Any) => Relation::Subset,
        (Value::NotApplicable, _) | (_, Value::NotApplicable) => Relation::Disjoint,
        (Value::Text(record), Value::Text(device)) if record == device => Relation::Equal,
        (Value::Text(record), Value::Text(device)) if record.is_open() && record.takes_in(&device.body) => {
            Relation::Superset
        }
        (Value::Text(_), Value::Text(_)) => Relation::Disjoint,
    }
}

impl Text {
    fn is_open(&self) -> bool {
        self.before != Open::Closed || self.after != Open::Closed
    }

    /// Whether the value can be opened so as to become the text.
    fn takes_in(&self, text: &str) -> bool {
        text.match_indices(&*self.body).any(|(start, found)| {
            let (before, rest) = text.split_at(start);
            let after = rest.get(found.len()..).unwrap_or_default();
            self.before.lets(before) && self.after.lets(after)
        })
    }
}

impl Open {
    fn lets(self, text: &str) -> bool {
        match self {
            Self::Closed => text.is_empty(),
            Self::Anything => true,
            Self::AtMost(most) => text.chars().count() <= usize::from(most),
        }
    }
}
