//! What makes packets one flow.

use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv6Addr};
use wardline_model::Mac;

/// Logical shards: enough for any machine's threads, fixed so that eviction never depends on them.
pub const SHARDS: usize = 256;

/// Which way a packet goes between the two ends of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the lower end to the higher.
    Up,
    /// From the higher end to the lower.
    Down,
}

impl Direction {
    /// The other way.
    #[must_use]
    pub const fn reverse(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
        }
    }

    /// Picks this direction's of a pair kept as `[up, down]`.
    pub const fn of<T>(self, pair: &mut [T; 2]) -> &mut T {
        let [up, down] = pair;
        match self {
            Self::Up => up,
            Self::Down => down,
        }
    }

    /// Looks at this direction's of a pair kept as `[up, down]`.
    pub const fn of_ref<T>(self, pair: &[T; 2]) -> &T {
        let [up, down] = pair;
        match self {
            Self::Up => up,
            Self::Down => down,
        }
    }
}

/// Both ends of a flow and what carries it, the same for both directions.
///
/// Addresses are kept as the two halves of their sixteen bytes, which compare and hash in a few instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlowKey {
    ends: [[u64; 2]; 2],
    ports: [u16; 2],
    carrier: u32,
}

impl Hash for FlowKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [lower, higher] = self.ends;
        for half in lower.into_iter().chain(higher) {
            state.write_u64(half);
        }
        state.write_u64(self.rest());
    }
}

/// Carriers above every IP protocol number are link protocols.
const LINK: u32 = 0x1_0000;
/// Set for IPv6: an address of it that embeds one of IPv4 is another.
const IPV6: u32 = 0x100;

impl FlowKey {
    /// The key of an IP packet; ports are 0 where the protocol has none.
    #[must_use]
    #[inline]
    pub fn ip(protocol: u8, source: (IpAddr, u16), destination: (IpAddr, u16)) -> (Self, Direction) {
        let version = if source.0.is_ipv6() { IPV6 } else { 0 };
        Self::between(
            u32::from(protocol) | version,
            (wide(source.0), source.1),
            (wide(destination.0), destination.1),
        )
    }

    /// The key of a link protocol's frame; `number` tells protocols apart.
    #[must_use]
    pub fn link(number: u16, source: Mac, destination: Mac) -> (Self, Direction) {
        let carrier = LINK.saturating_add(u32::from(number));
        Self::between(carrier, (from_mac(source), 0), (from_mac(destination), 0))
    }

    #[inline]
    fn between(carrier: u32, source: ([u64; 2], u16), destination: ([u64; 2], u16)) -> (Self, Direction) {
        if source <= destination {
            let key = Self { ends: [source.0, destination.0], ports: [source.1, destination.1], carrier };
            (key, Direction::Up)
        } else {
            let key = Self { ends: [destination.0, source.0], ports: [destination.1, source.1], carrier };
            (key, Direction::Down)
        }
    }

    /// The logical shard, from 0 to [`SHARDS`] - 1: the same on every machine and in every run.
    #[must_use]
    #[inline]
    pub fn shard(&self) -> usize {
        let [lower, higher] = self.ends;
        let mut mixed = self.rest();
        for half in lower.into_iter().chain(higher) {
            mixed = (mixed ^ half).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        }
        mixed ^= mixed >> 32;
        usize::try_from(mixed & 0xff).unwrap_or(0)
    }

    /// Ports and carrier.
    #[inline]
    fn rest(&self) -> u64 {
        let [lower, higher] = self.ports;
        u64::from(self.carrier) << 32 | u64::from(lower) << 16 | u64::from(higher)
    }

    /// Address and port of the end that packets of that direction come from; `None` for link protocols.
    #[must_use]
    pub fn source(&self, direction: Direction) -> Option<(IpAddr, u16)> {
        let (address, port) = (bytes(*direction.of_ref(&self.ends)), *direction.of_ref(&self.ports));
        let wide = Ipv6Addr::from(address);
        let ip = if self.carrier & IPV6 == 0 { wide.to_canonical() } else { IpAddr::V6(wide) };
        (self.carrier < LINK).then_some((ip, port))
    }

    /// MAC of the end that frames of that direction come from; `None` for IP.
    #[must_use]
    pub fn source_mac(&self, direction: Direction) -> Option<Mac> {
        let address = bytes(*direction.of_ref(&self.ends));
        let mac = address.first_chunk::<6>().copied().map(Mac);
        mac.filter(|_| self.carrier >= LINK)
    }

    /// IP protocol number; `None` for link protocols.
    #[must_use]
    pub fn ip_protocol(&self) -> Option<u8> {
        u8::try_from(self.carrier & !IPV6).ok()
    }
}

#[inline]
fn wide(ip: IpAddr) -> [u64; 2] {
    match ip {
        IpAddr::V4(v4) => [0, 0xffff_0000_0000 | u64::from(v4.to_bits())],
        IpAddr::V6(v6) => halves(v6.octets()),
    }
}

fn from_mac(mac: Mac) -> [u64; 2] {
    let [a, b, c, d, e, f] = mac.0;
    halves([a, b, c, d, e, f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
}

#[inline]
const fn halves(bytes: [u8; 16]) -> [u64; 2] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = bytes;
    [u64::from_be_bytes([a, b, c, d, e, f, g, h]), u64::from_be_bytes([i, j, k, l, m, n, o, p])]
}

const fn bytes([high, low]: [u64; 2]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h] = high.to_be_bytes();
    let [i, j, k, l, m, n, o, p] = low.to_be_bytes();
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_embedded_address_of_the_other_version_is_another() {
        let [four, embedded]: [IpAddr; 2] = ["192.0.2.1", "::ffff:192.0.2.1"].map(|ip| ip.parse().unwrap());
        let (a, up) = FlowKey::ip(6, (four, 1), (four, 2));
        let (b, _) = FlowKey::ip(6, (embedded, 1), (embedded, 2));
        assert_ne!(a, b);
        assert_eq!((a.source(up), b.source(up)), (Some((four, 1)), Some((embedded, 1))));
        assert_eq!((a.ip_protocol(), b.ip_protocol()), (Some(6), Some(6)));
        assert_eq!(FlowKey::link(0x0806, Mac::default(), Mac::default()).0.ip_protocol(), None);
    }
}
