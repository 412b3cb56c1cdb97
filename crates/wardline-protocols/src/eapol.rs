//! EAP over LAN (IEEE 802.1X-2020 clause 11, RFC 3748): how stations are let into a network.
//!
//! In: frames. Out: who asks to be let in, outdated methods of doing it, keys of the first generations of Wi-Fi
//! protection. Never read: identities, answers, keys.

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Protocol, Side, Step, Verdict};
use wardline_model::{Attribute, Fact};
use wardline_wire::frame::LinkProtocol;
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "eapol",
    carriers: &[Carrier::Link(LinkProtocol::Eapol)],
    ports: &[],
    probe: |_| Verdict::Yes,
    start: |_| Box::new(Eapol::default()),
};

/// Types of frames.
const EAP: u8 = 0;
const START: u8 = 1;
const LOGOFF: u8 = 2;
const KEY: u8 = 3;
/// EAP codes.
const REQUEST: u8 = 1;
const RESPONSE: u8 = 2;
/// Types of key frames: of the time before WPA, of RSN, of WPA before its standard was ready.
const KEY_RC4: u8 = 1;
const KEY_RSN: u8 = 2;
const KEY_WPA: u8 = 254;

/// The name of an EAP method's weakness: MD5 challenges and LEAP give the password to who listens.
pub(crate) const fn weak_method(method: u8) -> Option<&'static str> {
    match method {
        4 => Some("eap-md5"),
        17 => Some("eap-leap"),
        _ => None,
    }
}

#[derive(Default)]
struct Eapol {
    said: Once,
}

impl Dissector for Eapol {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        notes.malformed |= self.frame(side, bytes, notes).is_err();
        Step::skip(bytes.len())
    }
}

impl Eapol {
    fn frame(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Result<(), Fault> {
        let mut reader = Reader::new(bytes);
        let [version, kind] = reader.array("EAPOL head")?;
        if !(1..=3).contains(&version) {
            return Err(Fault::Malformed("EAPOL version"));
        }
        let length = usize::from(reader.u16("EAPOL length")?);
        let mut body = reader.sub(length, "EAPOL body")?;
        match kind {
            EAP => self.eap(side, body, notes)?,
            START | LOGOFF => _ = notes.requester.get_or_insert(side),
            KEY => {
                let descriptor = body.u8("key descriptor")?;
                let information = body.u16("key information")?;
                self.key(side, descriptor, information, notes);
            }
            _ => {}
        }
        Ok(())
    }

    fn eap(&mut self, side: Side, mut body: Reader<'_>, notes: &mut Notes) -> Result<(), Fault> {
        let code = body.u8("EAP code")?;
        body.skip(1, "EAP identifier")?;
        let length = usize::from(body.u16("EAP length")?);
        // The station answers, what lets it in asks and decides.
        notes.requester.get_or_insert(if code == RESPONSE { side } else { side.peer() });
        if !matches!(code, REQUEST | RESPONSE) || length < 5 {
            return Ok(());
        }
        let method = body.u8("EAP method")?;
        let weakness = weak_method(method).filter(|_| code == REQUEST);
        self.tell(side, weakness, "eapol.method", notes);
        Ok(())
    }

    /// A key frame (IEEE 802.11-2020 section 12.7.2): the access point asks for an acknowledgement.
    fn key(&mut self, side: Side, descriptor: u8, information: u16, notes: &mut Notes) {
        const ACKNOWLEDGE: u16 = 0x0080;
        const PAIRWISE: u16 = 0x0008;
        let asks = descriptor == KEY_RC4 || information & ACKNOWLEDGE != 0;
        notes.requester.get_or_insert(if asks { side.peer() } else { side });
        let weakness = match (descriptor, information & 7) {
            (KEY_RC4, _) => Some("wifi-wep"),
            (KEY_WPA | KEY_RSN, 1) if information & PAIRWISE != 0 => Some("wifi-tkip"),
            _ => None,
        };
        self.tell(side, weakness.filter(|_| asks), "eapol.key", notes);
    }

    fn tell(&mut self, side: Side, weakness: Option<&'static str>, rule: &'static str, notes: &mut Notes) {
        let Some(name) = weakness.filter(|name| self.said.is_new((side, name))) else { return };
        notes.speaker(side, [Fact::new(Attribute::Weakness, name, 85, rule)]);
    }
}
