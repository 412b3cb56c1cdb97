//! "Where do we have log4j?": components of many documents, found by a part of their names.
//!
//! In: documents, one after the other. Out: for a word, every document and component whose name or package URL has
//! it. Each distinct name is kept once, all in one text that is searched through; memory is that of the distinct
//! names and versions and twelve bytes for a component.

use super::Sbom;
use memchr::memmem::Finder;
use std::collections::HashMap;

/// Between names; no name has it.
const END: u8 = b'\n';

/// Where a component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    document: u32,
    component: u32,
    version: u32,
}

/// A component that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<'i> {
    /// The document's number, in the order of adding.
    pub document: usize,
    /// The component's place in it.
    pub component: usize,
    /// Its name, in lower case.
    pub name: &'i str,
    /// Its version.
    pub version: &'i str,
}

/// Components of many documents.
#[derive(Clone, Debug, Default)]
pub struct Index {
    documents: usize,
    components: usize,
    /// All names, each ended by [`END`].
    text: String,
    /// Where each name begins, in order.
    begins: Vec<usize>,
    names: HashMap<String, usize>,
    places: Vec<Vec<Place>>,
    versions: Vec<String>,
    version_numbers: HashMap<String, u32>,
}

impl Index {
    /// Adds a document; gives its number.
    pub fn add(&mut self, sbom: &Sbom) -> usize {
        let number = self.documents;
        self.documents = self.documents.saturating_add(1);
        for (index, one) in sbom.components.iter().enumerate() {
            let version = self.version(&one.version);
            let (Ok(document), Ok(component)) = (u32::try_from(number), u32::try_from(index)) else { break };
            let name = self.name(&one.name);
            if let Some(places) = self.places.get_mut(name) {
                places.push(Place { document, component, version });
                self.components = self.components.saturating_add(1);
            }
        }
        number
    }

    fn version(&mut self, text: &str) -> u32 {
        if let Some(known) = self.version_numbers.get(text) {
            return *known;
        }
        let number = u32::try_from(self.versions.len()).unwrap_or(u32::MAX);
        self.versions.push(text.to_owned());
        self.version_numbers.insert(text.to_owned(), number);
        number
    }

    fn name(&mut self, text: &str) -> usize {
        let plain = text.to_lowercase().replace(char::from(END), " ");
        if let Some(known) = self.names.get(&plain) {
            return *known;
        }
        let number = self.places.len();
        self.begins.push(self.text.len());
        self.text.push_str(&plain);
        self.text.push(char::from(END));
        self.places.push(Vec::new());
        self.names.insert(plain, number);
        number
    }

    /// How many documents and components it holds.
    #[must_use]
    pub const fn len(&self) -> (usize, usize) {
        (self.documents, self.components)
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.components == 0
    }

    /// How many components have the word in their names, and the first of them, at most `most`; with a version only
    /// those of it.
    #[must_use]
    pub fn find(&self, word: &str, version: Option<&str>, most: usize) -> (usize, Vec<Found<'_>>) {
        let word = word.trim().to_lowercase();
        let (mut count, mut found) = (0_usize, Vec::new());
        let wanted = version.map(|version| self.version_numbers.get(version.trim()).copied());
        if word.is_empty() || wanted == Some(None) {
            return (0, found);
        }
        let wanted = wanted.flatten();
        let finder = Finder::new(word.as_bytes());
        let mut from = 0_usize;
        while let Some(at) = finder.find(self.text.as_bytes().get(from..).unwrap_or_default()) {
            let at = from.saturating_add(at);
            let name = self.begins.partition_point(|begin| *begin <= at).saturating_sub(1);
            let end = self.begins.get(name.saturating_add(1)).copied().unwrap_or(self.text.len());
            from = end;
            let begin = self.begins.get(name).copied().unwrap_or(at);
            let text = self.text.get(begin..end.saturating_sub(1)).unwrap_or_default();
            let places = self.places.get(name).map_or(&[][..], Vec::as_slice);
            for place in places.iter().filter(|place| wanted.is_none_or(|wanted| place.version == wanted)) {
                count = count.saturating_add(1);
                if found.len() < most {
                    found.push(self.found(*place, text));
                }
            }
        }
        (count, found)
    }

    fn found<'i>(&'i self, place: Place, name: &'i str) -> Found<'i> {
        let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Found {
            document: number(place.document),
            component: number(place.component),
            name,
            version: self.versions.get(number(place.version)).map_or("", String::as_str),
        }
    }
}
