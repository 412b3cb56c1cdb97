//! SNMP version 1 and 2c messages (RFC 1157, RFC 3416).

use crate::speech::ber::{element, group, integer, object};

/// A value in a binding.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Null,
    Object(&'a [u32]),
    Text(&'a str),
    Ticks(u32),
}

fn value(value: Value<'_>) -> Vec<u8> {
    match value {
        Value::Null => element(0x05, &[]),
        Value::Object(arcs) => object(arcs),
        Value::Text(text) => element(0x04, text.as_bytes()),
        Value::Ticks(ticks) => {
            let mut encoded = integer(u64::from(ticks));
            encoded[0] = 0x43;
            encoded
        }
    }
}

/// A message: `pdu` is 0xa0 for a get, 0xa1 for a get-next, 0xa2 for a response.
pub(crate) fn message(
    version: u8,
    community: &str,
    pdu: u8,
    id: u32,
    bindings: &[(&[u32], Value<'_>)],
) -> Vec<u8> {
    let bindings: Vec<Vec<u8>> =
        bindings.iter().map(|(name, bound)| group(0x30, &[object(name), value(*bound)])).collect();
    group(
        0x30,
        &[
            integer(u64::from(version)),
            element(0x04, community.as_bytes()),
            group(pdu, &[integer(u64::from(id)), integer(0), integer(0), group(0x30, &bindings)]),
        ],
    )
}
