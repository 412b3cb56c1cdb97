use super::*;
use crate::json::parse;

#[track_caller]
fn check(notation: &str, document: &str, want: &[&str]) {
    let shapes = Shapes::read(notation);
    assert_eq!(shapes.broken(), None);
    let tree = parse(document.as_bytes()).unwrap();
    let told: Vec<String> =
        shapes.check(&tree.root).iter().map(|m| format!("{}: {}", m.pointer, m.why)).collect();
    assert_eq!(told, want, "{document}");
}

#[test]
fn a_document_is_held_against_its_shape() {
    let notation = "document = {a!: text1, n: num(0..10), w: int, k: <x|y z>, l: [@part]1u}closed\n\n# said here\npart = {id!: text:cve, more: [@part]}";
    check(notation, r#"{"a":"x","n":10,"w":3,"k":"y z","l":[{"id":"CVE-2024-0001","more":[]}]}"#, &[]);
    check(notation, "{}", &[": \"a\" is missing"]);
    check(
        notation,
        r#"{"a":"","n":10.5,"w":1.5,"k":"z","l":[],"b":1}"#,
        &[
            "/a: should not be empty",
            "/n: should be from 0 to 10, not 10.5",
            "/w: should be a whole number, not 1.5",
            "/k: \"z\" is none of x, y z",
            "/l: should have at least 1 element",
            "/b: the standard has no such member",
        ],
    );
    check(
        notation,
        r#"{"a":"x","l":[{"id":"CVE-1"},{"id":"CVE-2024-0001","more":[{}]},{"more":[{}],"id":"CVE-2024-0001"}]}"#,
        &[
            "/l/2: the same element stands before it",
            "/l/0/id: \"CVE-1\" is no CVE id",
            "/l/1/more/0: \"id\" is missing",
            "/l/2/more/0: \"id\" is missing",
        ],
    );
}

#[test]
fn of_alternatives_the_nearest_tells_what_is_wrong() {
    check(
        "a = ({k!: <x>, v!: num} ^ text)",
        r#"{"k":"x","v":"1"}"#,
        &["/v: should be a number, not a string"],
    );
    check("a = ({k!: <x>} ^ text)", "\"t\"", &[]);
}
