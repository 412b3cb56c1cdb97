//! From sightings to devices: devices per second.

use divan::Bencher;
use divan::counter::ItemsCount;
use std::net::{IpAddr, Ipv4Addr};
use wardline_content::Content;
use wardline_inventory::{Host, HostSeen, Knowledge, Sightings, devices};
use wardline_model::{About, Attribute, Fact, Mac, PacketRef, Seen, Statement, Subject, Timestamp};

fn main() {
    divan::main();
}

fn sightings(count: u32) -> Sightings {
    let mut sightings = Sightings::default();
    for number in 0..count {
        let [_, a, b, c] = number.to_be_bytes();
        let mac = Mac([0x00, 0x09, 0xfb, a, b, c]);
        let ip = IpAddr::V4(Ipv4Addr::new(10, a, b, c));
        let packet = PacketRef::new(0, u64::from(number), Timestamp(i64::from(number)));
        let seen = Seen::once(packet);
        sightings.stations.insert(mac, seen.clone());
        let host = HostSeen { seen: seen.clone(), ttl_min: 64, ttl_max: 64 };
        sightings.hosts.insert(Host { ip, mac: Some(mac) }, host);
        let facts = [
            Fact::new(Attribute::Hostname, &format!("monitor-{number}"), 80, "dhcp.hostname"),
            Fact::new(Attribute::DhcpVendorClass, "MSFT 5.0", 60, "dhcp.vendor-class"),
            Fact::new(Attribute::SshBanner, "OpenSSH_8.4p1 Debian-5", 95, "ssh.banner"),
        ];
        for fact in facts.into_iter().flatten() {
            let subject = Subject::Host { ip, mac: Some(mac) };
            let statement = Statement { subject, about: About::Speaker, protocol: "dhcp", facts: vec![fact] };
            sightings.observations.insert(statement, seen.clone());
        }
    }
    sightings
}

#[divan::bench(args = [100, 1_000, 5_000], sample_count = 5)]
fn devices_of_sightings(bencher: Bencher<'_, '_>, count: u32) {
    let sightings = sightings(count);
    let content = Content::embedded().expect("the built-in content is right");
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        let knowledge = Knowledge::new(&content);
        devices(&sightings, &knowledge, 1).devices.len()
    });
}
