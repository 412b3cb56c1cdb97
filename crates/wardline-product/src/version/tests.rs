use super::{Scheme, Version};
use std::cmp::Ordering::{self, Equal, Greater, Less};

fn version(text: &str) -> Version {
    Version::new(text).unwrap()
}

fn compare(scheme: Scheme, a: &str, b: &str) -> Option<Ordering> {
    version(a).compare(&version(b), scheme)
}

#[track_caller]
fn ascends(scheme: Scheme, all: &[&str]) {
    for (i, a) in all.iter().enumerate() {
        for (j, b) in all.iter().enumerate() {
            assert_eq!(compare(scheme, a, b), Some(i.cmp(&j)), "{a} and {b}");
        }
    }
}

#[test]
fn versions_of_devices_follow_each_other() {
    for row in [
        &[
            "1.0.13",
            "1.1.3 Build 10",
            "1.1.3 MR Build 11",
            "1.1.5",
            "1.1.6",
            "1.3.0 Build 14",
            "1.3.1 Build 13",
        ][..],
        &["9.7", "9.13", "9.19", "9.33", "9.33.1", "12.1", "12.1.3"],
        &["5.09.02", "5.89.05", "5.89.05b", "5.89.06"],
        &["2.4A", "2.6", "2.6A", "2.7A"],
        &["7.2.1-Beta", "7.2.1", "8.0.7"],
        &["8.0 rc1", "8.0", "8.0 Patch 3", "8.0 SP2", "8.0 SP2 Patch 1", "8.0 SP10", "8.0.1"],
        &["V4.7 HF33", "V4.8", "V4.8 HF9", "V4.8 SP2", "V4.8 SP2 HF9", "V4.8 SP2 HF10"],
        &["VB10A", "VB10B", "VB20A"],
        &["B.02", "B.02.1"],
        &["02D.30", "02D.31", "02E.01"],
        &["1.0.2", "1.0.2a", "1.0.2z", "1.0.2za"],
        &["7.0", "7.0U3", "7.0U3o", "8.0", "8.0U2"],
        &["10.2.9", "10.2.9-h1", "10.2.10"],
        &["4107600010.22", "4107600010.23"],
        &["SR540", "SR610", "SR620"],
        &["2017-12-31", "January 1 2018", "apr 1, 2018", "8/30/2024"],
        &["10.0.19041.1", "10.0.19041.508", "10.0.19045.3803", "10.0.20348.1"],
        &["V2016.05", "V2016.05RS09", "V2016.05RS10"],
    ] {
        ascends(Scheme::Dotted, row);
    }
    ascends(Scheme::Revision, &["A.01", "B.02", "C.00", "C.03", "C.03.06"]);
    ascends(Scheme::Revision, &["VA20A", "VB10A", "VB10A SP1", "VC10B"]);
    ascends(
        Scheme::Semantic,
        &[
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
        ],
    );
    ascends(Scheme::Country, &["U60", "028U000061", "028U000062"]);
}

#[test]
fn equal_versions_may_be_written_in_many_ways() {
    for (a, b) in [
        ("1.0", "1.0.0"),
        ("v9.33", "Version 9.33"),
        ("Rev C.01", "rev. c.1"),
        ("8.0 SP2", "8.0 Service Pack 2"),
        ("8.0 HF9", "8.0 Hotfix 9"),
        ("1.0-beta", "1 BETA"),
        ("8/30/2024", "August 30, 2024"),
    ] {
        assert_eq!(compare(Scheme::Dotted, a, b), Some(Equal), "{a} and {b}");
    }
    assert_eq!(compare(Scheme::Country, "U61", "012U000061"), Some(Equal));
    assert_eq!(compare(Scheme::Semantic, "1.0.0+a", "1.0.0+b"), Some(Equal));
}

#[test]
fn what_has_no_order_is_not_ordered() {
    for (a, b) in [
        ("U61", "L81"),
        ("B.02", "C.03"),
        ("VM5.0", "5.0.2"),
        ("1.4.2.0-9d9eff4", "1.4.2.0-8a7b6c5"),
        ("8.0 special", "8.0"),
        ("8.0 special", "8.0 other"),
        ("July 1 2017", "2.1"),
        ("1.0a", "1.0 SP1"),
        ("99999999999999999999999", "5"),
    ] {
        assert_eq!(compare(Scheme::Dotted, a, b), None, "{a} and {b}");
    }
    assert_eq!(compare(Scheme::Country, "012U000061", "028U000061"), None);
    assert_eq!(compare(Scheme::Country, "U61", "L81"), None);
    assert_eq!(compare(Scheme::Date, "8/30/2024", "2.0"), None);
}

#[test]
fn a_pattern_stands_for_all_it_may_be() {
    for (pattern, inside, outside) in [
        ("12.2.x.x", "12.2.8.3", "12.3"),
        ("5.x.x", "5.7.1", "6.0"),
        ("C.0x", "C.03", "D.01"),
        ("3.X.16", "3.2.16", "3.2.17"),
    ] {
        assert_eq!(compare(Scheme::Revision, pattern, inside), Some(Equal), "{pattern}");
        assert_ne!(compare(Scheme::Revision, pattern, outside), Some(Equal), "{pattern}");
    }
    assert_eq!(compare(Scheme::Dotted, "5.0.x", "5"), Some(Equal));
}

#[test]
fn a_release_extends_the_line_it_is_of() {
    assert!(version("9.33.1").extends(&version("9.33")));
    assert!(version("B.02.16").extends(&version("B.02")));
    for (own, line) in [("9.33", "9.33"), ("4.1", "4.0"), ("9.331", "9.33"), ("9.3", "9.33")] {
        assert!(!version(own).extends(&version(line)), "{own} of {line}");
    }
}

#[test]
fn prose_is_no_version() {
    assert_eq!(Version::new(""), None);
    assert_eq!(Version::new(&"9".repeat(1000)), None);
    assert!(Version::new("🦀.ß.٣").is_some());
}

/// A stream of pseudo-random texts made of the parts that versions have.
fn texts(count: usize) -> Vec<Version> {
    const PARTS: &[&str] = &[
        "0",
        "1",
        "2",
        "10",
        "007",
        ".",
        ".",
        "-",
        " ",
        "a",
        "b",
        "rc",
        "beta",
        "SP",
        "HF",
        "build ",
        "U",
        "x1",
        "special",
        "V",
        "Rev ",
        "99999999999999999999",
        "é",
        "(",
        "B.",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap()
    };
    let mut all = Vec::new();
    while all.len() < count {
        let text: String = (0..next() % 6 + 1).map(|_| PARTS[next() % PARTS.len()]).collect();
        all.extend(Version::new(&text).filter(|version| !version.is_pattern()));
    }
    all
}

#[test]
fn every_scheme_is_a_partial_order() {
    let all = texts(160);
    for scheme in [Scheme::Dotted, Scheme::Revision, Scheme::Semantic, Scheme::Date, Scheme::Country] {
        let order: Vec<Vec<Option<Ordering>>> =
            all.iter().map(|a| all.iter().map(|b| a.compare(b, scheme)).collect()).collect();
        for a in 0..all.len() {
            assert_eq!(order[a][a], Some(Equal));
            for b in 0..all.len() {
                assert_eq!(order[a][b], order[b][a].map(Ordering::reverse), "{:?} {:?}", all[a], all[b]);
                for c in 0..all.len() {
                    let wanted = match (order[a][b], order[b][c]) {
                        (Some(Equal), known) | (known, Some(Equal)) => known,
                        (Some(Less), Some(Less)) => Some(Less),
                        (Some(Greater), Some(Greater)) => Some(Greater),
                        _ => continue,
                    };
                    assert_eq!(
                        order[a][c],
                        wanted,
                        "{scheme:?}: {} / {} / {}",
                        all[a].text(),
                        all[b].text(),
                        all[c].text()
                    );
                }
            }
        }
    }
}
