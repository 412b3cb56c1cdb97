//! SOP classes as services (DICOM PS3.4, PS3.6 annex A).
//!
//! Storage is named by the modality code of what is stored (PS3.3 C.7.3.1.1.1), longest UID prefix first.

/// What a presentation context is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Service {
    /// Storage of objects of a kind.
    Storage(&'static str),
    /// Anything else, by its word.
    Other(&'static str),
}

/// From this many kinds stored, a station stores whatever there is: an archive, a router, a toolkit.
pub(super) const MANY: usize = 20;

const STORAGE: &str = "1.2.840.10008.5.1.4.1.1.";

/// Storage SOP classes by what follows [`STORAGE`]; a longer entry goes before its own start.
const KINDS: &[(&str, &str)] = &[
    ("1.1", "DX"),
    ("1.2", "MG"),
    ("1.3", "IO"),
    ("1", "CR"),
    ("2", "CT"),
    ("3", "US"),
    ("4", "MR"),
    ("5", "NM"),
    ("6", "US"),
    ("7", "SC"),
    ("9.1", "ECG"),
    ("9.2", "HD"),
    ("9.3", "EPS"),
    ("9.4", "AU"),
    ("9.6", "RESP"),
    ("9.7.1", "EEG"),
    ("9.7.2", "EMG"),
    ("9.7.3", "EOG"),
    ("9.7.4", "EEG"),
    ("11", "PR"),
    ("12.1", "XA"),
    ("12.2", "RF"),
    ("12.3", "XA"),
    ("13.1.1", "XA"),
    ("13.1.2", "DX"),
    ("13", "MG"),
    ("14", "IVOCT"),
    ("20", "NM"),
    ("66.4", "SEG"),
    ("77.1.1", "ES"),
    ("77.1.2", "GM"),
    ("77.1.3", "SM"),
    ("77.1.4", "XC"),
    ("77.1.5.4", "OPT"),
    ("77.1.5", "OP"),
    ("77.1.6", "SM"),
    ("77.1.7", "DMS"),
    ("78.1", "LEN"),
    ("78.2", "AR"),
    ("78.3", "KER"),
    ("78.4", "SRF"),
    ("78.5", "VA"),
    ("78.7", "OAM"),
    ("78.8", "IOL"),
    ("79", "OPT"),
    ("80", "OPV"),
    ("81", "OPT"),
    ("82", "OPM"),
    ("88.59", "KO"),
    ("88.67", "RDSR"),
    ("88.76", "RDSR"),
    ("88", "SR"),
    ("104.1", "PDF"),
    ("104.2", "CDA"),
    ("104", "M3D"),
    ("128", "PT"),
    ("129", "PT"),
    ("130", "PT"),
    ("481.1", "RTIMAGE"),
    ("481.2", "RTDOSE"),
    ("481.3", "RTSTRUCT"),
    ("481.4", "RTRECORD"),
    ("481.5", "RTPLAN"),
    ("481.6", "RTRECORD"),
    ("481.7", "RTRECORD"),
    ("481.8", "RTPLAN"),
    ("481.9", "RTRECORD"),
    ("481.16", "RTRECORD"),
    ("481.17", "RTRECORD"),
    ("481.18", "RTRECORD"),
    ("481.19", "RTRECORD"),
    ("481.20", "RTRECORD"),
    ("481.23", "RTIMAGE"),
    ("481.24", "RTIMAGE"),
    ("481", "RTPLAN"),
];

/// Other SOP classes and families.
const OTHERS: &[(&str, &str)] = &[
    ("1.2.840.10008.1.1", "verification"),
    ("1.2.840.10008.1.20", "commitment"),
    ("1.2.840.10008.3.1.2.3", "mpps"),
    ("1.2.840.10008.5.1.4.31", "worklist"),
    ("1.2.840.10008.5.1.4.32", "worklist"),
    ("1.2.840.10008.5.1.4.34.4", "worklist"),
    ("1.2.840.10008.5.1.4.34.6", "worklist"),
    ("1.2.840.10008.5.1.1.9", "print"),
    ("1.2.840.10008.5.1.1.18", "print"),
];

/// The service of an abstract syntax; `None` for private and rare ones.
pub(super) fn service(uid: &str) -> Option<Service> {
    if let Some(rest) = uid.strip_prefix(STORAGE) {
        let kind = KINDS.iter().find(|(prefix, _)| is_below(rest, prefix)).map_or("other", |(_, kind)| kind);
        return Some(Service::Storage(kind));
    }
    if is_below(uid, "1.2.840.10008.5.1.4.34.7") || is_below(uid, "1.2.840.10008.5.1.4.34.10") {
        return Some(Service::Storage("RTPLAN"));
    }
    // Stored prints and hard copies are objects; who takes them need not print.
    if ["27", "29", "30"].iter().any(|last| uid.strip_prefix("1.2.840.10008.5.1.1.") == Some(last)) {
        return Some(Service::Storage("other"));
    }
    if is_below(uid, "1.2.840.10008.5.1.4.1.2") {
        let word = match uid.rsplit('.').next() {
            Some("1") => "query",
            Some("2") => "move",
            Some("3") => "get",
            _ => return None,
        };
        return Some(Service::Other(word));
    }
    OTHERS.iter().find(|(prefix, _)| is_below(uid, prefix)).map(|(_, word)| Service::Other(word))
}

/// Whether `uid` is `prefix` or one of its children.
fn is_below(uid: &str, prefix: &str) -> bool {
    uid.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The words for a set of services: each `storage:CT`, `query`, …, or `storage:many` for all that is stored.
pub(super) fn words(services: impl Iterator<Item = Service>) -> Vec<String> {
    let mut services: Vec<Service> = services.collect();
    services.sort_unstable();
    services.dedup();
    let stored = services.iter().filter(|service| matches!(service, Service::Storage(_))).count();
    let word = |service: &Service| match service {
        Service::Storage(_) if stored >= MANY => "storage:many".into(),
        Service::Storage(kind) => format!("storage:{kind}"),
        Service::Other(word) => (*word).into(),
    };
    let mut words: Vec<String> = services.iter().map(word).collect();
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sop_classes_are_named_by_their_longest_prefix() {
        let storage = |rest: &str| service(&format!("{STORAGE}{rest}"));
        assert_eq!(storage("1"), Some(Service::Storage("CR")));
        assert_eq!(storage("1.2.1"), Some(Service::Storage("MG")));
        assert_eq!(storage("13.1.3"), Some(Service::Storage("MG")));
        assert_eq!(storage("481.10"), Some(Service::Storage("RTPLAN")));
        assert_eq!(storage("88.67"), Some(Service::Storage("RDSR")));
        assert_eq!(storage("99"), Some(Service::Storage("other")));
        assert_eq!(service("1.2.840.10008.5.1.4.1.2.2.3"), Some(Service::Other("get")));
        assert_eq!(service("1.2.840.10008.5.1.4.31"), Some(Service::Other("worklist")));
        assert_eq!(service("1.2.840.10008.5.1.4.312"), None);
        assert_eq!(service("1.2.840.10008.5.1.1.18"), Some(Service::Other("print")));
        assert_eq!(service("1.2.840.10008.5.1.1.29"), Some(Service::Storage("other")));
        for (at, (prefix, _)) in KINDS.iter().enumerate() {
            let hidden = KINDS.iter().take(at).any(|(earlier, _)| is_below(prefix, earlier));
            assert!(!hidden, "{prefix} is never reached");
        }
    }
}
