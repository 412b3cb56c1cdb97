//! One way to test a dissector: give bytes, read lines.
//!
//! `check(PROTOCOL).opener(b"…").accepter(b"…").lines()` runs the probe and the dissector as the pipeline
//! would and gives one line per thing said, in the order said. `.bytewise()` gives streams one byte at a time:
//! the same lines must come out.

use crate::{Carrier, Dissector, Notes, Probe, Protocol, Said, Side, Step, Verdict, Who};
use wardline_model::About;

pub(crate) struct Check {
    protocol: Protocol,
    ports: [u16; 2],
    from_start: bool,
    bytewise: bool,
    datagrams: bool,
    script: Vec<(Side, Input)>,
}

enum Input {
    Bytes(Vec<u8>),
    Gap(u64),
}

pub(crate) fn check(protocol: Protocol) -> Check {
    let datagrams = !protocol.carriers.contains(&Carrier::Stream);
    Check {
        protocol,
        ports: [40_000, 40_001],
        from_start: true,
        bytewise: false,
        datagrams,
        script: Vec::new(),
    }
}

#[expect(dead_code, reason = "a test kit offers more than today's tests use")]
impl Check {
    /// Ports of opener and accepter; 40000 and 40001 unless told.
    pub(crate) fn ports(mut self, opener: u16, accepter: u16) -> Self {
        self.ports = [opener, accepter];
        self
    }

    /// The flow was picked up in the middle.
    pub(crate) fn midstream(mut self) -> Self {
        self.from_start = false;
        self
    }

    /// Give streams one byte at a time.
    pub(crate) fn bytewise(mut self) -> Self {
        self.bytewise = true;
        self
    }

    /// Datagrams instead of a stream, for protocols that ride on both.
    pub(crate) fn datagrams(mut self) -> Self {
        self.datagrams = true;
        self
    }

    /// The opener sends (one packet).
    pub(crate) fn opener(mut self, bytes: &[u8]) -> Self {
        self.script.push((Side::Opener, Input::Bytes(bytes.to_vec())));
        self
    }

    /// The accepter sends (one packet).
    pub(crate) fn accepter(mut self, bytes: &[u8]) -> Self {
        self.script.push((Side::Accepter, Input::Bytes(bytes.to_vec())));
        self
    }

    /// Bytes of `side` are lost.
    pub(crate) fn gap(mut self, side: Side, count: u64) -> Self {
        self.script.push((side, Input::Gap(count)));
        self
    }

    /// Runs it.
    pub(crate) fn lines(self) -> Vec<String> {
        let mut run = Run::new(&self);
        for (side, input) in &self.script {
            match input {
                Input::Bytes(bytes) if self.bytewise && !self.datagrams => {
                    bytes.iter().for_each(|b| run.bytes(*side, &[*b]));
                }
                Input::Bytes(bytes) => run.bytes(*side, bytes),
                Input::Gap(count) => run.gap(*side, *count),
            }
        }
        run.finish()
    }
}

struct Run<'a> {
    check: &'a Check,
    first: [Vec<u8>; 2],
    pending: [Vec<u8>; 2],
    skip: [u64; 2],
    least: [usize; 2],
    dissector: Option<Box<dyn Dissector>>,
    refused: bool,
    done: bool,
    confirmed: bool,
    notes: Notes,
}

impl<'a> Run<'a> {
    fn new(check: &'a Check) -> Self {
        Self {
            check,
            first: Default::default(),
            pending: Default::default(),
            skip: [0; 2],
            least: [0; 2],
            dissector: None,
            refused: false,
            done: false,
            confirmed: false,
            notes: Notes::default(),
        }
    }

    fn bytes(&mut self, side: Side, bytes: &[u8]) {
        if self.refused || self.done {
            return;
        }
        let index = usize::from(side == Side::Accepter);
        if self.check.datagrams {
            self.pending[index].clear();
        }
        self.pending[index].extend(bytes);
        if self.dissector.is_none() {
            self.first[index] = self.pending[index].clone();
            let probe = Probe {
                side,
                bytes: &self.first[index],
                other: &self.first[1 - index],
                ports: self.check.ports,
                from_start: self.check.from_start,
            };
            match (self.check.protocol.probe)(&probe) {
                Verdict::No => self.refused = true,
                Verdict::More => return,
                verdict => {
                    self.confirmed = verdict == Verdict::Yes;
                    self.dissector = Some((self.check.protocol.start)());
                    self.drive(side.peer());
                }
            }
        }
        self.drive(side);
    }

    fn gap(&mut self, side: Side, count: u64) {
        let index = usize::from(side == Side::Accepter);
        let over = count.saturating_sub(self.skip[index]);
        self.skip[index] = self.skip[index].saturating_sub(count);
        if over == 0 {
            return;
        }
        self.pending[index].clear();
        self.least[index] = 0;
        if let Some(dissector) = &mut self.dissector
            && matches!(dissector.gap(side, Some(over), &mut self.notes), Step::Done | Step::Withdraw)
        {
            self.done = true;
        }
    }

    fn drive(&mut self, side: Side) {
        let index = usize::from(side == Side::Accepter);
        while let (Some(dissector), false) = (&mut self.dissector, self.done) {
            let pending = &mut self.pending[index];
            let leave = usize::try_from(self.skip[index]).unwrap().min(pending.len());
            pending.drain(..leave);
            self.skip[index] -= leave as u64;
            if pending.is_empty() || pending.len() < self.least[index] {
                return;
            }
            let step = dissector.read(side, pending, &mut self.notes);
            self.confirmed |= self.notes.confirmed;
            match step {
                Step::More(least) => {
                    assert!(least > pending.len(), "asked for {least} bytes and had {}", pending.len());
                    self.least[index] = least;
                    if least > Step::MORE_MAX {
                        self.done = true;
                    }
                }
                Step::Skip(count) => {
                    assert!(count > 0, "a step of nothing");
                    self.least[index] = 0;
                    self.skip[index] = count;
                    if self.check.datagrams {
                        self.skip[index] = 0;
                        pending.clear();
                    }
                }
                Step::Done => self.done = true,
                Step::Withdraw => {
                    self.refused = true;
                    self.done = true;
                }
            }
            if self.notes.handover {
                self.done = true;
            }
        }
    }

    fn finish(self) -> Vec<String> {
        if self.refused || !self.confirmed {
            return vec!["protocol unknown".into()];
        }
        let mut lines = vec![format!("protocol {}", self.check.protocol.name)];
        lines.extend(self.notes.said.iter().flat_map(describe));
        lines
            .extend(self.notes.details.iter().map(|(key, value)| format!("detail {} {value}", key.as_str())));
        lines.extend(self.notes.encrypted.map(|e| format!("encrypted {e}")));
        lines.extend(self.notes.requester.map(|s| format!("requester {}", name(s))));
        lines.extend(self.notes.handover.then(|| "handover".into()));
        lines.extend(self.notes.malformed.then(|| "malformed".into()));
        lines
    }
}

fn name(side: Side) -> &'static str {
    match side {
        Side::Opener => "opener",
        Side::Accepter => "accepter",
    }
}

fn describe(said: &Said) -> Vec<String> {
    let who = match said.who {
        Who::Side(side) => name(side).to_owned(),
        Who::Address(ip) => ip.to_string(),
        Who::Station(mac) => mac.to_string(),
    };
    let about = if said.about == About::Equipment { " equipment" } else { "" };
    let fact = |f: &wardline_model::Fact| {
        let version = f.version.as_deref().map(|v| format!(" version {v}")).unwrap_or_default();
        format!("{who}{about} {} {}{version} ({} {})", f.attribute.as_str(), f.value, f.rule, f.confidence)
    };
    said.facts.iter().map(fact).collect()
}
