//! Products: names of makers and products, their versions, and what texts say of them.
//!
//! In: canonical names with their aliases (from `data/`, handed over by the caller), then names, versions, CPE
//! names, package URLs and version texts as devices, records and advisories write them. Out: one name for a maker,
//! one key for a product, an order of versions, ranges; or nothing. For a maker, case, punctuation, accents and legal
//! forms do not count; beyond that a name is an alias or it is unknown: there is no guess by likeness, a wrong maker
//! is worse than none. What cannot be decided is [`Truth::Unknown`], never rounded to safe.

mod applies;
mod cpe;
mod maker;
mod name;
mod products;
mod purl;
mod range;
mod truth;
mod version;

pub use applies::{Applies, TEXT_BYTES_MAX};
pub use cpe::{Attribute, CPE_BYTES_MAX, Cpe, CpeError, Open, Relation, Text, Value};
pub use maker::{Maker, Makers};
pub use products::{Likeness, ProductEntry, Products, Resolved, Takeover, likeness};
pub use purl::{PURL_BYTES_MAX, Purl, PurlError};
pub use range::{Bound, Membership, Reading, Span, membership};
pub use truth::Truth;
pub use version::{Day, Scheme, VERSION_BYTES_MAX, Version};
