//! What protocols look like on the wire: one writer each, from its standard, sharing nothing with the dissectors.

pub(crate) mod astm;
pub(crate) mod ber;
pub(crate) mod building;
pub(crate) mod carescape;
pub(crate) mod cdp;
pub(crate) mod certificate;
pub(crate) mod dhcp;
pub(crate) mod dicom;
pub(crate) mod dns;
pub(crate) mod hl7;
pub(crate) mod intellivue;
pub(crate) mod lldp;
pub(crate) mod mqtt;
pub(crate) mod ntlm;
pub(crate) mod ntp;
pub(crate) mod poct1a;
pub(crate) mod radius;
pub(crate) mod rdp;
pub(crate) mod sdc;
pub(crate) mod sip;
pub(crate) mod smb;
pub(crate) mod snmp;
pub(crate) mod ssh;
pub(crate) mod tds;
pub(crate) mod tls;
pub(crate) mod vnc;
