//! Device classes: what a device is for, how much harm its failure does, how much patient data it holds.

use serde::Deserialize;

/// How much patient data a class of device holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PatientData {
    /// None.
    None,
    /// Little: a bed number, an identifier now and then.
    Little,
    /// Identifiers with results.
    Results,
    /// The full record.
    Record,
}

/// A class of devices.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceClass {
    /// Code, for example `mon.bed`.
    pub code: String,
    /// Name in plain words.
    pub name: String,
    /// From 5 (keeps a patient alive or delivers therapy now) to 1 (facility and office); `None` when it is
    /// that of the equipment behind (serial-device servers).
    pub criticality: Option<u8>,
    /// Patient data held; `None` when it is that of the equipment behind.
    pub patient_data: Option<PatientData>,
    /// Product codes of the FDA for this class.
    #[serde(default)]
    pub fda_codes: Vec<String>,
    /// Whether the FDA flags a product code of the class as life-sustaining or life-supporting.
    #[serde(default)]
    pub life_sustaining: bool,
    /// Well-known products, for people who look the class up.
    #[serde(default)]
    pub products: Vec<String>,
    /// Protocols usually spoken, by name.
    #[serde(default)]
    pub protocols: Vec<String>,
}

impl DeviceClass {
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.code.is_empty() || !self.code.bytes().all(|b| b.is_ascii_lowercase() || b".2".contains(&b)) {
            return Err("a class code is lower-case letters and points".to_owned());
        }
        if self.name.trim().is_empty() {
            return Err("has no name".to_owned());
        }
        if self.criticality.is_some_and(|c| !(1..=5).contains(&c)) {
            return Err("criticality is from 1 to 5".to_owned());
        }
        if let Some(code) = self.fda_codes.iter().find(|c| c.len() != 3 || !c.is_ascii()) {
            return Err(format!("`{code}` is not a product code of three letters"));
        }
        Ok(())
    }
}
