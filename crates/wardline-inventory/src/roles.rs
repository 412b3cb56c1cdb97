//! Roles: what a device does on the network.
//!
//! In: clues that name a role, DICOM services, the class, services offered and asked for. Out: roles, sorted.
//! Server and client say that nothing more is known, so they stand alone.

use crate::choose;
use crate::clue::Clue;
use std::collections::BTreeSet;
use wardline_model::{Attribute, Confidence, Role, Service};

/// Below this a role is a guess.
const CONFIDENCE_MIN: Confidence = 50;
/// Services that every host offers to its neighbours: they make no server.
const HOUSEHOLD: &[&str] =
    &["arp", "dhcp", "dhcpv6", "icmp", "icmpv6", "igmp", "llmnr", "mdns", "nbdgm", "nbns", "ssdp", "unknown"];

/// The roles of a device.
pub(crate) fn of(clues: &[Clue<'_>], class: Option<&str>, services: &[Service], asks: bool) -> Vec<Role> {
    let said = choose::list(clues.iter().copied().filter(|c| c.attribute == Attribute::Role), str::to_owned);
    let mut roles: BTreeSet<Role> = said
        .iter()
        .filter(|choice| choice.confidence >= CONFIDENCE_MIN)
        .filter_map(|choice| Role::parse(&choice.value))
        .filter(|role| *role != Role::Unknown)
        .collect();
    let services_used = clues.iter().filter(|clue| clue.attribute == Attribute::DicomService);
    roles.extend(by_dicom(&services_used.map(|clue| clue.value).collect()));
    roles.extend(class.and_then(by_class));
    if fetches(clues) {
        // A viewer takes the images it asked for; an archive answers queries.
        roles.remove(&Role::Archive);
    }
    if roles.contains(&Role::Archive) {
        // An archive sends images too; what it sends was made elsewhere.
        roles.remove(&Role::Modality);
    }
    if class == Some("inf.srv") {
        // It tells what its pumps did, and decides with them: more than a gateway.
        roles.remove(&Role::Gateway);
    }
    if roles.contains(&Role::Middleware) {
        roles.remove(&Role::Analyser);
        roles.remove(&Role::InterfaceEngine);
    }
    if roles.contains(&Role::Gateway) && roles.contains(&Role::InterfaceEngine) {
        // Admissions and orders pass through the engine of the house; a gateway of devices knows results only.
        roles.remove(if routes(clues) { &Role::Gateway } else { &Role::InterfaceEngine });
    }
    if roles.len() > 1 {
        let plain = [Role::Server, Role::Client];
        let others = roles.iter().any(|role| !plain.contains(role));
        roles.retain(|role| !others || !plain.contains(role));
    }
    if roles.is_empty() {
        let serves = services.iter().any(|service| !HOUSEHOLD.contains(&service.protocol));
        roles.insert(if serves {
            Role::Server
        } else if asks {
            Role::Client
        } else {
            Role::Unknown
        });
    }
    roles.into_iter().collect()
}

/// Whether it asks others for images and answers no query itself.
fn fetches(clues: &[Clue<'_>]) -> bool {
    let has = |service: &str| {
        clues.iter().any(|clue| clue.attribute == Attribute::DicomService && clue.value.starts_with(service))
    };
    let kept =
        clues.iter().any(|clue| clue.attribute == Attribute::Role && clue.rule == "inventory.forwards");
    (has("scu:move") || has("scu:get")) && !has("scp:query") && !has("scp:worklist") && !kept
}

/// Whether it takes in messages that are not results.
fn routes(clues: &[Clue<'_>]) -> bool {
    let received = clues.iter().filter(|clue| clue.attribute == Attribute::Hl7Message);
    received.into_iter().any(|clue| {
        clue.value.strip_prefix("receives:").is_some_and(|kind| {
            !kind.starts_with("ORU") && !kind.starts_with("OUL") && !kind.starts_with("ACK")
        })
    })
}

/// DICOM services as the dissector names them, `scp:…` provided and `scu:…` used.
pub(crate) fn by_dicom(services: &BTreeSet<&str>) -> Vec<Role> {
    let has = |start: &str| services.iter().any(|service| service.starts_with(start));
    let mut roles = Vec::new();
    if has("scp:worklist") {
        roles.push(Role::Worklist);
    }
    if has("scp:query") || has("scp:storage") && !has("scu:worklist") && !has("scu:mpps") && !has("scu:query")
    {
        roles.push(Role::Archive);
    }
    if has("scu:query") && !has("scp:query") && !has("scu:worklist") && !has("scu:mpps") {
        roles.push(Role::Workstation);
    }
    if has("scp:print") {
        roles.push(Role::Printer);
    }
    if has("scu:storage") && (has("scu:worklist") || has("scu:mpps")) {
        roles.push(Role::Modality);
    }
    roles
}

/// Classes that are roles too.
pub(crate) fn by_class(class: &str) -> Option<Role> {
    match class {
        "img.print" | "phleb.label" | "it.prn" => Some(Role::Printer),
        // An archive, a viewer, a program: what it offers tells which, not its class.
        "img.pacs" | "img.ai" | "img.inj" => None,
        "lab.track" => Some(Role::Middleware),
        "lab.bb" => None,
        "mdds" => Some(Role::Gateway),
        "it.ws" => Some(Role::Workstation),
        "bms" => Some(Role::Controller),
        "inf.srv" | "it.srv" | "mon.cs" => Some(Role::Server),
        _ if class.starts_with("img.") => Some(Role::Modality),
        _ if class.starts_with("lab.") || class.starts_with("poc.") => Some(Role::Analyser),
        _ => None,
    }
}
