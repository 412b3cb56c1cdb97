//! Private enterprise numbers (IANA): who registered the arc 1.3.6.1.4.1.N of SNMP, DHCP and LDAP.

use serde::Deserialize;

/// One number and who it stands for: a maker, or a software project that many makers embed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enterprise {
    /// The number.
    pub number: u32,
    /// Canonical maker, when the number names one.
    pub vendor: Option<String>,
    /// Software, when the number names an agent that any maker may embed.
    pub software: Option<String>,
}

/// The arc of private enterprises, with its closing point.
const ARC: &str = "1.3.6.1.4.1.";

impl Enterprise {
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.vendor.is_some() == self.software.is_some() {
            return Err("names either a vendor or a software".to_owned());
        }
        Ok(())
    }

    /// The number in an object identifier such as `1.3.6.1.4.1.9.1.516` or `iso.3.6.1.4.1.9`.
    #[must_use]
    pub fn number_of(object_id: &str) -> Option<u32> {
        let text = object_id.trim().trim_start_matches('.');
        let rest = text.strip_prefix(ARC).or_else(|| text.strip_prefix("iso.3.6.1.4.1."))?;
        rest.split('.').next()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::Enterprise;

    #[test]
    fn the_number_is_read_from_whole_arcs_only() {
        assert_eq!(Enterprise::number_of("1.3.6.1.4.1.9.1.516"), Some(9));
        assert_eq!(Enterprise::number_of(".1.3.6.1.4.1.3592"), Some(3592));
        for wrong in ["1.3.6.1.4.10.9", "1.3.6.1.4.1.", "1.3.6.1.2.1.1", "", "1.3.6.1.4.1.x"] {
            assert_eq!(Enterprise::number_of(wrong), None, "{wrong}");
        }
    }
}
