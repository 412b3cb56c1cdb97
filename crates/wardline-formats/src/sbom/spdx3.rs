//! SPDX 3.0 as JSON-LD: elements of one graph that refer to each other.

use super::{Builder, Component, Sbom, Unread};
use crate::json::{Node, Pointer};
use std::collections::HashMap;

fn id<'n>(node: &'n Node<'_>) -> &'n str {
    ["spdxId", "@id"].iter().find_map(|name| node.text_of(name)).unwrap_or_default()
}

fn kind<'n>(node: &'n Node<'_>) -> &'n str {
    node.text_of("type").or_else(|| node.text_of("@type")).unwrap_or_default()
}

pub(super) fn of_tree(root: &Node<'_>) -> Result<Sbom, Unread> {
    let mut builder = Builder::default();
    builder.sbom.format = "spdx";
    let graph = root.list_of("@graph");
    let names: HashMap<&str, &str> = graph
        .iter()
        .filter_map(|one| Some((id(one), one.text_of("name")?)))
        .filter(|(id, _)| !id.is_empty())
        .collect();
    let name_of = |id: &str| names.get(id).map_or_else(String::new, |name| (*name).to_owned());
    let mut about: Vec<String> = Vec::new();
    for (index, one) in graph.iter().enumerate() {
        let at = Pointer::of(&["@graph"]).index(index);
        match kind(one) {
            "software_Package" => {
                package(one, &at, &name_of, &mut builder)?;
            }
            "CreationInfo" => {
                builder.sbom.format_version = one.owned("specVersion");
                builder.sbom.timestamp = one.owned("created");
                let makers = one.texts_of("createdBy").chain(one.texts_of("createdUsing"));
                builder.sbom.authors =
                    makers.map(|id| names.get(id).map_or(id, |name| name).to_owned()).collect();
            }
            "SpdxDocument" => id(one).clone_into(&mut builder.sbom.serial),
            "software_Sbom" | "Bom" => about.extend(one.texts_of("rootElement").map(str::to_owned)),
            "Relationship" | "LifecycleScopedRelationship" => {
                let parts = matches!(
                    one.text_of("relationshipType"),
                    Some(
                        "contains"
                            | "dependsOn"
                            | "hasDynamicLink"
                            | "hasStaticLink"
                            | "hasPrerequisite"
                            | "hasOptionalComponent"
                            | "hasOptionalDependency"
                            | "hasProvidedDependency"
                    )
                );
                for to in one.texts_of("to").filter(|_| parts) {
                    builder.relate(one.text_of("from").unwrap_or_default(), to, &at)?;
                }
            }
            _ => {}
        }
    }
    about.sort();
    about.dedup();
    if let [one] = about.as_slice() {
        builder.sbom.subject = builder.known.get(one).copied();
    }
    Ok(builder.finish())
}

fn package(
    one: &Node<'_>,
    at: &Pointer,
    name_of: &dyn Fn(&str) -> String,
    builder: &mut Builder,
) -> Result<usize, Unread> {
    let identifiers = one.list_of("externalIdentifier");
    let of_kind = |wanted: &'static str| {
        let is = move |one: &&Node<'_>| {
            one.text_of("externalIdentifierType").is_some_and(|kind| kind.starts_with(wanted))
        };
        identifiers.iter().filter(is).filter_map(|one| one.text_of("identifier"))
    };
    let purl = one.text_of("software_packageUrl").or_else(|| of_kind("packageUrl").next());
    let supplier = one.text_of("suppliedBy").or_else(|| one.texts_of("originatedBy").next());
    let hashes = one.list_of("verifiedUsing").iter().filter(|hash| hash.get("hashValue").is_some());
    builder.add(Component {
        reference: id(one).to_owned(),
        name: one.owned("name"),
        version: one.owned("software_packageVersion"),
        supplier: supplier.map(name_of).unwrap_or_default(),
        purl: purl.unwrap_or_default().to_owned(),
        cpes: of_kind("cpe").map(str::to_owned).collect(),
        hashes: hashes.map(|hash| (hash.owned("algorithm"), hash.owned("hashValue"))).collect(),
        place: at.to_string(),
    })
}
