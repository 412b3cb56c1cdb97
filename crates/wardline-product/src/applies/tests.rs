use super::Applies;

/// The spans, conditions and unread words as one line.
fn read(text: &str) -> String {
    let applies = Applies::read(text);
    let spans: Vec<String> = applies.spans.iter().map(ToString::to_string).collect();
    let mut line = spans.join(", ");
    if !applies.conditions.is_empty() {
        line += &format!(" IF {}", applies.conditions.join("; "));
    }
    if !applies.unread.is_empty() {
        line += &format!(" ?? {}", applies.unread.join(" "));
    }
    line
}

#[test]
fn version_texts_of_advisories_are_read() {
    for (text, wanted) in [
        ("vers:all/*", "any version"),
        ("All versions", "any version"),
        ("all versions.", "any version"),
        ("*", "any version"),
        ("(all models)", "any version"),
        ("vers:all/<V7.0.3", "before V7.0.3"),
        ("All versions < V8.3.0.1", "before V8.3.0.1"),
        ("All Versions >= V2.0 and < V2.2", "at or after V2.0 and before V2.2"),
        ("9.7", "9.7"),
        ("<= 9.33", "at or before 9.33"),
        ("Versions 9.33 and prior", "at or before 9.33"),
        ("Version 9.5 and prior versions", "at or before 9.5"),
        ("software versions prior to Version 012U000040", "before 012U000040"),
        ("All versions prior to Version 24", "before 24"),
        ("2.3.6 and  below", "at or before 2.3.6"),
        ("Software versions 2.6A or lower", "at or before 2.6A"),
        ("Version 3.0.0.0 and previous versions", "at or before 3.0.0.0"),
        ("Version 1.1.0.2 and previous", "at or before 1.1.0.2"),
        ("All Versions 2.0 and later", "at or after 2.0"),
        (">= 4.01 | <= 4.34", "at or after 4.01 and at or before 4.34"),
        (">=5.3|<=6.4", "at or after 5.3 and at or before 6.4"),
        ("Versions 2.5 through 3.11", "at or after 2.5 and at or before 3.11"),
        ("v12.0.264 to v13.4.118", "at or after v12.0.264 and at or before v13.4.118"),
        ("v7.00-7.04", "at or after v7.00 and at or before 7.04"),
        ("All versions through 3.3.5", "at or before 3.3.5"),
        ("24950 | 24952", "24950, 24952"),
        ("Versions 9.13 9.19 9.33 and 12.1", "9.13, 9.19, 9.33, 12.1"),
        (
            "firmware Versions 1.12.0.25 and prior as well as the limited Versions 1.12.13.2 and 1.12.14.5",
            "at or before 1.12.0.25, 1.12.13.2, 1.12.14.5",
        ),
        ("<= 1.12.0.25 | 1.12.13.2 | 1.12.14.5", "at or before 1.12.0.25, 1.12.13.2, 1.12.14.5"),
        ("<= U61 |<= L81", "at or before U61, at or before L81"),
        ("A.01 <= C.0x | 4.0", "at or after A.01 and at or before C.0x, 4.0"),
        ("5.0 | <= 3.0", "5.0, at or before 3.0"),
        ("Revisions A.01 to C.0x and 4.0", "at or after A.01 and at or before C.0x, 4.0"),
        ("1.3.1 Build 13", "1.3.1 Build 13"),
        ("1.1.3 MR Build 11", "1.1.3 MR Build 11"),
        ("<= 8.0 Patch 3 ", "at or before 8.0 Patch 3"),
        ("v8.0 Patch 3 and prior versions", "at or before v8.0 Patch 3"),
        ("All versions < V4.8 SP2 HF9", "before V4.8 SP2 HF9"),
        ("all devices released prior to July 1 2017", "before July 1 2017"),
        ("<8/30/2024", "before 8/30/2024"),
        ("14. x", "14 ?? x"),
        ("8.x", "8.x"),
        ("2018-1", "2018-1"),
        ("<=1.00-06", "at or before 1.00-06"),
        ("LPI 3.5.12.P30", "LPI 3.5.12.P30"),
        ("2nd Edition", "2nd Edition"),
        ("v3.2+", "at or after v3.2"),
        ("8.6.3 and earlier", "at or before 8.6.3"),
        ("< 19.0.1 | < 18.0.1", "before 19.0.1, before 18.0.1"),
    ] {
        assert_eq!(read(text), wanted, "{text}");
    }
}

#[test]
fn conditions_are_kept_and_make_it_unknown() {
    for (text, wanted) in [
        ("v8.x model 35700BAX2", "v8.x IF model 35700BAX2"),
        ("8.x (Wireless Battery Modules v17 | v17D19)", "8.x IF Wireless Battery Modules v17 | v17D19"),
        ("* (with option G28)", "any version IF with option G28"),
        ("All versions with U-Boot < V2016.05RS09", "any version IF with U-Boot < V2016.05RS09"),
        ("distributed  < april 1, 2018", "any version IF distributed < april 1 2018"),
        ("Windows 10 Professional, U.S. release", "any version IF Windows 10 Professional , U.S. release"),
        ("Windows XP <= 3.2", "at or before 3.2 ?? Windows XP"),
        ("RaspberryPi", "any version IF RaspberryPi"),
        ("UDP", "any version IF UDP"),
        ("<  sentinel ldk rte 7.55", "before 7.55 IF the version is that of sentinel ldk rte"),
        ("053L000091 (global) / 054U000091 (U.S.)", "053L000091, 054U000091"),
    ] {
        assert_eq!(read(text), wanted, "{text}");
    }
    let applies = Applies::read("v8.x model 35700BAX2");
    let version = crate::Version::new("8.00.01").unwrap();
    assert_eq!(applies.holds(&version, crate::Scheme::Dotted).truth, crate::Truth::Unknown);
}

#[test]
fn what_is_not_understood_is_told() {
    for (text, unread) in [
        ("7100 | 7900 | 100 | Protiva Carestation View", "Protiva Carestation View"),
        ("Unspecified", "Unspecified"),
        ("Not affected", "Not"),
        ("< except 3.0", "except"),
        ("< loader", "before loader"),
        ("<=", "up to"),
        ("<= < 5", "up to"),
        ("and earlier", "earlier"),
        ("except 3.0", "except"),
    ] {
        let applies = Applies::read(text);
        assert_eq!(applies.unread.join(" "), unread, "{text}");
        assert!(!applies.is_decided());
    }
    // What stands beside words that nobody understood is no more than possible.
    let (applies, version) = (Applies::read("except 3.0"), crate::Version::new("3.0").unwrap());
    assert_eq!(applies.holds(&version, crate::Scheme::Dotted).truth, crate::Truth::Unknown);
    assert!(!Applies::read("").is_decided());
    assert!(!Applies::read(&"1.0 ".repeat(10_000)).is_decided());
    assert!(!Applies::read("((((((").is_decided());
}
