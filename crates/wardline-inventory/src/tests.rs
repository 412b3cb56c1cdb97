//! One way to test: a small network said line by line, and the devices that come of it.

mod explain;
mod forward;
mod identity;
mod link;
mod order;
mod people;
mod testimony;
mod values;

use crate::{Domain, Exchange, Host, HostSeen, Inventory, Knowledge, ServiceSeen, Sightings, devices};
use std::net::IpAddr;
use std::sync::LazyLock;
use wardline_content::Content;
use wardline_model::{About, Attribute, Device, Fact, Mac, PacketRef, Seen, Statement, Subject, Timestamp};

fn content() -> &'static Content {
    static CONTENT: LazyLock<Content> = LazyLock::new(|| Content::embedded().unwrap());
    &CONTENT
}

/// A network under construction; every line is one packet, a second after the last.
#[derive(Default)]
struct World {
    seen: Sightings,
    clock: i64,
}

fn mac(text: &str) -> Mac {
    crate::identity::binding::read_mac(text).unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// `10.0.0.1@02:…` or an address alone.
fn host(text: &str) -> Host {
    match text.split_once('@') {
        Some((address, station)) => Host { ip: ip(address), mac: Some(mac(station)) },
        None => Host { ip: ip(text), mac: None },
    }
}

impl World {
    fn packet(&mut self) -> Seen {
        self.clock += 1;
        let frame = u64::try_from(self.clock).unwrap();
        Seen::once(PacketRef::new(0, frame, Timestamp(self.clock * Timestamp::SECOND)))
    }

    /// A frame of that MAC without an address.
    fn frame(&mut self, from: &str) -> &mut Self {
        let seen = self.packet();
        self.station(mac(from), &seen);
        self
    }

    fn station(&mut self, mac: Mac, seen: &Seen) {
        self.seen.stations.entry(mac).and_modify(|s| s.merge(seen)).or_insert_with(|| seen.clone());
    }

    /// A packet of that host with that time to live.
    fn packet_of(&mut self, from: &str, ttl: u8) -> &mut Self {
        let (from, seen) = (host(from), self.packet());
        if let Some(mac) = from.mac {
            self.station(mac, &seen);
        }
        let seen = HostSeen { seen, ttl_min: ttl, ttl_max: ttl };
        self.seen.hosts.entry(from).and_modify(|s| s.merge(&seen)).or_insert(seen);
        self
    }

    fn says(&mut self, from: &str, protocol: &'static str, facts: &[(Attribute, &str)]) -> &mut Self {
        self.packet_of(from, 64);
        let Host { ip, mac } = host(from);
        self.state(Subject::Host { ip, mac }, About::Speaker, protocol, facts)
    }

    /// Data that a host sends says this of the machine that made it.
    fn sends(&mut self, from: &str, protocol: &'static str, facts: &[(Attribute, &str)]) -> &mut Self {
        self.packet_of(from, 64);
        let Host { ip, mac } = host(from);
        self.state(Subject::Host { ip, mac }, About::Equipment, protocol, facts)
    }

    /// Somebody else says this of an address.
    fn hears_of(&mut self, address: &str, protocol: &'static str, facts: &[(Attribute, &str)]) -> &mut Self {
        self.state(Subject::Named(ip(address)), About::Speaker, protocol, facts)
    }

    /// ARP: the station has the address.
    fn arp(&mut self, address: &str, station: &str) -> &mut Self {
        self.frame(station);
        self.state(Subject::Named(ip(address)), About::Speaker, "arp", &[(Attribute::Mac, station)])
    }

    fn state(
        &mut self,
        subject: Subject,
        about: About,
        protocol: &'static str,
        facts: &[(Attribute, &str)],
    ) -> &mut Self {
        let mut facts: Vec<Fact> =
            facts.iter().map(|(a, value)| Fact::new(*a, value, 90, protocol).unwrap()).collect();
        facts.sort();
        let seen = self.packet();
        let statement = Statement { subject, about, protocol, facts };
        self.seen.observations.entry(statement).and_modify(|s| s.merge(&seen)).or_insert(seen);
        self
    }

    /// Frames of the station were seen in that capture and VLAN.
    fn stands(&mut self, station: &str, file: u32, vlan: u16) -> &mut Self {
        self.seen.domains.insert((mac(station), Domain { file, vlan }), ());
        self.frame(station)
    }

    fn serves(&mut self, server: &str, port: u16, protocol: &'static str) -> &mut Self {
        let service =
            ServiceSeen { server: host(server), transport: "tcp", port, protocol, encrypted: false };
        let seen = self.packet();
        self.seen.services.insert(service, seen);
        self
    }

    fn asks(&mut self, client: &str, server: &str, protocol: &'static str) -> &mut Self {
        let exchange = Exchange { client: host(client), server: host(server), protocol };
        let seen = self.packet();
        self.seen.exchanges.insert(exchange, seen);
        self
    }

    fn inventory(&self) -> Inventory {
        devices(&self.seen, &Knowledge::new(content()), 1)
    }

    /// The devices in one line each: MACs, addresses, names, sorted.
    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.inventory().devices.iter().map(line).collect();
        lines.sort();
        lines
    }
}

impl World {
    /// The device of which a name, an address, a MAC or a serial number is this.
    fn device(&self, word: &str) -> Device {
        let mut found = self.inventory().devices;
        found.retain(|device| line(device).split(' ').any(|w| w == word));
        assert_eq!(found.len(), 1, "{word} in {:#?}", self.lines());
        found.remove(0)
    }
}

fn line(device: &Device) -> String {
    let macs = device.macs.iter().map(Mac::to_string);
    let ips = device.ips.iter().map(IpAddr::to_string);
    let words = [&device.vendor, &device.model, &device.serial].into_iter().flatten().cloned();
    let names = device.hostnames.iter().chain(&device.ae_titles).cloned();
    macs.chain(ips).chain(names).chain(words).collect::<Vec<_>>().join(" ")
}

fn check(world: &World, expected: &[&str]) {
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(world.lines(), expected);
}
