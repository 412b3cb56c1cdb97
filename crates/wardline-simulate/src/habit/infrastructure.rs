//! What the network and its servers say to each other beside clinical work: telephones, admission of stations,
//! databases, screens from afar.

use super::network::ask;
use super::office::{lasting, tls_certificate};
use super::{Job, SECOND, about, busy};
use crate::catalogue::Part;
use crate::hospital::World;
use crate::rhythm::Rhythm;
use crate::speech::{radius, sip, tds, tls, vnc};
use crate::tcp::{Carries, Connection, Side};
use wardline_model::Attribute;

const MSSQL: Carries = Carries { protocol: "mssql", encrypted: true };
const VNC: Carries = Carries { protocol: "vnc", encrypted: false };
const SIP_PORT: u16 = 5_060;
const RADIUS_PORT: u16 = 1_812;

/// A telephone registers.
pub(super) fn telephone(world: &mut World, job: &Job, now: i64) -> Option<i64> {
    let manager = world.peer(Part::CallManager, job.host)?;
    let (host, peer) = (world.host(job.host).clone(), world.station(manager));
    let agent = format!("Cisco-CP8841/{}", host.software().1);
    let tag = format!("{:016x}", world.wire.rng.next());
    let line = format!("5{:04}", job.host);
    let registration = sip::Registration {
        phone: host.station.ip,
        manager: peer.ip,
        line: &line,
        agent: &agent,
        tag: &tag,
        sequence: 100 + job.turn,
    };
    let ports = (SIP_PORT, SIP_PORT);
    world.wire.flow(&host.station, &peer, ports, "sip");
    world.wire.told(job.host, &[Attribute::Vendor, Attribute::Model]);
    let texts = (registration.request(), registration.answer("Cisco-CUCM12.5"));
    ask(world, now, (&host.station, &peer), ports, (&texts.0, &texts.1));
    Some(about(world, now, 1200))
}

/// A switch asks whether a station may in.
pub(super) fn admission(world: &mut World, job: &Job, now: i64) -> Option<i64> {
    let server = world.peer(Part::Domain, job.host)?;
    let (host, peer) = (world.host(job.host).clone(), world.station(server));
    let count = world.hosts.len() as u64;
    let station = world.wire.rng.below(count) as u32;
    let (mac, area) = (world.station(station).mac, world.host(station).model.area);
    let wire = &mut world.wire;
    let id = job.turn as u8;
    let noise = wire.rng.bytes(48);
    let own = host.station;
    let port = wire.ephemeral_port(&own);
    wire.flow(&own, &peer, (port, RADIUS_PORT), "radius");
    let question = radius::request(id, (&host.hostname, own.ip.octets()), job.turn as u32 % 48, mac, &noise);
    let noise = wire.rng.bytes(32);
    let answer = radius::accept(id, &area.octet().to_string(), &noise);
    ask(world, now, (&own, &peer), (port, RADIUS_PORT), (&question, &answer));
    Some(busy(world, now, 200, Rhythm::Ward))
}

/// An application opens its database; the handshake of TLS travels inside the database's packets.
pub(super) fn database(world: &mut World, job: &Job, now: i64) -> Option<i64> {
    let server = world.peer(Part::Database, job.host)?;
    let (own, peer) = (world.station(job.host), world.station(server));
    let version = tls::Version::Tls12;
    let certificate = tls_certificate(world, server, version);
    let wire = &mut world.wire;
    let mut connection = Connection::open(wire, now, &own, (&peer, 1_433), MSSQL);
    let thread = wire.rng.array();
    connection.client_says(wire, &tds::ask(thread));
    connection.server_says(wire, &tds::answer([15, 0, 0x10, 0xd8, 0, 0]));
    let hello = tls::client_hello(version, None, &mut wire.rng);
    connection.client_says(wire, &tds::wrapped(&hello));
    let flight = tls::server_flight(version, &certificate, &mut wire.rng);
    connection.server_says(wire, &tds::wrapped(&flight));
    let finish = tls::client_finish(version, &mut wire.rng);
    connection.client_says(wire, &tds::wrapped(&finish));
    let finish = tls::finish(version, &mut wire.rng);
    connection.server_says(wire, &tds::wrapped(&finish));
    for _ in 0..4 {
        let length = wire.rng.range(200, 700) as usize;
        let text = tls::application(version, length, &mut wire.rng);
        connection.client_says(wire, &text);
        let length = wire.rng.range(300, 9_000) as usize;
        let text = tls::application(version, length, &mut wire.rng);
        connection.server_says(wire, &text);
        connection.wait(wire, SECOND);
    }
    connection.close(wire, Side::Client);
    Some(busy(world, now, 300, Rhythm::Ward).max(connection.now + SECOND))
}

/// Somebody of the network's management looks at a screen.
pub(super) fn screen(world: &mut World, host: u32, now: i64) -> Option<i64> {
    let client = world.peer(Part::Management, host)?;
    let (own, peer) = (world.host(host).clone(), world.station(client));
    let wire = &mut world.wire;
    let mut connection = Connection::open(wire, now, &peer, (&own.station, 5_900), VNC);
    connection.server_says(wire, vnc::VERSION);
    connection.client_says(wire, vnc::VERSION);
    connection.server_says(wire, vnc::SECURITY);
    connection.client_says(wire, vnc::CHOICE);
    let challenge = wire.rng.bytes(16);
    connection.server_says(wire, &challenge);
    let proof = lasting(&own).bytes(16);
    connection.client_says(wire, &proof);
    connection.server_says(wire, vnc::ACCEPTED);
    connection.client_says(wire, vnc::BEGIN);
    connection.server_says(wire, &vnc::desktop(&own.hostname));
    for _ in 0..8 {
        connection.client_says(wire, vnc::WHAT_CHANGED);
        let pixels = wire.rng.bytes(16 * 16 * 4);
        connection.server_says(wire, &vnc::changed(&pixels));
        connection.wait(wire, SECOND);
    }
    connection.close(wire, Side::Client);
    Some(about(world, now, 2400).max(connection.now + SECOND))
}
