//! Products: the many spellings of one maker, brought to one name.
//!
//! In: canonical names with their aliases (from `data/makers.toml`, handed over by the caller), then a name as
//! a device wrote it. Out: the canonical name, or nothing. Case, punctuation, accents and legal forms do not
//! count; beyond that a name is an alias or it is unknown: there is no guess by likeness, a wrong maker is
//! worse than none.

mod applies;
mod maker;
mod name;
mod range;
mod truth;
mod version;

pub use applies::{Applies, TEXT_BYTES_MAX};
pub use maker::{Maker, Makers};
pub use range::{Bound, Membership, Reading, Span, membership};
pub use truth::Truth;
pub use version::{Day, Scheme, VERSION_BYTES_MAX, Version};
