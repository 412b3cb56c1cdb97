//! GE CARESCAPE (Unity) network: the time that a node broadcasts, with its unit and room (64 bytes to port 2000), and
//! its heartbeat (port 7000). The layout is a gateway vendor's description, what it leaves open is zero.

use std::net::Ipv4Addr;
use wardline_model::Timestamp;

/// Seconds from 1900 to 1970.
const ERA_SECONDS: i64 = 2_208_988_800;

/// The time, and where the node stands.
pub(crate) fn time(ip: Ipv4Addr, unit: &str, room: &str, now: Timestamp) -> Vec<u8> {
    let mut out = vec![0; 64];
    out[6..10].copy_from_slice(&ip.octets());
    for (place, byte) in out[24..31].iter_mut().zip(unit.bytes()) {
        *place = byte;
    }
    out[31] = b'|';
    for (place, byte) in out[32..37].iter_mut().zip(room.bytes()) {
        *place = byte;
    }
    let seconds = (now.0.div_euclid(Timestamp::SECOND) + ERA_SECONDS) as u32;
    out[60..].copy_from_slice(&seconds.to_be_bytes());
    out
}

/// That the node is there: its address in the head that all datagrams share.
pub(crate) fn heartbeat(ip: Ipv4Addr) -> Vec<u8> {
    let mut out = vec![0; 32];
    out[6..10].copy_from_slice(&ip.octets());
    out
}
