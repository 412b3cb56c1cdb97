//! One leaf of an advisory's product tree: which product and which versions.
//!
//! In: the branches from the vendor down, and the leaf's full name. Out: vendor, product, and versions twice: by the
//! tree, and by the words that the full name puts behind the product, where those were understood and say otherwise.
//! Branches beside vendor, product and version (architecture, language, specification) are conditions.

use wardline_formats::record::Product;
use wardline_product::{Applies, Span, Version};

/// What a leaf says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The vendor as written.
    pub vendor: String,
    /// The product as written.
    pub product: String,
    /// The versions by the tree.
    pub applies: Applies,
    /// The versions by the words, where they say otherwise.
    pub words: Option<Applies>,
}

/// Reads a leaf.
#[must_use]
pub fn leaf(product: &Product) -> Leaf {
    let vendor = straight(product.branch("vendor").unwrap_or_default().trim());
    let named = product.branch("product_name").or_else(|| product.branch("product_family"));
    let written = named.unwrap_or(&product.name).trim();
    let version = product.branch("product_version_range").or_else(|| product.branch("product_version"));
    let mut applies = match version {
        Some(text) => {
            let pack = product.branch("service_pack").or_else(|| product.branch("patch_level"));
            Applies::read(&pack.map_or_else(|| text.to_owned(), |pack| format!("{text} {pack}")))
        }
        None => Applies::all(),
    };
    for branch in &product.path {
        if matches!(branch.category.as_str(), "architecture" | "language" | "specification" | "host_name") {
            applies.conditions.push(branch.name.clone());
        }
    }
    let words =
        version.and_then(|_| words_of(&product.name, written)).filter(|words| differs(words, &applies));
    let (product, applies) = without_line(straight(written), applies);
    Leaf { vendor, product, applies, words }
}

/// A name whose UTF-8 was taken for Latin-1 on the way (`DrÃ¤ger`), as it was meant.
fn straight(text: &str) -> String {
    let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
    match bytes.filter(|bytes| !bytes.is_ascii()).map(String::from_utf8) {
        Some(Ok(meant)) => meant,
        _ => text.to_owned(),
    }
}

/// The versions that the full name tells behind the product's, when every word of it was understood.
fn words_of(full: &str, name: &str) -> Option<Applies> {
    let place = full.find(name)?;
    let rest = full.get(place.checked_add(name.len())?..)?;
    let rest = rest.trim_start_matches([':', '-', ' ']);
    let words = Applies::read(rest);
    if words.is_decided() { Some(words) } else { back_to(rest) }
}

/// "older versions back to 6.5 are also affected": in prose, but it turns a bound round.
fn back_to(prose: &str) -> Option<Applies> {
    let (_, rest) = prose.split_once(" back to ")?;
    let version = rest.split(' ').next().and_then(Version::new)?;
    let numbered = version.text().starts_with(|c: char| c.is_ascii_digit());
    numbered.then(|| Applies { spans: vec![Span::from(version)], ..Applies::default() })
}

/// Whether two readings mean other versions.
fn differs(words: &Applies, tree: &Applies) -> bool {
    tree.is_decided() && normal(words) != normal(tree)
}

/// Spans in a form that compares: numbers by value, in order.
fn normal(applies: &Applies) -> Vec<String> {
    let mut spans: Vec<String> = applies.spans.iter().map(plain).collect();
    spans.sort();
    spans.dedup();
    spans
}

fn plain(span: &Span) -> String {
    let text = span.to_string().to_lowercase();
    // "v9.7" is 9.7, "5.00" is 5.
    let words = text.split(' ').map(|word| {
        let bare = word
            .strip_prefix('v')
            .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            .unwrap_or(word);
        let numbers: Vec<&str> = bare.split('.').collect();
        if numbers.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit())) {
            let mut numbers: Vec<&str> = numbers.iter().map(|part| part.trim_start_matches('0')).collect();
            while numbers.last().is_some_and(|last| last.is_empty()) {
                numbers.pop();
            }
            numbers.join(".")
        } else {
            bare.to_owned()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// `IntelliSpace Portal 8.0.x`, all versions: the line stands in the name.
fn without_line(name: String, applies: Applies) -> (String, Applies) {
    let Some((start, last)) = name.rsplit_once(' ') else { return (name, applies) };
    let line = last.ends_with(".x") && last.starts_with(|c: char| c.is_ascii_digit());
    match Version::new(last) {
        Some(version) if line && applies.is_all() => {
            let spans = vec![Span::One(version)];
            (start.to_owned(), Applies { spans, ..applies })
        }
        _ => (name, applies),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_was_meant() {
        for (text, wanted) in [
            ("DrÃ¤ger", "Dräger"),
            ("Dräger", "Dräger"),
            ("Brüel & Kjær", "Brüel & Kjær"),
            ("Acme", "Acme"),
            ("東京", "東京"),
        ] {
            assert_eq!(straight(text), wanted);
        }
    }
}
