//! What a device says of itself in DPWS metadata (ThisModel, ThisDevice, Relationship) and in its SDC
//! description (IEEE 11073-10207: the first MDS, its meta data, production specification and location).

use super::TOLD_MAX;
use super::scope::Place;
use crate::xml::{Here, Space, attribute};
use quick_xml::events::BytesStart;
use wardline_model::{Attribute, Fact};

/// What Windows computers publish instead of a model: the service, not the computer.
const PUBLICATION_SERVICE: &str = "Microsoft Publication Service";

/// Collects facts of the device that sends an envelope.
#[derive(Default)]
pub(super) struct Device {
    /// Of the model and the device; nothing when it is only a program that publishes a computer.
    own: Vec<Fact>,
    /// Of the computer.
    computer: Vec<Fact>,
    /// It is a computer that publishes itself.
    publishes: bool,
    /// Medical device systems begun; a description of several is of the first.
    systems: u8,
    /// Kind of the last production specification.
    specified: Option<Attribute>,
    specified_firmware: bool,
    /// The context state being read.
    context: Context,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Context {
    Location,
    Patient,
    #[default]
    None,
}

impl Device {
    pub(super) fn open(&mut self, here: &Here<'_>, element: &BytesStart<'_>) {
        match here.name() {
            (Space::Participant, "Mds") => self.systems = self.systems.saturating_add(1),
            (Space::Participant | Space::Message, "State" | "ContextState") => {
                let kind = attribute(element, "type").unwrap_or_default();
                let associated = attribute(element, "ContextAssociation").as_deref() == Some("Assoc");
                let (_, kind) = here.resolve(&kind);
                self.context = match kind {
                    "LocationContextState" if associated => Context::Location,
                    "PatientContextState" => Context::Patient,
                    _ => Context::None,
                };
            }
            (Space::Participant, "LocationDetail") if self.context == Context::Location => {
                let value = |name| attribute(element, name);
                let place = Place {
                    facility: value("Facility"),
                    building: value("Building"),
                    floor: value("Floor"),
                    unit: value("PoC"),
                    room: value("Room"),
                    bed: value("Bed"),
                };
                self.add(place.fact("sdc.location"));
            }
            (Space::Participant, "Type") if self.is_system(here.parent()) => {
                self.add(kind(element));
            }
            (Space::Participant, "SpecType") => {
                let code = attribute(element, "Code").unwrap_or_default();
                self.specified_firmware = code == "531976";
                self.specified = match code.as_str() {
                    "531969" => Some(Attribute::Model),
                    "531972" => Some(Attribute::Serial),
                    "531975" | "531976" => Some(Attribute::Software),
                    _ => None,
                };
            }
            _ => {}
        }
    }

    pub(super) fn close(&mut self, here: &Here<'_>, text: &str) {
        let fact = match (here.parent(), here.name()) {
            ((Space::Dpws, "ThisModel"), (Space::Dpws, name)) => self.this_model(name, text),
            ((Space::Dpws, "ThisDevice"), (Space::Dpws, name)) => match name {
                "FriendlyName" => Fact::new(Attribute::FriendlyName, text, 95, "dpws.friendly-name"),
                "SerialNumber" => Fact::new(Attribute::Serial, text, 95, "dpws.serial-number"),
                "FirmwareVersion" => software("firmware", text, "dpws.firmware-version"),
                _ => None,
            },
            ((Space::Dpws, "Host"), (Space::Publication, "Computer")) => return self.published(text),
            ((Space::Participant, "MetaData"), (Space::Participant, name)) if self.systems == 1 => match name
            {
                "Manufacturer" => Fact::new(Attribute::Vendor, text, 95, "sdc.manufacturer"),
                "ModelName" => Fact::new(Attribute::Model, text, 95, "sdc.model-name"),
                "SerialNumber" => Fact::new(Attribute::Serial, text, 95, "sdc.serial-number"),
                _ => None,
            },
            ((Space::Participant, "Udi"), (Space::Participant, "HumanReadableForm")) if self.systems == 1 => {
                Fact::new(Attribute::Udi, text, 95, "sdc.udi")
            }
            ((Space::Participant, "ProductionSpecification"), (Space::Participant, "ProductionSpec"))
                if self.systems == 1 && here.depth() <= SPECIFICATION_DEPTH =>
            {
                self.specification(text)
            }
            _ => None,
        };
        self.add(fact);
    }

    /// Whether this element, inside the state of a patient, shows that one is connected.
    pub(super) fn is_patient(&self, here: &Here<'_>) -> bool {
        let (space, name) = here.name();
        self.context == Context::Patient
            && space == Space::Participant
            && matches!(name, "Identification" | "CoreData")
    }

    pub(super) fn finish(self) -> Vec<Fact> {
        if self.publishes { self.computer } else { self.own }
    }

    fn add(&mut self, fact: Option<Fact>) {
        if self.own.len() < TOLD_MAX {
            self.own.extend(fact);
        }
    }

    fn is_system(&self, name: (Space, &str)) -> bool {
        self.systems == 1 && name == (Space::Participant, "Mds")
    }

    fn this_model(&mut self, name: &str, text: &str) -> Option<Fact> {
        match name {
            "Manufacturer" => Fact::new(Attribute::Vendor, text, 95, "dpws.manufacturer"),
            "ModelName" => {
                self.publishes |= text == PUBLICATION_SERVICE;
                Fact::new(Attribute::Model, text, 95, "dpws.model-name")
            }
            _ => None,
        }
    }

    /// `NAME/Workgroup:X`, `NAME\Domain:X` or `NAME\NotJoined`, as Windows publishes it.
    fn published(&mut self, text: &str) {
        self.publishes = true;
        let (name, group) = text.split_once(['/', '\\']).unwrap_or((text, ""));
        let domain = group.strip_prefix("Domain:");
        let domain = domain.and_then(|domain| Fact::new(Attribute::Domain, domain, 90, "dpws.domain"));
        self.computer.clear();
        self.computer.extend(Fact::new(Attribute::Hostname, name, 90, "dpws.computer"));
        self.computer.extend(domain);
    }

    fn specification(&mut self, text: &str) -> Option<Fact> {
        match self.specified.take()? {
            Attribute::Software if self.specified_firmware => software("firmware", text, "sdc.firmware"),
            Attribute::Software => software("software", text, "sdc.software"),
            attribute => Fact::new(attribute, text, 90, "sdc.production-specification"),
        }
    }
}

/// Elements from the root to a production specification of the system itself; those of its parts are deeper:
/// Envelope, Body, response, Mdib, MdDescription, Mds, `ProductionSpecification`, `ProductionSpec`.
const SPECIFICATION_DEPTH: usize = 8;

fn software(name: &str, version: &str, rule: &'static str) -> Option<Fact> {
    let fact = Fact::new(Attribute::Software, name, 95, rule)?.with_version(version);
    fact.version.is_some().then_some(fact)
}

/// The kind of device by its code in IEEE 11073-10101; the codes of other systems and private ones
/// (0xF000 and above of a block) tell nothing.
fn kind(element: &BytesStart<'_>) -> Option<Fact> {
    const MDC: [&str; 2] = ["urn:oid:1.2.840.10004.1.1.1.0.0.1", "1.2.840.10004.1.1.1.0.0.1"];
    let system = attribute(element, "CodingSystem");
    if system.is_some_and(|system| !MDC.contains(&system.as_str())) {
        return None;
    }
    let code: u32 = attribute(element, "Code")?.parse().ok()?;
    let private = code & 0xFFFF >= 0xF000;
    (!private).then(|| Fact::new(Attribute::MdcDevice, &code.to_string(), 90, "sdc.mds-type")).flatten()
}
