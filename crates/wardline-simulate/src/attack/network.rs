//! Attacks on the network and on passwords: scan, brute force, ARP spoofing, rogue DHCP.

use super::{Campaign, aim};
use crate::catalogue::{Model, Part};
use crate::habit::{Habit, SECOND, lasting};
use crate::hospital::{Host, World};
use crate::packet::{self, BROADCAST, Ip};
use crate::speech::ssh::{self, Age};
use crate::speech::{dhcp, dns};
use crate::tcp::{Carries, Connection, Side};
use crate::truth::Mark;
use crate::wire::Station;
use std::net::Ipv4Addr;
use wardline_model::Mac;

const NOTHING: Carries = Carries { protocol: "unknown", encrypted: false };
const SSH: Carries = Carries { protocol: "ssh", encrypted: true };
const FTP: Carries = Carries { protocol: "ftp", encrypted: false };

/// The ports a scanner asks for when it looks for medical devices.
const PORTS: &[u16] = &[
    21, 22, 23, 80, 104, 135, 139, 161, 443, 445, 515, 1433, 2575, 3389, 4242, 5900, 6661, 8042, 8080, 9100,
    11_112,
];
/// A scanner that finds nobody at an address asks only for these.
const PORTS_OF_NOBODY: &[u16] = &[443, 80];
/// Hosts that a scan visits at most: then it has what it wants.
const HOSTS_MAX: u64 = 400;

/// Ports on which a device of this model answers.
fn open_ports(model: &Model) -> Vec<u16> {
    let mut ports: Vec<u16> = match model.part {
        Part::Archive => vec![104, 11_112],
        Part::Engine => vec![6661],
        Part::Files => vec![21],
        Part::LaboratorySystem => vec![2575],
        Part::RadiologySystem => vec![104, 2575],
        Part::Record => vec![443, 2575, 8080],
        Part::Outdated | Part::PumpServer => vec![443],
        _ => Vec::new(),
    };
    for habit in model.habits {
        match habit {
            Habit::SmbServed => ports.extend([135, 139, 445]),
            Habit::SshServed | Habit::SshShared => ports.push(22),
            Habit::TelnetServed => ports.push(23),
            Habit::RdpServed => ports.push(3389),
            Habit::HttpBasic => ports.push(80),
            Habit::LabelPrinting => ports.push(9100),
            _ => {}
        }
    }
    ports
}

/// One host a turn: every port knocked at; open ones are dropped at once, closed ones refuse. Every fourth turn
/// also asks for an address that nobody has.
pub(super) fn scan(world: &mut World, campaign: &mut Campaign, now: i64) -> Option<i64> {
    let target = campaign.target().filter(|_| campaign.turn < HOSTS_MAX)?;
    let (own, peer) = (world.station(campaign.attacker), world.station(target));
    let answers = world.is_present(target, now);
    let open = open_ports(world.host(target).model);
    let mut at = now;
    if own.is_beside(&peer) {
        aim(world, target);
        world.wire.arp(at, &own, (peer.mac, peer.ip));
        at += 2_000_000;
    }
    for port in PORTS {
        aim(world, target);
        let mut knock = Connection::knock(&mut world.wire, at, &own, (&peer, *port), NOTHING);
        if !answers {
            world.wire.abandon(at + SECOND, knock.flow);
        } else if open.contains(port) {
            knock.answer_and_drop(&mut world.wire);
        } else {
            knock.refuse(&mut world.wire);
        }
        at += world.wire.rng.range(4_000_000, 12_000_000);
    }
    if campaign.turn.is_multiple_of(4) {
        at = ask_nobody(world, &own, &peer, at);
    }
    Some(at + world.wire.rng.range(50_000_000, 400_000_000))
}

/// Knocks at an address that nobody has: there is no answer, on the own network not even to ARP.
fn ask_nobody(world: &mut World, own: &Station, near: &Station, mut at: i64) -> i64 {
    let [a, b, c, d] = near.ip.octets();
    let ip = Ipv4Addr::new(a, b, c, if d == 254 { 252 } else { 254 });
    if own.is_beside(near) {
        for _ in 0..3 {
            let question = packet::arp(1, (own.mac, own.ip), (Mac::default(), ip));
            world.wire.frame(at, packet::ethernet(BROADCAST, own.mac, 0x0806, &question));
            at += SECOND;
        }
        return at;
    }
    let nobody = Station { ip, index: own.index, ..*near };
    for port in PORTS_OF_NOBODY {
        let mut knock = Connection::knock(&mut world.wire, at, own, (&nobody, *port), NOTHING);
        knock.wait(&mut world.wire, SECOND);
        knock.knock_again(&mut world.wire);
        world.wire.abandon(knock.now + SECOND, knock.flow);
        at += 10_000_000;
    }
    at
}

/// Connections after which the attacker gives up.
const TRIES: u64 = 60;

/// One connection a turn, several passwords in it, all wrong.
pub(super) fn brute_force(world: &mut World, campaign: &mut Campaign, now: i64) -> Option<i64> {
    if campaign.turn >= TRIES || campaign.targets.is_empty() {
        return None;
    }
    let target = campaign.targets[campaign.turn as usize % campaign.targets.len()];
    let end = if world.host(target).model.part == Part::Files {
        ftp_guesses(world, campaign.attacker, target, now)
    } else {
        ssh_guesses(world, campaign.attacker, target, now)
    };
    let pause = world.wire.rng.range(200_000_000, 2_500_000_000);
    Some(end.min(now + 4 * SECOND) + pause)
}

fn ssh_guesses(world: &mut World, attacker: u32, target: u32, now: i64) -> i64 {
    let (own, server) = (world.station(attacker), world.host(target).clone());
    aim(world, target);
    let wire = &mut world.wire;
    let mut connection = Connection::open(wire, now, &own, (&server.station, 22), SSH);
    connection.client_says(wire, b"SSH-2.0-libssh2_1.10.0\r\n");
    connection.server_says(wire, Age::Modern.banner().as_bytes());
    for side in [Side::Client, Side::Server] {
        let proposal = ssh::proposal(Age::Modern, &mut wire.rng);
        connection.says(wire, side, &proposal);
    }
    let half = ssh::exchange_request(Age::Modern, &mut wire.rng);
    connection.client_says(wire, &half);
    let half = ssh::exchange_reply(Age::Modern, &lasting(&server).bytes(256), &mut wire.rng);
    connection.server_says(wire, &half);
    connection.client_says(wire, &ssh::new_keys());
    // Service request and its answer, then password after password; a refusal is always of the same length.
    for (question, answer) in [(48, 48), (144, 80), (144, 80), (144, 80), (144, 80), (144, 80), (144, 80)] {
        let text = wire.rng.bytes(question);
        connection.client_says(wire, &text);
        connection.wait(wire, 450_000_000);
        let text = wire.rng.bytes(answer);
        connection.server_says(wire, &text);
    }
    connection.close(wire, Side::Server);
    connection.now
}

fn ftp_guesses(world: &mut World, attacker: u32, target: u32, now: i64) -> i64 {
    let (own, server) = (world.station(attacker), world.station(target));
    aim(world, target);
    let wire = &mut world.wire;
    let mut connection = Connection::open(wire, now, &own, (&server, 21), FTP);
    connection.server_says(wire, b"220 Microsoft FTP Service\r\n");
    for user in ["admin", "service", "devicelog"] {
        connection.client_says(wire, format!("USER {user}\r\n").as_bytes());
        connection.server_says(wire, b"331 Password required\r\n");
        let password = wire.rng.digits(6);
        connection.client_says(wire, format!("PASS {password}\r\n").as_bytes());
        connection.wait(wire, 300_000_000);
        connection.server_says(wire, b"530 User cannot log in.\r\n");
    }
    connection.close(wire, Side::Client);
    connection.now
}

/// Rounds of false answers: ten minutes.
const POISONINGS: u64 = 300;
/// Hosts between which and the router the intruder stands.
const POISONED: usize = 3;

/// Every two seconds: the victims hear that the router is the intruder, the router that they are. Now and then a
/// victim's question takes the long way.
pub(super) fn arp_spoofing(world: &mut World, campaign: &mut Campaign, now: i64) -> Option<i64> {
    if campaign.turn >= POISONINGS || campaign.targets.is_empty() {
        return None;
    }
    let own = world.station(campaign.attacker);
    let core = world.wire.core;
    let victims: Vec<u32> = campaign.targets.iter().copied().take(POISONED).collect();
    world.wire.mark(Mark::Speaks(campaign.attacker, "arp"));
    for (place, victim) in victims.iter().enumerate() {
        let peer = world.station(*victim);
        let at = now + place as i64 * 3_000_000;
        aim(world, *victim);
        let lie = packet::arp(2, (own.mac, own.gateway()), (peer.mac, peer.ip));
        world.wire.frame(at, packet::ethernet(peer.mac, own.mac, 0x0806, &lie));
        let lie = packet::arp(2, (own.mac, peer.ip), (core, own.gateway()));
        world.wire.frame(at + 1_000_000, packet::ethernet(core, own.mac, 0x0806, &lie));
    }
    if campaign.turn % 10 == 5
        && let Some(victim) = victims.get(campaign.turn as usize / 10 % victims.len())
    {
        detour(world, &own, *victim, now + 500_000_000);
    }
    Some(now + 2 * SECOND + world.wire.rng.range(0, 20_000_000))
}

/// A victim's question for a name and its answer, each seen twice: to the intruder, and on.
fn detour(world: &mut World, own: &Station, victim: u32, now: i64) {
    let Some(server) = world.peer(Part::Domain, victim) else { return };
    let (peer, server) = (world.station(victim), world.station(server));
    let name = format!("portal.{}", crate::hospital::DOMAIN);
    let id = world.wire.rng.next() as u16;
    let port = world.wire.ephemeral_port(&peer);
    let question = packet::udp((peer.ip, port), (server.ip, 53), &dns::query(id, &name, dns::A));
    let answer = dns::answer(id, &name, dns::A, Some(&[10, 10, 0, 22]));
    let answer = packet::udp((server.ip, 53), (peer.ip, port), &answer);
    let core = world.wire.core;
    let ways = [
        (peer, server.ip, &question, [(peer.mac, own.mac), (own.mac, core)]),
        (server, peer.ip, &answer, [(core, own.mac), (own.mac, peer.mac)]),
    ];
    for (turn, (from, to, body, legs)) in ways.into_iter().enumerate() {
        let id = world.wire.rng.next() as u16;
        for (leg, (source, target)) in legs.into_iter().enumerate() {
            // The router took one hop of the answer before the intruder did.
            let hops = (leg + turn) as u8;
            let ttl = from.stack.ttl() - hops;
            let ip = Ip { from: from.ip, to, protocol: 17, ttl, id, dont_fragment: false };
            let at = now + (turn * 2 + leg) as i64 * 400_000;
            world.wire.frame(at, packet::ethernet(target, source, 0x0800, &packet::ipv4(ip, body)));
        }
    }
}

/// Clients that the false server gets.
const LURED: u64 = 12;

/// A client whose cable was moved asks for an address; the intruder is faster than the true server.
pub(super) fn rogue_dhcp(world: &mut World, campaign: &mut Campaign, now: i64) -> Option<i64> {
    let clients: Vec<u32> = campaign
        .targets
        .iter()
        .copied()
        .filter(|host| world.host(*host).model.habits.contains(&Habit::Dhcp) && world.is_present(*host, now))
        .collect();
    if campaign.turn >= LURED || clients.is_empty() {
        return None;
    }
    let victim = clients[campaign.turn as usize % clients.len()];
    let own = world.station(campaign.attacker);
    let host = world.host(victim).clone();
    lure(world, &own, &host, now);
    Some(now + world.wire.rng.range(20, 50) * SECOND)
}

fn lure(world: &mut World, own: &Station, victim: &Host, now: i64) {
    let client = victim.station;
    let mut message = dhcp::Message {
        kind: dhcp::DISCOVER,
        transaction: world.wire.rng.next() as u32,
        client: client.mac,
        hostname: &victim.hostname,
        manner: crate::habit::dhcp_manner(victim),
        holds: None,
        address: client.ip,
        server: own.ip,
        router: own.ip,
        relay: None,
    };
    aim(world, client.index);
    world.wire.mark(Mark::Speaks(own.index, "dhcp"));
    let mut at = now;
    for kind in [dhcp::DISCOVER, dhcp::OFFER, dhcp::REQUEST, dhcp::ACKNOWLEDGE] {
        message.kind = kind;
        let asks = matches!(kind, dhcp::DISCOVER | dhcp::REQUEST);
        let id = world.wire.rng.next() as u16;
        let (from, ports, ttl) = if asks {
            ((client.mac, Ipv4Addr::UNSPECIFIED), (68, 67), client.stack.ttl())
        } else {
            ((own.mac, own.ip), (67, 68), own.stack.ttl())
        };
        let to = Ipv4Addr::BROADCAST;
        let ip = Ip { from: from.1, to, protocol: 17, ttl, id, dont_fragment: false };
        let body = packet::udp((from.1, ports.0), (to, ports.1), &message.bytes());
        world.wire.frame(at, packet::ethernet(BROADCAST, from.0, 0x0800, &packet::ipv4(ip, &body)));
        at += world.wire.rng.range(400_000, 2_500_000);
    }
}
