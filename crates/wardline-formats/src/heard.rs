//! What another engine heard of hosts, gathered by address: its many records become one entry each.

use crate::{Document, Entry};
use std::collections::BTreeMap;
use std::net::IpAddr;
use wardline_model::{Attribute, Confidence, Fact};

/// Facts kept of one host; a busy browser has thousands of names for itself.
const FACTS_MAX: usize = 64;

/// Hosts, by address.
#[derive(Debug, Default)]
pub(crate) struct Heard(BTreeMap<IpAddr, Entry>);

impl Heard {
    /// Adds what was heard of a host, with a version where there is one.
    pub(crate) fn add(
        &mut self,
        line: u64,
        host: IpAddr,
        (attribute, value, version): (Attribute, &str, Option<&str>),
        confidence: Confidence,
        rule: &'static str,
    ) {
        let entry = self.0.entry(host).or_insert_with(|| {
            let mut entry = Entry { line, label: host.to_string(), ..Entry::default() };
            entry.say(Attribute::Ip, &host.to_string(), confidence, rule);
            entry
        });
        let Some(mut fact) = Fact::new(attribute, value, confidence, rule) else { return };
        if let Some(version) = version {
            fact = fact.with_version(version);
        }
        if entry.facts.len() < FACTS_MAX && !entry.facts.contains(&fact) {
            entry.facts.push(fact);
        }
    }

    /// Enters all of them, by line; those of which nothing but the address was heard say nothing.
    pub(crate) fn enter(self, document: &mut Document) {
        let mut entries: Vec<Entry> = self.0.into_values().filter(|entry| entry.facts.len() > 1).collect();
        entries.sort_by(|a, b| (a.line, &a.label).cmp(&(b.line, &b.label)));
        for entry in entries {
            if !document.take(entry) {
                break;
            }
        }
    }
}
