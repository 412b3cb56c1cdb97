//! Corrections: what people of the site know better stands above all that is inferred.
//!
//! In: a device as it was inferred, and the site's corrections. Out: the device as people say it is, each word of theirs
//! kept as evidence beside what was inferred. Of two corrections that say different things the later one in the
//! knowledge counts. Which stations are one device is corrected before: `Assembly::keep_apart` and `Assembly::join_as_told`.

use crate::assemble::Assembly;
use crate::knowledge::Knowledge;
use crate::merge::{Node, NodeId};
use std::collections::BTreeSet;
use wardline_model::{
    Attribute, Change, Confidence, Correction, Device, Evidence, Known, PacketRef, Seen, Selector,
};

/// A person says so.
const CONFIRMED: Confidence = 100;

/// Whether a correction is about a device, by what was inferred of it.
pub(crate) fn is_about(selector: &Selector, device: &Device, knowledge: &Knowledge<'_>) -> bool {
    let same = |wanted: &Option<String>, own: &Option<String>| {
        wanted.as_ref().is_none_or(|w| own.as_ref().is_some_and(|o| o.eq_ignore_ascii_case(w)))
    };
    let maker = |name: &String| knowledge.maker(name);
    !selector.is_empty()
        && selector.mac.is_none_or(|mac| device.macs.contains(&mac))
        && selector.ip.is_none_or(|ip| device.ips.contains(&ip))
        && same(&selector.serial, &device.serial)
        && same(&selector.model, &device.model)
        && same(&selector.class, &device.class.as_ref().map(|(code, _)| code.clone()))
        && same(&selector.vendor.as_ref().map(maker), &device.vendor.as_ref().map(maker))
        && selector
            .hostname
            .as_ref()
            .is_none_or(|wanted| device.hostnames.iter().any(|name| is_host(name, wanted)))
        && selector.ae_title.as_ref().is_none_or(|title| device.ae_titles.contains(title))
}

/// Whether a host name is the one wanted, whole or by its first label.
fn is_host(name: &str, wanted: &str) -> bool {
    name.eq_ignore_ascii_case(wanted)
        || name.split('.').next().is_some_and(|head| head.eq_ignore_ascii_case(wanted))
}

/// Lays what the site says of a device over what was inferred.
pub(crate) fn apply(device: &mut Device, knowledge: &Knowledge<'_>) {
    known_by_list(device, knowledge);
    let about: Vec<&Correction> = knowledge
        .corrections
        .iter()
        .filter(|correction| is_about(&correction.about, device, knowledge))
        .collect();
    for correction in about {
        match &correction.change {
            Change::Confirm => {
                if let Some((code, sure)) = &mut device.class {
                    *sure = CONFIRMED;
                    device.class_known = Known::Confirmed;
                    let evidence = evidence(Attribute::Class, code, correction, device.last_seen);
                    device.evidence.push(evidence);
                }
                if let Some(vendor) = device.vendor.clone() {
                    device.vendor_known = Known::Confirmed;
                    let evidence = evidence(Attribute::Vendor, &vendor, correction, device.last_seen);
                    device.evidence.push(evidence);
                }
            }
            Change::Set { name, class, vendor, model, location } => {
                let mut say = |attribute, value: &str| {
                    device.evidence.push(evidence(attribute, value, correction, device.last_seen));
                };
                for (attribute, value) in [
                    (Attribute::FriendlyName, name),
                    (Attribute::Class, class),
                    (Attribute::Vendor, vendor),
                    (Attribute::Model, model),
                    (Attribute::Location, location),
                ] {
                    value.iter().for_each(|value| say(attribute, value));
                }
                set(device, &correction.change, knowledge);
            }
            Change::Merge(_) | Change::Split(_) => {}
        }
    }
    device.evidence.sort_by(|a, b| {
        let key =
            |e: &Evidence| (e.attribute, e.value.clone(), e.version.clone(), e.protocol, e.rule.clone());
        key(a).cmp(&key(b))
    });
}

fn set(device: &mut Device, change: &Change, knowledge: &Knowledge<'_>) {
    let Change::Set { name, class, vendor, model, location } = change else { return };
    if let Some(class) = class {
        device.class = Some((class.clone(), CONFIRMED));
        device.class_known = Known::Confirmed;
    }
    if let Some(vendor) = vendor {
        device.vendor = Some(knowledge.maker(vendor));
        device.vendor_known = Known::Confirmed;
    }
    for (value, field) in
        [(name, &mut device.name), (model, &mut device.model), (location, &mut device.location)]
    {
        if value.is_some() {
            field.clone_from(value);
        }
    }
}

/// What an inventory list says too is known better than what is inferred alone.
fn known_by_list(device: &mut Device, knowledge: &Knowledge<'_>) {
    let listed = |attribute: Attribute| {
        device.evidence.iter().filter(move |e| e.protocol == "cmms" && e.attribute == attribute)
    };
    let class = device.class.as_ref();
    if listed(Attribute::Class).any(|e| class.is_some_and(|(code, _)| *code == e.value)) {
        device.class_known = Known::Cmms;
    }
    let vendor = device.vendor.as_ref();
    if listed(Attribute::Vendor).any(|e| vendor.is_some_and(|v| *v == knowledge.maker(&e.value))) {
        device.vendor_known = Known::Cmms;
    }
}

/// A person's word as evidence.
fn evidence(
    attribute: Attribute,
    value: &str,
    correction: &Correction,
    at: wardline_model::Timestamp,
) -> Evidence {
    let mut seen = Seen::once(PacketRef::new(PacketRef::FILE_MAX, 0, at));
    seen.exemplars = wardline_model::Exemplars::default();
    Evidence {
        attribute,
        value: value.to_owned(),
        version: None,
        confidence: CONFIRMED,
        protocol: Evidence::SITE,
        rule: format!("site:{}", correction.id).into(),
        source: format!("{}, {}: {}", correction.author, correction.date, correction.reason).into(),
        origin: attribute,
        seen,
        via: None,
    }
}

impl Assembly<'_> {
    /// Keeps apart what people say is not one device; before anything is joined.
    pub(crate) fn keep_apart(&mut self, knowledge: &Knowledge<'_>) {
        for correction in &knowledge.corrections {
            let Change::Split(other) = &correction.change else { continue };
            for a in self.named(&correction.about) {
                for b in self.named(other) {
                    self.groups.keep_apart(a, b);
                }
            }
        }
    }

    /// Joins what people say is one device; after all else.
    pub(crate) fn join_as_told(&mut self, knowledge: &Knowledge<'_>) {
        for correction in &knowledge.corrections {
            let Change::Merge(other) = &correction.change else { continue };
            let (here, there) = (self.told(&correction.about), self.told(other));
            // A name that several have says not which: nothing is joined.
            if let ([a], [b]) = (&here[..], &there[..]) {
                self.groups.join(*a, *b);
            }
        }
    }

    /// The stations and addresses that a selector names by number.
    fn named(&mut self, selector: &Selector) -> Vec<NodeId> {
        let all = 0..self.groups.len();
        let fits = |node: Node| match node {
            Node::Station(mac) => selector.mac == Some(mac),
            Node::Remote(ip, _) => selector.ip == Some(ip) && selector.mac.is_none(),
            Node::Equipment(_) => false,
        };
        all.filter(|id| fits(self.groups.node(*id))).collect()
    }

    /// The groups that a selector names by number, name or serial number.
    fn told(&mut self, selector: &Selector) -> Vec<NodeId> {
        let mut roots: BTreeSet<NodeId> = BTreeSet::new();
        for id in self.named(selector) {
            roots.insert(self.groups.root(id));
        }
        let wanted = [
            (Attribute::Serial, &selector.serial),
            (Attribute::Hostname, &selector.hostname),
            (Attribute::AeTitle, &selector.ae_title),
        ];
        let ip = selector.ip.map(|ip| ip.to_string());
        let nodes: Vec<NodeId> = self
            .clues
            .iter()
            .filter(|(_, clue)| {
                let by_word = |(attribute, word): &(Attribute, &Option<String>)| {
                    clue.attribute == *attribute && word.as_ref().is_some_and(|w| is_host(clue.value, w))
                };
                wanted.iter().any(by_word)
                    || clue.attribute == Attribute::Ip && ip.as_deref() == Some(clue.value)
            })
            .map(|(node, _)| node)
            .collect();
        roots.extend(nodes.into_iter().map(|node| self.groups.root(node)));
        roots.into_iter().filter(|root| self.has_listed(*root)).collect()
    }

    fn has_listed(&mut self, root: NodeId) -> bool {
        let listed: Vec<NodeId> = self.listed.iter().copied().collect();
        listed.into_iter().any(|node| self.groups.root(node) == root)
    }
}
