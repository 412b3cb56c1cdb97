//! Shapes: what a standard says of the structure of a JSON document, in a notation of our own, and the check of it.
//!
//! In: a notation (below) and a tree. Out: every place where the tree does not fit, as pointer and reason. Cyclic
//! definitions are fine: a tree ends. Limits: [`TOLD_MAX`] places; the notation is ours and trusted, so a mistake in
//! it shows in the tests, as [`Shapes::broken`].
//!
//! ```text
//! name = TYPE                       a definition; the first one is the document
//! text text1 text:uri               a string; with at least one character; that fits a pattern of `pattern`
//! num num(0..10) int int(1..)  bool any
//! <a|b|c>                           one of these strings
//! @name                             as defined
//! [TYPE] [TYPE]1 [TYPE]1u           an array; with at least one element; without equal ones
//! {a: TYPE, b!: TYPE} {…}1 {…}closed   an object; `!`: must be there; so many members; no others, save `x-…` if `open-x`
//! (TYPE ^ TYPE)                     fits one of these at least
//! ```

mod pattern;

use super::{Node, Pointer, Value};
use std::collections::BTreeMap;

/// Said of a member that a closed object has beyond its standard.
const NO_SUCH: &str = "the standard has no such member";
/// Places told of one document.
pub const TOLD_MAX: usize = 200;

/// A place that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Where.
    pub pointer: String,
    /// What is wrong there.
    pub why: String,
}

#[derive(Clone, Debug, PartialEq)]
enum Shape {
    Any,
    Bool,
    Number { whole: bool, least: f64, most: f64 },
    Text { least: usize, pattern: Option<String> },
    OneOf(Vec<String>),
    List { item: Box<Shape>, least: usize, unique: bool },
    Map { fields: Vec<Field>, least: usize, closed: bool },
    Named(String),
    Either(Vec<Shape>),
}

#[derive(Clone, Debug, PartialEq)]
struct Field {
    name: String,
    must: bool,
    shape: Shape,
}

/// Definitions of a notation.
#[derive(Clone, Debug)]
pub struct Shapes {
    root: Shape,
    named: BTreeMap<String, Shape>,
    broken: Option<String>,
}

impl Shapes {
    /// Reads a notation.
    #[must_use]
    pub fn read(notation: &str) -> Self {
        let mut shapes = Self { root: Shape::Any, named: BTreeMap::new(), broken: None };
        for (index, definition) in notation.split("\n\n").map(str::trim).filter(|d| !d.is_empty()).enumerate()
        {
            let definition: String = definition
                .lines()
                .filter(|line| !line.trim_start().starts_with('#'))
                .collect::<Vec<_>>()
                .join(" ");
            let Some((name, text)) = definition.split_once('=') else {
                if !definition.trim().is_empty() {
                    shapes.broken = Some(definition);
                }
                continue;
            };
            let mut reader = Reader { rest: text.trim() };
            match reader.shape() {
                Some(shape) if reader.rest.trim().is_empty() => {
                    if index == 0 || shapes.named.is_empty() {
                        shapes.root = shape.clone();
                    }
                    shapes.named.insert(name.trim().to_owned(), shape);
                }
                _ => shapes.broken = Some(format!("{}: {}", name.trim(), reader.rest)),
            }
        }
        shapes
    }

    /// What of the notation could not be read, or is named and not defined.
    #[must_use]
    pub fn broken(&self) -> Option<String> {
        let missing = self.named.values().find_map(|shape| self.missing(shape));
        self.broken.clone().or(missing)
    }

    fn missing(&self, shape: &Shape) -> Option<String> {
        match shape {
            Shape::Named(name) => (!self.named.contains_key(name)).then(|| name.clone()),
            Shape::List { item, .. } => self.missing(item),
            Shape::Map { fields, .. } => fields.iter().find_map(|field| self.missing(&field.shape)),
            Shape::Either(any) => any.iter().find_map(|shape| self.missing(shape)),
            Shape::Text { pattern: Some(name), .. } => (!pattern::exists(name)).then(|| name.clone()),
            _ => None,
        }
    }

    /// Where a document does not fit.
    #[must_use]
    pub fn check(&self, node: &Node<'_>) -> Vec<Misfit> {
        let mut told = Vec::new();
        self.fit(node, &self.root, &Pointer::default(), &mut told);
        told
    }

    /// Members that the standard does not have, in a document whose objects may have more.
    #[must_use]
    pub fn extras(&self, node: &Node<'_>) -> Vec<Misfit> {
        let named = self.named.iter().map(|(name, shape)| (name.clone(), closed(shape))).collect();
        let strict = Self { root: closed(&self.root), named, broken: None };
        let mut told = strict.check(node);
        told.retain(|misfit| misfit.why == NO_SUCH);
        told
    }

    /// Where a part of a document, which lies at `pointer`, does not fit the definition of that name.
    #[must_use]
    pub fn check_as(&self, name: &str, node: &Node<'_>, pointer: &Pointer) -> Vec<Misfit> {
        let mut told = Vec::new();
        if let Some(shape) = self.named.get(name) {
            self.fit(node, shape, pointer, &mut told);
        }
        told
    }

    fn fit(&self, node: &Node<'_>, shape: &Shape, at: &Pointer, told: &mut Vec<Misfit>) {
        if told.len() >= TOLD_MAX {
            return;
        }
        let mut tell = |why: String| told.push(Misfit { pointer: at.to_string(), why });
        match (shape, &node.value) {
            (Shape::Any, _) | (Shape::Bool, Value::Bool(_)) => {}
            (Shape::Bool, _) => tell(format!("should be true or false, not {}", node.kind())),
            (Shape::Number { whole, least, most }, Value::Number(text)) => {
                let number = text.parse::<f64>().unwrap_or(f64::NAN);
                if *whole && number.fract() != 0.0 {
                    tell(format!("should be a whole number, not {}", shown(text)));
                } else if !(*least..=*most).contains(&number) {
                    tell(format!("should be from {least} to {most}, not {}", shown(text)));
                }
            }
            (Shape::Number { .. }, _) => tell(format!("should be a number, not {}", node.kind())),
            (Shape::Text { least, pattern }, Value::Text(text)) => {
                if text.chars().take(*least).count() < *least {
                    tell(if *least == 1 {
                        "should not be empty".into()
                    } else {
                        format!("should have at least {least} characters")
                    });
                } else if let Some(name) = pattern
                    && let Some(why) = pattern::misfit(name, text)
                {
                    tell(format!("\"{}\" {why}", shown(text)));
                }
            }
            (Shape::Text { .. }, _) => tell(format!("should be a string, not {}", node.kind())),
            (Shape::OneOf(words), Value::Text(text)) if words.iter().any(|word| word == text) => {}
            (Shape::OneOf(words), Value::Text(text)) => {
                tell(format!("\"{}\" is none of {}", shown(text), words.join(", ")));
            }
            (Shape::OneOf(_), _) => tell(format!("should be a string, not {}", node.kind())),
            (Shape::List { item, least, unique }, Value::List(list)) => {
                if list.len() < *least {
                    tell(format!(
                        "should have at least {least} element{}",
                        if *least == 1 { "" } else { "s" }
                    ));
                }
                if *unique && let Some(index) = first_twice(list) {
                    let pointer = at.index(index).to_string();
                    told.push(Misfit { pointer, why: "the same element stands before it".to_owned() });
                }
                for (index, element) in list.iter().enumerate() {
                    self.fit(element, item, &at.index(index), told);
                }
            }
            (Shape::List { .. }, _) => tell(format!("should be an array, not {}", node.kind())),
            (Shape::Map { .. }, Value::Map(_)) => self.fit_map(node, shape, at, told),
            (Shape::Map { .. }, _) => tell(format!("should be an object, not {}", node.kind())),
            (Shape::Named(name), _) => {
                if let Some(shape) = self.named.get(name) {
                    self.fit(node, shape, at, told);
                }
            }
            (Shape::Either(any), _) => self.fit_either(node, any, at, told),
        }
    }

    fn fit_map(&self, node: &Node<'_>, shape: &Shape, at: &Pointer, told: &mut Vec<Misfit>) {
        let Shape::Map { fields, least, closed } = shape else { return };
        let mut tell = |pointer: String, why: String| told.push(Misfit { pointer, why });
        for field in fields.iter().filter(|field| field.must && node.get(&field.name).is_none()) {
            tell(at.to_string(), format!("\"{}\" is missing", field.name));
        }
        if node.members().len() < *least {
            tell(
                at.to_string(),
                format!("should have at least {least} member{}", if *least == 1 { "" } else { "s" }),
            );
        }
        for member in node.members() {
            match fields.iter().find(|field| field.name == member.name) {
                Some(field) => self.fit(&member.node, &field.shape, &at.member(&member.name), told),
                None if *closed && told.len() < TOLD_MAX => {
                    let why = NO_SUCH.to_owned();
                    told.push(Misfit { pointer: at.member(&member.name).to_string(), why });
                }
                None => {}
            }
        }
    }

    /// The misfits of the alternative that comes nearest: the one that goes deepest, then has fewest.
    fn fit_either(&self, node: &Node<'_>, any: &[Shape], at: &Pointer, told: &mut Vec<Misfit>) {
        let mut nearest: Option<Vec<Misfit>> = None;
        let depth = |misfits: &[Misfit]| misfits.iter().map(|m| m.pointer.len()).max().unwrap_or(0);
        for shape in any {
            let mut misfits = Vec::new();
            self.fit(node, shape, at, &mut misfits);
            if misfits.is_empty() {
                return;
            }
            let key = |m: &[Misfit]| (std::cmp::Reverse(depth(m)), m.len());
            if nearest.as_ref().is_none_or(|old| key(&misfits) < key(old)) {
                nearest = Some(misfits);
            }
        }
        told.extend(nearest.unwrap_or_default());
        told.truncate(TOLD_MAX);
    }
}

/// The same with objects that have no further members.
fn closed(shape: &Shape) -> Shape {
    match shape {
        Shape::List { item, least, unique } => {
            Shape::List { item: Box::new(closed(item)), least: *least, unique: *unique }
        }
        Shape::Map { fields, least, .. } => {
            let field = |field: &Field| Field { shape: closed(&field.shape), ..field.clone() };
            Shape::Map { fields: fields.iter().map(field).collect(), least: *least, closed: true }
        }
        Shape::Either(any) => Shape::Either(any.iter().map(closed).collect()),
        other => other.clone(),
    }
}

/// Index of the first element that equals an earlier one; long lists are compared by what they say only.
fn first_twice(list: &[Node<'_>]) -> Option<usize> {
    let mut seen = BTreeMap::new();
    for (index, node) in list.iter().enumerate() {
        let mut text = String::new();
        canonical(node, &mut text);
        if seen.insert(text, ()).is_some() {
            return Some(index);
        }
    }
    None
}

/// What a node says, the same for the same whatever the order of members.
fn canonical(node: &Node<'_>, out: &mut String) {
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => out.push_str(number),
        Value::Text(text) => {
            out.push('"');
            out.push_str(text);
            out.push('"');
        }
        Value::List(list) => {
            out.push('[');
            for element in list {
                canonical(element, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Map(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|a, b| a.name.cmp(&b.name));
            out.push('{');
            for member in members {
                out.push_str(&member.name);
                out.push('\u{1f}');
                canonical(&member.node, out);
                out.push(',');
            }
            out.push('}');
        }
    }
}

/// As much of a stranger's text as a message should repeat.
fn shown(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() > MOST {
        text.chars().take(MOST).chain(['…']).collect()
    } else {
        text.to_owned()
    }
}

/// Reads the notation.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn take(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$' | '@' | '.');
        let end = self.rest.find(|c: char| !letter(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        word
    }

    /// A number right behind what was read.
    fn count(&mut self) -> usize {
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at_checked(end).unwrap_or(("", self.rest));
        self.rest = rest;
        digits.parse().unwrap_or(0)
    }

    fn flag(&mut self, flag: &str) -> bool {
        match self.rest.strip_prefix(flag) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn shape(&mut self) -> Option<Shape> {
        if self.take("[") {
            let item = Box::new(self.shape()?);
            if !self.take("]") {
                return None;
            }
            let least = self.count();
            return Some(Shape::List { item, least, unique: self.flag("u") });
        }
        if self.take("{") {
            return self.map();
        }
        if self.take("(") {
            let mut any = vec![self.shape()?];
            while self.take("^") {
                any.push(self.shape()?);
            }
            return self.take(")").then_some(Shape::Either(any));
        }
        if self.take("<") {
            let (words, rest) = self.rest.split_once('>')?;
            self.rest = rest;
            return Some(Shape::OneOf(words.split('|').map(|word| word.trim().to_owned()).collect()));
        }
        if self.take("@") {
            return Some(Shape::Named(self.word().to_owned()));
        }
        if self.take("any") {
            return Some(Shape::Any);
        }
        if self.take("bool") {
            return Some(Shape::Bool);
        }
        if self.take("text") {
            let least = self.count();
            let pattern = self.flag(":").then(|| self.word().to_owned());
            return Some(Shape::Text { least, pattern });
        }
        let whole = self.take("int");
        if whole || self.take("num") {
            return self.range(whole);
        }
        None
    }

    fn range(&mut self, whole: bool) -> Option<Shape> {
        let (mut least, mut most) = (f64::NEG_INFINITY, f64::INFINITY);
        if self.flag("(") {
            let (range, rest) = self.rest.split_once(')')?;
            self.rest = rest;
            let (from, to) = range.split_once("..")?;
            least = from.parse().unwrap_or(least);
            most = to.parse().unwrap_or(most);
        }
        Some(Shape::Number { whole, least, most })
    }

    fn map(&mut self) -> Option<Shape> {
        let mut fields = Vec::new();
        while !self.take("}") {
            let name = self.word().to_owned();
            let must = self.flag("!");
            if name.is_empty() || !self.take(":") {
                return None;
            }
            fields.push(Field { name, must, shape: self.shape()? });
            self.take(",");
        }
        let least = self.count();
        Some(Shape::Map { fields, least, closed: self.flag("closed") })
    }
}

#[cfg(test)]
mod tests;
