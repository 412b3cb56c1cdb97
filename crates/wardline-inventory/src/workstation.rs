//! Workstations: office computers that nothing names, by several weak signs that must all agree.
//!
//! In: the parts of one device. Out: a clue for the class, or none. All of these are needed: it asked for its
//! address as Windows does, its network card or its name is that of an office computer, it offers nothing but
//! what every Windows computer offers, it speaks no clinical protocol, and nothing else names a class. Medical
//! devices are built on the same computers: where one of them shows, nothing is concluded.

use crate::clue::{Clue, WIRE};
use crate::device::{Parts, vendor};
use crate::knowledge::Knowledge;
use wardline_model::{Attribute, Confidence};

/// Several weak signs together: more likely than not.
const CONFIDENCE: Confidence = 55;
/// The class code.
const CLASS: &str = "it.ws";
/// Makers of office computers, by their listed names.
const MAKERS: &[&str] = &["Acer", "Dell", "Fujitsu", "HP", "Lenovo", "Microsoft"];
/// How a computer is called that its owner never named, since Windows 10.
const DEFAULT_NAMES: &[&str] = &["DESKTOP-", "LAPTOP-"];
/// What every Windows computer offers to its neighbours.
const HOUSEHOLD: &[&str] = &["dcerpc", "llmnr", "mdns", "nbdgm", "nbns", "rdp", "smb", "ssdp"];
/// Protocols that office computers do not speak.
const CLINICAL: &[&str] = &["astm", "dicom", "hl7", "intellivue", "medibus", "poct1a", "sdc"];
/// Words in names of computers that serve others.
const SERVER_WORDS: &[&str] = &["srv", "server", "sql", "pacs", "gateway"];

/// The clue that it is a workstation.
pub(crate) fn clue<'a>(parts: &Parts<'a>, knowledge: &Knowledge<'_>) -> Option<Clue<'a>> {
    let of = |attribute: Attribute| parts.clues.iter().filter(move |clue| clue.attribute == attribute);
    let windows = of(Attribute::Os).find(|clue| clue.protocol == "dhcp" && clue.value.starts_with("Windows"));
    let told = windows.filter(|_| of(Attribute::Class).next().is_none())?;
    let foreign = of(Attribute::Os).any(|clue| !clue.value.starts_with("Windows"));
    let clinical = parts.clues.iter().map(|clue| clue.protocol).chain(parts.asks.iter().copied());
    let serves = parts.services.iter().any(|service| !HOUSEHOLD.contains(&service.protocol));
    if foreign || serves || clinical.into_iter().any(|protocol| CLINICAL.contains(&protocol)) {
        return None;
    }
    let names: Vec<String> = of(Attribute::Hostname).map(|clue| clue.value.to_ascii_uppercase()).collect();
    let server = |name: &String| SERVER_WORDS.iter().any(|word| name.contains(&word.to_ascii_uppercase()));
    if names.is_empty() || names.iter().any(server) {
        return None;
    }
    let default_name = names.iter().any(|name| DEFAULT_NAMES.iter().any(|start| name.starts_with(start)));
    let maker = vendor(of(Attribute::Vendor).copied(), knowledge);
    let made = maker.is_some_and(|maker| MAKERS.contains(&maker.as_str()));
    (default_name || made).then_some(Clue {
        attribute: Attribute::Class,
        value: CLASS,
        version: None,
        confidence: CONFIDENCE,
        rule: "inventory.workstation",
        source: WIRE,
        ..*told
    })
}
