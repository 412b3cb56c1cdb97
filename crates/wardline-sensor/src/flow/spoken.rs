//! What is told of a flow while it lives: how its ends were seen, and what passed in it, each packet once.

use super::{End, Flow};
use crate::shard::is_over;
use std::net::IpAddr;
use wardline_inventory::{Conversation, HostSeen, Spoken};
use wardline_model::{Endpoint, Timestamp, Transport};
use wardline_wire::flow::{Direction, FlowKey};

/// How long a conversation may wait for its name before it is told as unknown: longer than servers take to answer.
const UNNAMED_WITHIN: i64 = 30 * Timestamp::SECOND;

/// How much of a flow was told, per direction.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Packets of which the sender was told.
    senders: [u64; 2],
    /// Packets and bytes that were told as passed in the conversation.
    passed: [(u64, u64); 2],
    /// Whether the conversation was told at all.
    begun: bool,
}

impl Told {
    pub(super) fn rest_of_sender(&self, direction: Direction, seen: HostSeen) -> Option<HostSeen> {
        rest(*direction.of_ref(&self.senders), seen)
    }

    pub(super) fn rest_of_speaker(&self, direction: Direction, seen: HostSeen) -> Option<HostSeen> {
        let (packets, _) = *direction.of_ref(&self.passed);
        rest(packets, seen)
    }
}

/// What was seen, counted without what was told. Its first packets are told again with it, which changes nothing.
fn rest(told: u64, mut seen: HostSeen) -> Option<HostSeen> {
    seen.seen.count = seen.seen.count.saturating_sub(told);
    (seen.seen.count > 0).then_some(seen)
}

impl Flow {
    /// Whether packets came of whose senders nothing was told.
    pub(crate) fn has_news(&self) -> bool {
        let senders = self.told.as_ref().map_or([0; 2], |told| told.senders);
        self.ends.iter().zip(senders).any(|(end, told)| end.packets > told)
    }

    /// Whether packets came that were not told as passed.
    pub(crate) fn has_passed(&self) -> bool {
        let passed = self.told.as_ref().map_or([(0, 0); 2], |told| told.passed);
        self.ends.iter().zip(passed).any(|(end, (told, _))| end.packets > told)
    }

    /// Whether the conversation has its name, or will hardly get one.
    pub(crate) fn is_named(&self, now: Timestamp) -> bool {
        let looked_into = self.worked && self.work.is_none();
        self.recognised || looked_into || now.since(self.start) > UNNAMED_WITHIN || is_over(self, now)
    }

    /// Notes that its senders were told.
    pub(crate) fn senders_told(&mut self) {
        let packets = self.ends.each_ref().map(|end| end.packets);
        self.told.get_or_insert_default().senders = packets;
    }

    /// Notes that what passed was told.
    pub(crate) fn passed_told(&mut self) {
        let passed = self.ends.each_ref().map(|end| (end.packets, end.bytes));
        let told = self.told.get_or_insert_default();
        (told.passed, told.begun) = (passed, true);
    }

    /// The conversation that the flow is part of, and what passed in it that was not told.
    pub(crate) fn spoken(&self, key: &FlowKey, ended: bool) -> (Conversation, Spoken) {
        let client = self.client();
        let server = client.reverse();
        let ports = matches!(self.transport, Transport::Tcp | Transport::Udp);
        let endpoint = |direction: Direction, port: Option<u16>| Endpoint {
            ip: key.source(direction).map(|(ip, _): (IpAddr, u16)| ip),
            port,
            mac: self.mac(direction).or_else(|| key.source_mac(direction)),
        };
        let answered = server.of_ref(&self.ends).packets > 0;
        let port = key.source(server).map(|(_, port)| port);
        let port = port.filter(|_| ports && (answered || self.recognised));
        let begun = !self.told.as_ref().is_some_and(|told| told.begun);
        let passed = self.told.as_ref().map_or([(0, 0); 2], |told| told.passed);
        let more = |direction: Direction| {
            let (End { packets, bytes, .. }, told) =
                (direction.of_ref(&self.ends), direction.of_ref(&passed));
            (packets.saturating_sub(told.0), bytes.saturating_sub(told.1))
        };
        let ((packets_to_server, bytes_to_server), (packets_to_client, bytes_to_client)) =
            (more(client), more(server));
        let mut vlan = self.vlans().to_vec();
        vlan.sort_unstable();
        let mut details = self.rare.as_ref().map_or_else(Vec::new, |rare| rare.details.clone());
        details.sort_unstable();
        details.dedup();
        let conversation = Conversation {
            client: endpoint(client, None),
            server: endpoint(server, port),
            transport: self.transport,
            protocol: self.protocol_name(),
            encrypted: self.encrypted,
        };
        let spoken = Spoken {
            first: self.start,
            last: self.end,
            begun: u64::from(begun),
            ended: u64::from(ended),
            packets_to_server,
            packets_to_client,
            bytes_to_server,
            bytes_to_client,
            vlan,
            details,
        };
        (conversation, spoken)
    }
}
