//! What protocols look like on the wire: one writer each, from its standard, sharing nothing with the dissectors.

pub(crate) mod astm;
pub(crate) mod ber;
pub(crate) mod cdp;
pub(crate) mod certificate;
pub(crate) mod dhcp;
pub(crate) mod dicom;
pub(crate) mod dns;
pub(crate) mod hl7;
pub(crate) mod lldp;
pub(crate) mod ntlm;
pub(crate) mod ntp;
pub(crate) mod rdp;
pub(crate) mod smb;
pub(crate) mod snmp;
pub(crate) mod ssh;
pub(crate) mod tls;
