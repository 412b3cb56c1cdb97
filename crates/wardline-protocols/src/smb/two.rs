//! SMB 2 and 3 beyond the negotiation's fixed part (MS-SMB2 sections 2.2.1, 2.2.4 and 2.2.9): chains of messages,
//! negotiate contexts, and the name by which a client calls the server.
//!
//! In: whole messages. Out: their parts; the cipher selected; a host name. Limits: [`CHAIN_MAX`], [`CONTEXTS_MAX`].
//! The share and what is in it are never told.

use wardline_wire::{Fault, Reader};

/// Messages of one chain; clients send three or four.
const CHAIN_MAX: usize = 16;
/// Contexts of one negotiation; six kinds are defined.
const CONTEXTS_MAX: u16 = 16;
/// The context of ciphers.
const ENCRYPTION: u16 = 2;
/// Bytes of a head, in which the place of the next message stands.
const HEAD: usize = 64;
const NEXT: usize = 20;

/// The messages of a chain, each from its own head; one where there is no chain.
pub(super) fn chain(mut message: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut over = false;
    std::iter::from_fn(move || {
        if over || message.len() < HEAD {
            return None;
        }
        let next =
            message.get(NEXT..).and_then(<[u8]>::first_chunk::<4>).map_or(0, |n| u32::from_le_bytes(*n));
        let next = usize::try_from(next).unwrap_or(usize::MAX);
        // Each but the last is padded to eight bytes.
        let fits = next >= HEAD && next.is_multiple_of(8) && next < message.len();
        let (part, rest) = if fits { message.split_at_checked(next)? } else { (message, &[][..]) };
        (message, over) = (rest, !fits);
        Some(part)
    })
    .take(CHAIN_MAX)
}

/// Whether another message follows in the chain.
pub(super) fn is_chain(start: &[u8]) -> bool {
    matches!(start.get(NEXT..), Some([a, b, c, d, ..]) if u32::from_le_bytes([*a, *b, *c, *d]) != 0)
}

/// The cipher that a server selected, in a whole answer to a negotiation of dialect 3.1.1.
pub(super) fn cipher(message: &[u8]) -> Result<Option<&'static str>, Fault> {
    let mut head = Reader::new(message);
    head.skip(HEAD.saturating_add(6), "negotiate head")?;
    let count = head.u16_le("context count")?;
    head.skip(52, "negotiate answer")?;
    let offset = usize::try_from(head.u32_le("context offset")?).unwrap_or(usize::MAX);
    let mut contexts = Reader::new(message.get(offset..).ok_or(Fault::Truncated("contexts"))?);
    for at in 0..count.min(CONTEXTS_MAX) {
        let kind = contexts.u16_le("context")?;
        let length = usize::from(contexts.u16_le("context length")?);
        contexts.skip(4, "reserved")?;
        let mut content = contexts.sub(length, "context")?;
        if kind == ENCRYPTION {
            content.skip(2, "cipher count")?;
            return Ok(match content.u16_le("cipher")? {
                1 => Some("AES-128-CCM"),
                2 => Some("AES-128-GCM"),
                3 => Some("AES-256-CCM"),
                4 => Some("AES-256-GCM"),
                _ => None,
            });
        }
        // Each but the last is padded to eight bytes.
        if at.saturating_add(1) < count {
            let padding = length.wrapping_neg() & 7;
            contexts.skip(padding, "padding")?;
        }
    }
    Ok(None)
}

/// The server's name in a whole request to connect to a share: `\\NAME\share`; no address.
pub(super) fn server_name(message: &[u8]) -> Result<Option<String>, Fault> {
    let mut body = Reader::new(message);
    body.skip(HEAD, "head")?;
    if body.u16_le("structure size")? != 9 {
        return Err(Fault::Malformed("structure size"));
    }
    body.skip(2, "flags")?;
    let (offset, length) = (body.u16_le("path offset")?, body.u16_le("path length")?);
    let mut path = Reader::new(message.get(usize::from(offset)..).ok_or(Fault::Truncated("path"))?);
    let path = crate::text::utf16_le(path.take(length.into(), "path")?);
    let name = path.as_deref().and_then(|path| path.strip_prefix(r"\\")?.split('\\').next());
    let host = |name: &&str| crate::text::is_host_name(name) && name.parse::<std::net::IpAddr>().is_err();
    Ok(name.filter(host).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(next: u32, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0xFE, b'S', b'M', b'B', 64, 0];
        bytes.resize(NEXT, 0);
        bytes.extend(next.to_le_bytes());
        bytes.resize(HEAD, 0);
        bytes.extend(body);
        bytes
    }

    #[test]
    fn a_chain_ends_where_it_says_or_must() {
        let three = [message(72, &[1; 8]), message(80, &[2; 16]), message(0, &[3; 5])].concat();
        let parts: Vec<usize> = chain(&three).map(<[u8]>::len).collect();
        assert_eq!(parts, [72, 80, 69]);
        assert!(is_chain(&three) && !is_chain(&message(0, &[])));
        for next in [1, 63, 73, 4_000, u32::MAX] {
            assert_eq!(chain(&message(next, &[0; 20])).count(), 1, "{next}");
        }
        let endless = message(64, &[]).repeat(100);
        assert_eq!(chain(&endless).count(), CHAIN_MAX);
    }

    #[test]
    fn the_name_that_is_called_is_no_address() {
        let connect = |path: &str| {
            let path: Vec<u8> = path.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let mut body = vec![9, 0, 0, 0, 72, 0];
            body.extend(u16::try_from(path.len()).unwrap().to_le_bytes());
            server_name(&message(0, &[body, path].concat()))
        };
        assert_eq!(connect(r"\\PACS01\images$"), Ok(Some("PACS01".into())));
        assert_eq!(connect(r"\\10.1.2.3\images$"), Ok(None));
        assert_eq!(connect("images"), Ok(None));
        assert!(server_name(&message(0, &[9, 0, 0, 0, 72, 0, 200, 0])).is_err());
    }

    #[test]
    fn the_cipher_is_found_behind_other_contexts() {
        let mut body = vec![0; 64];
        body[6] = 2;
        body[60..64].copy_from_slice(&128_u32.to_le_bytes());
        body.extend([1, 0, 5, 0, 0, 0, 0, 0, 9, 9, 9, 9, 9, 0, 0, 0]);
        body.extend([2, 0, 4, 0, 0, 0, 0, 0, 1, 0, 2, 0]);
        let answer = message(0, &body);
        assert_eq!(cipher(&answer), Ok(Some("AES-128-GCM")));
        for end in 0..answer.len() {
            assert!(cipher(&answer[..end]).is_err());
        }
    }
}
