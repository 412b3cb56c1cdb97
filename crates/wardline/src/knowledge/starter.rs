//! The starter pack: what is known on the first day, without a network.
//!
//! One document a line, in the forms of its sources, packed. Facts only: identifiers, products, versions, statuses,
//! vectors, dates; made by `cargo xtask starter` (DATA-LICENSES.md names the sources).

use anyhow::Result;
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use wardline_formats::record::{self, Item};
use wardline_product::Products;
use wardline_risk::advisory::{Part, Reader};
use wardline_risk::knowledge::Knowledge;

/// The pack.
const PACK: &[u8] = include_bytes!("../../starter/knowledge.jsonl.zst");
/// The newest date in it.
pub(crate) const DATED: &str = include_str!("../../starter/dated.txt");

/// Everything in the pack.
pub(crate) fn starter(products: &Products) -> Result<Knowledge> {
    let mut knowledge = Knowledge::default();
    starter_into(&mut knowledge, products)?;
    Ok(knowledge)
}

/// Adds what is in the pack and not known yet: an imported record is as new as the pack's, or newer.
pub(crate) fn starter_into(knowledge: &mut Knowledge, products: &Products) -> Result<()> {
    let imported = knowledge.advisories();
    let mut reader = Reader::new(products);
    for line in BufReader::new(zstd::Decoder::new(PACK)?).lines() {
        let line = line?;
        let mut found = Vec::new();
        let ended = record::read(&mut line.as_bytes(), &mut |item| {
            if let Item::Record { record, .. } = item {
                found.push(record);
            }
            ControlFlow::Continue(())
        })?;
        if let Some(source) = ended.source {
            for record in &found {
                let part = match reader.part(record, source) {
                    Part::Records(mut records) => {
                        records.retain(|one| !imported.contains(&one.advisory));
                        Part::Records(records)
                    }
                    Part::Exploited(cve, _) if knowledge.is_exploited(&cve) => Part::Nothing,
                    part => part,
                };
                knowledge.add_part(part, products);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardline_content::Content;

    #[test]
    fn the_pack_is_read_whole_and_small() {
        let products = crate::knowledge::products(&Content::embedded().unwrap());
        let knowledge = starter(&products).unwrap();
        assert!(knowledge.len() > 100 && knowledge.products() > 300, "{}", knowledge.len());
        assert!(PACK.len() < 1 << 20, "{} bytes", PACK.len());
        assert_eq!(DATED.trim().len(), 10);
    }
}
