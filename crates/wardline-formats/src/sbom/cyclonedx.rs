//! CycloneDX, as JSON and as XML (ECMA-424).

use super::{Builder, Component, Sbom, Unread, grouped};
use crate::inspect::Element;
use crate::json::{Node, Pointer, place};

pub(super) fn of_tree(root: &Node<'_>) -> Result<Sbom, Unread> {
    let mut builder = Builder::default();
    let metadata = root.of("metadata");
    builder.sbom.format = "cyclonedx";
    builder.sbom.format_version = root.owned("specVersion");
    builder.sbom.serial = root.owned("serialNumber");
    builder.sbom.timestamp = metadata.owned("timestamp");
    let tools = metadata.of("tools");
    let makers = [metadata.of("supplier"), metadata.of("manufacturer"), metadata.of("manufacture")];
    let said = metadata
        .list_of("authors")
        .iter()
        .chain(makers)
        .chain(tools.list())
        .chain(tools.list_of("components"));
    builder.sbom.authors = said.filter_map(|one| one.text_of("name")).map(str::to_owned).collect();
    if let Some(subject) = metadata.get("component") {
        let index = component(subject, &Pointer::of(&["metadata", "component"]), None, &mut builder)?;
        builder.sbom.subject = Some(index);
    }
    for (index, one) in root.list_of("components").iter().enumerate() {
        component(one, &Pointer::of(&["components"]).index(index), None, &mut builder)?;
    }
    for (index, one) in root.list_of("dependencies").iter().enumerate() {
        let at = Pointer::of(&["dependencies"]).index(index);
        let from = one.text_of("ref").unwrap_or_default();
        for to in one.texts_of("dependsOn").chain(one.texts_of("provides")) {
            builder.relate(from, to, &at)?;
        }
    }
    Ok(builder.finish())
}

fn component(
    node: &Node<'_>,
    at: &Pointer,
    whole: Option<usize>,
    builder: &mut Builder,
) -> Result<usize, Unread> {
    let supplier = ["supplier", "manufacturer"].iter().find_map(|name| node.of(name).text_of("name"));
    let supplier = supplier.or_else(|| node.text_of("publisher")).or_else(|| node.text_of("author"));
    let hashes = node.list_of("hashes").iter().map(|one| (one.owned("alg"), one.owned("content")));
    let index = builder.add(Component {
        reference: node.owned("bom-ref"),
        name: grouped(node.text_of("group").unwrap_or_default(), node.text_of("name").unwrap_or_default()),
        version: node.owned("version"),
        supplier: supplier.unwrap_or_default().to_owned(),
        purl: node.owned("purl"),
        cpes: node.text_of("cpe").map(str::to_owned).into_iter().collect(),
        hashes: hashes.collect(),
        place: at.to_string(),
    })?;
    builder.sbom.edges.extend(whole.map(|whole| (whole, index)));
    for (number, part) in node.list_of("components").iter().enumerate() {
        component(part, &at.member("components").index(number), Some(index), builder)?;
    }
    Ok(index)
}

/// Reads a document of XML.
pub(super) fn of_xml(root: &Element, bytes: &[u8]) -> Result<Sbom, Unread> {
    let mut builder = Builder::default();
    builder.sbom.format = "cyclonedx";
    let space = root.attribute("xmlns").unwrap_or_default();
    space.rsplit('/').next().unwrap_or_default().clone_into(&mut builder.sbom.format_version);
    root.attribute("serialNumber").unwrap_or_default().clone_into(&mut builder.sbom.serial);
    let mut lines = Lines { bytes, at: 0, line: 1 };
    if let Some(metadata) = root.child("metadata") {
        builder.sbom.timestamp = text(metadata, "timestamp");
        let lists = ["authors", "tools"].iter().filter_map(|name| metadata.child(name));
        let makers =
            ["supplier", "manufacturer", "manufacture"].iter().filter_map(|name| metadata.child(name));
        let said = lists.flat_map(|list| &list.children).chain(makers);
        builder.sbom.authors = said.map(|one| text(one, "name")).filter(|name| !name.is_empty()).collect();
        if let Some(subject) = metadata.child("component") {
            builder.sbom.subject = Some(element(subject, None, &mut lines, &mut builder)?);
        }
    }
    for one in root.all("components").flat_map(|list| list.all("component")) {
        element(one, None, &mut lines, &mut builder)?;
    }
    for one in root.all("dependencies").flat_map(|list| list.all("dependency")) {
        let from = one.attribute("ref").unwrap_or_default();
        for to in one.children.iter().filter_map(|child| child.attribute("ref")) {
            builder.relate(from, to, place(bytes, one.at))?;
        }
    }
    Ok(builder.finish())
}

fn text(element: &Element, name: &str) -> String {
    element.child(name).map_or_else(String::new, |child| child.text.trim().to_owned())
}

/// Line numbers of offsets that mostly grow, so that each byte is looked at once.
struct Lines<'b> {
    bytes: &'b [u8],
    at: usize,
    line: usize,
}

impl Lines<'_> {
    fn of(&mut self, at: usize) -> usize {
        let between = self.bytes.get(self.at..at).unwrap_or_default();
        self.line = self.line.saturating_add(memchr::memchr_iter(b'\n', between).count());
        self.at = self.at.max(at);
        self.line
    }
}

fn element(
    one: &Element,
    whole: Option<usize>,
    lines: &mut Lines<'_>,
    builder: &mut Builder,
) -> Result<usize, Unread> {
    let of = |parent: &str| one.child(parent).map_or_else(String::new, |child| text(child, "name"));
    let said = [of("supplier"), of("manufacturer"), text(one, "publisher"), text(one, "author")];
    let hashes = one.all("hashes").flat_map(|list| list.all("hash"));
    let cpe = text(one, "cpe");
    let line = lines.of(one.at);
    let index = builder.add(Component {
        reference: one.attribute("bom-ref").unwrap_or_default().to_owned(),
        name: grouped(&text(one, "group"), &text(one, "name")),
        version: text(one, "version"),
        supplier: said.into_iter().find(|name| !name.is_empty()).unwrap_or_default(),
        purl: text(one, "purl"),
        cpes: Some(cpe).filter(|cpe| !cpe.is_empty()).into_iter().collect(),
        hashes: hashes
            .map(|hash| (hash.attribute("alg").unwrap_or_default().to_owned(), hash.text.trim().to_owned()))
            .collect(),
        place: format!("{line}:1"),
    })?;
    builder.sbom.edges.extend(whole.map(|whole| (whole, index)));
    for part in one.all("components").flat_map(|list| list.all("component")) {
        element(part, Some(index), lines, builder)?;
    }
    Ok(index)
}
