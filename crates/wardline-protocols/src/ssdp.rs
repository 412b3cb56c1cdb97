//! SSDP (UPnP Device Architecture 1.0 to 2.0, section 1): devices that announce themselves on the link.
//!
//! In: datagrams: searches (M-SEARCH), announcements (NOTIFY) and answers (200 OK). Out: the server string of
//! who announces or answers, and the types of its devices. What a search wants and where a description lies
//! is not told. Limit: [`LINES_MAX`].

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict};
use wardline_model::{Attribute, Fact};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "ssdp",
    carriers: &[Carrier::Datagram],
    ports: &[1900],
    probe,
    start: |_| Box::new(Ssdp::default()),
};

/// Most header lines of a message.
const LINES_MAX: usize = 64;

#[derive(Default)]
struct Ssdp {
    said: Once,
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Search,
    Notify,
    Answer,
}

fn kind(bytes: &[u8]) -> Option<Kind> {
    let starts = [
        (b"M-SEARCH * HTTP/1.".as_slice(), Kind::Search),
        (b"NOTIFY * HTTP/1.".as_slice(), Kind::Notify),
        (b"HTTP/1.1 200".as_slice(), Kind::Answer),
        (b"HTTP/1.0 200".as_slice(), Kind::Answer),
    ];
    starts.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, kind)| *kind)
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let Some(kind) = kind(probe.bytes) else { return Verdict::No };
    let has = |wanted: &str| fields(probe.bytes).any(|(name, _)| name.eq_ignore_ascii_case(wanted));
    let fits = match kind {
        Kind::Search => has("ST") || has("MAN"),
        Kind::Notify => has("NT") && has("NTS"),
        Kind::Answer => has("ST") && has("USN"),
    };
    if fits { Verdict::Yes } else { Verdict::No }
}

/// The header lines of a message.
fn fields(bytes: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    let lines = bytes.split(|b| *b == b'\n').skip(1).map(<[u8]>::trim_ascii);
    let lines = lines.take_while(|line| !line.is_empty()).take(LINES_MAX);
    lines.filter_map(|line| {
        let (name, value) = str::from_utf8(line).ok()?.split_once(':')?;
        Some((name.trim(), value.trim()))
    })
}

impl Dissector for Ssdp {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let Some(kind) = kind(bytes) else {
            notes.malformed = true;
            return Step::skip(bytes.len());
        };
        notes.requester = Some(if kind == Kind::Answer { side.peer() } else { side });
        if kind != Kind::Search {
            for (name, value) in fields(bytes) {
                self.field(side, &name.to_ascii_lowercase(), value, notes);
            }
        }
        Step::skip(bytes.len())
    }
}

impl Ssdp {
    fn field(&mut self, side: Side, name: &str, value: &str, notes: &mut Notes) {
        let fact = match name {
            "server" => Fact::new(Attribute::UpnpServer, value, 80, "ssdp.server"),
            "nt" | "st" if is_device(value) => Fact::new(Attribute::UpnpDevice, value, 85, "ssdp.device"),
            _ => None,
        };
        if fact.is_some() && self.said.is_new((side, &fact)) {
            notes.speaker(side, [fact]);
        }
    }
}

/// Whether a target names a type of device: `urn:schemas-upnp-org:device:Printer:1`.
fn is_device(target: &str) -> bool {
    let mut parts = target.split(':');
    parts.next() == Some("urn") && parts.nth(1) == Some("device")
}
