//! FHIR resources (HL7 FHIR DSTU2, STU3, R4, R5) in JSON or XML: devices, and the software of a server.
//!
//! In: a body or its first part. Out: of each Device resource, alone or in a bundle, maker, model, serial
//! number, identification, kind and versions; of a capability statement the software; whether a device is tied
//! to a patient. Resources within others are passed over. Limits: [`DEVICES_MAX`], [`VERSIONS_MAX`], those of
//! [`crate::json`] and [`crate::xml`].

use crate::hl7::eui64_mac;
use crate::json;
use crate::xml::{Here, Visitor, attribute};
use quick_xml::events::BytesStart;
use wardline_model::{Attribute, Fact};

/// Devices told of one body: a search for all of them has pages.
const DEVICES_MAX: usize = 64;
/// Versions told of one device.
const VERSIONS_MAX: usize = 8;
/// The system of EUI-64 identifiers (IEEE 11073-10101 MDC_ATTR_SYS_ID, as an object identifier's arcs).
const EUI64_SYSTEM: &str = "urn:oid:1.2.840.10004.1.1.1.0.0.1.0.0.1.2680";
/// The system of device kinds.
const MDC_SYSTEM: &str = "urn:iso:std:iso:11073:10101";

/// What a body told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Of each device.
    pub(crate) devices: Vec<Vec<Fact>>,
    /// Of the program that serves the resources.
    pub(crate) software: Option<Fact>,
    /// A resource is tied to a patient.
    pub(crate) patient: bool,
}

/// How resources are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Xml,
}

/// Reads a body.
pub(crate) fn read(bytes: &[u8], form: Form) -> Told {
    let mut reader = Reader::default();
    match form {
        Form::Json => json::walk(bytes, &mut reader),
        Form::Xml => crate::xml::walk(bytes, &mut reader),
    }
    reader.told
}

#[derive(Default)]
struct Reader {
    told: Told,
    /// The resource of the document, and that of a bundle's entry.
    resources: [Resource; 2],
    /// Names of the XML elements around, outermost first.
    names: Vec<String>,
}

/// Fields of the resource that is being read; its kind may come last.
#[derive(Default)]
struct Resource {
    kind: Option<String>,
    vendor: Option<String>,
    model: Option<String>,
    serial: Option<String>,
    udi: Option<String>,
    mac: Option<String>,
    mdc: Option<String>,
    friendly: Option<String>,
    location: Option<String>,
    patient: bool,
    software: [Option<String>; 2],
    versions: Vec<(bool, String)>,
    /// Parts of an element that repeats: what it is, and its value.
    part: Part,
}

/// One element of a list whose parts belong together.
#[derive(Default)]
struct Part {
    kind: Option<String>,
    system: Option<String>,
    value: Option<String>,
}

impl Reader {
    fn resource(&mut self, entry: bool) -> &mut Resource {
        let [document, of_entry] = &mut self.resources;
        if entry { of_entry } else { document }
    }

    /// A value under the path within its resource.
    fn field(&mut self, (entry, path): (bool, &[&str]), text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let resource = self.resource(entry);
        let set = |place: &mut Option<String>| {
            place.get_or_insert_with(|| text.to_owned());
        };
        match path {
            ["resourceType"] => set(&mut resource.kind),
            ["manufacturer"] => set(&mut resource.vendor),
            ["model" | "modelNumber"] => set(&mut resource.model),
            ["serialNumber"] => set(&mut resource.serial),
            ["udi"] | ["udi" | "udiCarrier", "carrierHRF" | "deviceIdentifier"] => set(&mut resource.udi),
            ["location", "display"] => set(&mut resource.location),
            ["patient" | "subject", ..] => resource.patient = true,
            ["software", "name"] => {
                let [name, _] = &mut resource.software;
                set(name);
            }
            ["software", "version"] => {
                let [_, version] = &mut resource.software;
                set(version);
            }
            ["version"] => resource.version(false, text),
            ["identifier" | "deviceName" | "name" | "version", "value" | "name"] => {
                set(&mut resource.part.value);
            }
            ["identifier" | "type", "system"] | ["type" | "version", .., "system"] => {
                set(&mut resource.part.system);
            }
            ["deviceName" | "name" | "version", "type", ..] | ["type", .., "code"] => {
                set(&mut resource.part.kind);
            }
            _ => {}
        }
    }

    /// An object or element under the path within its resource is over.
    fn end(&mut self, (entry, path): (bool, &[&str])) {
        let resource = self.resource(entry);
        match path {
            ["identifier" | "deviceName" | "name" | "version"] | ["type", "coding"] => {
                let part = std::mem::take(&mut resource.part);
                resource.part_over(path, part);
            }
            [] => {
                let resource = std::mem::take(resource);
                self.resource_over(resource);
            }
            _ => {}
        }
    }

    fn resource_over(&mut self, resource: Resource) {
        match resource.kind.as_deref() {
            Some("Device") if self.told.devices.len() < DEVICES_MAX => {
                self.told.patient |= resource.patient;
                let facts = resource.facts();
                let named =
                    |f: &Fact| matches!(f.attribute, Attribute::Model | Attribute::Serial | Attribute::Udi);
                if facts.iter().any(named) && !self.told.devices.contains(&facts) {
                    self.told.devices.push(facts);
                }
            }
            Some("CapabilityStatement" | "Conformance") => {
                let [name, version] = resource.software;
                let fact = name.and_then(|name| Fact::new(Attribute::Software, &name, 85, "fhir.software"));
                self.told.software =
                    fact.map(|fact| fact.with_version(version.as_deref().unwrap_or_default()));
            }
            _ => {}
        }
    }
}

impl Resource {
    fn version(&mut self, firmware: bool, text: &str) {
        if self.versions.len() < VERSIONS_MAX {
            self.versions.push((firmware, text.to_owned()));
        }
    }

    /// An element of a list whose parts belong together.
    fn part_over(&mut self, path: &[&str], part: Part) {
        let Part { kind, system, value } = part;
        let kind = kind.unwrap_or_default().to_ascii_lowercase();
        match (path, value) {
            (["version"], Some(value)) => {
                self.version(kind.contains("firmware") || kind == "531976", &value);
            }
            (["identifier"], Some(value)) if system.as_deref() == Some(EUI64_SYSTEM) => {
                self.mac = self.mac.take().or_else(|| eui64_mac(&value).map(|mac| mac.to_string()));
            }
            (["deviceName" | "name"], Some(value)) => {
                let place = match kind.as_str() {
                    "model-name" => &mut self.model,
                    "user-friendly-name" | "registered-name" => &mut self.friendly,
                    _ => return,
                };
                place.get_or_insert(value);
            }
            (["type", "coding"], _)
                if system.as_deref() == Some(MDC_SYSTEM) && kind.bytes().all(|b| b.is_ascii_digit()) =>
            {
                self.mdc.get_or_insert(kind);
            }
            _ => {}
        }
    }

    fn facts(self) -> Vec<Fact> {
        let fact = |attribute, text: &Option<String>, confidence, rule| {
            Fact::new(attribute, text.as_deref().filter(|text| is_value(text))?, confidence, rule)
        };
        let mut facts: Vec<Fact> = [
            fact(Attribute::Vendor, &self.vendor, 80, "fhir.manufacturer"),
            fact(Attribute::Model, &self.model, 80, "fhir.model"),
            fact(Attribute::Serial, &self.serial, 80, "fhir.serial-number"),
            fact(Attribute::Udi, &self.udi, 80, "fhir.udi"),
            fact(Attribute::Mac, &self.mac, 75, "fhir.identifier"),
            fact(Attribute::MdcDevice, &self.mdc, 75, "fhir.type"),
            fact(Attribute::FriendlyName, &self.friendly, 70, "fhir.device-name"),
            fact(Attribute::Location, &self.location, 60, "fhir.location"),
        ]
        .into_iter()
        .flatten()
        .collect();
        let model = self.model.as_deref().unwrap_or("software");
        for (firmware, version) in &self.versions {
            let name = if *firmware { "firmware" } else { model };
            let software = Fact::new(Attribute::Software, name, 75, "fhir.version");
            facts.extend(software.map(|fact| fact.with_version(version)));
        }
        facts
    }
}

/// Placeholders are no names.
fn is_value(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    !matches!(lower.as_str(), "unknown" | "none" | "null" | "n/a" | "na" | "undefined" | "example")
        && text.chars().any(|c| c.is_alphanumeric() && c != '0')
}

/// The path within a resource, and whether that is one of a bundle's entries. Resources within others, texts
/// and extensions have none.
fn within<'n, 'p>(names: &'p [&'n str]) -> Option<(bool, &'p [&'n str])> {
    let (entry, path) = match names {
        ["entry", "resource", path @ ..] => (true, path),
        ["entry", ..] => return None,
        path => (false, path),
    };
    let narrative = path.first() == Some(&"text");
    let passed = narrative || path.iter().any(|name| matches!(*name, "contained" | "extension"));
    (!passed).then_some((entry, path))
}

impl json::Visitor for Reader {
    fn value(&mut self, names: &[&[u8]], text: &str) {
        let names: Option<Vec<&str>> = names.iter().map(|name| std::str::from_utf8(name).ok()).collect();
        if let Some(place) = names.as_deref().and_then(within) {
            self.field(place, text);
        }
    }

    fn close(&mut self, names: &[&[u8]]) {
        let names: Option<Vec<&str>> = names.iter().map(|name| std::str::from_utf8(name).ok()).collect();
        if let Some(place) = names.as_deref().and_then(within) {
            self.end(place);
        }
    }
}

impl Visitor for Reader {
    fn open(&mut self, here: &Here<'_>, element: &BytesStart<'_>) -> bool {
        let (_, name) = here.name();
        self.names.push(name.to_owned());
        let value = attribute(element, "value");
        self.at_element(|reader, kind, place| match (place, value) {
            // The element of a resource has its kind for name.
            ((entry, []), _) => reader.resource(entry).kind = Some(kind.to_owned()),
            (place, Some(value)) => reader.field(place, &value),
            _ => {}
        });
        true
    }

    fn close(&mut self, _: &Here<'_>, _: &str) {
        self.at_element(|reader, _, place| reader.end(place));
        self.names.pop();
    }
}

impl Reader {
    /// Does something at the element that is open, when it stands within a resource or is one.
    fn at_element(&mut self, then: impl FnOnce(&mut Self, &str, (bool, &[&str]))) {
        let names = std::mem::take(&mut self.names);
        let parts: Vec<&str> = names.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["Bundle", "entry", "resource", kind, path @ ..] => {
                if let Some((false, path)) = within(path) {
                    then(self, kind, (true, path));
                }
            }
            ["Bundle", ..] | [] => {}
            [kind, path @ ..] => {
                if let Some(place) = within(path) {
                    then(self, kind, place);
                }
            }
        }
        self.names = names;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(told: &Told, want: &[&str]) {
        let line = |fact: &Fact| {
            let version = fact.version.as_deref().map(|v| format!(" {v}")).unwrap_or_default();
            format!("{} {}{version}", fact.attribute.as_str(), fact.value)
        };
        let lines: Vec<String> = told.devices.iter().flatten().chain(&told.software).map(line).collect();
        assert_eq!(lines, want);
    }

    const FACTS: &[&str] = &[
        "vendor Example Medical",
        "model Pump 7",
        "serial SN-4411",
        "mac 00:11:22:33:44:55",
        "mdc-device 528409",
        "friendly-name Pump bed 4",
        "software Pump 7 3.1.2",
        "software firmware 9",
    ];

    const JSON: &str = r#"{"contained":[{"resourceType":"Device","serialNumber":"inner"}],
        "identifier":[{"system":"urn:x","value":"1"},
          {"system":"urn:oid:1.2.840.10004.1.1.1.0.0.1.0.0.1.2680","value":"00-11-22-FF-FE-33-44-55"}],
        "manufacturer":"Example Medical","serialNumber":"SN-4411",
        "deviceName":[{"name":"Pump bed 4","type":"user-friendly-name"},{"name":"Pump 7","type":"model-name"}],
        "type":{"coding":[{"system":"urn:iso:std:iso:11073:10101","code":"528409"}]},
        "version":[{"type":{"text":"software"},"value":"3.1.2"},
          {"type":{"coding":[{"code":"531976"}]},"value":"9"}],
        "patient":{"reference":"Patient/1"},"resourceType":"Device"}"#;

    #[test]
    fn a_device_is_read_alone_or_in_a_bundle() {
        let told = read(JSON.as_bytes(), Form::Json);
        check(&told, FACTS);
        assert!(told.patient);
        let bundle = format!(
            r#"{{"resourceType":"Bundle","entry":[{{"resource":{JSON}}},{{"fullUrl":"u","resource":
            {{"resourceType":"Patient","name":[{{"family":"X"}}],"identifier":[{{"value":"7"}}]}}}},
            {{"resource":{{"resourceType":"Device","manufacturer":"Only a maker"}}}}]}}"#
        );
        check(&read(bundle.as_bytes(), Form::Json), FACTS);
        assert_eq!(read(JSON.get(..JSON.len() - 2).unwrap().as_bytes(), Form::Json).devices.len(), 0);
    }

    #[test]
    fn xml_says_the_same() {
        let device = r#"<Device xmlns="http://hl7.org/fhir"><contained><Device><serialNumber value="i"/></Device>
            </contained><identifier><system value="urn:oid:1.2.840.10004.1.1.1.0.0.1.0.0.1.2680"/>
            <value value="001122FFFE334455"/></identifier><manufacturer value="Example Medical"/>
            <serialNumber value="SN-4411"/><deviceName><name value="Pump bed 4"/><type
            value="user-friendly-name"/></deviceName><deviceName><name value="Pump 7"/><type value="model-name"/>
            </deviceName><type><coding><system value="urn:iso:std:iso:11073:10101"/><code value="528409"/></coding>
            </type><version><type><text value="software"/></type><value value="3.1.2"/></version><version><type>
            <coding><code value="531976"/></coding></type><value value="9"/></version></Device>"#;
        check(&read(device.as_bytes(), Form::Xml), FACTS);
        let bundle = format!("<Bundle><entry><resource>{device}</resource></entry></Bundle>");
        check(&read(bundle.as_bytes(), Form::Xml), FACTS);
    }

    #[test]
    fn a_capability_statement_names_the_server() {
        let statement = r#"{"resourceType":"CapabilityStatement","name":"x","version":"9","software":
            {"name":"Example FHIR Server","version":"6.4.0"},"implementation":{"description":"d"}}"#;
        check(&read(statement.as_bytes(), Form::Json), &["software Example FHIR Server 6.4.0"]);
        let old = r#"<Conformance><software><name value="S"/></software></Conformance>"#;
        check(&read(old.as_bytes(), Form::Xml), &["software S"]);
    }
}
