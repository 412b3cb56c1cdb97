//! Words for people: names, groups, counts, periods.

use std::cmp::Reverse;
use wardline_model::{Attribute, Device, Role, Severity, Timestamp, UseState};

/// Groups of device classes, in the order of a report: what touches patients first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ClassGroup {
    Therapy,
    Monitoring,
    Imaging,
    Laboratory,
    Phlebotomy,
    Clinical,
    Facility,
    It,
    Unknown,
}

impl ClassGroup {
    /// Every group, in order.
    pub(crate) const ALL: [Self; 9] = [
        Self::Therapy,
        Self::Monitoring,
        Self::Imaging,
        Self::Laboratory,
        Self::Phlebotomy,
        Self::Clinical,
        Self::Facility,
        Self::It,
        Self::Unknown,
    ];

    /// The heading.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Therapy => "Therapy and life support",
            Self::Monitoring => "Monitoring",
            Self::Imaging => "Imaging",
            Self::Laboratory => "Laboratory and point of care",
            Self::Phlebotomy => "Phlebotomy",
            Self::Clinical => "Other clinical equipment",
            Self::Facility => "Facility",
            Self::It => "Computers and network",
            Self::Unknown => "Not yet identified",
        }
    }
}

/// The group a device belongs to, by the first part of its class code.
pub(crate) fn group(device: &Device) -> ClassGroup {
    let Some((code, _)) = &device.class else { return ClassGroup::Unknown };
    match code.split('.').next().unwrap_or_default() {
        "inf" | "vent" | "anes" | "hlm" | "iabp" | "defib" | "pace" | "dial" | "incub" | "rt" => {
            ClassGroup::Therapy
        }
        "mon" | "resp" | "ecg" | "pft" => ClassGroup::Monitoring,
        "img" => ClassGroup::Imaging,
        "lab" | "poc" => ClassGroup::Laboratory,
        "phleb" => ClassGroup::Phlebotomy,
        "bms" | "phys" | "tube" => ClassGroup::Facility,
        "it" | "ser" => ClassGroup::It,
        _ => ClassGroup::Clinical,
    }
}

/// The name a device goes by: what people of the site call it, its own, else its application entity title.
pub(crate) fn device_name(device: &Device) -> Option<&str> {
    device.name.as_ref().or(device.hostnames.first()).or(device.ae_titles.first()).map(String::as_str)
}

/// What to call a device wherever it must be called something: name, model, address.
pub(crate) fn device_label(device: &Device) -> String {
    let model = device.model.clone().filter(|_| device.ips.is_empty());
    device_name(device)
        .map(str::to_owned)
        .or(model)
        .or_else(|| device.ips.first().map(ToString::to_string))
        .or_else(|| device.macs.first().map(ToString::to_string))
        .unwrap_or_else(|| "a device without name".to_owned())
}

/// The last part of a path.
pub(crate) fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// What a counter says, in a sentence's worth of words.
pub(crate) fn plain_counter(name: &str) -> String {
    let words = match name {
        "undecoded_packets" => "packets that could not be read",
        "duplicated_frames" => "packets the mirror port delivered twice (left out)",
        "clock_steps_back" => "times the clock of the capture stepped back",
        "one_way_connections" => "connections of which only one direction was captured",
        "repeated_segments" => "parts of conversations that were sent again",
        "early_segments" => "parts of conversations that came out of order (put in order)",
        "stray_segments" => "parts that fitted no conversation (left out)",
        "stream_gaps" => "holes in conversations",
        "stream_gap_bytes" => "bytes missing in those holes",
        "fragments" => "fragments of packets",
        "reassembled_packets" => "packets put together from fragments",
        "dropped_fragments" => "fragments that could not be put together (left out)",
        "evicted_flows" => "conversations closed early to stay within memory",
        "shed_dissections" => "conversations followed only by their size to stay within memory",
        "shed_facts" => "facts left out because there were too many",
        "shed_sightings" => "addresses and services left out because there were too many",
        "malformed_flows" => "conversations with bytes that break their protocol's rules",
        "dissector_overruns" => "conversations given up because one message was too large",
        "dissector_faults" => "conversations lost to a fault of this program",
        other => return other.replace('_', " "),
    };
    words.to_owned()
}

/// A protocol by what it is for, its name in brackets.
pub(crate) fn protocol_words(name: &'static str) -> &'static str {
    match name {
        "hl7" => "Orders and results (HL7)",
        "dicom" => "Medical images (DICOM)",
        "astm" => "Laboratory results (ASTM)",
        "http" => "Web (HTTP)",
        "tls" => "Encrypted (TLS)",
        "ssh" => "Remote command line (SSH)",
        "rdp" => "Remote desktop (RDP)",
        "telnet" => "Remote control (Telnet)",
        "smb" => "Shared files (SMB)",
        "ftp" => "File transfer (FTP)",
        "snmp" => "Management (SNMP)",
        "poct1a" => "Bedside results (POCT1-A)",
        "intellivue" => "Monitors (IntelliVue)",
        "carescape" => "Monitors (CARESCAPE)",
        "medibus" => "Ventilators (MEDIBUS)",
        "sdc" => "Medical devices (SDC)",
        "bacnet" => "Building control (BACnet)",
        "modbus" => "Building control (Modbus)",
        "ipp" => "Printing (IPP)",
        "pjl" => "Printing (PJL)",
        "zpl" => "Label printing (ZPL)",
        "sip" => "Telephony (SIP)",
        "vnc" => "Remote screen (VNC)",
        "kerberos" => "Sign-in (Kerberos)",
        "radius" => "Sign-in (RADIUS)",
        "ldap" => "Directory (LDAP)",
        "nfs" => "Shared files (NFS)",
        "mssql" => "Database (SQL Server)",
        "mysql" => "Database (MySQL)",
        "postgres" => "Database (PostgreSQL)",
        "quic" => "Encrypted (QUIC)",
        "smtp" => "Mail (SMTP)",
        other => other,
    }
}

/// What a device does, in words.
pub(crate) const fn role_words(role: Role) -> &'static str {
    match role {
        Role::Analyser => "laboratory analyser",
        Role::Archive => "image archive",
        Role::Client => "uses other systems",
        Role::Controller => "controller",
        Role::Gateway => "gateway for devices behind it",
        Role::InterfaceEngine => "message hub (interface engine)",
        Role::Middleware => "laboratory middleware",
        Role::Modality => "makes images",
        Role::Printer => "printer",
        Role::Router => "router",
        Role::Server => "serves other systems",
        Role::Unknown => "unknown",
        Role::Worklist => "worklist",
        Role::Workstation => "workstation",
    }
}

/// What a device does, in one line; empty when nothing is known.
pub(crate) fn roles_text(device: &Device) -> String {
    let known: Vec<&str> =
        device.roles.iter().filter(|r| **r != Role::Unknown).map(|r| role_words(*r)).collect();
    known.join(", ")
}

/// What an attribute is called on a page.
pub(crate) fn attribute_words(attribute: Attribute) -> String {
    match attribute {
        Attribute::AeTitle => "DICOM name (AE title)".to_owned(),
        Attribute::Class => "what it is".to_owned(),
        Attribute::Hostname => "name".to_owned(),
        Attribute::Ip => "address".to_owned(),
        Attribute::Mac => "hardware address".to_owned(),
        Attribute::Os => "operating system".to_owned(),
        Attribute::Serial => "serial number".to_owned(),
        Attribute::Udi => "device identifier (UDI)".to_owned(),
        Attribute::Vendor => "maker".to_owned(),
        other => other.as_str().replace('-', " "),
    }
}

/// How soon a finding wants somebody.
pub(crate) const fn urgency(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "act today",
        Severity::High => "act this week",
        Severity::Medium => "plan",
        Severity::Low => "note",
        Severity::Info => "good to know",
    }
}

/// Devices by group, within a group by class, name and address.
pub(crate) fn grouped(devices: &[Device]) -> Vec<(ClassGroup, Vec<&Device>)> {
    let of = |wanted: ClassGroup| {
        let mut these: Vec<&Device> = devices.iter().filter(|d| group(d) == wanted).collect();
        these.sort_by_cached_key(|d| {
            // A device with a name before one that only has an address.
            let class = d.class.as_ref().map(|(code, _)| code.clone());
            let named = Reverse(device_name(d).is_some());
            (class, named, device_label(d).to_lowercase(), d.ips.first().copied())
        });
        (wanted, these)
    };
    ClassGroup::ALL.into_iter().map(of).filter(|(_, these)| !these.is_empty()).collect()
}

/// Text for one cell of a terminal: at most so many characters, nothing in it that steers a terminal or turns
/// the direction of writing.
pub(crate) fn cell(text: &str, most: usize) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
    };
    let clean: Vec<char> = text.chars().map(|c| if steers(c) { ' ' } else { c }).take(most + 1).collect();
    match clean.split_at_checked(most.saturating_sub(1)) {
        Some((start, rest)) if rest.len() > 1 => start.iter().chain(&['…']).collect(),
        _ => clean.into_iter().collect(),
    }
}

/// Lines of at most `width` characters, broken between words.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Software and operating system in one line.
pub(crate) fn software_text(device: &Device) -> String {
    let versioned = |name: &str, version: &Option<String>| match version {
        Some(version) => format!("{name} {version}"),
        None => name.to_owned(),
    };
    let os = device.os.iter().map(|os| versioned(&os.name, &os.version));
    let software = device.software.iter().map(|s| versioned(&s.name, &s.version));
    os.chain(software).collect::<Vec<_>>().join(", ")
}

/// Whether it is in use, in few words; of equipment that no patient depends on, only what is known.
pub(crate) fn use_text(device: &Device) -> &'static str {
    match device.usage.state {
        UseState::InUse => "in use",
        UseState::Standby => "standby",
        UseState::Idle => "idle",
        UseState::Unknown
            if matches!(group(device), ClassGroup::Facility | ClassGroup::It | ClassGroup::Unknown) =>
        {
            ""
        }
        UseState::Unknown => "unknown",
    }
}

/// Whether it is in use, with witness and age.
pub(crate) fn use_sentence(device: &Device) -> String {
    let usage = &device.usage;
    let (Some(because), Some(witness), Some(age)) = (&usage.because, usage.witness, usage.age_s) else {
        return "unknown, which counts as in use: nothing seen tells".to_owned();
    };
    let ago = match age {
        0..60 => "less than a minute".to_owned(),
        _ => duration(i64::try_from(age).unwrap_or(i64::MAX).saturating_mul(Timestamp::SECOND)),
    };
    match usage.state {
        UseState::Idle => {
            format!("idle: {because}, last {ago} before the end ({witness}), and no more since")
        }
        UseState::Standby => format!("standby: {because}; last {ago} before the end ({witness})"),
        UseState::InUse | UseState::Unknown => {
            format!("in use: {because}; last {ago} before the end ({witness})")
        }
    }
}

/// A number with its noun: `1 device`, `1,204 devices`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped} {noun}{}", if number == 1 { "" } else { "s" })
}

/// From when to when, and how long.
pub(crate) fn period(first: Option<Timestamp>, last: Option<Timestamp>) -> Option<String> {
    let (first, last) = (first?, last?);
    let text = |t: Timestamp| {
        let time = jiff::Timestamp::from_nanosecond(i128::from(t.0)).unwrap_or_default();
        time.strftime("%Y-%m-%d %H:%M:%S").to_string()
    };
    Some(format!("{} to {} UTC ({})", text(first), text(last), duration(last.since(first))))
}

/// A point in time.
pub(crate) fn moment(time: Timestamp) -> String {
    let time = jiff::Timestamp::from_nanosecond(i128::from(time.0)).unwrap_or_default();
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A length of time in the two largest units that matter.
pub(crate) fn duration(nanoseconds: i64) -> String {
    let seconds = nanoseconds / Timestamp::SECOND;
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_durations_read_well() {
        assert_eq!(count(1, "device"), "1 device");
        assert_eq!(count(1_234_567, "packet"), "1,234,567 packets");
        assert_eq!(duration(90 * Timestamp::SECOND), "1 min 30 s");
        assert_eq!(duration(26 * 3600 * Timestamp::SECOND), "1 d 2 h");
    }

    #[test]
    fn cells_fit_and_cannot_steer_a_terminal() {
        assert_eq!(cell("abcdef", 6), "abcdef");
        assert_eq!(cell("abcdefg", 6), "abcde…");
        assert_eq!(cell("a\u{1b}[2Jb\u{202e}c", 20), "a [2Jb c");
        assert_eq!(cell("", 6), "");
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
    }

    #[test]
    fn every_counter_has_a_sentence() {
        for (name, _) in wardline_sensor::Totals::default().named() {
            let told = matches!(name, "packets" | "bytes") || plain_counter(name) != name.replace('_', " ");
            assert!(told, "{name} has no words of its own");
        }
    }
}
