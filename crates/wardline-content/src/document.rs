//! One file of content, read: TOML tables by kind, with what the file says once for all its entries.

use crate::kind::class::DeviceClass;
use crate::kind::component::ComponentNames;
use crate::kind::detection::RawWeakness;
use crate::kind::enterprise::Enterprise;
use crate::kind::feed::FeedSource;
use crate::kind::fingerprint::{Defaults, RawFingerprint};
use crate::kind::inference::{RawAdvice, RawInference};
use crate::kind::maker::MakerEntry;
use crate::kind::os_lifecycle::RawOsRelease;
use crate::kind::oui::RawOuiFlag;
use crate::kind::product::{ProductNames, Succession};
use crate::kind::usage::RawUsage;
use serde::Deserialize;

/// A TOML file: any of these tables, in any file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    /// What holds for all entries that do not say otherwise.
    #[serde(default)]
    pub(crate) default: Defaults,
    #[serde(default)]
    pub(crate) fingerprint: Vec<RawFingerprint>,
    #[serde(default)]
    pub(crate) class: Vec<DeviceClass>,
    #[serde(default)]
    pub(crate) inference: Vec<RawInference>,
    #[serde(default)]
    pub(crate) advice: Vec<RawAdvice>,
    #[serde(default)]
    pub(crate) maker: Vec<MakerEntry>,
    #[serde(default)]
    pub(crate) enterprise: Vec<Enterprise>,
    #[serde(default)]
    pub(crate) oui_flag: Vec<RawOuiFlag>,
    #[serde(default)]
    pub(crate) os: Vec<RawOsRelease>,
    #[serde(default)]
    pub(crate) weakness: Vec<RawWeakness>,
    #[serde(default)]
    pub(crate) product: Vec<ProductNames>,
    #[serde(default)]
    pub(crate) succession: Vec<Succession>,
    #[serde(default)]
    pub(crate) feed: Vec<FeedSource>,
    #[serde(default)]
    pub(crate) component: Vec<ComponentNames>,
    #[serde(default)]
    pub(crate) usage: Vec<RawUsage>,
}

impl Document {
    /// Reads a file; the error says the line.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| {
            let line =
                error.span().and_then(|span| text.get(..span.start)).map(|head| head.split('\n').count());
            match line {
                Some(line) => format!("line {line}: {}", error.message()),
                None => error.message().to_owned(),
            }
        })
    }
}
