use super::Knowledge;
use crate::record::{Case, Claim, Otherwise, Platform, Record, Source, Statement, Treatment, Verdict};
use crate::subject::Subject;
use crate::suppress::Suppression;
use wardline_product::{Applies, Products};

fn products() -> Products {
    Products::default()
}

fn claim(product: &str, versions: &str) -> Claim {
    Claim {
        vendor: "Acme".to_owned(),
        product: product.to_owned(),
        cpes: Vec::new(),
        keys: Vec::new(),
        cases: vec![Case::new(Applies::read(versions), Verdict::Affected)],
        otherwise: Otherwise::Silent,
        platforms: Vec::new(),
        treatments: Vec::new(),
    }
}

fn record(advisory: &str, source: Source, claims: Vec<Claim>) -> Record {
    let statement = Statement { vulnerability: "CVE-2024-0001".to_owned(), claims, ..Statement::default() };
    Record { advisory: advisory.to_owned(), source, updated: None, statements: vec![statement] }
}

/// The verdict and the reasons as one text.
fn check(records: Vec<Record>, product: &str, version: Option<&str>) -> Option<(Verdict, String)> {
    let mut knowledge = Knowledge::default();
    records.into_iter().for_each(|record| knowledge.add(record, &products()));
    let subject = Subject::new(&products().resolve("ACME", product), version);
    let found = knowledge.judge(&subject, &products(), &[]);
    assert!(found.len() <= 1);
    found.into_iter().next().map(|matched| (matched.verdict, matched.reasons.join(" / ")))
}

#[test]
fn one_advisory_says_what_its_words_say() {
    for (versions, version, wanted) in [
        ("vers:all/*", None, Verdict::Affected),
        ("vers:all/*", Some("anything"), Verdict::Affected),
        ("<= 9.33", None, Verdict::Possible),
        ("<= 9.33", Some("9.7"), Verdict::Affected),
        ("<= 9.33", Some("9.33.1"), Verdict::Possible),
        ("<= 9.33", Some("12.1"), Verdict::Unknown),
        ("9.7 | 9.13", Some("9.8"), Verdict::Unknown),
        ("prior to 2.0", Some("1.9"), Verdict::Affected),
        ("prior to 2.0", Some("2.0"), Verdict::NotAffected),
        ("v8.x model 35700BAX2", Some("8.0.1"), Verdict::Possible),
        ("Windows XP based", Some("8.0.1"), Verdict::Possible),
        ("<= U61 | <= L81", Some("L80"), Verdict::Affected),
        ("<= U61", Some("L80"), Verdict::Possible),
    ] {
        let found =
            check(vec![record("A-1", Source::Coordinator, vec![claim("Pump", versions)])], "pump", version);
        let (verdict, reasons) = found.unwrap();
        assert_eq!(verdict, wanted, "{versions} and {version:?}: {reasons}");
        assert!(reasons.starts_with("A-1: "), "{reasons}");
    }
    let other =
        check(vec![record("A-1", Source::Coordinator, vec![claim("Pump Plus", "vers:all/*")])], "pump", None);
    assert_eq!(other, None);
}

#[test]
fn a_named_fix_makes_later_versions_fixed() {
    let mut fixed = claim("Pump", "<= 9.33");
    fixed.treatments = vec![Treatment {
        category: "vendor_fix".to_owned(),
        fixed_in: vec!["12.1".to_owned()],
        ..Treatment::default()
    }];
    let of = |version| {
        check(vec![record("A-1", Source::Maker, vec![fixed.clone()])], "pump", Some(version)).unwrap().0
    };
    assert_eq!(
        [of("12.1"), of("12.3"), of("10.0"), of("9.0")],
        [Verdict::Fixed, Verdict::Fixed, Verdict::Unknown, Verdict::Affected]
    );
}

#[test]
fn an_advisory_that_contradicts_itself_is_not_believed_between_its_halves() {
    let mut torn = claim("Pump", "<= 3.01");
    torn.cases[0].words = Some(Applies::read("3.02 and prior"));
    let of = |version| {
        check(vec![record("A-1", Source::Coordinator, vec![torn.clone()])], "pump", Some(version)).unwrap()
    };
    assert_eq!(of("3.00").0, Verdict::Affected);
    let (verdict, reasons) = of("3.02");
    assert_eq!(verdict, Verdict::Possible);
    assert!(reasons.contains("contradicts itself"), "{reasons}");
    assert_eq!(of("3.03").0, Verdict::Unknown);
}

#[test]
fn what_it_must_run_on_has_to_be_there() {
    let mut on = claim("Viewer", "vers:all/*");
    on.platforms = vec![Platform { name: "Windows XP".to_owned(), applies: Applies::default() }];
    let mut knowledge = Knowledge::default();
    knowledge.add(record("A-1", Source::Maker, vec![on]), &products());
    let subject = Subject::new(&products().resolve("Acme", "Viewer"), Some("1"));
    let verdict = |subject: &Subject| knowledge.judge(subject, &products(), &[])[0].verdict;
    assert_eq!(verdict(&subject), Verdict::Possible);
    assert_eq!(verdict(&subject.clone().on("Windows XP", &products())), Verdict::Affected);
    assert_eq!(verdict(&subject.on("Windows 10", &products())), Verdict::NotAffected);
}

#[test]
fn sources_are_settled_by_how_near_they_are_to_the_product() {
    let said = |advisory, source, versions| record(advisory, source, vec![claim("Pump", versions)]);
    // The coordinator is silent on 12.1, the NVD is not.
    let (verdict, reasons) = check(
        vec![said("C", Source::Coordinator, "<= 9.33"), said("N", Source::Nvd, "<= 12.1")],
        "pump",
        Some("12.1"),
    )
    .unwrap();
    assert_eq!(verdict, Verdict::Affected);
    assert!(reasons.contains("C says unknown"), "{reasons}");
    // The maker says what ends before 2.0; the NVD claims more.
    let (verdict, _) = check(
        vec![said("N", Source::Nvd, "<= 3.0"), said("M", Source::Maker, "prior to 2.0")],
        "pump",
        Some("2.5"),
    )
    .unwrap();
    assert_eq!(verdict, Verdict::NotAffected);
    // Two strangers contradict each other: a person decides.
    let (verdict, reasons) = check(
        vec![said("N", Source::Nvd, "<= 3.0"), said("V", Source::Numberer, "prior to 2.0")],
        "pump",
        Some("2.5"),
    )
    .unwrap();
    assert_eq!(verdict, Verdict::Possible);
    assert!(reasons.contains("a person has to decide"), "{reasons}");
}

#[test]
fn more_knowledge_never_makes_a_device_safer_but_by_the_makers_word() {
    let versions = ["vers:all/*", "<= 2.0", "prior to 2.0", "1.0 | 3.0", ">= 2.0", "nonsense"];
    for version in ["1.0", "1.5", "2.0", "2.5", "3.0"] {
        for first in versions {
            for second in versions {
                for source in [Source::Numberer, Source::Nvd, Source::Other] {
                    let one = || record("A", Source::Nvd, vec![claim("Pump", first)]);
                    let two = record("B", source, vec![claim("Pump", second)]);
                    let before = check(vec![one()], "pump", Some(version)).unwrap().0;
                    let after = check(vec![one(), two], "pump", Some(version)).unwrap().0;
                    if before == Verdict::Affected {
                        assert!(
                            matches!(after, Verdict::Affected | Verdict::Possible),
                            "{first} {second} {version}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_statement_of_the_site_ends_at_its_scope() {
    let mut knowledge = Knowledge::default();
    knowledge.add(record("A-1", Source::Nvd, vec![claim("Pump", "<= 3.0")]), &products());
    let suppression = Suppression {
        id: "sup-1".to_owned(),
        justification: crate::suppress::JUSTIFICATIONS[2].to_owned(),
        vulnerability: "CVE-2024-0001".to_owned(),
        vendor: "ACME Inc.".to_owned(),
        product: "Pump".to_owned(),
        versions: Applies::read("1.0 | 1.1"),
        author: "the biomedical department".to_owned(),
        reason: "component_not_present".to_owned(),
        until: Some("2025-12-31".to_owned()),
        today: "2025-06-01".to_owned(),
    };
    let verdict = |version: &str, suppression: &Suppression| {
        let subject = Subject::new(&products().resolve("Acme", "Pump"), Some(version));
        knowledge.judge(&subject, &products(), std::slice::from_ref(suppression)).remove(0)
    };
    let settled = verdict("1.1", &suppression);
    assert_eq!((settled.verdict, settled.suppressed.is_some()), (Verdict::Affected, true));
    let back = verdict("1.2", &suppression);
    assert!(
        back.suppressed.is_none() && back.reasons.iter().any(|reason| reason.contains("no longer holds"))
    );
    let late = Suppression { today: "2026-01-01".to_owned(), ..suppression.clone() };
    assert!(verdict("1.1", &late).suppressed.is_none());
    let other = Suppression { vulnerability: "CVE-2024-0002".to_owned(), ..suppression };
    assert!(verdict("1.1", &other).suppressed.is_none());
}
