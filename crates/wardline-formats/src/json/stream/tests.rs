use super::*;

/// What came out, a word each: members by name, records by their id, `!` and the place of what is broken.
fn words(text: &[u8], lists: &[&str]) -> (Vec<String>, End) {
    let mut words = Vec::new();
    let mut input = Slow(text);
    let end = read(&mut input, lists, &mut |piece| {
        words.push(match piece {
            Piece::Member { name, .. } => name.to_owned(),
            Piece::Record { node, index, .. } => {
                format!(
                    "{}@{index}",
                    node.text_of("id").map_or_else(|| node.kind().to_owned(), str::to_owned)
                )
            }
            Piece::Broken { pointer, place, .. } => format!("!{pointer}@{place}"),
        });
        ControlFlow::Continue(())
    });
    (words, end.unwrap())
}

/// Gives a few bytes at a time, so that everything is split somewhere.
struct Slow<'a>(&'a [u8]);

impl Read for Slow<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.0.len().min(3).min(into.len());
        let (now, later) = self.0.split_at(count);
        into[..count].copy_from_slice(now);
        self.0 = later;
        Ok(count)
    }
}

#[track_caller]
fn check(text: &str, want: &[&str], end: End) {
    assert_eq!(
        words(text.as_bytes(), &["r"]),
        (want.iter().map(|w| (*w).to_owned()).collect(), end),
        "{text}"
    );
}

#[test]
fn an_object_with_records_an_array_and_lines() {
    let object = r#"{"n": 2, "r": [ {"id":"a"}, {"id":"b","x":[1,"]}"]} ], "after": "x"}"#;
    check(object, &["n", "a@0", "b@1", "after"], End::Whole);
    check(r#"[{"id":"a"},{"id":"b"}]"#, &["a@0", "b@1"], End::Whole);
    check("{\"r\":[{\"id\":\"a\"}]}\n{\"id\":\"b\"}\n", &["a@0", "b@0"], End::Whole);
    check("{\"r\":[]}", &[], End::Whole);
    check("", &[], End::Cut);
}

#[test]
fn a_single_record_may_be_the_whole_document() {
    let (words, end) = words(br#"{"id":"a"}"#, &[]);
    assert_eq!((words, end), (vec!["a@0".to_owned()], End::Whole));
}

#[test]
fn a_broken_record_costs_itself() {
    let syntax = "{\"r\":[{\"id\":\"a\"},\n{\"id\":b},\n{\"id\":\"c\"}]}";
    check(syntax, &["a@0", "!/r/1@2:7", "c@2"], End::Whole);
    // A brace too few swallows what follows; a quotation mark too few turns the text inside out.
    let brace = "{\"r\":[{\"id\":\"a\"},\n{\"id\":\"b\",\"x\":{\"y\":1},\n{\"id\":\"c\"},{\"id\":\"d\"}]}";
    check(brace, &["a@0", "!/r/1@3:1", "c@2", "d@3"], End::Whole);
    let quote = "{\"r\":[{\"id\":\"a\"},\n{\"id\":\"b},\n{\"id\":\"c\"},{\"id\":\"d\"}]}";
    check(quote, &["a@0", "!/r/1@2:11", "c@2", "d@3"], End::Whole);
    let more = "{\"r\":[{\"id\":\"a\"}},{\"id\":\"b\"}]}";
    check(more, &["a@0", "!/r/1@1:17", "b@1"], End::Whole);
}

#[test]
fn a_stream_that_stops_says_so() {
    let whole = r#"{"n":1,"r":[{"id":"a"},{"id":"b"}]}"#;
    for end in 1..whole.len() {
        let (words, end) = words(&whole.as_bytes()[..end], &["r"]);
        assert_eq!(end, End::Cut, "{words:?}");
    }
}

#[test]
fn a_record_without_end_is_bounded() {
    let mut text = br#"{"r":[{"id":""#.to_vec();
    text.resize(RECORD_BYTES_MAX + (1 << 20), b'x');
    text.extend_from_slice(br#""},{"id":"b"}]}"#);
    let mut seen = Vec::new();
    let mut input: &[u8] = &text;
    let end = read(&mut input, &["r"], &mut |piece| {
        if let Piece::Record { node, .. } = &piece {
            seen.push(node.owned("id"));
        }
        ControlFlow::Continue(())
    });
    assert_eq!((seen, end.unwrap()), (vec!["b".to_owned()], End::Whole));
}
