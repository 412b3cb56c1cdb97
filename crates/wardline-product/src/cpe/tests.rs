use super::relation::values;
use super::{ATTRIBUTES, Attribute, Cpe, CpeError, Open, Relation, Text, Value};
use crate::truth::Truth;

fn cpe(text: &str) -> Cpe {
    Cpe::read(text).unwrap()
}

#[test]
fn both_bindings_say_the_same() {
    for (formatted, uri) in [
        (
            "cpe:2.3:a:microsoft:internet_explorer:8.0.6001:beta:*:*:*:*:*:*",
            "cpe:/a:microsoft:internet_explorer:8.0.6001:beta",
        ),
        (
            "cpe:2.3:a:microsoft:internet_explorer:8.*:sp?:*:*:*:*:*:*",
            "cpe:/a:microsoft:internet_explorer:8.%02:sp%01",
        ),
        (
            "cpe:2.3:a:hp:insight_diagnostics:7.4.0.1570:-:*:*:online:win2003:x64:*",
            "cpe:/a:hp:insight_diagnostics:7.4.0.1570:-:~~online~win2003~x64~",
        ),
        (
            "cpe:2.3:a:foo\\\\bar:big\\$money:2010:*:*:*:special:ipod_touch:80gb:*",
            "cpe:/a:foo%5cbar:big%24money:2010::~~special~ipod_touch~80gb~",
        ),
    ] {
        assert_eq!(cpe(formatted), cpe(uri), "{formatted}");
        assert_eq!(cpe(formatted).to_string(), formatted);
    }
}

#[test]
fn escapes_are_honoured() {
    let name = cpe(r"cpe:2.3:o:B.Braun:space\:com\*_\(2\):\-:*:*:*:*:*:*:*");
    assert_eq!(name.text(Attribute::Vendor), Some("b.braun"));
    assert_eq!(name.text(Attribute::Product), Some("space:com*_(2)"));
    assert_eq!(name.text(Attribute::Version), Some("-"));
    assert_eq!(cpe(&name.to_string()), name);
}

#[test]
fn what_is_no_name_says_why() {
    let long = format!("cpe:2.3:a:{}", "x".repeat(5_000));
    for (text, wanted) in [
        ("", "begins with"),
        ("cpe:2.2:a:b", "begins with"),
        ("cpe:2.3:a:b:c", "11 attributes, this one has 3"),
        ("cpe:2.3:a:b:c:*:*:*:*:*:*:*:*:*", "this one has 12"),
        ("cpe:2.3:x:b:c:*:*:*:*:*:*:*:*", "a, o or h, not \"x\""),
        ("cpe:2.3:a::c:*:*:*:*:*:*:*:*", "attribute 2"),
        ("cpe:2.3:a:b*c:c:*:*:*:*:*:*:*:*", "only stand at the ends"),
        ("cpe:2.3:a:b c:c:*:*:*:*:*:*:*:*", "space"),
        ("cpe:2.3:a:b:c:*:*:*:*:*:*:*:x\\", "quotes nothing"),
        ("cpe:/a:b:c:%zz", "hexadecimal"),
        ("cpe:/a:b:c:1:2:~x", "five parts"),
        ("cpe:/a:b:c:1:2:3:4:5", "this one has 8"),
        (&long, "beyond the limit"),
    ] {
        let error = Cpe::read(text).unwrap_err().to_string();
        assert!(error.contains(wanted), "{text}: {error}");
    }
    assert_eq!(Cpe::read("cpe:/").unwrap(), Cpe::default());
    assert!(matches!(Cpe::read("cpe:é"), Err(CpeError::Beginning)));
}

/// Values of every kind, over a small alphabet.
fn samples() -> Vec<Value> {
    let mut all = vec![Value::Any, Value::NotApplicable];
    let ends = [Open::Closed, Open::Anything, Open::AtMost(1)];
    for body in ["1", "12", "2.1"] {
        for before in ends {
            for after in ends {
                all.push(Value::Text(Text { before, body: body.into(), after }));
            }
        }
    }
    all
}

/// Whether a value means a plain text; nothing for the text that stands for "does not apply".
fn means(value: &Value, text: Option<&str>) -> bool {
    match (value, text) {
        (Value::Any, _) | (Value::NotApplicable, None) => true,
        (Value::NotApplicable, _) | (Value::Text(_), None) => false,
        (Value::Text(value), Some(text)) => text.match_indices(&*value.body).any(|(start, body)| {
            let fits = |open, length: usize| match open {
                Open::Closed => length == 0,
                Open::Anything => true,
                Open::AtMost(most) => length <= usize::from(most),
            };
            fits(value.before, start) && fits(value.after, text.len() - start - body.len())
        }),
    }
}

#[test]
fn relations_are_those_of_the_sets_that_the_values_mean() {
    let universe: Vec<Option<&str>> = vec![
        None,
        Some("1"),
        Some("12"),
        Some("2.1"),
        Some("112"),
        Some("121"),
        Some("2.12"),
        Some("x2.1y"),
        Some("zz12zz"),
    ];
    for record in samples() {
        for device in samples() {
            let inside = |value: &Value| universe.iter().map(|text| means(value, *text)).collect::<Vec<_>>();
            let (a, b) = (inside(&record), inside(&device));
            let common = a.iter().zip(&b).any(|(a, b)| *a && *b);
            match values(&record, &device) {
                Relation::Equal => assert_eq!(a, b, "{record:?} {device:?}"),
                Relation::Superset => {
                    assert!(a.iter().zip(&b).all(|(a, b)| *a || !b), "{record:?} {device:?}");
                }
                Relation::Subset => assert!(a.iter().zip(&b).all(|(a, b)| !a || *b), "{record:?} {device:?}"),
                Relation::Disjoint => assert!(!common, "{record:?} {device:?}"),
                Relation::Undefined => {}
            }
        }
    }
}

#[test]
fn a_record_matches_what_it_takes_in_and_only_perhaps_what_takes_it_in() {
    let record = cpe("cpe:2.3:o:bd:alaris_8015_firmware:*:*:*:*:*:*:*:*");
    let for_windows = cpe("cpe:2.3:a:philips:vue_pacs:12.2:*:*:*:*:windows:*:*");
    for (record, device, wanted) in [
        (&record, "cpe:2.3:o:bd:alaris_8015_firmware:9.7:*:*:*:*:*:*:*", Truth::True),
        (&record, "cpe:2.3:o:bd:alaris_8000_firmware:9.7:*:*:*:*:*:*:*", Truth::False),
        (&record, "cpe:2.3:h:bd:alaris_8015_firmware:9.7:*:*:*:*:*:*:*", Truth::False),
        (&for_windows, "cpe:2.3:a:philips:vue_pacs:12.2:*:*:*:*:*:*:*", Truth::Unknown),
        (&for_windows, "cpe:2.3:a:philips:vue_pacs:12.2:*:*:*:*:linux:*:*", Truth::False),
        (&for_windows, "cpe:2.3:a:philips:vue_pacs:*:*:*:*:*:windows:*:*", Truth::Unknown),
        (&for_windows, "cpe:2.3:a:philips:vue_pacs:-:*:*:*:*:windows:*:*", Truth::False),
    ] {
        assert_eq!(record.matches(&cpe(device)), wanted, "{device}");
    }
}

#[test]
fn names_come_back_from_their_text() {
    let samples = samples();
    for (place, value) in samples.iter().enumerate() {
        let mut values = <[Value; ATTRIBUTES]>::default();
        values[0] = Value::plain("a");
        values[1 + place % 10] = value.clone();
        let name = Cpe::from_values(values);
        assert_eq!(cpe(&name.to_string()), name);
    }
}
