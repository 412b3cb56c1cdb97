//! An interface, or one of the rings that share it.

use super::{Source, Step, count};
use wardline_capture::{Link, Ring, Stretch};
use wardline_inventory::SourceHealth;
use wardline_model::PacketRef;
use wardline_wire::capture::{Batch, LinkType, PacketHead};

/// How long to wait for packets before looking at other things.
const WAIT_MS: u16 = 100;

/// One ring of an interface.
#[derive(Debug)]
pub struct InterfaceSource {
    ring: Ring,
    name: Box<str>,
    file: u32,
    stretch: Stretch,
    /// Number of the next packet, so that rings of one interface draw different ones.
    sequence: u64,
    rings: u64,
    health: SourceHealth,
    problem: Option<Box<str>>,
}

impl InterfaceSource {
    /// The rings of one interface, whose packets have that file number.
    #[must_use]
    pub fn new(name: &str, file: u32, rings: Vec<Ring>) -> Vec<Self> {
        let all = u64::try_from(rings.len()).unwrap_or(1);
        let numbered = rings.into_iter().zip(1_u64..);
        let source = |(ring, sequence)| Self {
            ring,
            name: name.into(),
            file,
            stretch: Stretch::default(),
            sequence,
            rings: all,
            health: SourceHealth::default(),
            problem: None,
        };
        numbered.map(source).collect()
    }

    /// The ring, for its socket.
    #[must_use]
    pub const fn ring(&self) -> &Ring {
        &self.ring
    }
}

impl Source for InterfaceSource {
    fn next(&mut self, into: &mut Batch) -> Step {
        match self.ring.wait(WAIT_MS) {
            Ok(true) => {}
            Ok(false) => {
                self.problem = Some("the interface is down".into());
                return Step::Idle;
            }
            Err(error) => return Step::Failed(error.to_string().into()),
        }
        if !self.ring.next(&mut self.stretch) {
            return Step::Idle;
        }
        self.problem = None;
        into.packets.clear();
        std::mem::swap(&mut into.bytes, &mut self.stretch.bytes);
        let link = match self.ring.link() {
            Link::Ethernet => LinkType::ETHERNET,
            Link::Ip => LinkType::RAW,
        };
        for packet in &self.stretch.packets {
            let place = PacketRef::new(self.file, self.sequence, packet.time);
            self.sequence = self.sequence.saturating_add(self.rings);
            let (original, offset, captured) = (packet.original, packet.offset, packet.captured);
            into.packets.push(PacketHead { place, link, original, offset, captured });
        }
        count(into, &mut self.health);
        if into.packets.is_empty() { Step::Idle } else { Step::Packets }
    }

    fn name(&self, file: u32) -> Option<Box<str>> {
        (file == self.file).then(|| self.name.clone())
    }

    fn health(&mut self) -> (Box<str>, SourceHealth) {
        let mut health = std::mem::take(&mut self.health);
        if let Ok(drops) = self.ring.drops() {
            health.dropped = drops.packets;
            health.full = drops.full;
        }
        health.problem.clone_from(&self.problem);
        (self.name.clone(), health)
    }

    fn cuts(&self) -> bool {
        false
    }
}
