//! Mapping: which column of a list means what.
//!
//! In: a small TOML file, `[columns]` with our name on the left and the list's heading on the right; or nothing, and
//! the headings that inventories usually have are known. Headings are compared by their letters and digits alone.

use serde::Deserialize;
use std::collections::BTreeMap;
use wardline_model::Attribute;

/// What a column can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Meaning {
    /// A fact of the device.
    Of(Attribute),
    /// The number or name by which people find the entry.
    Asset,
    /// Version of the software that the device runs.
    SoftwareVersion,
    /// Version of the operating system.
    OsVersion,
    /// The switch at which it was learned.
    Element,
    /// The port of that switch.
    Port,
    /// The access point to which it is associated.
    AccessPoint,
}

/// Our names, and the headings that usually mean them.
const USUAL: &[(&str, Meaning, &[&str])] = &[
    (
        "asset",
        Meaning::Asset,
        &[
            "asset",
            "assetid",
            "assetnumber",
            "assettag",
            "assetno",
            "equipmentnumber",
            "equipmentid",
            "equipmentno",
            "controlnumber",
            "cenumber",
            "inventorynumber",
            "inventarnummer",
            "tagnumber",
            "id",
        ],
    ),
    (
        "mac",
        Meaning::Of(Attribute::Mac),
        &[
            "mac",
            "macaddress",
            "ethernetaddress",
            "physicaladdress",
            "hardwareaddress",
            "macadresse",
            "wiredmac",
            "wirelessmac",
        ],
    ),
    (
        "ip",
        Meaning::Of(Attribute::Ip),
        &["ip", "ipaddress", "ipv4", "ipv4address", "ipv6", "ipv6address", "networkaddress", "ipadresse"],
    ),
    (
        "hostname",
        Meaning::Of(Attribute::Hostname),
        &["hostname", "host", "computername", "devicename", "networkname", "dnsname", "fqdn", "netbiosname"],
    ),
    (
        "vendor",
        Meaning::Of(Attribute::Vendor),
        &[
            "vendor",
            "manufacturer",
            "mfr",
            "mfg",
            "make",
            "maker",
            "oem",
            "manufacturername",
            "hersteller",
            "brand",
        ],
    ),
    (
        "model",
        Meaning::Of(Attribute::Model),
        &["model", "modelname", "modelnumber", "modelno", "type", "typemodel", "modell", "devicemodel"],
    ),
    (
        "serial",
        Meaning::Of(Attribute::Serial),
        &["serial", "serialnumber", "serialno", "sn", "serialnum", "seriennummer"],
    ),
    (
        "udi",
        Meaning::Of(Attribute::Udi),
        &["udi", "udicarrier", "uniquedeviceidentifier", "uniquedeviceidentification"],
    ),
    (
        "software",
        Meaning::Of(Attribute::Software),
        &["software", "softwarename", "application", "applicationname"],
    ),
    (
        "software_version",
        Meaning::SoftwareVersion,
        &[
            "softwareversion",
            "swversion",
            "version",
            "firmware",
            "firmwareversion",
            "fwversion",
            "softwarerevision",
            "swrev",
            "softwarerev",
        ],
    ),
    ("os", Meaning::Of(Attribute::Os), &["os", "operatingsystem", "osname", "betriebssystem"]),
    ("os_version", Meaning::OsVersion, &["osversion", "operatingsystemversion"]),
    (
        "location",
        Meaning::Of(Attribute::Location),
        &["location", "room", "department", "area", "site", "standort", "costcenter", "unit"],
    ),
    ("switch", Meaning::Element, &["switch", "switchname", "networkdevice", "networkdevicename", "nasname"]),
    ("port", Meaning::Port, &["port", "ports", "switchport", "nasportid"]),
    ("access_point", Meaning::AccessPoint, &["apname", "accesspoint", "accesspointname"]),
    ("ae_title", Meaning::Of(Attribute::AeTitle), &["aetitle", "aet", "dicomaetitle", "dicomaet"]),
    ("class", Meaning::Of(Attribute::Class), &[]),
];

/// Which heading means what.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Our name to the list's heading.
    #[serde(default)]
    columns: BTreeMap<String, String>,
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// In words, with the line: what is no TOML, or a name that we do not have.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mapping: Self = toml::from_str(text).map_err(|error| error.to_string().trim().to_owned())?;
        let known = |name: &&String| !USUAL.iter().any(|(ours, ..)| ours == name);
        match mapping.columns.keys().find(known) {
            Some(unknown) => {
                let names: Vec<&str> = USUAL.iter().map(|(name, ..)| *name).collect();
                Err(format!("`{unknown}` is not one of our names; these are: {}", names.join(", ")))
            }
            None => Ok(mapping),
        }
    }

    /// What each heading means, by its place; and the headings that the mapping names and the list has not.
    pub(crate) fn apply(&self, headings: &[String]) -> (BTreeMap<usize, Meaning>, Vec<String>) {
        let (mut meanings, mut absent) = (BTreeMap::new(), Vec::new());
        let place = |wanted: &str| headings.iter().position(|heading| plain(heading) == plain(wanted));
        for (ours, heading) in &self.columns {
            let meaning = USUAL.iter().find(|(name, ..)| name == ours).map(|(_, meaning, _)| *meaning);
            match (place(heading), meaning) {
                (Some(at), Some(meaning)) => _ = meanings.insert(at, meaning),
                _ => absent.push(heading.clone()),
            }
        }
        for (ours, meaning, usual) in USUAL {
            if self.columns.contains_key(*ours) {
                continue;
            }
            // Two wired and wireless addresses, two locations: every column that means it.
            for (at, heading) in headings.iter().enumerate() {
                if usual.contains(&plain(heading).as_str()) {
                    meanings.entry(at).or_insert(*meaning);
                }
            }
        }
        (meanings, absent)
    }
}

/// Letters and digits of a heading, in lower case.
pub(crate) fn plain(heading: &str) -> String {
    heading.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
