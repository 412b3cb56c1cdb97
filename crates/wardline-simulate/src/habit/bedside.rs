//! Bedside devices that speak for themselves: IntelliVue data export, the CARESCAPE network, SDC without TLS.

use super::office::lasting;
use super::{Job, SECOND, about};
use crate::catalogue::Part;
use crate::hospital::{FACILITY, Host, World};
use crate::packet::BROADCAST;
use crate::speech::{carescape, intellivue, sdc};
use crate::tcp::{Carries, Connection, Side};
use crate::truth::Mark;
use crate::wire::{Datagram, Station};
use std::net::Ipv4Addr;
use wardline_model::{Attribute, Mac, Timestamp};

const HTTP: Carries = Carries { protocol: "http", encrypted: false };
/// 239.255.255.250 and its MAC (WS-Discovery, RFC 1112).
const DISCOVERY_GROUP: (Mac, Ipv4Addr, u8) =
    (Mac([0x01, 0x00, 0x5e, 0x7f, 0xff, 0xfa]), Ipv4Addr::new(239, 255, 255, 250), 4);
const DISCOVERY_PORT: u16 = 3702;
/// Where a monitor exports data, and where it offers to.
const EXPORT_PORT: u16 = 24_105;
const OFFER_PORT: u16 = 24_005;
const TIME_PORT: u16 = 2_000;
const HEARTBEAT_PORT: u16 = 7_000;
/// Registered for IEEE 11073-20701.
const SDC_PORT: u16 = 6_464;

/// One datagram of a conversation.
fn send(world: &mut World, at: i64, ends: (&Station, u16, &Station, u16), payload: &[u8]) {
    let (from, from_port, to, to_port) = ends;
    world.wire.udp(at, &Datagram { from, from_port, to, to_port, payload });
}

/// A monitor offers itself; the gateway associates, learns who it is, and polls once in a while.
pub(super) fn intellivue(world: &mut World, job: &Job, now: i64) -> Option<i64> {
    let host = world.host(job.host).clone();
    let own = host.station;
    // The monitor's clock counts eighths of milliseconds since it was started.
    let clock = ((now - world.start.0) / 125_000) as u32;
    world.wire.mark(Mark::Speaks(job.host, "intellivue"));
    let offer = intellivue::connect_indication(own.mac, own.ip, clock);
    let group = (BROADCAST, own.network_broadcast(), own.stack.ttl());
    world.wire.told(job.host, &[Attribute::Mac]);
    world.wire.udp_group(now, &own, (OFFER_PORT, OFFER_PORT), group, &offer);
    if job.turn.is_multiple_of(6)
        && let Some(gateway) = world.peer(Part::MonitorGateway, job.host)
    {
        associate(world, &host, gateway, now + 200_000_000);
    }
    Some(about(world, now, 30))
}

fn associate(world: &mut World, host: &Host, gateway: u32, mut at: i64) {
    let (own, peer) = (host.station, world.station(gateway));
    let port = world.wire.ephemeral_port(&peer);
    let clock = |at: i64| (at / 125_000) as u32;
    let bed = format!("{} {}-{}", host.model.area.unit(), host.room, host.bed);
    let monitor = intellivue::Monitor {
        mac: own.mac,
        vendor: host.vendor(),
        model: host.model_name(),
        serial: &host.serial,
        software: host.software().1,
        bed: &bed,
    };
    world.wire.flow(&peer, &own, (port, EXPORT_PORT), "intellivue");
    send(world, at, (&peer, port, &own, EXPORT_PORT), &intellivue::association(true));
    at += 3_000_000;
    send(world, at, (&own, EXPORT_PORT, &peer, port), &intellivue::association(false));
    at += 5_000_000;
    let told = [Attribute::Vendor, Attribute::Model, Attribute::Serial, Attribute::Software];
    world.wire.told(own.index, &told);
    send(world, at, (&own, EXPORT_PORT, &peer, port), &intellivue::created(&monitor, clock(at)));
    at += 2_000_000;
    send(world, at, (&peer, port, &own, EXPORT_PORT), &intellivue::created_answer(clock(at)));
    for number in 1..=12_u16 {
        at += SECOND;
        send(world, at, (&peer, port, &own, EXPORT_PORT), &intellivue::poll(number, number));
        at += 4_000_000;
        if number == 12 {
            world.wire.flow_over();
        }
        let answer = intellivue::polled(number, number, clock(at));
        send(world, at, (&own, EXPORT_PORT, &peer, port), &answer);
    }
}

/// A node of the monitoring network tells the time, and where it stands.
pub(super) fn carescape(world: &mut World, host: u32, now: i64) -> Option<i64> {
    let own = world.host(host).clone();
    let unit = own.model.area.unit();
    let payload = carescape::time(own.station.ip, unit, &own.room, Timestamp(now));
    let group = (BROADCAST, own.station.network_broadcast(), own.station.stack.ttl());
    world.wire.mark(Mark::Speaks(host, "carescape"));
    world.wire.udp_group(now, &own.station, (TIME_PORT, TIME_PORT), group, &payload);
    let heartbeat = carescape::heartbeat(own.station.ip);
    world.wire.mark(Mark::Speaks(host, "carescape"));
    world.wire.udp_group(now + SECOND, &own.station, (HEARTBEAT_PORT, HEARTBEAT_PORT), group, &heartbeat);
    Some(about(world, now, 60))
}

/// A device announces itself; the gateway searches and reads its metadata over plain HTTP.
pub(super) fn sdc(world: &mut World, job: &Job, now: i64) -> Option<i64> {
    let host = world.host(job.host).clone();
    let own = host.station;
    let bed = format!("{}-{}", host.room, host.bed);
    let id = sdc::uuid(lasting(&host).array());
    let device = sdc::Device {
        id: &id,
        ip: own.ip,
        port: SDC_PORT,
        facility: FACILITY,
        unit: host.model.area.unit(),
        bed: &bed,
        maker: host.vendor(),
        model: host.model_name(),
        serial: &host.serial,
        firmware: host.software().1,
    };
    let message = sdc::uuid(world.wire.rng.array());
    world.wire.mark(Mark::Speaks(job.host, "ws-discovery"));
    let hello = sdc::hello(&device, &message);
    world.wire.udp_group(now, &own, (DISCOVERY_PORT, DISCOVERY_PORT), DISCOVERY_GROUP, &hello);
    if let Some(gateway) = world.peer(Part::MonitorGateway, job.host) {
        look(world, &device, (gateway, job.host), now + 400_000_000);
    }
    Some(about(world, now, 900))
}

/// A directed search, its answer, and the metadata.
fn look(world: &mut World, device: &sdc::Device<'_>, ends: (u32, u32), at: i64) {
    let (peer, own) = (world.station(ends.0), world.station(ends.1));
    let message = sdc::uuid(world.wire.rng.array());
    let port = world.wire.ephemeral_port(&peer);
    world.wire.flow(&peer, &own, (port, DISCOVERY_PORT), "ws-discovery");
    send(world, at, (&peer, port, &own, DISCOVERY_PORT), &sdc::probe(&message));
    let answer = sdc::uuid(world.wire.rng.array());
    world.wire.flow_over();
    let text = sdc::matches(device, &answer, &message);
    send(world, at + 20_000_000, (&own, DISCOVERY_PORT, &peer, port), &text);
    let mut connection = Connection::open(&mut world.wire, at + 60_000_000, &peer, (&own, SDC_PORT), HTTP);
    let path = device.id.trim_start_matches("urn:uuid:");
    let body = sdc::get(device, &sdc::uuid(world.wire.rng.array()));
    let length = body.len();
    let head = format!(
        "POST /{path} HTTP/1.1\r\nHost: {}:{SDC_PORT}\r\nContent-Type: application/soap+xml; charset=utf-8\r\nContent-Length: {length}\r\n\r\n",
        own.ip
    );
    let wire = &mut world.wire;
    connection.client_says(wire, &[head.as_bytes(), &body].concat());
    let body = sdc::metadata(device, &sdc::uuid(wire.rng.array()));
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml; charset=utf-8\r\nContent-Length: {length}\r\n\r\n"
    );
    let told = [Attribute::Vendor, Attribute::Model, Attribute::Serial];
    wire.told(ends.1, &told);
    connection.server_says(wire, &[head.as_bytes(), &body].concat());
    connection.close(wire, Side::Client);
}
