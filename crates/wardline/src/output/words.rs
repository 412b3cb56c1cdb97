//! Words for people: names, groups, counts, periods.

use wardline_model::{Device, Timestamp};

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

/// The name a device goes by: its own, else its application entity title.
pub(crate) fn device_name(device: &Device) -> Option<&str> {
    device.hostnames.first().or(device.ae_titles.first()).map(String::as_str)
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

/// A counter's name in words.
pub(crate) fn plain_counter(name: &str) -> String {
    name.replace('_', " ")
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
}
