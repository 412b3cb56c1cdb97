//! Devices with addresses, by what identifies them: what is said of a machine elsewhere is looked up here.

use crate::assemble::Assembly;
use crate::clue::Clue;
use crate::identity::equipment::{Identity, Number, Relation, numbers};
use crate::knowledge::Knowledge;
use crate::merge::{Node, NodeId};
use std::collections::{BTreeMap, BTreeSet};
use wardline_model::Attribute;

/// Devices with addresses, by what identifies them.
#[derive(Debug, Default)]
pub(crate) struct Known {
    identities: BTreeMap<NodeId, Vec<Identity>>,
    numbers: BTreeMap<Number, BTreeSet<NodeId>>,
    ae_titles: BTreeMap<String, BTreeSet<NodeId>>,
    kinds: BTreeMap<(String, String), BTreeSet<NodeId>>,
    /// Groups that have a MAC of their own, seen on the link.
    pub(crate) with_station: BTreeSet<NodeId>,
    /// Hosts that ask for a worklist or report procedure steps: they examine patients.
    pub(crate) asks_worklist: BTreeSet<NodeId>,
    /// Hosts whose services show that they keep or pass on what others made.
    pub(crate) keepers: BTreeSet<NodeId>,
}

impl Known {
    /// Reads what is known of every group so far.
    pub(crate) fn read(assembly: &mut Assembly<'_>, knowledge: &Knowledge<'_>) -> Self {
        let mut known = Self::default();
        let relays = assembly.astm_relays();
        assembly.clues.sort(&mut assembly.groups);
        let (mut clues, mut said) = (Vec::new(), Vec::new());
        for (root, group) in assembly.clues.by_group() {
            clues.clear();
            clues.extend(group);
            if relays.contains(&root) || keeps(&clues) {
                known.keepers.insert(root);
            }
            if offers(&clues, &["scu:worklist", "scu:mpps"]) {
                known.asks_worklist.insert(root);
            }
            // The maker of a part speaks neither for nor against the maker of the device.
            said.clear();
            said.extend(clues.iter().copied().filter(Clue::is_of_device));
            known.add(root, Identity { mac: None, name: None, ..Identity::read(&said, knowledge) });
            for title in clues.iter().filter(|clue| clue.attribute == Attribute::AeTitle) {
                known.ae_titles.entry(title.value.to_owned()).or_default().insert(root);
            }
        }
        for id in 0..assembly.groups.len() {
            if let Node::Station(mac) = assembly.groups.node(id) {
                let root = assembly.groups.root(id);
                known.numbers.entry(Number::Mac(mac)).or_default().insert(root);
                if assembly.is_listed(id) {
                    known.with_station.insert(root);
                }
            }
        }
        known
    }

    /// Those identities alone.
    pub(crate) fn of(
        identities: impl Iterator<Item = (NodeId, Identity)>,
        assembly: &mut Assembly<'_>,
    ) -> Self {
        let mut known = Self::default();
        for (node, identity) in identities {
            known.add(assembly.groups.root(node), identity);
        }
        known
    }

    fn add(&mut self, root: NodeId, identity: Identity) {
        for number in numbers(&identity) {
            self.numbers.entry(number).or_default().insert(root);
        }
        if let (Some(vendor), Some(model)) = (&identity.vendor, &identity.model) {
            self.kinds.entry((vendor.clone(), model.clone())).or_default().insert(root);
        }
        // What says nothing contradicts nothing: most groups need no place.
        if identity != Identity::default() {
            self.identities.entry(root).or_default().push(identity);
        }
    }

    /// Whether two groups use a common AE title.
    pub(crate) fn share_ae_title(&self, a: NodeId, b: NodeId) -> bool {
        self.ae_titles.values().any(|roots| roots.contains(&a) && roots.contains(&b))
    }

    /// The device that a number names, when it is one.
    pub(crate) fn by_number(&self, identity: &Identity) -> Option<NodeId> {
        let found: BTreeSet<NodeId> = numbers(identity)
            .iter()
            .filter_map(|number| self.numbers.get(number))
            .flatten()
            .copied()
            .filter(|root| self.relation(*root, identity) != Relation::Different)
            .collect();
        found.first().copied().filter(|_| found.len() == 1)
    }

    fn relation(&self, root: NodeId, identity: &Identity) -> Relation {
        let different = |held: &Identity| held.relation(identity) == Relation::Different;
        let held = self.identities.get(&root).map_or(&[][..], Vec::as_slice);
        if held.iter().any(different) { Relation::Different } else { Relation::Possible }
    }

    /// The device with an address that is this machine: by number, by AE title, or as the only one of its kind.
    pub(crate) fn find(&self, identity: &Identity, senders: &BTreeSet<NodeId>) -> Option<NodeId> {
        let only = |nodes: Option<&BTreeSet<NodeId>>| {
            let mut fitting = nodes?.iter().copied().filter(|root| {
                !senders.contains(root)
                    && !self.keepers.contains(root)
                    && self.relation(*root, identity) != Relation::Different
            });
            fitting.next().filter(|_| fitting.next().is_none())
        };
        let kind = identity.vendor.clone().zip(identity.model.clone());
        self.by_number(identity)
            .filter(|root| !senders.contains(root))
            .or_else(|| only(self.ae_titles.get(identity.ae_title.as_ref()?)))
            .or_else(|| only(self.kinds.get(&kind?)))
    }
}

/// Whether what a host says of its services shows that it keeps or passes on the data of others: an image
/// archive answers queries or stores without ever asking for a worklist; an interface engine sends what it
/// receives.
fn keeps(clues: &[Clue<'_>]) -> bool {
    let examines = offers(clues, &["scu:worklist", "scu:mpps"]);
    let archive = offers(clues, &["scp:query"]) || offers(clues, &["scp:storage"]) && !examines;
    let said = |verb: &str, kind: &str| {
        let message = |clue: &&Clue<'_>| clue.attribute == Attribute::Hl7Message;
        let told =
            |clue: &Clue<'_>| clue.value.strip_prefix(verb)?.strip_prefix(':').map(|t| t.starts_with(kind));
        clues.iter().filter(message).any(|clue| told(clue) == Some(true))
    };
    archive || ["ORU", "OUL", "ORL", "MDM"].iter().any(|kind| said("sends", kind) && said("receives", kind))
}

/// Whether one of these DICOM services is among the clues.
fn offers(clues: &[Clue<'_>], services: &[&str]) -> bool {
    let service = |clue: &&Clue<'_>| clue.attribute == Attribute::DicomService;
    clues.iter().filter(service).any(|clue| services.iter().any(|start| clue.value.starts_with(start)))
}
