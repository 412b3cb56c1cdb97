//! CISA's catalogue of known exploited vulnerabilities: JSON and CSV.

use super::{Item, Record, Rejected, Sink, Wrong, cut, cve_id, is_cve};
use crate::csv;
use crate::json::Node;
use std::io::{self, Read};

/// Largest CSV of the catalogue: it has less than a megabyte.
const CSV_BYTES_MAX: u64 = 64 << 20;

/// A vulnerability that is known to be exploited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exploited {
    /// Its CVE.
    pub cve: String,
    /// Vendor or project.
    pub vendor: String,
    /// Product.
    pub product: String,
    /// Its name in the catalogue.
    pub name: String,
    /// Since when it is listed, `YYYY-MM-DD`.
    pub added: String,
    /// What to do.
    pub action: String,
    /// Until when federal agencies must have done so.
    pub due: String,
    /// Whether ransomware is known to use it; unknown is no.
    pub ransomware: bool,
}

pub(super) fn record(node: &Node<'_>) -> Result<Record, Wrong> {
    Ok(Record::Exploited(Exploited {
        cve: cve_id(node, "cveID")?,
        vendor: node.owned("vendorProject"),
        product: node.owned("product"),
        name: node.owned("vulnerabilityName"),
        added: super::must(node, "dateAdded")?.to_owned(),
        action: node.owned("requiredAction"),
        due: node.owned("dueDate"),
        ransomware: node.text_of("knownRansomwareCampaignUse") == Some("Known"),
    }))
}

pub(super) fn read_csv(input: &mut dyn Read, sink: &mut Sink<'_>) -> io::Result<bool> {
    let mut text = Vec::new();
    input.take(CSV_BYTES_MAX).read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    let rows = csv::rows(&text, ',');
    let Some((head, rows)) = rows.split_first() else { return Ok(true) };
    let column = |name: &str| head.fields.iter().position(|field| field == name).unwrap_or(usize::MAX);
    let [cve, vendor, product, name] = ["cveID", "vendorProject", "product", "vulnerabilityName"].map(column);
    let [added, action, due, ransomware] =
        ["dateAdded", "requiredAction", "dueDate", "knownRansomwareCampaignUse"].map(column);
    for row in rows {
        let of = |column: usize| row.field(column).to_owned();
        let item = if is_cve(row.field(cve)) {
            let record = Record::Exploited(Exploited {
                cve: of(cve),
                vendor: of(vendor),
                product: of(product),
                name: of(name),
                added: of(added),
                action: of(action),
                due: of(due),
                ransomware: row.field(ransomware) == "Known",
            });
            let bytes = row.fields.join("\u{1f}");
            if sink(Item::Record { record, place: format!("{}:1", row.line), bytes: bytes.as_bytes() })
                .is_break()
            {
                return Ok(false);
            }
            continue;
        } else {
            let why = format!("\"{}\" is no CVE id", cut(row.field(cve)));
            Item::Rejected(Rejected { place: format!("{}:1", row.line), why })
        };
        if sink(item).is_break() {
            return Ok(false);
        }
    }
    Ok(false)
}
