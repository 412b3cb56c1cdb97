use super::*;
use std::path::Path;

/// `VECTOR -> base temporal environmental severity`, a dash for what the vector does not carry.
#[track_caller]
fn check(vector: &str, want: &str) {
    let rating = Vector::parse(vector).unwrap_or_else(|error| panic!("{vector}: {error}")).rating();
    let shown = |score: Option<Score>| score.map_or_else(|| "-".to_owned(), |score| score.to_string());
    let (temporal, environmental) = (shown(rating.temporal), shown(rating.environmental));
    let got = format!("{} {temporal} {environmental} {}", rating.base, rating.severity().as_str());
    assert_eq!(got, want, "{vector}");
}

#[track_caller]
fn refused(vector: &str, why: &str) {
    match Vector::parse(vector) {
        Ok(vector) => panic!("{vector} was taken"),
        Err(error) => assert_eq!(error.to_string(), why, "{vector}"),
    }
}

#[test]
fn the_examples_of_the_2_0_guide() {
    // Section 3.3: CVE-2002-0392, CVE-2003-0818, CVE-2003-0062.
    check("AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C", "7.8 6.4 - medium");
    check("AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:H", "7.8 6.4 9.2 high");
    check("AV:N/AC:L/Au:N/C:C/I:C/A:C/E:F/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:L", "10.0 8.3 9.0 high");
    check("(AV:L/AC:H/Au:N/C:C/I:C/A:C/E:POC/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:M)", "6.2 4.9 7.5 high");
}

#[test]
fn known_scores_of_3() {
    check("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "9.8 - - critical");
    check("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", "10.0 - - critical");
    check("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", "0.0 - - none");
    check("CVSS:3.1/A:H/I:H/C:H/S:U/UI:N/PR:N/AC:L/AV:N", "9.8 - - critical");
    check("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H/E:U/RL:O/RC:U", "7.8 6.3 - medium");
}

/// 3.1 appendix A and section 3.4 of its user guide: the two versions differ where rounding or scope tells.
#[test]
fn the_versions_3_differ_where_they_say() {
    let modified = "AV:P/AC:H/PR:L/UI:R/S:U/C:L/I:H/A:H/MS:C/MC:H/MI:H/MA:H/CR:H/IR:H/AR:H";
    let of = |version| Vector::parse(&format!("CVSS:{version}/{modified}")).unwrap().rating().environmental;
    assert_ne!(of("3.0"), of("3.1"));
}

#[test]
fn a_score_of_4_takes_all_that_the_vector_says() {
    check("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", "10.0 - - critical");
    check("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "9.3 - - critical");
    check("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U", "8.1 - - high");
    check("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", "0.0 - - none");
    // Supplemental metrics change nothing; safety of the environment does.
    check("CVSS:4.0/AV:L/AC:L/AT:N/PR:H/UI:N/VC:N/VI:H/VA:H/SC:N/SI:N/SA:N/S:P/R:I/U:Red", "6.8 - - medium");
    let safe = Vector::parse("CVSS:4.0/AV:L/AC:L/AT:N/PR:H/UI:N/VC:N/VI:H/VA:H/SC:N/SI:N/SA:N").unwrap();
    let harm = safe.clone().with("MSA", "S").unwrap();
    assert!(harm.rating().base > safe.rating().base);
    assert_eq!(harm.given("MSA"), Some("S"));
}

#[test]
fn what_is_no_vector_says_why() {
    let one = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    refused("", "empty");
    refused(&format!("{one}/A:H"), "metric A is given twice");
    refused(&one[..one.len() - 4], "mandatory metrics missing: A");
    refused("CVSS:3.1/AV:N", "mandatory metrics missing: AC, PR, UI, S, C, I, A");
    refused(&format!("{one}/"), "\"\" is not of the form METRIC:VALUE");
    refused(&format!("{one}/XX:H"), "CVSS 3.1 has no metric \"XX\"");
    refused(&one.replace("AV:N", "AV:X"), "metric AV has no value \"X\"; it is one of N, A, L, P");
    refused(
        &one.replace("3.1", "3.2"),
        "unknown version \"3.2\"; there are 3.0, 3.1 and 4.0, and 2.0 without prefix",
    );
    refused(&one.to_lowercase(), "CVSS 2.0 has no metric \"cvss\"");
    refused(
        "CVSS:4.0/AC:L/AV:N/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
        "metric AV is out of order; CVSS 4.0 prescribes one",
    );
    refused(&"A".repeat(VECTOR_BYTES_MAX + 1), "longer than any vector (512 bytes)");
    refused("AV:N/AC:L/Au:N/C:P/I:P/A:É", "metric A has no value \"É\"; it is one of N, P, C");
}

#[test]
fn every_prefix_of_a_vector_is_refused_or_scored() {
    for whole in [
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:A/CR:H/MSI:S/U:Amber",
        "AV:N/AC:L/Au:N/C:C/I:C/A:C/E:POC/CDP:LM/TD:ND",
    ] {
        for end in 0..=whole.len() {
            if let Ok(vector) = Vector::parse(&whole[..end]) {
                let again = Vector::parse(&vector.to_string()).unwrap();
                assert_eq!(again.rating().score(), vector.rating().score());
            }
        }
    }
}

/// Every vector of the development tree, with the scores that another implementation lists.
#[test]
fn agrees_with_the_listed_vectors() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/conform/cvss-vectors");
    if !folder.is_dir() {
        eprintln!("SKIPPED: no conformance documents at ../shared/data/conform/cvss-vectors");
        return;
    }
    let (mut lines, mut wrong) = (0, Vec::new());
    for file in files(&folder) {
        for line in std::fs::read_to_string(&file).unwrap().lines() {
            let (vector, scores) = line.split_once(" - ").unwrap();
            let want: Vec<Option<f64>> = scores
                .trim_matches(['(', ')'])
                .split(',')
                .filter(|s| !s.is_empty())
                .map(|s| s.trim().parse().ok())
                .collect();
            let rating = Vector::parse(vector).unwrap_or_else(|error| panic!("{line}: {error}")).rating();
            // The list repeats the score before where version 3 carries no such metrics.
            let three = rating.version != Version::V2;
            let temporal = rating.temporal.or(three.then_some(rating.base));
            let environmental = rating.environmental.or(temporal.filter(|_| three));
            let got = [Some(rating.base), temporal, environmental].map(|score| score.map(Score::value));
            if !want.iter().zip(got).all(|(want, got)| *want == got) {
                wrong.push(format!("{line}: {got:?}"));
            }
            lines += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {lines}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(lines > 1_000, "{lines} vectors");
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files
}
