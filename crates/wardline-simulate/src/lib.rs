//! A hospital's traffic with its ground truth, byte by byte or message by message.
//!
//! Comes in: a [`Plan`] (profile, number of devices, seed, start, duration) and attacks. Goes out: from
//! [`Simulation`] Ethernet frames in time order, as a mirror port of the core switch would deliver them; from
//! [`Messages`] what dissectors would have read of the same frames; from both the [`Truth`] about devices, flows
//! and attacks.
//!
//! The bytes are written here from the standards, by writers that share nothing with the dissectors, and are
//! checked with Wireshark, so that the two cannot make the same mistake. The same plan gives the same bytes, and
//! an attack adds frames without changing any other. Packets are generated when they are due: memory depends on
//! the number of devices, not on the duration. Everything is IPv4 without VLAN tags, but for the neighbour
//! discovery of IPv6; encrypted payloads are random bytes; signatures do not verify; an attack changes nothing
//! about what its victims do.

mod attack;
mod calendar;
mod catalogue;
mod fault;
mod flows;
mod habit;
mod hospital;
mod message;
mod packet;
mod plan;
mod queue;
mod rhythm;
mod rng;
mod speech;
mod tcp;
mod truth;
mod wire;

pub use attack::Attack;
pub use fault::Fault;
pub use message::{Event, Message, Messages};
pub use packet::{Packet, pcap_header, pcap_record};
pub use plan::{DEVICES_MAX, DEVICES_MIN, Plan, PlanError, Profile};
pub use truth::{
    AttackFlow, FlowKey, Patient, TrueAttack, TrueDevice, TrueFlow, TrueService, TrueSoftware, Truth,
    Weakness,
};

use attack::Campaign;
use flows::OpenFlows;
use habit::Job;
use hospital::World;
use queue::Queue;
use std::collections::BTreeMap;
use truth::Mark;
use wardline_model::Timestamp;
use wire::{Frame, Queued};

/// Somebody's turn.
#[derive(Debug)]
enum Turn {
    Habit(Job),
    Attack(Campaign),
}

/// A running hospital: an iterator of packets.
#[derive(Debug)]
pub struct Simulation {
    world: World,
    truth: Truth,
    turns: Queue<Turn>,
    packets: Queue<Queued>,
    open: OpenFlows,
}

impl Simulation {
    /// Builds the hospital; no packet is made yet.
    ///
    /// # Errors
    /// When the plan cannot be carried out.
    pub fn new(plan: &Plan) -> Result<Self, PlanError> {
        Self::attacked(plan, &[])
    }

    /// Builds the hospital and those who attack it. Each attack begins at its own minute, whatever others there
    /// are.
    ///
    /// # Errors
    /// When the plan cannot be carried out, or is over before an attack begins.
    pub fn attacked(plan: &Plan, attacks: &[Attack]) -> Result<Self, PlanError> {
        Self::prepare(plan, attacks, false)
    }

    fn prepare(plan: &Plan, attacks: &[Attack], quiet: bool) -> Result<Self, PlanError> {
        let end = plan.end()?;
        if let Some(late) = attacks.iter().find(|attack| attack.begins_after() >= plan.duration_seconds) {
            return Err(PlanError::TooShort(*late));
        }
        let mut world = World::new(plan, quiet);
        let campaigns = attack::campaigns(&mut world, plan, attacks);
        let truth = Truth {
            profile: plan.profile,
            seed: plan.seed,
            start: plan.start,
            end,
            devices: world.devices(),
            distant_routers: world.distant_routers(),
            patients: world.patients.clone(),
            flows: BTreeMap::new(),
            attacks: campaigns.iter().map(|(_, campaign)| campaign.truth(&world)).collect(),
            waiting_max: 0,
            packets: 0,
            bytes: 0,
            retransmitted: 0,
            reordered: 0,
            delivered_twice: 0,
        };
        let first = habit::first_jobs(&world, plan.seed);
        let open = OpenFlows::default();
        let mut this = Self { world, truth, turns: Queue::default(), packets: Queue::default(), open };
        for (time, job) in first {
            this.schedule(time, Turn::Habit(job));
        }
        for (time, campaign) in campaigns {
            this.schedule(time, Turn::Attack(campaign));
        }
        Ok(this)
    }

    /// What is true of the packets taken so far; identities are complete from the start.
    #[must_use]
    pub const fn truth(&self) -> &Truth {
        &self.truth
    }

    /// From now on keeps what is true of conversations that are over, for [`Self::take_flows`]. Whoever asks for
    /// them must take them now and then: they are kept until then.
    pub fn follow_flows(&mut self) {
        self.open.follow();
    }

    /// The conversations that were over since the last call. After the last packet, also those that were not.
    pub fn take_flows(&mut self) -> Vec<TrueFlow> {
        self.open.take()
    }

    fn schedule(&mut self, time: Timestamp, turn: Turn) {
        if time < self.truth.end {
            self.turns.push(time, turn);
        }
    }

    /// Lets everybody speak whose turn comes before the next packet, so that no later one can precede it.
    fn speak(&mut self) {
        while let Some(due) = self.turns.next_time() {
            if self.packets.next_time().is_some_and(|packet| packet < due) {
                return;
            }
            let Some((time, mut turn)) = self.turns.pop() else { return };
            let next = match &mut turn {
                Turn::Habit(job) => habit::run(&mut self.world, job, time.0),
                Turn::Attack(campaign) => attack::run(&mut self.world, campaign, time.0),
            };
            for queued in self.world.take() {
                self.packets.push(queued.time, queued);
            }
            self.truth.waiting_max = self.truth.waiting_max.max(self.packets.len() as u64);
            if let Some(next) = next {
                self.schedule(Timestamp(next), turn);
            }
        }
    }

    /// The next moment at which something passes the mirror or becomes true, with the frame's length.
    fn step(&mut self) -> Option<Queued> {
        self.speak();
        let next = self.packets.pop().map(|(_, queued)| queued).filter(|queued| queued.time < self.truth.end);
        let Some(queued) = next else {
            self.packets.clear();
            self.open.close_all();
            return None;
        };
        let length = match &queued.frame {
            Frame::None => 0,
            Frame::Length(length) => u64::from(*length),
            Frame::Bytes(bytes) => bytes.len() as u64,
        };
        self.truth.packets += u64::from(length > 0);
        self.truth.bytes += length;
        if let (Some(number), true) = (queued.attack, length > 0) {
            let copy = queued.marks.iter().any(|mark| matches!(mark, Mark::DeliveredTwice));
            self.truth.attacked(number, queued.time, queued.step.is_none() && !copy);
        }
        for mark in &queued.marks {
            self.truth.note(mark, queued.time, queued.attack);
        }
        let attack = queued.attack.and_then(|number| self.truth.attacks.get(number)).map(|a| a.attack);
        self.open.note(&queued, self.truth.packets, attack);
        Some(queued)
    }
}

impl Iterator for Simulation {
    type Item = Packet;

    fn next(&mut self) -> Option<Packet> {
        loop {
            let queued = self.step()?;
            if let Frame::Bytes(bytes) = queued.frame {
                return Some(Packet { time: queued.time, bytes });
            }
        }
    }
}
