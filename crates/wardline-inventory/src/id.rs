//! The name of a device among devices: stable for the same identifying facts, from run to run.
//!
//! `dev-` and 16 hexadecimal digits of the SHA-256 of the strongest of: the lowest MAC of its own that a
//! registry gave out; serial number with maker and model; the lowest MAC of its own; unique device
//! identification; the lowest address; maker, model and name.

use sha2::{Digest, Sha256};
use std::fmt::Write;
use wardline_model::{Device, Mac};

/// The id of a device; `salt` tells apart devices that have nothing of their own (0 for the first).
pub(crate) fn of(device: &Device, salt: usize) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let basis = if let Some(mac) = device.macs.iter().find(|mac| !mac.is_local()) {
        format!("mac:{mac}")
    } else if let Some(serial) = &device.serial {
        format!("serial:{}|{}|{serial}", text(&device.vendor), text(&device.model))
    } else if let Some(mac) = device.macs.first().copied() {
        format!("mac:{}", Mac(mac.0))
    } else if let Some(udi) = &device.udi {
        format!("udi:{udi}")
    } else if let Some(ip) = device.ips.first() {
        format!("ip:{ip}")
    } else {
        let names =
            [device.hostnames.first(), device.ae_titles.first()].map(|n| n.cloned().unwrap_or_default());
        format!("model:{}|{}|{}", text(&device.vendor), text(&device.model), names.join("|"))
    };
    let basis = if salt == 0 { basis } else { format!("{basis}#{salt}") };
    format!("dev-{}", hex(&Sha256::digest(basis.as_bytes())[..8]))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
