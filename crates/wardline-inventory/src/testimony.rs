//! Testimony: what other witnesses than the wire say of devices: an inventory list, leases, a scan.
//!
//! In: entries of such documents, and the devices that the wire showed. Out: which device each entry speaks of, and
//! statements about it, to be weighed with all others. An entry speaks of a device when something in it that
//! identifies names one device alone and nothing in it that identifies speaks against it: MAC before serial number,
//! UDI, AE title, host name, address. An entry that fits none is no device: nothing is on the network because a list
//! says so.

use crate::Sightings;
use crate::identity::{binding::read_mac, serial};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use wardline_model::{About, Attribute, Device, Fact, Mac, PacketRef, Seen, Statement, Subject};

/// What one entry of a document says.
#[derive(Clone, Debug)]
pub struct Testimony {
    /// The kind of document, one of [`wardline_model::Evidence::TESTIMONY`].
    pub kind: &'static str,
    /// Number of the document after the captures, and the line in it.
    pub file: u32,
    /// Line, from 1.
    pub line: u64,
    /// The facts.
    pub facts: Vec<Fact>,
}

impl Testimony {
    fn values(&self, attribute: Attribute) -> impl Iterator<Item = &str> {
        self.facts.iter().filter(move |fact| fact.attribute == attribute).map(|fact| &*fact.value)
    }
}

/// Devices by what identifies them, each by its number.
#[derive(Debug, Default)]
struct Names(BTreeMap<(Attribute, String), BTreeSet<usize>>);

impl Names {
    fn of(devices: &[Device]) -> Self {
        let mut names = Self::default();
        for (number, device) in devices.iter().enumerate() {
            for (attribute, name) in identifiers(device) {
                names.0.entry((attribute, name)).or_default().insert(number);
            }
        }
        names
    }

    /// The one device of that name.
    fn one(&self, attribute: Attribute, name: &str) -> Option<usize> {
        let numbers = self.0.get(&(attribute, key(attribute, name)?))?;
        numbers.first().copied().filter(|_| numbers.len() == 1)
    }
}

/// The order in which identifiers are trusted.
const TRUSTED: &[Attribute] = &[
    Attribute::Mac,
    Attribute::Serial,
    Attribute::Udi,
    Attribute::AeTitle,
    Attribute::Hostname,
    Attribute::Ip,
];

/// The form in which identifiers are compared; `None` for what identifies nothing.
fn key(attribute: Attribute, value: &str) -> Option<String> {
    match attribute {
        Attribute::Mac => read_mac(value).map(|mac| mac.to_string()),
        Attribute::Serial => serial::key(value, None),
        Attribute::Udi => serial::udi_key(value),
        Attribute::Hostname => {
            let name = value.to_lowercase();
            name.split('.').next().filter(|head| !head.is_empty()).map(str::to_owned)
        }
        Attribute::Ip => value.parse::<IpAddr>().ok().map(|ip| ip.to_string()),
        _ => Some(value.to_owned()),
    }
}

fn identifiers(device: &Device) -> Vec<(Attribute, String)> {
    let macs = device.macs.iter().map(|mac| (Attribute::Mac, mac.to_string()));
    let ips = device.ips.iter().map(|ip| (Attribute::Ip, ip.to_string()));
    let names = device.hostnames.iter().map(|name| (Attribute::Hostname, name.clone()));
    let titles = device.ae_titles.iter().map(|title| (Attribute::AeTitle, title.clone()));
    let serial = device.serial.iter().map(|serial| (Attribute::Serial, serial.clone()));
    let udi = device.udi.iter().map(|udi| (Attribute::Udi, udi.clone()));
    let all = macs.chain(ips).chain(names).chain(titles).chain(serial).chain(udi);
    all.filter_map(|(attribute, value)| Some((attribute, key(attribute, &value)?))).collect()
}

/// Which device each testimony speaks of.
#[must_use]
pub fn attribute_to(devices: &[Device], testimonies: &[Testimony]) -> Vec<Option<usize>> {
    let names = Names::of(devices);
    let of = |testimony: &Testimony| {
        TRUSTED.iter().find_map(|&by| {
            let found = testimony.values(by).find_map(|value| names.one(by, value))?;
            devices.get(found).filter(|device| !contradicts(testimony, device, by)).map(|_| found)
        })
    };
    testimonies.iter().map(of).collect()
}

/// Whether something that identifies speaks against it: by a name or an address alone an entry is not matched to a
/// device that has another MAC or serial number; by anything but the MAC not to one of another MAC.
fn contradicts(testimony: &Testimony, device: &Device, by: Attribute) -> bool {
    let own = identifiers(device);
    let differs = |attribute: Attribute| {
        let said: Vec<String> =
            testimony.values(attribute).filter_map(|value| key(attribute, value)).collect();
        let has: Vec<&String> = own.iter().filter(|(a, _)| *a == attribute).map(|(_, name)| name).collect();
        !said.is_empty() && !has.is_empty() && !said.iter().any(|name| has.contains(&name))
    };
    let weak = matches!(by, Attribute::AeTitle | Attribute::Hostname | Attribute::Ip);
    match by {
        Attribute::Mac | Attribute::Serial | Attribute::Udi => false,
        _ => weak && (differs(Attribute::Mac) || differs(Attribute::Serial)),
    }
}

/// Adds what is testified of devices to what was seen. Where a device is known by nothing but another's word, the
/// testimony has nothing to hold on to and is left out.
pub fn testify(
    sightings: &mut Sightings,
    devices: &[Device],
    testimonies: &[Testimony],
    of: &[Option<usize>],
) {
    for (testimony, number) in testimonies.iter().zip(of) {
        let Some(device) = number.and_then(|number| devices.get(number)) else { continue };
        let subject = match (device.macs.first(), device.ips.first()) {
            (Some(mac), _) => Subject::Mac(*mac),
            (None, Some(ip)) => Subject::Named(*ip),
            (None, None) => continue,
        };
        let mut facts: Vec<Fact> =
            testimony.facts.iter().filter(|fact| !is_address(fact, device)).cloned().collect();
        if facts.is_empty() {
            continue;
        }
        facts.sort();
        facts.dedup();
        // It holds for the device as it was last seen; the document's own date is not known.
        let packet = PacketRef::new(testimony.file, testimony.line, device.last_seen);
        let statement = Statement { subject, about: About::Speaker, protocol: testimony.kind, facts };
        sightings.observations.entry(statement).or_insert_with(|| Seen::once(packet)).again(packet);
    }
}

/// An address of a list may be yesterday's: it finds the device and says nothing more of it. A card is new only
/// where none was seen, behind a router.
fn is_address(fact: &Fact, device: &Device) -> bool {
    match fact.attribute {
        Attribute::Ip => true,
        Attribute::Mac => {
            !device.macs.is_empty() || read_mac(&fact.value).is_none_or(|mac: Mac| mac.is_local())
        }
        _ => false,
    }
}
