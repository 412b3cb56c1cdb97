//! openFDA: recalls of devices (`device/recall`) and unique device identifiers (`device/udi`), downloads and pages.
//!
//! Unverified: built from the published field lists; no file of the publisher was at hand.

use super::{Record, Wrong, must};
use crate::json::Node;

/// A recall of devices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recall {
    /// Its number (`product_res_number`, `Z-1234-2024`).
    pub number: String,
    /// The event it belongs to.
    pub event: String,
    /// Who recalls.
    pub firm: String,
    /// What is recalled, in words.
    pub product: String,
    /// FDA product code.
    pub product_code: String,
    /// Numbers by which to know the devices, in words: lots, serials, models, versions.
    pub codes: String,
    /// Why.
    pub reason: String,
    /// What the firm does.
    pub action: String,
    /// Ongoing, completed, terminated.
    pub status: String,
    /// When it began, as written.
    pub initiated: String,
}

/// A device as its maker registered it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registered {
    /// Key of the record.
    pub key: String,
    /// Maker.
    pub company: String,
    /// Brand.
    pub brand: String,
    /// Version or model number.
    pub model: String,
    /// Catalogue number.
    pub catalogue: String,
    /// What it is.
    pub description: String,
    /// Device identifiers with who issues them.
    pub identifiers: Vec<(String, String)>,
    /// FDA product codes.
    pub product_codes: Vec<String>,
    /// Whether it is still sold.
    pub status: String,
}

pub(super) fn recall(node: &Node<'_>) -> Result<Record, Wrong> {
    let number =
        must(node, "product_res_number").or_else(|wrong| node.text_of("recall_number").ok_or(wrong))?;
    let first =
        |names: &[&str]| names.iter().find_map(|name| node.text_of(name)).unwrap_or_default().to_owned();
    Ok(Record::Recall(Recall {
        number: number.to_owned(),
        event: first(&["res_event_number", "event_id"]),
        firm: first(&["recalling_firm", "firm_fei_number"]),
        product: first(&["product_description"]),
        product_code: first(&["product_code"]),
        codes: first(&["code_info"]),
        reason: first(&["reason_for_recall", "root_cause_description"]),
        action: first(&["action"]),
        status: first(&["recall_status", "status"]),
        initiated: first(&["event_date_initiated", "recall_initiation_date"]),
    }))
}

pub(super) fn registered(node: &Node<'_>) -> Result<Record, Wrong> {
    let pair = |one: &Node<'_>| (one.owned("issuing_agency"), one.owned("id"));
    Ok(Record::Registered(Box::new(Registered {
        key: must(node, "public_device_record_key")?.to_owned(),
        company: node.owned("company_name"),
        brand: node.owned("brand_name"),
        model: node.owned("version_or_model_number"),
        catalogue: node.owned("catalog_number"),
        description: node.owned("device_description"),
        identifiers: node.list_of("identifiers").iter().map(pair).collect(),
        product_codes: node
            .list_of("product_codes")
            .iter()
            .filter_map(|code| code.text_of("code"))
            .map(str::to_owned)
            .collect(),
        status: node.owned("commercial_distribution_status"),
    })))
}
