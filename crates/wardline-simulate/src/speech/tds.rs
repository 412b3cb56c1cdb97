//! SQL Server's tabular data stream ([MS-TDS] section 2.2.6.5): the questions before TLS, which TLS then fills.

/// A packet that is the whole message.
fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind, 1];
    out.extend_from_slice(&((8 + body.len()) as u16).to_be_bytes());
    out.extend_from_slice(&[0, 0, 0, 0]);
    out.extend_from_slice(body);
    out
}

/// Version, encryption, instance, thread, several results: offsets count from the first option.
fn prelogin(kind: u8, version: [u8; 6], encryption: u8, thread: &[u8]) -> Vec<u8> {
    let values: [&[u8]; 5] = [&version, &[encryption], &[0], thread, &[0]];
    let mut offset = values.len() * 5 + 1;
    let (mut heads, mut data) = (Vec::new(), Vec::new());
    for (token, value) in values.into_iter().enumerate() {
        heads.push(token as u8);
        heads.extend_from_slice(&(offset as u16).to_be_bytes());
        heads.extend_from_slice(&(value.len() as u16).to_be_bytes());
        data.extend_from_slice(value);
        offset += value.len();
    }
    heads.push(0xff);
    packet(kind, &[heads, data].concat())
}

/// A client asks, with encryption on.
pub(crate) fn ask(thread: [u8; 4]) -> Vec<u8> {
    prelogin(0x12, [18, 3, 0, 0, 0, 0], 1, &thread)
}

/// A server's answer with its version: 15.0.4312 is SQL Server 2019.
pub(crate) fn answer(version: [u8; 6]) -> Vec<u8> {
    prelogin(0x04, version, 1, &[])
}

/// TLS records of the handshake travel in packets of their own.
pub(crate) fn wrapped(records: &[u8]) -> Vec<u8> {
    records.chunks(4_000).flat_map(|piece| packet(0x12, piece)).collect()
}
