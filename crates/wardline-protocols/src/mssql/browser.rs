//! The browser of SQL Server (MC-SQLR): which instances a host has, and where.
//!
//! In: datagrams. Out: the host's name and the versions of its instances, which are those of the installation
//! and not of its later updates. A question alone is too short to be known by. Limit: [`PAIRS_MAX`].

use crate::once::Once;
use crate::{Dissector, Notes, Probe, Side, Step, Verdict, text};
use wardline_model::{Attribute, Fact};
use wardline_wire::Reader;

/// Words and values read of an answer: some ten for each instance.
const PAIRS_MAX: usize = 512;
/// Kinds of datagrams.
const ASK_ALL: u8 = 2;
const ASK_HOST: u8 = 3;
const ASK_INSTANCE: u8 = 4;
const ASK_ADMIN: u8 = 0x0f;
const ANSWER: u8 = 5;

/// The text of an answer.
fn answer(bytes: &[u8]) -> Option<&str> {
    let mut reader = Reader::new(bytes);
    let kind = reader.u8("kind").ok()?;
    let length = usize::from(reader.u16_le("length").ok()?);
    let whole = kind == ANSWER && reader.len() == length;
    let text = std::str::from_utf8(reader.rest()).ok()?;
    (whole && text.starts_with("ServerName;")).then_some(text)
}

pub(super) fn probe(probe: &Probe<'_>) -> Verdict {
    match probe.bytes {
        [ANSWER, ..] if answer(probe.bytes).is_some() => Verdict::Yes,
        [ASK_ALL | ASK_HOST] if probe.port(1434) => Verdict::Maybe,
        [ASK_INSTANCE, name @ .., 0] if probe.port(1434) && name.len() <= 32 => {
            if text::ascii(name).is_some() { Verdict::Maybe } else { Verdict::No }
        }
        [ASK_ADMIN, 1, name @ .., 0] if probe.port(1434) && text::ascii(name).is_some() => Verdict::Maybe,
        _ => Verdict::No,
    }
}

/// One flow.
#[derive(Default)]
pub(super) struct Browser {
    said: Once,
}

impl Dissector for Browser {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        if let Some(text) = answer(bytes) {
            notes.confirmed = true;
            notes.requester.get_or_insert(side.peer());
            self.instances(side, text, notes);
        }
        Step::skip(bytes.len())
    }
}

impl Browser {
    fn instances(&mut self, side: Side, text: &str, notes: &mut Notes) {
        let mut words = text.split(';');
        for _ in 0..PAIRS_MAX {
            let Some(word) = words.next() else { break };
            // Two in a row end an instance.
            if word.is_empty() {
                continue;
            }
            let Some(value) = words.next() else { break };
            let fact = match word {
                "ServerName" if text::is_host_name(value) => {
                    Fact::new(Attribute::Hostname, value, 85, "mssql.browser-name")
                }
                "Version" if value.starts_with(|c: char| c.is_ascii_digit()) => {
                    let told = format!("mssql {value}");
                    Fact::new(Attribute::DatabaseServer, &told, 70, "mssql.browser-version")
                }
                _ => None,
            };
            if self.said.is_new((side, &fact)) {
                notes.speaker(side, [fact]);
            }
        }
    }
}
