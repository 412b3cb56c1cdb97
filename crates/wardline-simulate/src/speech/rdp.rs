//! Remote desktop connection requests ([MS-RDPBCGR] sections 2.2.1.1 and 2.2.1.2) in X.224 over TPKT.

/// TLS alone, as servers without network level authentication choose.
pub(crate) const TLS: u32 = 1;
/// TLS and CredSSP, as clients offer.
pub(crate) const TLS_AND_CREDSSP: u32 = 3;

fn tpkt(x224: &[u8]) -> Vec<u8> {
    let mut out = vec![3, 0];
    out.extend_from_slice(&((x224.len() + 5) as u16).to_be_bytes());
    out.push(x224.len() as u8);
    out.extend_from_slice(x224);
    out
}

fn negotiation(kind: u8, flags: u8, protocols: u32) -> Vec<u8> {
    let mut out = vec![kind, flags, 8, 0];
    out.extend_from_slice(&protocols.to_le_bytes());
    out
}

/// A client asks, with its user's name in the cookie.
pub(crate) fn request(user: &str) -> Vec<u8> {
    let mut x224 = vec![0xe0, 0, 0, 0, 0, 0];
    x224.extend_from_slice(format!("Cookie: mstshash={user}\r\n").as_bytes());
    x224.extend_from_slice(&negotiation(1, 0, TLS_AND_CREDSSP));
    tpkt(&x224)
}

/// The server chooses.
pub(crate) fn confirm(protocols: u32) -> Vec<u8> {
    let mut x224 = vec![0xd0, 0, 0, 0x12, 0x34, 0];
    x224.extend_from_slice(&negotiation(2, 1, protocols));
    tpkt(&x224)
}
