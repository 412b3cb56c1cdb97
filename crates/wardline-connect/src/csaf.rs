//! CSAF providers (CSAF 2.0 section 7, ISO/IEC 20153; 2.1 drafts where they differ): found, listed, their documents
//! fetched and held against hash and signature.
//!
//! Found by a domain: `/.well-known/csaf/provider-metadata.json` (7.1.9), the `CSAF:` lines of security.txt (7.1.8),
//! the host `csaf.data.security.DOMAIN` (7.1.10). Listed by ROLIE feeds (7.1.15) or, without any, by folders with
//! `changes.csv` and `index.txt` (7.1.11 to 7.1.14). Only what is free for everyone (TLP white or clear) is fetched.
//!
//! What is believed: a hash that does not fit refuses the document, whoever published it. A trusted provider
//! (section 7.2.3) has promised hashes and signatures, so one that is missing or not good refuses it too; with others a
//! missing one is told and taken, one that is wrong is refused as well: somebody changed something.

mod listing;

pub use listing::{Listed, list};

use crate::ConnectError;
use crate::address::Address;
use crate::client::{Answer, Client, Request, Validators};
use crate::signature::{Keys, Verdict};
use sha2::{Digest, Sha256, Sha512};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use wardline_formats::json::{Node, parse};

/// Provider metadata: a few kilobytes.
const METADATA_BYTES_MAX: u64 = 4 << 20;
/// A security.txt (RFC 9116 section 5.4 names 32 KiB).
const SECURITY_TEXT_BYTES_MAX: u64 = 32 << 10;
/// A file of keys.
const KEY_BYTES_MAX: u64 = 1 << 20;
/// A hash or a signature.
const PROOF_BYTES_MAX: u64 = 64 << 10;
/// Advisories: the largest known has sixty megabytes.
pub const DOCUMENT_BYTES_MAX: u64 = 128 << 20;
/// Lists of one provider.
const LISTS_MAX: usize = 200;

/// What a publisher promises (CSAF 2.0 section 7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Documents that are valid.
    Publisher,
    /// And metadata and lists.
    Provider,
    /// And hashes and signatures.
    TrustedProvider,
}

/// How the documents are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// A ROLIE feed.
    Feed(Address),
    /// A folder with `changes.csv` and `index.txt`.
    Folder(Address),
}

/// A provider, as its metadata says.
pub struct Provider {
    /// Where its metadata lies.
    pub address: Address,
    /// Its name.
    pub name: String,
    /// What it promises.
    pub role: Role,
    /// Its lists.
    pub distributions: Vec<Distribution>,
    /// Its keys.
    pub keys: Keys,
    /// Keys that it names and that cannot be used, with the reason.
    pub problems: Vec<String>,
}

/// What stands behind a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Whether a hash was there; one that did not fit is no proof but an error.
    pub hashed: bool,
    /// What its signature says.
    pub signature: Verdict,
}

/// What came of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// It is as it was.
    Unchanged,
    /// It is in the file.
    New {
        /// What identifies this state.
        validators: Validators,
        /// SHA-256 of it.
        digest: [u8; 32],
        /// What stands behind it.
        proof: Proof,
    },
    /// It is not believed; the reason.
    Refused(String),
}

/// Finds a provider by its domain, or by the address of its metadata.
///
/// # Errors
/// When nothing is there, or what is there is no metadata.
pub fn discover(client: &Client, place: &str, scratch: &mut File) -> Result<Provider, ConnectError> {
    if place.get(..8).is_some_and(|head| head.eq_ignore_ascii_case("https://")) {
        let address = Address::parse(place)?;
        let bytes = client.directing(&address, METADATA_BYTES_MAX, scratch)?;
        return read(client, address, &bytes, scratch);
    }
    let mut last = None;
    let well_known = Address::parse(&format!("https://{place}/.well-known/csaf/provider-metadata.json"))?;
    let mut candidates = vec![well_known];
    let mut asked = 0;
    while let Some(address) = candidates.get(asked).cloned() {
        asked += 1;
        match client.directing_if_there(&address, METADATA_BYTES_MAX, scratch) {
            Ok(Some(bytes)) => match read(client, address, &bytes, scratch) {
                Ok(provider) => return Ok(provider),
                Err(error) => last = Some(error),
            },
            Ok(None) => {}
            Err(error) => last = Some(error),
        }
        if asked == 1 {
            candidates.extend(by_security_text(client, place, scratch)?);
            candidates.push(Address::parse(&format!("https://csaf.data.security.{place}/"))?);
        }
    }
    Err(last.unwrap_or_else(|| ConnectError::Document {
        address: place.to_owned(),
        why: "no provider metadata: neither well-known, nor in security.txt, nor at csaf.data.security"
            .to_owned(),
    }))
}

/// The `CSAF:` lines of security.txt, where it lies now and where it lay once.
fn by_security_text(client: &Client, domain: &str, scratch: &mut File) -> Result<Vec<Address>, ConnectError> {
    for path in [".well-known/security.txt", "security.txt"] {
        let address = Address::parse(&format!("https://{domain}/{path}"))?;
        let Ok(Some(bytes)) = client.directing_if_there(&address, SECURITY_TEXT_BYTES_MAX, scratch) else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let fields = text.lines().filter_map(|line| line.split_once(':'));
        let named = fields.filter(|(name, _)| name.trim().eq_ignore_ascii_case("csaf"));
        let found: Vec<Address> = named.filter_map(|(_, value)| Address::parse(value.trim()).ok()).collect();
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

fn read(
    client: &Client,
    address: Address,
    bytes: &[u8],
    scratch: &mut File,
) -> Result<Provider, ConnectError> {
    let wrong = |why: String| ConnectError::Document { address: address.to_string(), why };
    let tree = parse(bytes).map_err(|fault| wrong(format!("no JSON: {}", fault.why)))?;
    let root = &tree.root;
    let role = match root.text_of("role") {
        Some("csaf_publisher") => Role::Publisher,
        Some("csaf_provider") => Role::Provider,
        Some("csaf_trusted_provider") => Role::TrustedProvider,
        _ => return Err(wrong("it has no \"role\" of a provider: no provider metadata".to_owned())),
    };
    let (mut feeds, mut folders) = (Vec::new(), Vec::new());
    for distribution in root.list_of("distributions") {
        for feed in distribution.of("rolie").list_of("feeds").iter().filter(|feed| is_free(feed)) {
            feeds.push(Distribution::Feed(address.join(feed.text_of("url").unwrap_or_default())?));
        }
        let directory = distribution.of("directory");
        let folder = distribution.text_of("directory_url");
        if let Some(folder) = folder.or_else(|| directory.text_of("url").filter(|_| is_free(directory))) {
            folders.push(Distribution::Folder(address.join(folder)?.as_folder()));
        }
    }
    // Both list the same documents; feeds also tell hashes and signatures.
    let mut distributions = if feeds.is_empty() { folders } else { feeds };
    if distributions.len() > LISTS_MAX {
        return Err(wrong(format!("more than {LISTS_MAX} lists")));
    }
    if distributions.is_empty() {
        // CSAF 2.0 section 7.1.11: the folder of the metadata, where nothing else is said.
        distributions.push(Distribution::Folder(address.join("./")?));
    }
    let (mut keys, mut problems) = (Keys::default(), Vec::new());
    for key in root.list_of("public_openpgp_keys") {
        let place = key.text_of("url").unwrap_or_default();
        let added = address
            .join(place)
            .and_then(|place| client.directing(&place, KEY_BYTES_MAX, scratch))
            .map_err(|error| error.to_string())
            .and_then(|bytes| {
                keys.add(&bytes, key.text_of("fingerprint").unwrap_or_default())
                    .map_err(|error| error.to_string())
            });
        problems.extend(added.err().map(|why| format!("the key {place}: {why}")));
    }
    let name = root.of("publisher").owned("name");
    Ok(Provider { address, name, role, distributions, keys, problems })
}

/// Whether a list is free for everyone.
fn is_free(list: &Node<'_>) -> bool {
    matches!(list.text_of("tlp_label"), None | Some("WHITE" | "CLEAR" | "UNLABELED"))
}

/// Fetches a document and holds it against what its provider publishes beside it.
///
/// # Errors
/// When it does not come; when it is not believed that is [`Fetched::Refused`].
pub fn fetch(
    client: &Client,
    provider: &Provider,
    listed: &Listed,
    known: Validators,
    (into, scratch): (&mut File, &mut File),
    now: u64,
) -> Result<Fetched, ConnectError> {
    let request = Request { known, ..Request::new(&listed.address, DOCUMENT_BYTES_MAX) };
    let Answer::Fetched { validators, digest, .. } = client.fetch(&request, into)? else {
        return Ok(Fetched::Unchanged);
    };
    let mut bytes = Vec::new();
    into.seek(SeekFrom::Start(0))?;
    into.take(DOCUMENT_BYTES_MAX).read_to_end(&mut bytes)?;
    into.seek(SeekFrom::Start(0))?;
    let hashed = match hash(client, listed, &bytes, scratch)? {
        Some(true) => true,
        Some(false) => {
            return Ok(Fetched::Refused("its hash does not fit: it was changed or came broken".to_owned()));
        }
        None => false,
    };
    let signature = match client.directing_if_there(&listed.signature()?, PROOF_BYTES_MAX, scratch)? {
        None => Verdict::Missing,
        Some(signature) => provider.keys.verify(&bytes, &signature, now),
    };
    let proof = Proof { hashed, signature };
    Ok(match refusal(provider.role, proof) {
        Some(why) => Fetched::Refused(why),
        None => Fetched::New { validators, digest, proof },
    })
}

/// Why a document is not believed, by what its provider promised.
fn refusal(role: Role, proof: Proof) -> Option<String> {
    let trusted = role == Role::TrustedProvider;
    match proof.signature {
        Verdict::Good if trusted && !proof.hashed => {
            Some("its hash is missing, which a trusted provider promises".to_owned())
        }
        Verdict::Good => None,
        Verdict::Missing if trusted => {
            Some("its signature is missing, which a trusted provider promises".to_owned())
        }
        Verdict::Missing => None,
        bad
        @ (Verdict::Wrong | Verdict::Expired | Verdict::Revoked | Verdict::UnknownKey | Verdict::Weak) => {
            Some(format!("its signature is not good: {bad}"))
        }
    }
}

/// Whether the published hash fits, the stronger one first; nothing when none is published.
fn hash(
    client: &Client,
    listed: &Listed,
    bytes: &[u8],
    scratch: &mut File,
) -> Result<Option<bool>, ConnectError> {
    for (ending, own) in
        [("sha512", Sha512::digest(bytes).to_vec()), ("sha256", Sha256::digest(bytes).to_vec())]
    {
        let Some(address) = listed.hash(ending)? else { continue };
        let Some(text) = client.directing_if_there(&address, PROOF_BYTES_MAX, scratch)? else { continue };
        let text = String::from_utf8_lossy(&text).into_owned();
        let told = text.split_whitespace().next().unwrap_or_default();
        let own: String = own.iter().map(|byte| format!("{byte:02x}")).collect();
        return Ok(Some(told.eq_ignore_ascii_case(&own)));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::{Proof, Role, Verdict, refusal};

    #[test]
    fn what_was_promised_must_be_there_and_what_is_there_must_be_good() {
        let said = |role, hashed, signature| refusal(role, Proof { hashed, signature }).is_none();
        assert!(said(Role::TrustedProvider, true, Verdict::Good));
        assert!(!said(Role::TrustedProvider, false, Verdict::Good));
        assert!(!said(Role::TrustedProvider, true, Verdict::Missing));
        assert!(said(Role::Provider, false, Verdict::Missing));
        for role in [Role::Publisher, Role::Provider, Role::TrustedProvider] {
            for bad in
                [Verdict::Wrong, Verdict::Expired, Verdict::Revoked, Verdict::UnknownKey, Verdict::Weak]
            {
                assert!(!said(role, true, bad));
            }
        }
    }
}
