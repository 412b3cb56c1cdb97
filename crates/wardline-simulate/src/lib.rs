//! A hospital's traffic with its ground truth, byte by byte.
//!
//! Comes in: a [`Plan`] (profile, number of devices, seed, start, duration). Goes out: Ethernet frames in time
//! order, as a mirror port of the core switch would deliver them, and the [`Truth`] about every device.
//!
//! The bytes are written here from the standards, by writers that share nothing with the dissectors, and are
//! checked with Wireshark, so that the two cannot make the same mistake. The same plan gives the same bytes.
//! Packets are generated when they are due: memory depends on the number of devices, not on the duration.
//! Everything is IPv4 without VLAN tags, but for the neighbour discovery of IPv6; encrypted payloads are random bytes; signatures do not verify.

mod calendar;
mod catalogue;
mod habit;
mod hospital;
mod packet;
mod plan;
mod rng;
mod speech;
mod tcp;
mod truth;
mod wire;

pub use packet::{Packet, pcap_header, pcap_record};
pub use plan::{DEVICES_MAX, DEVICES_MIN, Plan, PlanError, Profile};
pub use truth::{FlowKey, Patient, TrueDevice, TrueService, Truth, Weakness};

use habit::Job;
use hospital::World;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use wardline_model::Timestamp;
use wire::Queued;

/// Something due at a time; `order` keeps what is due together in the order of its making.
#[derive(Debug)]
struct Due<T> {
    time: Timestamp,
    order: u64,
    what: T,
}

impl<T> PartialEq for Due<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.time, self.order) == (other.time, other.order)
    }
}

impl<T> Eq for Due<T> {}

impl<T> PartialOrd for Due<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Due<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.time, self.order).cmp(&(other.time, other.order))
    }
}

/// A running hospital: an iterator of packets.
#[derive(Debug)]
pub struct Simulation {
    world: World,
    truth: Truth,
    jobs: BinaryHeap<Reverse<Due<Job>>>,
    packets: BinaryHeap<Reverse<Due<Queued>>>,
    order: u64,
}

impl Simulation {
    /// Builds the hospital; no packet is made yet.
    ///
    /// # Errors
    /// When the plan cannot be carried out.
    pub fn new(plan: &Plan) -> Result<Self, PlanError> {
        let end = plan.end()?;
        let mut world = World::new(plan);
        let truth = Truth {
            profile: plan.profile,
            seed: plan.seed,
            start: plan.start,
            end,
            devices: world.devices(),
            distant_routers: world.distant_routers(),
            patients: world.patients.clone(),
            flows: BTreeMap::new(),
            packets: 0,
            bytes: 0,
            retransmitted: 0,
            reordered: 0,
            delivered_twice: 0,
        };
        let first = habit::first_jobs(&mut world);
        let mut this = Self { world, truth, jobs: BinaryHeap::new(), packets: BinaryHeap::new(), order: 0 };
        for (time, job) in first {
            this.schedule(time, job);
        }
        Ok(this)
    }

    /// What is true of the packets taken so far; identities are complete from the start.
    #[must_use]
    pub const fn truth(&self) -> &Truth {
        &self.truth
    }

    fn schedule(&mut self, time: Timestamp, job: Job) {
        if time < self.truth.end {
            self.order += 1;
            self.jobs.push(Reverse(Due { time, order: self.order, what: job }));
        }
    }

    /// Lets every job due before the next packet speak, so that no later one can precede it.
    fn speak(&mut self) {
        while let Some(Reverse(job)) = self.jobs.peek() {
            let waits = self.packets.peek().is_some_and(|Reverse(packet)| packet.time < job.time);
            if waits {
                return;
            }
            let Some(Reverse(Due { time, what: mut job, .. })) = self.jobs.pop() else { return };
            let next = habit::run(&mut self.world, &mut job, time.0);
            for queued in self.world.wire.take() {
                self.order += 1;
                self.packets.push(Reverse(Due { time: queued.time, order: self.order, what: queued }));
            }
            if let Some(next) = next {
                self.schedule(Timestamp(next), job);
            }
        }
    }
}

impl Iterator for Simulation {
    type Item = Packet;

    fn next(&mut self) -> Option<Packet> {
        self.speak();
        let Reverse(Due { what: queued, .. }) = self.packets.pop()?;
        if queued.time >= self.truth.end {
            self.packets.clear();
            return None;
        }
        self.truth.packets += 1;
        self.truth.bytes += queued.bytes.len() as u64;
        for mark in queued.marks {
            self.truth.note(mark);
        }
        Some(Packet { time: queued.time, bytes: queued.bytes })
    }
}
