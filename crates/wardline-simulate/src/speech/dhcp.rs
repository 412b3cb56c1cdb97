//! DHCPv4 (RFC 2131, RFC 2132; relay information RFC 3046).

use std::net::Ipv4Addr;
use wardline_model::Mac;

/// What a client's stack says of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// Option 60.
    pub(crate) class: &'static str,
    /// Option 55.
    pub(crate) parameters: &'static [u8],
}

pub(crate) const WINDOWS_10: Manner =
    Manner { class: "MSFT 5.0", parameters: &[1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252] };
pub(crate) const WINDOWS_7: Manner =
    Manner { class: "MSFT 5.0", parameters: &[1, 15, 3, 6, 44, 46, 47, 31, 33, 121, 249, 43] };
pub(crate) const UDHCP: Manner = Manner { class: "udhcp 1.24.2", parameters: &[1, 3, 6, 12, 15, 28, 42] };
pub(crate) const ANDROID: Manner =
    Manner { class: "android-dhcp-11", parameters: &[1, 3, 6, 15, 26, 28, 51, 58, 59, 43] };
pub(crate) const PRINTER: Manner =
    Manner { class: "Hewlett-Packard JetDirect", parameters: &[6, 3, 1, 15, 66, 67, 13, 44, 12, 81, 252] };

/// Message types of option 53.
pub(crate) const DISCOVER: u8 = 1;
pub(crate) const OFFER: u8 = 2;
pub(crate) const REQUEST: u8 = 3;
pub(crate) const ACKNOWLEDGE: u8 = 5;
pub(crate) const REFUSE: u8 = 6;
/// Lease, first renewal and rebinding, in seconds: short, because guests come and go.
const LEASE: [u32; 3] = [4_800, 2_400, 4_200];

/// One message of the exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    pub(crate) kind: u8,
    pub(crate) transaction: u32,
    pub(crate) client: Mac,
    pub(crate) hostname: &'a str,
    pub(crate) manner: Manner,
    /// Address that the client has already (renewal).
    pub(crate) holds: Option<Ipv4Addr>,
    pub(crate) address: Ipv4Addr,
    pub(crate) server: Ipv4Addr,
    pub(crate) router: Ipv4Addr,
    /// Relay and its circuit id, when a relay forwards.
    pub(crate) relay: Option<(Ipv4Addr, &'a str)>,
}

fn option(out: &mut Vec<u8>, code: u8, value: &[u8]) {
    out.extend_from_slice(&[code, value.len() as u8]);
    out.extend_from_slice(value);
}

impl Message<'_> {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let answer = matches!(self.kind, OFFER | ACKNOWLEDGE | REFUSE);
        let mut out = vec![if answer { 2 } else { 1 }, 1, 6, u8::from(self.relay.is_some() && !answer)];
        out.extend_from_slice(&self.transaction.to_be_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&self.holds.unwrap_or(Ipv4Addr::UNSPECIFIED).octets());
        let yours = if answer && self.kind != REFUSE { self.address } else { Ipv4Addr::UNSPECIFIED };
        out.extend_from_slice(&yours.octets());
        out.extend_from_slice(&[0; 4]);
        let relay = self.relay.map_or(Ipv4Addr::UNSPECIFIED, |(relay, _)| relay);
        out.extend_from_slice(&relay.octets());
        out.extend_from_slice(&self.client.0);
        out.extend_from_slice(&[0; 10 + 64 + 128]);
        out.extend_from_slice(&[0x63, 0x82, 0x53, 0x63]);
        option(&mut out, 53, &[self.kind]);
        if answer {
            self.answer_options(&mut out);
        } else {
            self.client_options(&mut out);
        }
        if let Some((_, circuit)) = self.relay {
            let mut value = Vec::new();
            option(&mut value, 1, circuit.as_bytes());
            option(&mut out, 82, &value);
        }
        out.push(255);
        if out.len() < 300 {
            out.resize(300, 0);
        }
        out
    }

    fn client_options(&self, out: &mut Vec<u8>) {
        let mut id = vec![1];
        id.extend_from_slice(&self.client.0);
        option(out, 61, &id);
        if self.kind == REQUEST && self.holds.is_none() {
            option(out, 50, &self.address.octets());
            option(out, 54, &self.server.octets());
        }
        option(out, 12, self.hostname.as_bytes());
        option(out, 60, self.manner.class.as_bytes());
        option(out, 55, self.manner.parameters);
    }

    fn answer_options(&self, out: &mut Vec<u8>) {
        option(out, 54, &self.server.octets());
        if self.kind == REFUSE {
            return;
        }
        for (code, seconds) in [51, 58, 59].into_iter().zip(LEASE) {
            option(out, code, &seconds.to_be_bytes());
        }
        option(out, 1, &[255, 255, 255, 0]);
        option(out, 3, &self.router.octets());
        option(out, 6, &self.server.octets());
        option(out, 15, crate::hospital::DOMAIN.as_bytes());
    }
}
