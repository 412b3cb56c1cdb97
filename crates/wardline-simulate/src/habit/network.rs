//! Addresses, names, time and the network's own talk.

use super::{Job, SECOND, about, busy, life, rhythm_of};
use crate::catalogue::{Area, Part};
use crate::hospital::{DOMAIN, FACILITY, Host, World};
use crate::packet::{self, BROADCAST};
use crate::speech::{cdp, dhcp, dns, lldp, ntp, snmp};
use crate::truth::{Mark, Weakness};
use crate::wire::{Datagram, Stack, Station};
use std::net::{Ipv4Addr, Ipv6Addr};
use wardline_model::{Attribute, Mac};

/// 224.0.0.251 and its MAC (RFC 6762, RFC 1112).
const MDNS_GROUP: (Mac, Ipv4Addr, u8) =
    (Mac([0x01, 0x00, 0x5e, 0x00, 0x00, 0xfb]), Ipv4Addr::new(224, 0, 0, 251), 255);
/// ff02::2 and its MAC (RFC 4291, RFC 2464).
const ALL_ROUTERS: (Mac, Ipv6Addr) =
    (Mac([0x33, 0x33, 0, 0, 0, 2]), Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2));
/// Nearest bridge (IEEE 802.1AB).
const LLDP_GROUP: Mac = Mac([0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e]);
const CDP_GROUP: Mac = Mac([0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc]);

/// Sends a question and its answer between two stations.
pub(super) fn ask(
    world: &mut World,
    at: i64,
    ends: (&Station, &Station),
    ports: (u16, u16),
    texts: (&[u8], &[u8]),
) {
    let (client, server) = ends;
    let (client_port, server_port) = ports;
    world.wire.udp(
        at,
        &Datagram {
            from: client,
            from_port: client_port,
            to: server,
            to_port: server_port,
            payload: texts.0,
        },
    );
    let later = at + world.wire.rng.range(200_000, 3_000_000);
    world.wire.flow_over();
    world.wire.udp(
        later,
        &Datagram {
            from: server,
            from_port: server_port,
            to: client,
            to_port: client_port,
            payload: texts.1,
        },
    );
}

/// Asks for the router, at times for a neighbour.
pub(super) fn arp(world: &mut World, host: u32, now: i64) -> Option<i64> {
    let own = world.station(host);
    if own.behind.is_some() {
        return None;
    }
    if world.host(host).model.part != Part::Router {
        let gateway = (world.wire.core, own.gateway());
        world.wire.arp(now, &own, gateway);
    }
    if world.wire.rng.per_mille(300) {
        let other = world.wire.rng.below(world.hosts.len() as u64) as u32;
        let other = world.station(other);
        if other.index != host && other.is_beside(&own) && world.is_present(other.index, now) {
            world.wire.mark(Mark::Speaks(other.index, "arp"));
            world.wire.arp(now + 5_000_000, &own, (other.mac, other.ip));
        }
    }
    Some(about(world, now, 420))
}

/// A system makes itself an IPv6 address, asks for routers that do not answer, and at times for a neighbour.
pub(super) fn neighbours(world: &mut World, job: &Job, now: i64) -> Option<i64> {
    use packet::neighbour::{ADVERTISEMENT, ROUTER_SOLICITATION, SOLICITATION};
    let own = world.host(job.host).clone();
    let (mac, address) = (own.station.mac, own.link_local?);
    let frame = |world: &mut World, at: i64, to: Mac, from: Mac, body: &[u8]| {
        world.wire.frame(at, packet::ethernet(to, from, 0x86dd, body));
    };
    world.wire.mark(Mark::Speaks(job.host, "icmpv6"));
    if job.turn == 0 {
        let (group_mac, group) = packet::solicited_node(address);
        let ends = (Ipv6Addr::UNSPECIFIED, group);
        frame(world, now, group_mac, mac, &packet::icmpv6(ends, SOLICITATION, 0, Some(address), None));
        let ends = (address, ALL_ROUTERS.1);
        let question = packet::icmpv6(ends, ROUTER_SOLICITATION, 0, None, Some(mac));
        frame(world, now + SECOND, ALL_ROUTERS.0, mac, &question);
        return Some(about(world, now, 600));
    }
    let other = world.wire.rng.below(world.hosts.len() as u64) as u32;
    let other = world.host(other).clone();
    if let Some(wanted) = other.link_local
        && other.station.index != job.host
        && other.station.is_beside(&own.station)
        && world.is_present(other.station.index, now)
    {
        let (group_mac, group) = packet::solicited_node(wanted);
        let question = packet::icmpv6((address, group), SOLICITATION, 0, Some(wanted), Some(mac));
        frame(world, now, group_mac, mac, &question);
        let peer = other.station.mac;
        world.wire.mark(Mark::Speaks(other.station.index, "icmpv6"));
        // Solicited, override.
        let answer = packet::icmpv6((wanted, address), ADVERTISEMENT, 0x6000_0000, Some(wanted), Some(peer));
        frame(world, now + 400_000, mac, peer, &answer);
    }
    Some(about(world, now, 300))
}

/// How a device's stack asks for an address.
pub(crate) fn manner(host: &Host) -> dhcp::Manner {
    let model = host.model;
    match model.stack {
        Stack::Windows10 => dhcp::WINDOWS_10,
        Stack::Windows7 | Stack::WindowsXp => dhcp::WINDOWS_7,
        Stack::Linux if model.part == Part::Handheld => dhcp::ANDROID,
        Stack::Embedded if model.vendor == Some("HP") => dhcp::PRINTER,
        Stack::Linux | Stack::Embedded => dhcp::UDHCP,
    }
}

/// A lease by broadcast through the core router's relay at first, renewals straight to the server afterwards.
pub(super) fn dhcp(world: &mut World, job: &Job, now: i64) -> Option<i64> {
    let client = world.station(job.host);
    let server = world.station(world.peer(Part::Domain, job.host)?);
    let host = world.host(job.host).clone();
    let mut message = dhcp::Message {
        kind: dhcp::DISCOVER,
        transaction: world.wire.rng.next() as u32,
        client: client.mac,
        hostname: &host.hostname,
        manner: manner(&host),
        holds: None,
        address: client.ip,
        server: server.ip,
        router: client.gateway(),
        relay: None,
    };
    world.wire.told(job.host, &[Attribute::Hostname]);
    if job.turn > 0 || client.behind.is_some() {
        return renewal(world, job, message, (&client, &server), now);
    }
    let relay = Station { ip: client.gateway(), mac: world.wire.core, behind: None, ..world.station(0) };
    let circuit = format!("{}-Gi1/0/{}", host.model.area.unit(), 1 + job.host % 48);
    let mut at = now;
    world.wire.mark(Mark::Speaks(job.host, "dhcp"));
    for (question, answer) in [(dhcp::DISCOVER, dhcp::OFFER), (dhcp::REQUEST, dhcp::ACKNOWLEDGE)] {
        message.kind = question;
        message.relay = None;
        let body = packet::udp((Ipv4Addr::UNSPECIFIED, 68), (Ipv4Addr::BROADCAST, 67), &message.bytes());
        let ip = packet::Ip {
            from: Ipv4Addr::UNSPECIFIED,
            to: Ipv4Addr::BROADCAST,
            protocol: 17,
            ttl: client.stack.ttl(),
            id: (message.transaction >> 16) as u16,
            dont_fragment: false,
        };
        world.wire.frame(at, packet::ethernet(BROADCAST, client.mac, 0x0800, &packet::ipv4(ip, &body)));
        message.relay = Some((relay.ip, &circuit));
        let relayed = message.bytes();
        message.kind = answer;
        let answered = message.bytes();
        if question == dhcp::DISCOVER {
            world.wire.flow(&relay, &server, (67, 67), "dhcp");
        }
        ask(world, at + 300_000, (&relay, &server), (67, 67), (&relayed, &answered));
        message.relay = None;
        let delivered = message.bytes();
        at += world.wire.rng.range(4_000_000, 9_000_000);
        world.wire.udp(
            at,
            &Datagram { from: &relay, from_port: 67, to: &client, to_port: 68, payload: &delivered },
        );
        at += world.wire.rng.range(400_000, 20_000_000);
    }
    // The new owner announces its address (RFC 5227).
    let announcement = packet::arp(1, (client.mac, client.ip), (Mac::default(), client.ip));
    world.wire.frame(at, packet::ethernet(BROADCAST, client.mac, 0x0806, &announcement));
    Some(about(world, now, 2400))
}

/// Asks the server that gave the address, which now and then refuses.
fn renewal(
    world: &mut World,
    job: &Job,
    mut message: dhcp::Message<'_>,
    ends: (&Station, &Station),
    now: i64,
) -> Option<i64> {
    message.kind = dhcp::REQUEST;
    message.holds = Some(ends.0.ip);
    let question = message.bytes();
    let refused = job.turn > 0 && life::refused_renewal(world, job.host, now);
    message.kind = if refused { dhcp::REFUSE } else { dhcp::ACKNOWLEDGE };
    message.holds = message.holds.filter(|_| !refused);
    let answer = message.bytes();
    world.wire.flow(ends.0, ends.1, (68, 67), "dhcp");
    ask(world, now, ends, (68, 67), (&question, &answer));
    // Who was refused asks anew.
    Some(if refused { now + 2 * SECOND } else { about(world, now, 2400) })
}

/// Looks up a server, a name that does not exist, or its domain's controller.
pub(super) fn names(world: &mut World, host: u32, now: i64) -> Option<i64> {
    let client = world.station(host);
    let server = world.station(world.peer(Part::Domain, host)?);
    let id = world.wire.rng.next() as u16;
    let parts = [Part::Record, Part::Files, Part::Archive, Part::Domain];
    let part = *world.wire.rng.pick(&parts);
    let wanted = world.peer(part, host)?;
    let (target, target_ip) = (world.host(wanted).hostname.to_lowercase(), world.station(wanted).ip);
    let draw = world.wire.rng.below(10);
    let (question, answer) = if draw == 0 {
        let name = format!("wpad.{DOMAIN}");
        (dns::query(id, &name, dns::A), dns::answer(id, &name, dns::A, None))
    } else if draw < 3 {
        let name = format!("_ldap._tcp.dc._msdcs.{DOMAIN}");
        let mut data = vec![0, 0, 0, 100];
        data.extend_from_slice(&389_u16.to_be_bytes());
        data.extend_from_slice(&dns::name(&format!("dc01.{DOMAIN}")));
        (dns::query(id, &name, dns::SRV), dns::answer(id, &name, dns::SRV, Some(&data)))
    } else {
        let name = format!("{target}.{DOMAIN}");
        (dns::query(id, &name, dns::A), dns::answer(id, &name, dns::A, Some(&target_ip.octets())))
    };
    let port = world.wire.ephemeral_port(&client);
    world.wire.flow(&client, &server, (port, 53), "dns");
    if draw >= 3 {
        world.wire.named(wanted);
    }
    ask(world, now, (&client, &server), (port, 53), (&question, &answer));
    let rhythm = rhythm_of(world.host(host).model);
    Some(busy(world, now, 150, rhythm))
}

/// Registers its name by broadcast at first, then asks for others.
pub(super) fn netbios(world: &mut World, host: u32, now: i64) -> Option<i64> {
    let own = world.station(host);
    if own.behind.is_some() {
        return None;
    }
    let name = world.host(host).hostname.clone();
    let id = world.wire.rng.next() as u16;
    let group = (BROADCAST, own.network_broadcast(), own.stack.ttl());
    world.wire.mark(Mark::Speaks(host, "nbns"));
    if world.wire.rng.per_mille(500) {
        world.wire.told(host, &[Attribute::Hostname]);
        let names = [(name.as_str(), 0x00, false), (FACILITY, 0x00, true), (name.as_str(), 0x20, false)];
        for (place, (name, suffix, group_name)) in names.into_iter().enumerate() {
            let payload =
                dns::netbios_registration(id.wrapping_add(place as u16), name, suffix, group_name, own.ip);
            world.wire.udp_group(now + place as i64 * 2_000_000, &own, (137, 137), group, &payload);
        }
    } else {
        let payload = dns::netbios_query(id, FACILITY, 0x1c);
        world.wire.udp_group(now, &own, (137, 137), group, &payload);
    }
    Some(about(world, now, 600))
}

/// Printers announce their service; workstations ask for a printer.
pub(super) fn mdns(world: &mut World, host: u32, now: i64) -> Option<i64> {
    let own = world.host(host).clone();
    let station = own.station;
    if station.behind.is_some() {
        return None;
    }
    world.wire.mark(Mark::Speaks(host, "mdns"));
    let payload = if own.model.roles.contains(&wardline_model::Role::Printer) {
        let product = format!("{} {}", own.vendor(), own.model_name());
        let label = own.model.part == Part::LabelPrinter;
        let text = [
            "txtvers=1".to_owned(),
            format!("ty={product}"),
            format!("usb_MFG={}", own.vendor()),
            format!("usb_MDL={}", own.model_name()),
        ];
        world.wire.told(host, &[Attribute::Hostname, Attribute::Vendor, Attribute::Model]);
        dns::announcement(&dns::Announced {
            service: if label { "_pdl-datastream._tcp" } else { "_ipp._tcp" },
            instance: &format!("{product} [{}]", own.hostname),
            host: &own.hostname,
            ip: station.ip,
            port: if label { 9100 } else { 631 },
            text: &text,
        })
    } else {
        dns::local_query(&own.hostname)
    };
    world.wire.udp_group(now, &station, (5353, 5353), MDNS_GROUP, &payload);
    Some(about(world, now, 700))
}

/// Asks the domain controller for the time; the controller itself asks the router.
pub(super) fn ntp(world: &mut World, host: u32, now: i64) -> Option<i64> {
    let client = world.station(host);
    let part = if world.host(host).model.part == Part::Domain { Part::Router } else { Part::Domain };
    let server = world.station(world.peer(part, host)?);
    let version = if client.stack == Stack::Linux { 4 } else { 3 };
    let port = if client.stack == Stack::Linux { world.wire.ephemeral_port(&client) } else { 123 };
    world.wire.flow(&client, &server, (port, 123), "ntp");
    let texts = (ntp::request(version, now), ntp::response(version, now, now + 150_000));
    ask(world, now, (&client, &server), (port, 123), (&texts.0, &texts.1));
    Some(about(world, now, 256))
}

/// A switch or router advertises itself on the port to the core.
pub(super) fn lldp(world: &mut World, host: u32, now: i64) -> Option<i64> {
    let own = world.host(host).clone();
    let (software, version) = own.software();
    let full = format!("{}.{DOMAIN}", own.hostname);
    let payload = lldp::advertisement(&lldp::Neighbour {
        mac: own.station.mac,
        ip: own.station.ip,
        port: "TenGigabitEthernet1/0/1",
        name: &full,
        description: own.model.agent.map_or(software, |agent| agent.description),
        router: own.model.part == Part::Router,
        inventory: [own.vendor(), own.model_name(), &own.serial, version],
    });
    world.wire.mark(Mark::Speaks(host, "lldp"));
    let told =
        [Attribute::Hostname, Attribute::Vendor, Attribute::Model, Attribute::Serial, Attribute::Software];
    world.wire.told(host, &told);
    world.wire.frame(now, packet::ethernet(LLDP_GROUP, own.station.mac, 0x88cc, &payload));
    Some(now + 30 * SECOND + world.wire.rng.range(0, 20_000_000))
}

pub(super) fn cdp(world: &mut World, host: u32, now: i64) -> Option<i64> {
    let own = world.host(host).clone();
    let payload = cdp::advertisement(&cdp::Neighbour {
        name: &format!("{}.{DOMAIN}", own.hostname),
        ip: own.station.ip,
        port: "TenGigabitEthernet1/0/1",
        version: own.model.agent.map_or("", |agent| agent.description),
        platform: &format!("cisco {}", own.model_name()),
        vlan: 1,
    });
    world.wire.mark(Mark::Speaks(host, "cdp"));
    world.wire.told(host, &[Attribute::Hostname, Attribute::Model, Attribute::Software]);
    world.wire.frame(now, packet::ethernet_length(CDP_GROUP, own.station.mac, &payload));
    Some(now + 60 * SECOND + world.wire.rng.range(0, 20_000_000))
}

/// System group of MIB-2.
const SYSTEM: [u32; 7] = [1, 3, 6, 1, 2, 1, 1];

/// The management station goes round: it pings a host and asks its agent, where it has one.
pub(super) fn polling(world: &mut World, job: &Job, now: i64) -> Option<i64> {
    let poller = world.station(job.host);
    let count = world.hosts.len() as u64;
    let target = (job.turn % count) as u32;
    if target != job.host && world.is_present(target, now) {
        let station = world.station(target);
        let (id, sequence) = (0x2a00 ^ target as u16, (job.turn / count) as u16);
        let payload: Vec<u8> = (0x10..0x40).collect();
        world.wire.flow(&poller, &station, (0, 0), "icmp");
        world.wire.icmp(now, &poller, &station, &packet::icmp_echo(8, id, sequence, &payload));
        let later = now + world.wire.rng.range(200_000, 2_000_000);
        world.wire.flow_over();
        world.wire.icmp(later, &station, &poller, &packet::icmp_echo(0, id, sequence, &payload));
        snmp_poll(world, poller, target, now + 20_000_000);
    }
    // Once round in about ten minutes, however large the hospital.
    Some(now + 600 * SECOND / count as i64 + world.wire.rng.range(0, SECOND / 10))
}

fn snmp_poll(world: &mut World, poller: Station, target: u32, at: i64) {
    let host = world.host(target).clone();
    let Some(agent) = host.model.agent else { return };
    let names: Vec<Vec<u32>> =
        [1, 2, 3, 5, 6].iter().map(|leaf| [&SYSTEM[..], &[*leaf, 0]].concat()).collect();
    let object = [&[1, 3, 6, 1, 4, 1][..], agent.object].concat();
    let place = match host.model.area {
        Area::Servers => "Data centre 1, rack 4".to_owned(),
        area => format!("{} {}", area.unit(), host.room),
    };
    let ticks = (at / 10_000_000) as u32;
    let values = [
        snmp::Value::Text(agent.description),
        snmp::Value::Object(&object),
        snmp::Value::Ticks(ticks),
        snmp::Value::Text(&host.hostname),
        snmp::Value::Text(&place),
    ];
    let asked: Vec<(&[u32], snmp::Value<'_>)> =
        names.iter().map(|name| (name.as_slice(), snmp::Value::Null)).collect();
    let told: Vec<(&[u32], snmp::Value<'_>)> = names.iter().map(Vec::as_slice).zip(values).collect();
    let id = world.wire.rng.next() as u32 >> 1;
    let question = snmp::message(agent.version, "public", 0xa0, id, &asked);
    let answer = snmp::message(agent.version, "public", 0xa2, id, &told);
    let port = world.wire.ephemeral_port(&poller);
    world.wire.flow(&poller, &host.station, (port, 161), "snmp");
    world.wire.weak(target, Weakness::ClearCredentials);
    world.wire.weak(target, Weakness::DefaultCredential);
    world.wire.told(target, &[Attribute::Hostname, Attribute::Vendor, Attribute::Location]);
    ask(world, at, (&poller, &host.station), (port, 161), (&question, &answer));
}

/// A switch reports links to the management station (RFC 3164 form, as its maker writes it).
pub(super) fn syslog(world: &mut World, host: u32, now: i64) -> Option<i64> {
    let own = world.station(host);
    let server = world.station(world.peer(Part::Management, host)?);
    let number = world.next_number();
    let port = world.wire.rng.range(1, 48);
    let clock = crate::calendar::http_date(wardline_model::Timestamp(now));
    let (month, day, time) = (&clock[8..11], clock[5..7].trim_start_matches('0'), &clock[17..25]);
    let text = format!(
        "<189>{number}: {month} {day:>2} {time}: %LINEPROTO-5-UPDOWN: Line protocol on Interface GigabitEthernet1/0/{port}, changed state to up"
    );
    let client_port = 51_514;
    world.wire.flow(&own, &server, (client_port, 514), "syslog");
    world.wire.flow_over();
    world.wire.udp(
        now,
        &Datagram { from: &own, from_port: client_port, to: &server, to_port: 514, payload: text.as_bytes() },
    );
    Some(about(world, now, 300))
}
