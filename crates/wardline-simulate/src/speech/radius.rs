//! RADIUS (RFC 2865, RFC 3579): a switch asks whether a station may in, by its address.

use wardline_model::Mac;

fn attribute(out: &mut Vec<u8>, kind: u8, value: &[u8]) {
    out.extend_from_slice(&[kind, (value.len() + 2) as u8]);
    out.extend_from_slice(value);
}

fn message(code: u8, id: u8, authenticator: &[u8], attributes: &[u8]) -> Vec<u8> {
    let mut out = vec![code, id];
    out.extend_from_slice(&((20 + attributes.len()) as u16).to_be_bytes());
    out.extend_from_slice(authenticator);
    out.extend_from_slice(attributes);
    out
}

/// Access-Request for a station's address; hidden password and authenticators are random.
pub(crate) fn request(id: u8, switch: (&str, [u8; 4]), port: u32, station: Mac, noise: &[u8]) -> Vec<u8> {
    let name = station.to_string().replace(':', "");
    let mut out = Vec::new();
    attribute(&mut out, 1, name.as_bytes());
    attribute(&mut out, 2, &noise[16..32]);
    attribute(&mut out, 4, &switch.1);
    attribute(&mut out, 5, &port.to_be_bytes());
    // Call check, Ethernet.
    attribute(&mut out, 6, &10_u32.to_be_bytes());
    attribute(&mut out, 61, &15_u32.to_be_bytes());
    attribute(&mut out, 31, station.to_string().replace(':', "-").to_uppercase().as_bytes());
    attribute(&mut out, 32, switch.0.as_bytes());
    attribute(&mut out, 80, &noise[32..48]);
    message(1, id, &noise[..16], &out)
}

/// Access-Accept into a network.
pub(crate) fn accept(id: u8, vlan: &str, noise: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    attribute(&mut out, 64, &13_u32.to_be_bytes());
    attribute(&mut out, 65, &6_u32.to_be_bytes());
    attribute(&mut out, 81, vlan.as_bytes());
    attribute(&mut out, 80, &noise[16..32]);
    message(2, id, &noise[..16], &out)
}
