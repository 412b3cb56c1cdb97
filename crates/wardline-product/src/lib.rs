//! Products: the many spellings of one maker, brought to one name.
//!
//! In: canonical names with their aliases (from `data/makers.toml`, handed over by the caller), then a name as
//! a device wrote it. Out: the canonical name, or nothing. Case, punctuation, accents and legal forms do not
//! count; beyond that a name is an alias or it is unknown: there is no guess by likeness, a wrong maker is
//! worse than none.

mod applies;
mod cpe;
mod maker;
mod name;
mod purl;
mod range;
mod truth;
mod version;

pub use applies::{Applies, TEXT_BYTES_MAX};
pub use cpe::{Attribute, CPE_BYTES_MAX, Cpe, CpeError, Open, Relation, Text, Value};
pub use maker::{Maker, Makers};
pub use purl::{PURL_BYTES_MAX, Purl, PurlError};
pub use range::{Bound, Membership, Reading, Span, membership};
pub use truth::Truth;
pub use version::{Day, Scheme, VERSION_BYTES_MAX, Version};
