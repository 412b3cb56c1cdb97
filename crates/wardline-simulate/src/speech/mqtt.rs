//! MQTT 3.1.1 (OASIS): a client's connection and what it publishes.

fn text(value: &str) -> Vec<u8> {
    [&(value.len() as u16).to_be_bytes()[..], value.as_bytes()].concat()
}

/// A packet; remaining lengths up to 16,383.
fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut out = vec![kind];
    if length < 128 {
        out.push(length as u8);
    } else {
        out.extend_from_slice(&[length as u8 | 0x80, (length >> 7) as u8]);
    }
    out.extend_from_slice(body);
    out
}

/// A client with a name and a password in clear.
pub(crate) fn connect(client: &str, user: &str, password: &str) -> Vec<u8> {
    let mut body = text("MQTT");
    body.extend_from_slice(&[4, 0xc2, 0, 60]);
    for value in [client, user, password] {
        body.extend_from_slice(&text(value));
    }
    packet(0x10, &body)
}

pub(crate) const CONNECTED: &[u8] = &[0x20, 2, 0, 0];
pub(crate) const PING: &[u8] = &[0xc0, 0];
pub(crate) const PONG: &[u8] = &[0xd0, 0];

/// At most once.
pub(crate) fn publish(topic: &str, value: &str) -> Vec<u8> {
    packet(0x30, &[&text(topic)[..], value.as_bytes()].concat())
}
