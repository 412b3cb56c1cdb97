//! Conversations under way, counted as their packets are taken.
//!
//! Memory: one entry per open conversation, so it depends on the number of devices. Records of finished ones are
//! kept only for who follows them.

use crate::attack::Attack;
use crate::truth::{Begun, Mark, TrueFlow};
use crate::wire::Queued;
use std::collections::HashMap;
use wardline_model::{FlowRecord, Timestamp};

/// Open conversations by number, and the records of finished ones.
#[derive(Debug, Default)]
pub(crate) struct OpenFlows {
    open: HashMap<u64, TrueFlow>,
    finished: Option<Vec<TrueFlow>>,
}

fn record(begun: &Begun, time: Timestamp) -> FlowRecord {
    FlowRecord {
        start: time,
        end: time,
        client: begun.client,
        server: begun.server,
        transport: begun.transport,
        vlan: Vec::new(),
        protocol: begun.protocol,
        encrypted: begun.encrypted,
        packets_to_server: 0,
        packets_to_client: 0,
        bytes_to_server: 0,
        bytes_to_client: 0,
        details: Vec::new(),
    }
}

impl OpenFlows {
    /// Keeps records from now on.
    pub(crate) fn follow(&mut self) {
        self.finished.get_or_insert_default();
    }

    /// The records kept so far.
    pub(crate) fn take(&mut self) -> Vec<TrueFlow> {
        self.finished.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// A packet was taken: the conversations that it begins, continues and ends.
    pub(crate) fn note(&mut self, queued: &Queued, frame: u64, attack: Option<Attack>) {
        if self.finished.is_none() {
            return;
        }
        for mark in &queued.marks {
            if let Mark::Flow(begun) = mark {
                let record = record(begun, queued.time);
                self.open.insert(begun.flow, TrueFlow { record, first_frame: frame, attack });
            }
        }
        if let Some(step) = queued.step
            && let Some(TrueFlow { record, .. }) = self.open.get_mut(&step.flow)
        {
            record.end = queued.time;
            let (packets, bytes) = if step.to_server {
                (&mut record.packets_to_server, &mut record.bytes_to_server)
            } else {
                (&mut record.packets_to_client, &mut record.bytes_to_client)
            };
            *packets += 1;
            *bytes += u64::from(step.length);
        }
        for mark in &queued.marks {
            if let Mark::FlowOver(flow) = mark {
                let over = self.open.remove(flow);
                if let Some(finished) = &mut self.finished {
                    finished.extend(over);
                }
            }
        }
    }

    /// The capture is over: so are all conversations, as far as it knows.
    pub(crate) fn close_all(&mut self) {
        if let Some(finished) = &mut self.finished {
            let mut rest: Vec<(u64, TrueFlow)> = self.open.drain().collect();
            rest.sort_unstable_by_key(|(flow, open)| (open.record.start, *flow));
            finished.extend(rest.into_iter().map(|(_, open)| open));
        }
    }
}
