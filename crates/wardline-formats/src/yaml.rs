//! YAML 1.2 as far as documents of the field use it: block and flow collections, plain, quoted and block scalars,
//! comments. The result is the same tree as JSON's, with its places.
//!
//! Refused, with the line: anchors, aliases, tags, complex keys, tabs as indent, more than one document. So nothing
//! can refer to itself or grow. Limits: [`DEPTH_MAX`], [`LINES_MAX`].

use crate::json::{Member, Node, Value};
use std::borrow::Cow;

/// Collections within each other.
const DEPTH_MAX: usize = 64;
/// Lines of a document.
const LINES_MAX: usize = 200_000;

/// Why a text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

struct Line<'a> {
    number: usize,
    /// Offset of the text after the indent.
    at: usize,
    indent: usize,
    /// Without indent; blank lines are empty.
    text: &'a str,
}

/// Reads one document.
///
/// # Errors
/// Where it stops being YAML that is read here.
pub fn parse(text: &str) -> Result<Node<'static>, Fault> {
    let mut lines = Vec::new();
    let mut at = 0_usize;
    for (index, raw) in text.split_inclusive('\n').enumerate() {
        let line = raw.trim_end();
        let indent = line.len().saturating_sub(line.trim_start_matches(' ').len());
        let number = index.saturating_add(1);
        let text = line.get(indent..).unwrap_or_default();
        if text.starts_with('\t') && !text.trim().is_empty() {
            return Err(Fault { line: number, why: "a tab is no indent; use spaces".to_owned() });
        }
        lines.push(Line { number, at: at.saturating_add(indent), indent, text });
        at = at.saturating_add(raw.len());
        if lines.len() > LINES_MAX {
            return Err(Fault { line: number, why: "more than 200000 lines".to_owned() });
        }
    }
    let mut parser = Parser { lines: &lines, next: 0 };
    if parser.peek().is_some_and(|line| line.text == "---") {
        parser.next = parser.next.saturating_add(1);
    }
    let Some(first) = parser.peek() else { return Ok(Node { at: 0, value: Value::Null }) };
    let node = parser.block(first.indent, 0)?;
    match parser.peek() {
        None => Ok(node),
        Some(line) if line.text == "..." => Ok(node),
        Some(line) if line.text == "---" => Err(fault(line, "a second document begins here")),
        Some(line) => Err(fault(line, "this line fits nowhere: look at its indent")),
    }
}

fn fault(line: &Line<'_>, why: &str) -> Fault {
    Fault { line: line.number, why: why.to_owned() }
}

struct Parser<'p, 'a> {
    lines: &'p [Line<'a>],
    next: usize,
}

impl<'p, 'a> Parser<'p, 'a> {
    /// The next line that says something.
    fn peek(&mut self) -> Option<&'p Line<'a>> {
        loop {
            let line = self.lines.get(self.next)?;
            if !line.text.is_empty() && !line.text.starts_with('#') {
                return Some(line);
            }
            self.next = self.next.saturating_add(1);
        }
    }

    fn block(&mut self, indent: usize, depth: usize) -> Result<Node<'static>, Fault> {
        let Some(line) = self.peek() else { return Ok(Node { at: 0, value: Value::Null }) };
        if depth > DEPTH_MAX {
            return Err(fault(line, "too deep"));
        }
        if is_item(line.text) {
            return self.sequence(indent, depth);
        }
        if split_key(line.text).is_some() {
            return self.mapping(indent, depth, None);
        }
        self.next = self.next.saturating_add(1);
        self.scalar(line, line.text, line.at, indent)
    }

    fn sequence(&mut self, indent: usize, depth: usize) -> Result<Node<'static>, Fault> {
        let mut list = Vec::new();
        let mut at = 0;
        while let Some(line) = self.peek() {
            if line.indent != indent || !is_item(line.text) {
                break;
            }
            if list.is_empty() {
                at = line.at;
            }
            self.next = self.next.saturating_add(1);
            let rest = line.text.get(1..).unwrap_or_default();
            let inner = rest.trim_start();
            let shift = line.text.len().saturating_sub(inner.len());
            let deeper = indent.saturating_add(shift);
            let node = if inner.is_empty() || inner.starts_with('#') {
                self.below(indent, line, depth)?
            } else if is_item(inner) {
                return Err(fault(line, "lists within lists need lines of their own here"));
            } else if split_key(inner).is_some() {
                self.mapping(
                    deeper,
                    depth.saturating_add(1),
                    Some((line, inner, line.at.saturating_add(shift))),
                )?
            } else {
                self.scalar(line, inner, line.at.saturating_add(shift), indent)?
            };
            list.push(node);
        }
        Ok(Node { at, value: Value::List(list) })
    }

    /// What is indented below a line that says no more than that something follows.
    fn below(&mut self, indent: usize, line: &Line<'a>, depth: usize) -> Result<Node<'static>, Fault> {
        match self.peek() {
            Some(next) if next.indent > indent => self.block(next.indent, depth.saturating_add(1)),
            _ => Ok(Node { at: line.at, value: Value::Null }),
        }
    }

    /// A mapping; its first line may stand behind a dash.
    fn mapping(
        &mut self,
        indent: usize,
        depth: usize,
        mut first: Option<(&'p Line<'a>, &'a str, usize)>,
    ) -> Result<Node<'static>, Fault> {
        let mut members: Vec<Member<'static>> = Vec::new();
        let mut begin = None;
        loop {
            let (line, text, at) = match first.take() {
                Some(given) => given,
                None => match self.peek() {
                    Some(line)
                        if line.indent == indent
                            && !is_item(line.text)
                            && !matches!(line.text, "---" | "...") =>
                    {
                        self.next = self.next.saturating_add(1);
                        (line, line.text, line.at)
                    }
                    _ => break,
                },
            };
            begin = begin.or(Some(at));
            let Some((key, rest)) = split_key(text) else {
                return Err(fault(line, "\"name: value\" should be here"));
            };
            let shift = text.len().saturating_sub(rest.trim_start().len());
            let value_at = at.saturating_add(shift);
            let rest = rest.trim_start();
            let node = if rest.is_empty() || rest.starts_with('#') {
                match self.peek() {
                    // A list may stand as far left as the name it belongs to.
                    Some(next) if next.indent == indent && is_item(next.text) => {
                        self.sequence(indent, depth.saturating_add(1))?
                    }
                    _ => self.below(indent, line, depth)?,
                }
            } else {
                self.scalar(line, rest, value_at, indent)?
            };
            members.push(Member { name: Cow::Owned(key), node });
        }
        Ok(Node { at: begin.unwrap_or(0), value: Value::Map(members) })
    }

    /// A scalar or flow collection that begins on a line and may go on below, deeper than `indent`.
    fn scalar(
        &mut self,
        line: &Line<'a>,
        text: &str,
        at: usize,
        indent: usize,
    ) -> Result<Node<'static>, Fault> {
        let value = match text.as_bytes() {
            [b'|' | b'>', ..] => Value::Text(Cow::Owned(self.block_scalar(text, indent))),
            [b'&' | b'*' | b'!', ..]
                if !text.contains(' ') || text.starts_with('&') || text.starts_with('!') =>
            {
                return Err(fault(line, "anchors, aliases and tags are not read"));
            }
            [b'[' | b'{', ..] => {
                let whole = self.gather(text, indent, balanced);
                let mut rest = whole.as_str();
                let node = flow(&mut rest, 0).map_err(|why| fault(line, why))?;
                if !rest.trim().is_empty() && !rest.trim().starts_with('#') {
                    return Err(fault(line, "something follows the closing bracket"));
                }
                node.value
            }
            [b'"' | b'\'', ..] => {
                let whole = self.gather(text, indent, closed);
                let mut rest = whole.as_str();
                Value::Text(Cow::Owned(quoted(&mut rest).map_err(|why| fault(line, why))?))
            }
            _ => {
                let mut whole = plain(text).to_owned();
                while let Some(next) = self.lines.get(self.next) {
                    let goes_on = next.indent > indent
                        && !next.text.is_empty()
                        && !next.text.starts_with('#')
                        && split_key(next.text).is_none()
                        && !is_item(next.text);
                    if !goes_on {
                        break;
                    }
                    whole.push(' ');
                    whole.push_str(plain(next.text));
                    self.next = self.next.saturating_add(1);
                }
                typed(&whole)
            }
        };
        Ok(Node { at, value })
    }

    /// Joins lines until a text is whole.
    fn gather(&mut self, text: &str, indent: usize, whole: fn(&str) -> bool) -> String {
        let mut all = text.to_owned();
        while !whole(&all) {
            let Some(next) = self.lines.get(self.next).filter(|next| {
                next.indent > indent || next.text.is_empty() || next.text.starts_with([']', '}'])
            }) else {
                break;
            };
            all.push(' ');
            all.push_str(next.text);
            self.next = self.next.saturating_add(1);
        }
        all
    }

    fn block_scalar(&mut self, head: &str, indent: usize) -> String {
        let folded = head.starts_with('>');
        let mut inner = None;
        let mut lines: Vec<String> = Vec::new();
        while let Some(line) = self.lines.get(self.next) {
            if !line.text.is_empty() && line.indent <= indent {
                break;
            }
            if line.text.is_empty() {
                lines.push(String::new());
            } else {
                let base = *inner.get_or_insert(line.indent);
                lines.push(format!("{}{}", " ".repeat(line.indent.saturating_sub(base)), line.text));
            }
            self.next = self.next.saturating_add(1);
        }
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        let mut text = lines.join(if folded { " " } else { "\n" });
        if !head.contains('-') {
            text.push('\n');
        }
        text
    }
}

fn is_item(text: &str) -> bool {
    text == "-" || text.starts_with("- ")
}

/// Name and rest of `name: rest`.
fn split_key(text: &str) -> Option<(String, &str)> {
    if text.starts_with(['"', '\'']) {
        let mut rest = text;
        let key = quoted(&mut rest).ok()?;
        let rest = rest.trim_start().strip_prefix(':')?;
        return (rest.is_empty() || rest.starts_with(' ')).then_some((key, rest));
    }
    if text.starts_with(['[', '{', '#', '|', '>', '%', '@', '`']) {
        return None;
    }
    let mut from = 0_usize;
    loop {
        let colon = text.get(from..)?.find(':')?.saturating_add(from);
        let rest = text.get(colon.saturating_add(1)..)?;
        let key = text.get(..colon)?;
        if key.contains(" #") {
            return None;
        }
        if rest.is_empty() || rest.starts_with([' ', '\t']) {
            return Some((key.trim().to_owned(), rest));
        }
        from = colon.saturating_add(1);
    }
}

/// A plain scalar without its comment.
fn plain(text: &str) -> &str {
    text.find(" #").and_then(|at| text.get(..at)).unwrap_or(text).trim()
}

fn typed(text: &str) -> Value<'static> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => Value::Text(Cow::Owned(text.to_owned())),
    }
}

/// Whether all brackets outside quotes are closed.
fn balanced(text: &str) -> bool {
    let (mut depth, mut quote) = (0_i64, None);
    for letter in text.chars() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(letter),
            (None, '[' | '{') => depth = depth.saturating_add(1),
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
    }
    depth <= 0
}

/// Whether a quoted scalar has its end.
fn closed(text: &str) -> bool {
    let mut rest = text;
    quoted(&mut rest).is_ok()
}

/// A quoted scalar; leaves what follows it.
fn quoted(rest: &mut &str) -> Result<String, &'static str> {
    let mut letters = rest.char_indices();
    let open = letters.next().map_or('"', |(_, letter)| letter);
    let mut text = String::new();
    while let Some((at, letter)) = letters.next() {
        if letter == open {
            let after = at.saturating_add(1);
            if open == '\'' && rest.get(after..).is_some_and(|rest| rest.starts_with('\'')) {
                letters.next();
                text.push('\'');
                continue;
            }
            *rest = rest.get(after..).unwrap_or_default();
            return Ok(text);
        }
        if letter == '\\' && open == '"' {
            match letters.next().map(|(_, escaped)| escaped) {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('r') => text.push('\r'),
                Some(other) => text.push(other),
                None => break,
            }
            continue;
        }
        text.push(letter);
    }
    Err("the quotation has no end")
}

fn flow(rest: &mut &str, depth: usize) -> Result<Node<'static>, &'static str> {
    if depth > DEPTH_MAX {
        return Err("too deep");
    }
    *rest = rest.trim_start();
    let value = if let Some(inner) = rest.strip_prefix('[') {
        *rest = inner;
        let mut list = Vec::new();
        while !end(rest, ']')? {
            list.push(flow(rest, depth.saturating_add(1))?);
            separated(rest, ']')?;
        }
        Value::List(list)
    } else if let Some(inner) = rest.strip_prefix('{') {
        *rest = inner;
        let mut members = Vec::new();
        while !end(rest, '}')? {
            let key = flow_scalar(rest, &[':', ',', '}', ']'])?;
            *rest = rest.trim_start();
            let node = if let Some(after) = rest.strip_prefix(':') {
                *rest = after;
                flow(rest, depth.saturating_add(1))?
            } else {
                Node { at: 0, value: Value::Null }
            };
            members.push(Member { name: Cow::Owned(key), node });
            separated(rest, '}')?;
        }
        Value::Map(members)
    } else if rest.starts_with(['"', '\'']) {
        Value::Text(Cow::Owned(quoted(rest)?))
    } else {
        typed(&flow_scalar(rest, &[',', ']', '}'])?)
    };
    Ok(Node { at: 0, value })
}

fn flow_scalar(rest: &mut &str, stops: &[char]) -> Result<String, &'static str> {
    *rest = rest.trim_start();
    if rest.starts_with(['"', '\'']) {
        return quoted(rest);
    }
    let end = rest.find(stops).ok_or("a bracket has no end")?;
    let text = rest.get(..end).unwrap_or_default().trim().to_owned();
    *rest = rest.get(end..).unwrap_or_default();
    Ok(text)
}

fn end(rest: &mut &str, bracket: char) -> Result<bool, &'static str> {
    *rest = rest.trim_start();
    if rest.is_empty() {
        return Err("a bracket has no end");
    }
    match rest.strip_prefix(bracket) {
        Some(after) => {
            *rest = after;
            Ok(true)
        }
        None => Ok(false),
    }
}

/// Behind an entry stands a comma or the bracket that ends it all, so that every entry takes something in.
fn separated(rest: &mut &str, bracket: char) -> Result<(), &'static str> {
    *rest = rest.trim_start();
    if let Some(after) = rest.strip_prefix(',') {
        *rest = after;
        return Ok(());
    }
    if rest.is_empty() || rest.starts_with(bracket) {
        return Ok(());
    }
    Err("a comma or the bracket's end was expected")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bracket_that_another_closes_is_a_fault() {
        for text in ["a: [b}]", "a: [}]", "a: {b]}", "a: {]}", "a: [[x}]]", "a: ['b' c]", "a: [b, }]"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_documents_use_is_read() {
        let text = "title: \"Next: js\" # comment\nlts: true\nlist:\n- a: 1\n  b: two words\n  c: [x, 'y, z', {k: v}]\n\n- a: 2\ntext: |\n  one\n    two\n\nfold: >-\n  one\n  two\nlong: it goes\n  on here\nnested:\n    deep:\n        - x\n        - y: z\n";
        let root = parse(text).unwrap();
        assert_eq!(root.text_of("title"), Some("Next: js"));
        assert_eq!(root.of("lts").truth(), Some(true));
        let list = root.list_of("list");
        assert_eq!(
            (list.len(), list[0].text_of("b"), list[1].of("a").scalar()),
            (2, Some("two words"), Some("2"))
        );
        assert_eq!(list[0].list_of("c")[1].text(), Some("y, z"));
        assert_eq!(list[0].list_of("c")[2].text_of("k"), Some("v"));
        assert_eq!(root.text_of("text"), Some("one\n  two\n"));
        assert_eq!(root.text_of("fold"), Some("one two"));
        assert_eq!(root.text_of("long"), Some("it goes on here"));
        assert_eq!(root.of("nested").list_of("deep")[1].text_of("y"), Some("z"));
    }

    #[test]
    fn what_could_refer_to_itself_is_refused() {
        for (text, line) in
            [("a: &x 1\nb: 2\n", 1), ("a: 1\nb: *x\n", 2), ("a: !!binary x\n", 1), ("a:\n\tb: 1\n", 2)]
        {
            assert_eq!(parse(text).unwrap_err().line, line, "{text}");
        }
        assert!(parse(&format!("a: {}", "[".repeat(100_000))).is_err());
    }

    #[test]
    fn every_prefix_ends_in_an_answer() {
        let text = "a:\n  - b: 'x'\n    c: {d: [1, \"2\"]}\ne: |\n  f\n";
        for end in 0..text.len() {
            let _ = parse(&text[..end]);
        }
    }
}
