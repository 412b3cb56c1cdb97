//! Long-lived keys that more than one device presents: whoever has one of them can play all of them.

use crate::{Shows, matcher};
use std::collections::{BTreeMap, BTreeSet};
use wardline_model::{Attribute, Device};

/// How many devices present each key.
#[derive(Debug, Default)]
pub(crate) struct Shared<'a> {
    holders: BTreeMap<&'a str, usize>,
}

impl<'a> Shared<'a> {
    /// Counts the keys of all devices.
    pub(crate) fn among(devices: &'a [Device]) -> Self {
        let mut shared = Self::default();
        for device in devices {
            let keys: BTreeSet<&str> =
                matcher::of(device, Attribute::HostKey).map(|evidence| evidence.value.as_str()).collect();
            for key in keys {
                *shared.holders.entry(key).or_default() += 1;
            }
        }
        shared.holders.retain(|_, count| *count > 1);
        shared
    }

    /// The keys of a device that others have too.
    pub(crate) fn look<'d>(&self, device: &'d Device) -> Shows<'d> {
        let held = |value: &str| self.holders.get(value).copied();
        let mut shows = Shows::of(
            matcher::of(device, Attribute::HostKey).filter(|key| held(&key.value).is_some()).collect(),
        );
        let most = shows.evidence.iter().filter_map(|key| held(&key.value)).max();
        shows.remark = most.map(|count| format!("The same key was seen on {count} devices."));
        shows
    }
}
