//! Going through the flows of a shard while packets still come: what passed is told, what is over ends.

use super::{Desk, Records, Shard, is_over, is_sender};
use crate::flow::Flow;
use wardline_inventory::Host;
use wardline_model::{Timestamp, Transport};
use wardline_wire::flow::{Direction, FlowKey};

/// Silence after which a connection is thought gone although nobody closed it: longer than the two hours after which
/// stacks ask whether the other side is still there (RFC 9293 3.8.4).
const CONNECTION_SILENCE: i64 = 3 * 3_600 * Timestamp::SECOND;
/// The same for what has no connections and no silence of its own.
const OTHER_SILENCE: i64 = 600 * Timestamp::SECOND;

impl Shard {
    /// Tells what passed since the last sweep, and ends what is over at `now`.
    pub(crate) fn sweep(&mut self, now: Timestamp, desk: &mut Desk) {
        let mut over = Vec::new();
        self.flows.each(|slot, key, flow| {
            if is_over(flow, now) || is_silent(flow, now) {
                over.push(slot);
            } else if flow.has_passed() {
                tell(flow, key, now, desk);
            }
        });
        for slot in over {
            self.end(slot, desk);
        }
    }
}

fn is_silent(flow: &Flow, now: Timestamp) -> bool {
    let silence = if flow.transport == Transport::Tcp { CONNECTION_SILENCE } else { OTHER_SILENCE };
    now.since(flow.last()) > silence
}

/// The senders at once; the rest when the conversation has its name.
fn tell(flow: &mut Flow, key: &FlowKey, now: Timestamp, desk: &mut Desk) {
    let mutual = flow.is_mutual();
    if flow.has_news() {
        for direction in [Direction::Up, Direction::Down] {
            let Some(seen) = flow.sender(direction) else { continue };
            if let Some((ip, _)) = key.source(direction).filter(|(ip, _)| is_sender(*ip)) {
                desk.gather.host(Host { ip, mac: flow.mac(direction) }, &seen, mutual);
            }
            if let Some(mac) = flow.mac(direction) {
                desk.gather.station(mac, &seen.seen, mutual);
                flow.domains(&seen.seen).for_each(|domain| desk.gather.domain(mac, domain));
            }
        }
        flow.senders_told();
    }
    if !flow.is_named(now) {
        return;
    }
    if let Some((service, seen)) = flow.service(key) {
        desk.gather.service(service, seen);
    }
    if let Some((exchange, seen)) = flow.exchange(key) {
        desk.gather.exchange(exchange, seen, mutual);
    }
    if let Records::Sums(sums) = &mut desk.records {
        sums.add(flow.spoken(key, false));
    }
    flow.passed_told();
}
