//! One flow's dissection: probe, claim, feed, withdraw, hand over.
//!
//! In: bytes of either direction in order (or datagrams), gaps. Out: the protocol's name and what its
//! dissector notes. Bounds: [`FIRST_MAX`] bytes kept per side while probing, [`Step::MORE_MAX`] while a
//! dissector waits, [`UNKNOWN_MAX`] bytes looked at before an unrecognised side is given up,
//! [`WITHDRAWALS_MAX`] wrong claims, [`HANDOVERS_MAX`] protocols inside one another.

use crate::table::{Carrier, PROTOCOLS, Protocol, ranked};
use crate::{Dissector, Notes, Probe, Side, Step, Verdict, Who};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// First bytes of a side kept while probing: every signature of the field stands in the first 100; HTTP
/// request lines and TLS hellos may be longer.
const FIRST_MAX: usize = 2048;
/// Bytes of a side looked at in vain before it is given up.
const UNKNOWN_MAX: u32 = 65_536;
/// Packets of a side looked at in vain before it is given up.
const UNKNOWN_PACKETS_MAX: u8 = 24;
/// Wrong claims after which a flow is left unknown.
const WITHDRAWALS_MAX: u8 = 4;
/// Protocols inside one another (CONNECT, then TLS, …).
const HANDOVERS_MAX: u8 = 3;

/// Why a dissector was taken off a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// It wanted more bytes at once than [`Step::MORE_MAX`].
    Overrun,
    /// It panicked: a fault of ours, which costs this flow only.
    Panicked,
    /// It made no progress: a fault of ours.
    Stalled,
}

/// The dissection of one flow.
pub struct Dissection {
    carrier: Carrier,
    ports: [u16; 2],
    state: State,
    lanes: [Lane; 2],
    refused: Vec<&'static str>,
    protocol: Option<&'static Protocol>,
    known_as: Option<&'static str>,
    application: Option<&'static str>,
    handovers: u8,
    relay: Option<Side>,
}

enum State {
    Probing,
    Reading(Box<Reading>),
    Over,
}

struct Reading {
    protocol: &'static Protocol,
    dissector: Box<dyn Dissector>,
    /// While the claim is a `Maybe`: what it said, and the first bytes for others should it withdraw. Apart, because
    /// most flows are sure of their protocol.
    unconfirmed: Option<Box<Unconfirmed>>,
}

struct Unconfirmed {
    notes: Notes,
    first: [Vec<u8>; 2],
    /// More came of that side than is kept.
    more: [bool; 2],
    midstream: [bool; 2],
}

/// Bytes that a statement held back costs, roughly.
const SAID_COST: usize = 256;

/// One direction.
#[derive(Default)]
struct Lane {
    held: Vec<u8>,
    skip: u64,
    least: usize,
    /// The next byte need not be the first of anything.
    midstream: bool,
    looked_at: u32,
    packets: u8,
    given_up: bool,
}

impl Lane {
    /// Leaves out what is still to be skipped; returns the rest.
    fn step_over<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let leave = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
        self.skip = self.skip.saturating_sub(u64::try_from(leave).unwrap_or(u64::MAX));
        bytes.get(leave..).unwrap_or_default()
    }
}

impl Dissection {
    /// For a flow over `carrier` between two ports (0 where there are none); `from_start` when its first
    /// byte is the first of the conversation.
    #[must_use]
    pub fn new(carrier: Carrier, ports: [u16; 2], from_start: bool) -> Self {
        let lane = || Lane { midstream: !from_start, ..Lane::default() };
        let mut dissection = Self {
            carrier,
            ports,
            state: State::Probing,
            lanes: [lane(), lane()],
            refused: Vec::new(),
            protocol: None,
            known_as: None,
            application: None,
            handovers: 0,
            relay: None,
        };
        if matches!(carrier, Carrier::Link(_) | Carrier::Ip(_)) {
            dissection.claim_by_header();
        }
        dissection
    }

    /// Name of the outermost protocol recognised, the most exact known.
    #[must_use]
    pub fn protocol(&self) -> Option<&'static str> {
        self.known_as.or(self.protocol.map(|p| p.name))
    }

    /// Name of the protocol inside, after a handover.
    #[must_use]
    pub const fn application(&self) -> Option<&'static str> {
        self.application
    }

    /// Whether bytes need only be counted from here.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Bytes held while probing or waiting.
    #[must_use]
    pub fn held(&self) -> usize {
        let [opener, accepter] = &self.lanes;
        let lanes = opener.held.capacity().saturating_add(accepter.held.capacity());
        match &self.state {
            State::Reading(reading) => match &reading.unconfirmed {
                Some(unconfirmed) => lanes.saturating_add(unconfirmed.held()),
                None => lanes,
            },
            State::Probing | State::Over => lanes,
        }
    }

    /// Bytes of `side`, in order: of a stream, whatever arrived; of datagrams, one whole.
    pub fn data(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Option<Trouble> {
        if bytes.is_empty() {
            return None;
        }
        match self.state {
            State::Over => None,
            State::Probing => self.probe(side, bytes, notes),
            State::Reading(_) => self.feed(side, bytes, notes),
        }
    }

    /// Bytes of `side` are missing, `count` of them where known.
    pub fn gap(&mut self, side: Side, count: Option<u64>, notes: &mut Notes) -> Option<Trouble> {
        let lane = side.of(&mut self.lanes);
        if let Some(count) = count
            && lane.skip >= count
        {
            lane.skip = lane.skip.saturating_sub(count);
            return None;
        }
        let over = count.map(|count| count.saturating_sub(lane.skip));
        lane.skip = 0;
        lane.least = 0;
        lane.held.clear();
        lane.midstream = true;
        if let State::Reading(reading) = &mut self.state {
            let step = reading.call(self.relay, notes, |dissector, notes| dissector.gap(side, over, notes));
            // After a gap there is nothing at hand to step over: the dissector goes on with what comes.
            return match step {
                Ok(Step::More(_) | Step::Skip(_)) => None,
                Ok(step) => self.settle(side, step, notes),
                Err(trouble) => self.stop(trouble),
            };
        }
        None
    }

    /// The flow is over: what the dissector still waited with is said.
    pub fn end(&mut self, notes: &mut Notes) -> Option<Trouble> {
        let State::Reading(reading) = &mut self.state else { return None };
        let asked = reading.call(self.relay, notes, |dissector, notes| {
            dissector.end(notes);
            Step::Done
        });
        match asked {
            // A side is wanted only to hand over, and nothing is left to hand over.
            Ok(step) => {
                notes.handover = false;
                self.settle(Side::Opener, step, notes)
            }
            Err(trouble) => self.stop(trouble),
        }
    }

    fn claim_by_header(&mut self) {
        self.state = State::Over;
        if let Some(protocol) = PROTOCOLS.iter().find(|p| p.carriers.contains(&self.carrier)) {
            self.protocol = Some(protocol);
            self.state = State::Reading(Box::new(Reading {
                protocol,
                dissector: (protocol.start)(self.carrier),
                unconfirmed: None,
            }));
        }
    }

    const fn is_stream(&self) -> bool {
        matches!(self.carrier, Carrier::Stream)
    }

    fn probe(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Option<Trouble> {
        let stream = self.is_stream();
        let lane = side.of(&mut self.lanes);
        let bytes = lane.step_over(bytes);
        if lane.given_up || bytes.is_empty() {
            return None;
        }
        if !stream {
            lane.held.clear();
        }
        let room = if stream { FIRST_MAX.saturating_sub(lane.held.len()) } else { bytes.len() };
        let kept = bytes.get(..room).unwrap_or(bytes);
        lane.held.extend_from_slice(kept);
        lane.looked_at = lane.looked_at.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        lane.packets = lane.packets.saturating_add(1);
        let rest = bytes.get(room..).unwrap_or_default();
        let Ok(answer) = catch_unwind(AssertUnwindSafe(|| self.ask(side))) else {
            return self.stop(Trouble::Panicked);
        };
        match answer {
            (Verdict::Yes | Verdict::Maybe, None) | (Verdict::No, _) => {
                self.not_recognised(side);
                None
            }
            (Verdict::More, _) => {
                if side.of(&mut self.lanes).held.len() >= FIRST_MAX {
                    self.not_recognised(side);
                }
                None
            }
            (verdict, Some(protocol)) => self.start(protocol, verdict, side, rest, notes),
        }
    }

    /// Asks every protocol, those whose port it is first.
    fn ask(&mut self, side: Side) -> (Verdict, Option<&'static Protocol>) {
        let [opener, accepter] = &self.lanes;
        let (lane, other) = if side == Side::Opener { (opener, accepter) } else { (accepter, opener) };
        let probe = Probe {
            carrier: self.carrier,
            side,
            bytes: &lane.held,
            other: &other.held,
            ports: self.ports,
            from_start: !lane.midstream,
        };
        let mut best = (Verdict::No, None);
        for protocol in ranked(self.carrier, self.ports) {
            if self.refused.contains(&protocol.name) {
                continue;
            }
            let verdict = (protocol.probe)(&probe);
            if verdict > best.0 {
                best = (verdict, Some(protocol));
            }
            if verdict == Verdict::Yes {
                break;
            }
        }
        best
    }

    fn not_recognised(&mut self, side: Side) {
        let lane = side.of(&mut self.lanes);
        lane.held = Vec::new();
        lane.midstream = true;
        lane.given_up = lane.looked_at >= UNKNOWN_MAX || lane.packets >= UNKNOWN_PACKETS_MAX;
        if self.lanes.iter().all(|lane| lane.given_up) {
            self.state = State::Over;
        }
    }

    fn start(
        &mut self,
        protocol: &'static Protocol,
        verdict: Verdict,
        side: Side,
        rest: &[u8],
        notes: &mut Notes,
    ) -> Option<Trouble> {
        let certain = verdict == Verdict::Yes;
        let [opener, accepter] = &self.lanes;
        let midstream = [opener.midstream, accepter.midstream];
        let unconfirmed = (!certain).then(|| Box::new(Unconfirmed::new(midstream)));
        let mut earlier = std::mem::take(&mut side.peer().of(&mut self.lanes).held);
        let mut now = std::mem::take(&mut side.of(&mut self.lanes).held);
        now.extend_from_slice(rest);
        let dissector = (protocol.start)(self.carrier);
        self.state = State::Reading(Box::new(Reading { protocol, dissector, unconfirmed }));
        if certain {
            self.recognised(protocol);
        }
        if !self.is_stream() {
            earlier.clear();
        }
        let trouble = self.data(side.peer(), &earlier, notes);
        trouble.or(self.data(side, &now, notes))
    }

    fn recognised(&mut self, protocol: &'static Protocol) {
        match self.protocol {
            None => self.protocol = Some(protocol),
            Some(_) => self.application = Some(protocol.name),
        }
    }

    /// Gives bytes to the dissector, after those it still waits with; what it waits with then is held.
    fn feed(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Option<Trouble> {
        let stream = self.is_stream();
        if let State::Reading(reading) = &mut self.state
            && let Some(unconfirmed) = &mut reading.unconfirmed
        {
            unconfirmed.keep(side, bytes, stream);
        }
        let lane = side.of(&mut self.lanes);
        if lane.held.is_empty() {
            let (left, trouble) = self.read(side, bytes, notes);
            side.of(&mut self.lanes).held.extend_from_slice(left);
            return trouble;
        }
        lane.held.extend_from_slice(bytes);
        if lane.held.len() < lane.least {
            return None;
        }
        let mut held = std::mem::take(&mut lane.held);
        let (left, trouble) = self.read(side, &held, notes);
        let consumed = held.len().saturating_sub(left.len());
        if matches!(self.state, State::Reading(_)) && side.of(&mut self.lanes).held.is_empty() {
            held.drain(..consumed);
            if held.capacity() > FIRST_MAX && held.len() < held.capacity() / 4 {
                held.shrink_to_fit();
            }
            side.of(&mut self.lanes).held = held;
        }
        trouble
    }

    /// Steps through `bytes` with the dissector; returns the end of them that it waits with.
    fn read<'a>(&mut self, side: Side, bytes: &'a [u8], notes: &mut Notes) -> (&'a [u8], Option<Trouble>) {
        let stream = self.is_stream();
        let mut rest = bytes;
        loop {
            rest = side.of(&mut self.lanes).step_over(rest);
            if rest.is_empty() {
                return (&[], None);
            }
            let State::Reading(reading) = &mut self.state else {
                return (&[], self.data(side, rest, notes));
            };
            let asked = reading.call(self.relay, notes, |dissector, notes| dissector.read(side, rest, notes));
            let step = match asked {
                Ok(step) => step,
                Err(trouble) => return (&[], self.stop(trouble)),
            };
            let lane = side.of(&mut self.lanes);
            let waits = match step {
                Step::More(_) if !stream => false,
                Step::More(least) if least > Step::MORE_MAX => return (&[], self.stop(Trouble::Overrun)),
                Step::More(least) if least <= rest.len() => return (&[], self.stop(Trouble::Stalled)),
                Step::More(least) => {
                    lane.least = least;
                    true
                }
                Step::Skip(0) => return (&[], self.stop(Trouble::Stalled)),
                Step::Skip(count) if stream => {
                    lane.skip = count;
                    false
                }
                Step::Skip(_) | Step::Done | Step::Withdraw => false,
            };
            if let Some(trouble) = self.settle(side, step, notes) {
                return (&[], Some(trouble));
            }
            if waits && matches!(self.state, State::Reading(_)) {
                return (rest, None);
            }
            if !stream || self.is_over() || step == Step::Withdraw {
                return (&[], None);
            }
        }
    }

    /// What follows from a step besides moving on: confirmation, end, withdrawal, handover.
    fn settle(&mut self, side: Side, step: Step, notes: &mut Notes) -> Option<Trouble> {
        let State::Reading(reading) = &mut self.state else { return None };
        let confirmed = reading.confirm(notes);
        let protocol = reading.protocol;
        let certain = reading.unconfirmed.is_none();
        if confirmed {
            self.recognised(protocol);
        }
        if certain && self.application.is_none() && self.known_as.is_none() {
            self.known_as = notes.known_as;
        }
        match step {
            Step::Withdraw => self.withdraw(side, notes),
            _ if notes.handover => self.hand_over(side, notes),
            Step::Done => {
                self.finish();
                None
            }
            Step::More(_) | Step::Skip(_) => None,
        }
    }

    fn finish(&mut self) {
        self.state = State::Over;
        for lane in &mut self.lanes {
            lane.held = Vec::new();
        }
    }

    fn stop(&mut self, trouble: Trouble) -> Option<Trouble> {
        self.finish();
        Some(trouble)
    }

    fn withdraw(&mut self, side: Side, notes: &mut Notes) -> Option<Trouble> {
        let State::Reading(reading) = std::mem::replace(&mut self.state, State::Probing) else { return None };
        self.refused.push(reading.protocol.name);
        if self.refused.len() >= usize::from(WITHDRAWALS_MAX) {
            self.finish();
            return None;
        }
        if self.protocol.is_some_and(|p| std::ptr::eq(p, reading.protocol)) {
            self.protocol = None;
            self.known_as = None;
        }
        for lane in &mut self.lanes {
            *lane = Lane { midstream: true, ..Lane::default() };
        }
        let Unconfirmed { mut first, mut more, midstream, .. } = *reading.unconfirmed?;
        for (lane, midstream) in self.lanes.iter_mut().zip(midstream) {
            lane.midstream = midstream;
        }
        let mut trouble = None;
        for side in [side.peer(), side] {
            let bytes = std::mem::take(side.of(&mut first));
            trouble = trouble.or(self.data(side, &bytes, notes));
            if *side.of(&mut more) && trouble.is_none() {
                trouble = self.gap(side, None, notes);
            }
        }
        trouble
    }

    /// The rest of both directions is another protocol; what was held is probed anew.
    fn hand_over(&mut self, side: Side, notes: &mut Notes) -> Option<Trouble> {
        notes.handover = false;
        self.relay = notes.relay.take().or(self.relay);
        self.handovers = self.handovers.saturating_add(1);
        if self.handovers > HANDOVERS_MAX {
            self.finish();
            return None;
        }
        self.state = State::Probing;
        self.refused.clear();
        let other = side.peer().of(&mut self.lanes);
        let held = std::mem::take(&mut other.held);
        for lane in &mut self.lanes {
            *lane = Lane { skip: lane.skip, ..Lane::default() };
        }
        self.data(side.peer(), &held, notes)
    }
}

impl Unconfirmed {
    fn new(midstream: [bool; 2]) -> Self {
        let notes = Notes::default();
        Self { notes, first: [Vec::new(), Vec::new()], more: [false; 2], midstream }
    }

    /// Keeps the first bytes of a stream, or the latest datagram, for others.
    fn keep(&mut self, side: Side, bytes: &[u8], stream: bool) {
        let first = side.of(&mut self.first);
        if !stream {
            first.clear();
        }
        let room = if stream { FIRST_MAX.saturating_sub(first.len()) } else { bytes.len() };
        let kept = bytes.get(..room).unwrap_or(bytes);
        first.extend_from_slice(kept);
        *side.of(&mut self.more) |= kept.len() < bytes.len();
    }

    fn held(&self) -> usize {
        let said = self.notes.said.len().saturating_add(self.notes.details.len()).saturating_mul(SAID_COST);
        self.first.iter().fold(said, |sum, first| sum.saturating_add(first.capacity()))
    }
}

impl Reading {
    /// Calls the dissector, its notes held while it is unconfirmed, a panic caught, what it says of a relay
    /// left out.
    fn call(
        &mut self,
        relay: Option<Side>,
        notes: &mut Notes,
        ask: impl FnOnce(&mut dyn Dissector, &mut Notes) -> Step,
    ) -> Result<Step, Trouble> {
        let (time, source) = (notes.time, notes.source);
        let notes = match &mut self.unconfirmed {
            Some(unconfirmed) => {
                (unconfirmed.notes.time, unconfirmed.notes.source) = (time, source);
                &mut unconfirmed.notes
            }
            None => notes,
        };
        let dissector = self.dissector.as_mut();
        let before = notes.said.len();
        let step = catch_unwind(AssertUnwindSafe(|| ask(dissector, notes))).map_err(|_| Trouble::Panicked);
        if let Some(relay) = relay {
            let mut at = 0_usize;
            notes.said.retain(|said| {
                at = at.saturating_add(1);
                at <= before || said.who != Who::Side(relay)
            });
        }
        step
    }

    /// When the dissector has just become certain: hands its held notes over.
    fn confirm(&mut self, notes: &mut Notes) -> bool {
        if self.unconfirmed.as_ref().is_none_or(|held| !held.notes.confirmed) {
            return false;
        }
        if let Some(held) = self.unconfirmed.take() {
            notes.absorb(held.notes);
        }
        true
    }
}
