//! Both ends of a TCP connection (RFC 9293, RFC 7323): handshake, sequence numbers, acknowledgements, closing.
//!
//! Comes in: what each side says. Goes out: segments of at most the agreed size, in time order, with the options
//! that the two stacks would agree on; a seeded few are retransmitted or overtake each other. The peers never
//! stall, so there is no window arithmetic: windows stay open.

use crate::fault::Fault;
use crate::packet::Segment;
use crate::truth::Mark;
use crate::wire::{Stack, Station, Wire};
use wardline_model::Transport;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

/// Segments in a thousand that are lost behind the mirror and sent again.
const RETRANSMITTED_PER_MILLE: u64 = 2;
/// The same behind a bad cable.
const RETRANSMITTED_BY_FAULT_PER_MILLE: u64 = 120;
/// Segments in a thousand that overtake their predecessor.
const REORDERED_PER_MILLE: u64 = 3;
/// Longest time a receiver keeps an acknowledgement back.
const DELAYED_ACK_NANOS: i64 = 40_000_000;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Client = 0,
    Server = 1,
}

#[derive(Clone, Copy, Debug)]
struct End {
    station: Station,
    port: u16,
    /// Next sequence number.
    next: u32,
}

/// What a connection carries, for the truth.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Carries {
    pub(crate) protocol: &'static str,
    pub(crate) encrypted: bool,
}

/// A connection; kept between messages when it is long-lived.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    ends: [End; 2],
    /// When the last segment passed.
    pub(crate) now: i64,
    /// Time for an answer of the peer's stack.
    delay: i64,
    stamps: bool,
    payload_max: usize,
    /// Segments that the receiver has not acknowledged yet, and who sent them.
    unacknowledged: (usize, u8),
    /// Its number.
    pub(crate) flow: u64,
    protocol: &'static str,
}

impl Connection {
    /// A connection that was there before the capture began.
    pub(crate) fn resumed(
        wire: &mut Wire,
        at: i64,
        client: &Station,
        server: (&Station, u16),
        carries: Carries,
    ) -> Self {
        let port = wire.ephemeral_port(client);
        let ends = [
            End { station: *client, port, next: wire.rng.next() as u32 },
            End { station: *server.0, port: server.1, next: wire.rng.next() as u32 },
        ];
        let stamps = client.stack == Stack::Linux && server.0.stack == Stack::Linux;
        let delay = wire.rng.range(90_000, 450_000);
        let Carries { protocol, encrypted } = carries;
        let ports = (port, server.1);
        let flow = wire.conversation((client, server.0), Transport::Tcp, ports, (protocol, encrypted));
        let payload_max = if stamps { 1448 } else { 1460 };
        Self { ends, now: at, delay, stamps, payload_max, unacknowledged: (0, 0), flow, protocol }
    }

    /// A connection with its handshake.
    pub(crate) fn open(
        wire: &mut Wire,
        at: i64,
        client: &Station,
        server: (&Station, u16),
        carries: Carries,
    ) -> Self {
        let mut this = Self::knock(wire, at, client, server, carries);
        let (first, second) = (client.stack, server.0.stack);
        this.now += this.delay;
        let answer = syn_options(second, first, this.stamp(1));
        this.segment(wire, 1, SYN | ACK, 1, &answer, &[]);
        this.now += this.delay;
        this.plain(wire, 0, ACK, &[]);
        this
    }

    /// A client's first segment, whatever comes of it.
    pub(crate) fn knock(
        wire: &mut Wire,
        at: i64,
        client: &Station,
        server: (&Station, u16),
        carries: Carries,
    ) -> Self {
        let mut this = Self::resumed(wire, at, client, server, carries);
        let offer = syn_options(client.stack, client.stack, (this.stamp(0).0, 0));
        this.segment(wire, 0, SYN, 0, &offer, &[]);
        this
    }

    /// The client's first segment once more: nobody answered.
    pub(crate) fn knock_again(&mut self, wire: &mut Wire) {
        self.ends[0].next = self.ends[0].next.wrapping_sub(1);
        let stack = self.ends[0].station.stack;
        let offer = syn_options(stack, stack, (self.stamp(0).0, 0));
        wire.mark(Mark::Retransmitted);
        self.segment(wire, 0, SYN, 0, &offer, &[]);
    }

    /// The server has nothing there.
    pub(crate) fn refuse(&mut self, wire: &mut Wire) {
        self.now += self.delay;
        self.ends[1].next = 0;
        wire.mark(Mark::FlowOver(self.flow));
        self.segment(wire, 1, RST | ACK, 1, &[], &[]);
    }

    /// The server would talk, the client only wanted to know.
    pub(crate) fn answer_and_drop(&mut self, wire: &mut Wire) {
        let (first, second) = (self.ends[0].station.stack, self.ends[1].station.stack);
        self.now += self.delay;
        let answer = syn_options(second, first, self.stamp(1));
        self.segment(wire, 1, SYN | ACK, 1, &answer, &[]);
        self.now += self.delay;
        wire.mark(Mark::FlowOver(self.flow));
        self.segment(wire, 0, RST, 0, &[], &[]);
    }

    /// Value and echo of a timestamp option sent by this end.
    fn stamp(&self, from: usize) -> (u32, u32) {
        let clock = |end: &End, at: i64| {
            ((at / 1_000_000) as u32).wrapping_add(end.station.index.wrapping_mul(0x9e37_79b1))
        };
        (clock(&self.ends[from], self.now), clock(&self.ends[1 - from], self.now - self.delay))
    }

    /// One segment of this end; the sequence number moves on.
    fn segment(
        &mut self,
        wire: &mut Wire,
        from: usize,
        flags: u8,
        acknowledges: u32,
        options: &[u8],
        payload: &[u8],
    ) {
        let (own, peer) = (self.ends[from], self.ends[1 - from]);
        let window = match own.station.stack {
            Stack::Embedded => 5840,
            Stack::Linux | Stack::Windows10 if flags & SYN != 0 => 64_240,
            Stack::Windows7 if flags & SYN != 0 => 8192,
            Stack::Linux => 502,
            Stack::Windows10 | Stack::Windows7 => 513,
            Stack::WindowsXp => 65_535,
        };
        let segment = Segment {
            from: (own.station.ip, own.port),
            to: (peer.station.ip, peer.port),
            sequence: own.next,
            acknowledged: if acknowledges == 0 { 0 } else { peer.next },
            flags,
            window,
            options,
            payload,
        };
        wire.tcp(self.now, (&own.station, &peer.station), (self.flow, from == 0), &segment);
        let extra = u32::from(flags & (SYN | FIN) != 0);
        self.ends[from].next = own.next.wrapping_add(payload.len() as u32 + extra);
    }

    /// A segment after the handshake.
    fn plain(&mut self, wire: &mut Wire, from: usize, flags: u8, payload: &[u8]) {
        let mut options = Vec::new();
        if self.stamps && flags & RST == 0 {
            let (value, echo) = self.stamp(from);
            options.extend_from_slice(&[1, 1, 8, 10]);
            options.extend_from_slice(&value.to_be_bytes());
            options.extend_from_slice(&echo.to_be_bytes());
        }
        self.segment(wire, from, flags, 1, &options, payload);
    }

    /// The receiver acknowledges what it kept back.
    fn acknowledge(&mut self, wire: &mut Wire) {
        let (sender, count) = self.unacknowledged;
        if count > 0 {
            self.plain(wire, 1 - sender, ACK, &[]);
            self.unacknowledged = (0, 0);
        }
    }

    /// Nothing happens for a while.
    pub(crate) fn wait(&mut self, wire: &mut Wire, nanos: i64) {
        let until = self.now + nanos;
        wire.speak(self.protocol);
        if nanos > DELAYED_ACK_NANOS {
            self.now += DELAYED_ACK_NANOS;
            self.acknowledge(wire);
        }
        self.now = until;
    }

    /// Waits until a moment, if it still lies ahead.
    pub(crate) fn wait_until(&mut self, wire: &mut Wire, at: i64) {
        wire.speak(self.protocol);
        if at > self.now {
            self.wait(wire, at - self.now);
        }
    }

    pub(crate) fn client_says(&mut self, wire: &mut Wire, data: &[u8]) {
        self.says(wire, Side::Client, data);
    }

    pub(crate) fn server_says(&mut self, wire: &mut Wire, data: &[u8]) {
        self.says(wire, Side::Server, data);
    }

    /// One side sends data, in as many segments as it takes.
    pub(crate) fn says(&mut self, wire: &mut Wire, side: Side, data: &[u8]) {
        let from = side as usize;
        self.now += self.delay + wire.rng.range(20_000, 400_000);
        if self.unacknowledged.0 != from {
            self.unacknowledged = (from, 0);
        }
        let pieces: Vec<&[u8]> = data.chunks(self.payload_max).collect();
        let lossy = self.ends.iter().any(|end| end.station.fault == Some(Fault::Retransmitting));
        let lost = if lossy { RETRANSMITTED_BY_FAULT_PER_MILLE } else { RETRANSMITTED_PER_MILLE };
        let mut index = 0;
        while index < pieces.len() {
            let last = index + 1 == pieces.len();
            let push = if last { PSH } else { 0 };
            if index + 2 < pieces.len() && wire.rng.per_mille(REORDERED_PER_MILLE) {
                self.overtaken(wire, from, pieces[index], pieces[index + 1]);
                index += 2;
                self.unacknowledged = (from, 2);
            } else {
                let sequence = self.ends[from].next;
                self.plain(wire, from, ACK | push, pieces[index]);
                if wire.rng.per_mille(lost) {
                    self.now += wire.rng.range(200_000_000, 320_000_000);
                    self.ends[from].next = sequence;
                    wire.mark(Mark::Retransmitted);
                    self.plain(wire, from, ACK | push, pieces[index]);
                }
                index += 1;
                self.unacknowledged = (from, self.unacknowledged.1 + 1);
            }
            if self.unacknowledged.1 >= 2 {
                self.now += self.delay / 2;
                self.acknowledge(wire);
            }
            self.now += wire.rng.range(4_000, 30_000);
        }
    }

    /// Two segments of which the second arrives first.
    fn overtaken(&mut self, wire: &mut Wire, from: usize, first: &[u8], second: &[u8]) {
        let start = self.ends[from].next;
        self.ends[from].next = start.wrapping_add(first.len() as u32);
        wire.mark(Mark::Reordered);
        self.plain(wire, from, ACK, second);
        let end = self.ends[from].next;
        self.now += wire.rng.range(4_000, 60_000);
        self.ends[from].next = start;
        self.plain(wire, from, ACK, first);
        self.ends[from].next = end;
    }

    /// One side closes, the other follows.
    pub(crate) fn close(&mut self, wire: &mut Wire, side: Side) {
        let from = side as usize;
        self.now += self.delay + wire.rng.range(50_000, 900_000);
        if self.unacknowledged.0 != from {
            self.unacknowledged = (from, 0);
        }
        self.plain(wire, from, FIN | ACK, &[]);
        self.now += self.delay;
        self.plain(wire, 1 - from, ACK, &[]);
        self.now += wire.rng.range(40_000, 500_000);
        self.plain(wire, 1 - from, FIN | ACK, &[]);
        self.now += self.delay;
        wire.mark(Mark::FlowOver(self.flow));
        self.plain(wire, from, ACK, &[]);
        self.unacknowledged = (0, 0);
    }

    /// One side gives up.
    pub(crate) fn reset(&mut self, wire: &mut Wire, side: Side) {
        self.now += self.delay;
        wire.mark(Mark::FlowOver(self.flow));
        self.plain(wire, side as usize, RST | ACK, &[]);
        self.unacknowledged = (0, 0);
    }
}

/// Options of a SYN, or of a SYN-ACK that may only repeat what the client offered.
fn syn_options(own: Stack, offered_by: Stack, stamp: (u32, u32)) -> Vec<u8> {
    let scales = |stack: Stack| !matches!(stack, Stack::Embedded | Stack::WindowsXp);
    let mut out = vec![2, 4, 0x05, 0xb4];
    let selective = own != Stack::Embedded && offered_by != Stack::Embedded;
    if own == Stack::Linux && offered_by == Stack::Linux {
        out.extend_from_slice(&[4, 2, 8, 10]);
        out.extend_from_slice(&stamp.0.to_be_bytes());
        out.extend_from_slice(&stamp.1.to_be_bytes());
        out.extend_from_slice(&[1, 3, 3, 7]);
        return out;
    }
    if scales(own) && scales(offered_by) {
        out.extend_from_slice(&[1, 3, 3, if own == Stack::Linux { 7 } else { 8 }]);
    }
    if selective {
        out.extend_from_slice(&[1, 1, 4, 2]);
    }
    out
}
