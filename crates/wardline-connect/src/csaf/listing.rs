//! The documents that a provider lists: ROLIE feeds (RFC 8322 in JSON, CSAF 2.0 section 7.1.15), and folders with
//! `changes.csv` (7.1.13, path and time) or `index.txt` (7.1.12, paths).

use super::{Distribution, Provider};
use crate::ConnectError;
use crate::address::Address;
use crate::client::{Client, DIRECTING_BYTES_MAX};
use std::collections::BTreeMap;
use std::fs::File;
use wardline_formats::json::parse;

/// Documents of one provider: the largest has some forty thousand.
const DOCUMENTS_MAX: usize = 500_000;

/// A document that a provider lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Where it lies.
    pub address: Address,
    /// When it was changed last, as the list says; empty where it does not.
    pub updated: String,
    /// Where its hashes lie; as their names are made when the list does not say.
    hashes: Option<Vec<Address>>,
    /// Where its signature lies, when the list says.
    signature: Option<Address>,
}

impl Listed {
    /// Where its hash of that kind (`sha256`, `sha512`) may lie; nothing when the list names others only.
    pub(super) fn hash(&self, kind: &str) -> Result<Option<Address>, ConnectError> {
        match &self.hashes {
            Some(hashes) => {
                let ending = format!(".{kind}");
                Ok(hashes.iter().find(|hash| hash.as_str().ends_with(&ending)).cloned())
            }
            None => self.address.with_ending(&format!(".{kind}")).map(Some),
        }
    }

    pub(super) fn signature(&self) -> Result<Address, ConnectError> {
        match &self.signature {
            Some(signature) => Ok(signature.clone()),
            None => self.address.with_ending(".asc"),
        }
    }
}

/// Everything that a provider lists, each document once, and what of the lists could not be read.
///
/// # Errors
/// When a list does not come or is none.
pub fn list(
    client: &Client,
    provider: &Provider,
    scratch: &mut File,
) -> Result<(Vec<Listed>, Vec<String>), ConnectError> {
    let mut all: BTreeMap<Address, Listed> = BTreeMap::new();
    let mut problems = Vec::new();
    for distribution in &provider.distributions {
        let listed = match distribution {
            Distribution::Feed(feed) => {
                let bytes = client.directing(feed, DIRECTING_BYTES_MAX, scratch)?;
                rolie(feed, &bytes, &mut problems)?
            }
            Distribution::Folder(folder) => in_folder(client, folder, scratch, &mut problems)?,
        };
        for one in listed {
            if all.len() >= DOCUMENTS_MAX {
                let why = format!("more than {DOCUMENTS_MAX} documents");
                return Err(ConnectError::Document { address: provider.address.to_string(), why });
            }
            match all.get_mut(&one.address) {
                Some(known) if known.updated >= one.updated => {}
                _ => drop(all.insert(one.address.clone(), one)),
            }
        }
    }
    Ok((all.into_values().collect(), problems))
}

fn rolie(feed: &Address, bytes: &[u8], problems: &mut Vec<String>) -> Result<Vec<Listed>, ConnectError> {
    let wrong = |why: &str| ConnectError::Document { address: feed.to_string(), why: why.to_owned() };
    let tree = parse(bytes).map_err(|fault| wrong(fault.why))?;
    let entries =
        tree.root.get("feed").ok_or_else(|| wrong("\"feed\" is missing: no ROLIE feed"))?.list_of("entry");
    let mut listed = Vec::new();
    for entry in entries {
        let links = entry.list_of("link");
        let of = |relation: &'static str| {
            links
                .iter()
                .filter(move |link| link.text_of("rel") == Some(relation))
                .filter_map(|link| link.text_of("href"))
        };
        let document = entry.of("content").text_of("src").or_else(|| of("self").next()).unwrap_or_default();
        match feed.join(document).ok().filter(|_| !document.is_empty()) {
            None => problems
                .push(format!("{feed}: the entry {} names no document", entry.text_of("id").unwrap_or("?"))),
            Some(address) => listed.push(Listed {
                address,
                updated: entry.owned("updated"),
                hashes: Some(of("hash").filter_map(|hash| feed.join(hash).ok()).collect()),
                signature: of("signature").find_map(|signature| feed.join(signature).ok()),
            }),
        }
    }
    Ok(listed)
}

fn in_folder(
    client: &Client,
    folder: &Address,
    scratch: &mut File,
    problems: &mut Vec<String>,
) -> Result<Vec<Listed>, ConnectError> {
    let changes = folder.join("changes.csv")?;
    if let Some(bytes) = client.directing_if_there(&changes, DIRECTING_BYTES_MAX, scratch)? {
        return Ok(changed(folder, &bytes, problems));
    }
    let index = folder.join("index.txt")?;
    let bytes = client.directing(&index, DIRECTING_BYTES_MAX, scratch)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(lines.filter_map(|line| within(folder, line, "", problems)).collect())
}

fn changed(folder: &Address, bytes: &[u8], problems: &mut Vec<String>) -> Vec<Listed> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let mut listed = Vec::new();
    // Neither a path nor a time has a comma or a quotation mark within; both may stand in quotation marks.
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let mut cells = line.split(',').map(|cell| cell.trim().trim_matches('"'));
        let (path, time) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
        listed.extend(within(folder, path, time, problems));
    }
    listed
}

/// A document by its path, which may not lead out of the folder.
fn within(folder: &Address, path: &str, updated: &str, problems: &mut Vec<String>) -> Option<Listed> {
    let path = path.strip_prefix("./").unwrap_or(path);
    let inside =
        !path.starts_with('/') && !path.contains("..") && !path.contains(':') && path.ends_with(".json");
    match folder.join(path).ok().filter(|_| inside) {
        Some(address) => Some(Listed { address, updated: updated.to_owned(), hashes: None, signature: None }),
        None => {
            problems.push(format!("{folder} lists {}, which is no document of it", path.escape_debug()));
            None
        }
    }
}
