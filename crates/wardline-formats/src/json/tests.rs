use super::*;

#[track_caller]
fn fault(text: &str, at: usize, why: &str) {
    match parse(text.as_bytes()) {
        Ok(tree) => panic!("{text:?} was read as {tree:?}"),
        Err(fault) => assert_eq!((fault.at, fault.why), (at, why), "{text:?}"),
    }
}

#[test]
fn a_tree_knows_its_places() {
    let text = br#"{"a": [1, -2.5e3, {"b/c": "x\u00e9\ud83d\ude00\n"}], "t": true, "n": null}"#;
    let tree = parse(text).unwrap();
    let root = &tree.root;
    assert_eq!(root.list_of("a")[1].number(), Some(-2500.0));
    let deep = root.list_of("a")[2].get("b/c").unwrap();
    assert_eq!(deep.text(), Some("x\u{e9}\u{1f600}\n"));
    assert_eq!(pointer_to(root, deep.at).to_string(), "/a/2/b~1c");
    assert_eq!(root.of("t").truth(), Some(true));
    assert_eq!(root.of("missing").text(), None);
    assert_eq!(place("a\néé x".as_bytes(), 7).to_string(), "2:4");
}

#[test]
fn what_is_no_json_says_where() {
    fault("", 0, "the text ends where a value should be");
    fault("[1,]", 3, "no value begins like this");
    fault("{\"a\" 1}", 5, "a colon should follow the name");
    fault("{\"a\":1 \"b\":2}", 7, "a comma or the end of the object should be here");
    fault("{a:1}", 1, "a name in quotes should be here");
    fault("[\"abc", 1, "the string that begins here does not end");
    fault("[\"a\nb\"]", 3, "a control character in a string must be escaped");
    fault("[\"\\x\"]", 2, "there is no such escape");
    fault("[\"\\u12\"]", 2, "\\u needs four hexadecimal digits");
    fault("[01]", 2, "a comma or the end of the array should be here");
    fault("[1.]", 1, "no number is written like this");
    fault("{} x", 3, "something follows the end of the document");
    assert_eq!(parse(b"[\"\xff\"]").unwrap_err(), Fault { at: 2, why: "the text is not UTF-8 here" });
    let deep = "[".repeat(100_000);
    assert_eq!(parse(deep.as_bytes()).unwrap_err().at, DEPTH_MAX);
}

#[test]
fn names_given_twice_are_told_and_the_first_holds() {
    let tree = parse(br#"{"a":1,"b":{"c":1,"c":2},"a":3}"#).unwrap();
    let names: Vec<&str> = tree.flaws.iter().map(|flaw| flaw.name.as_str()).collect();
    assert_eq!(names, ["c", "a"]);
    assert_eq!(tree.root.of("a").number(), Some(1.0));
}

#[test]
fn every_prefix_and_every_flip_ends_in_an_answer() {
    let text = br#"{"a":[1,2.5,{"b":"\u00e9\\"}],"c":false}"#;
    for end in 0..text.len() {
        assert!(parse(&text[..end]).is_err());
        for bit in 0..8 {
            let mut changed = text.to_vec();
            changed[end] ^= 1 << bit;
            let _ = parse(&changed);
        }
    }
}
