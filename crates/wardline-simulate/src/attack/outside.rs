//! Attacks that talk to somebody outside: orders fetched again and again, and data carried out, both in TLS.

use super::{Campaign, aim};
use crate::catalogue::Part;
use crate::habit::SECOND;
use crate::hospital::World;
use crate::rng::Rng;
use crate::speech::certificate::{Certificate, certificate};
use crate::speech::{dns, tls};
use crate::tcp::{Carries, Connection, Side};
use crate::wire::Datagram;
use wardline_model::Timestamp;

const TLS: Carries = Carries { protocol: "tls", encrypted: true };
/// Names of the two, under a top-level domain that nobody can have.
const ORDERS: &str = "cdn.update-status.example";
const DROP: &str = "files.transfer-box.example";
/// Seconds between two questions for orders, give or take a fifth.
const INTERVAL_SECONDS: i64 = 60;
/// Bytes of one turn of the upload, and turns: 40 MB in all.
const PIECE_BYTES: usize = 256_000;
const PIECES: u64 = 160;

/// The name is looked up, as any program would.
fn look_up(world: &mut World, campaign: &Campaign, name: &str, now: i64) -> Option<()> {
    let outside = world.station(campaign.outside?);
    let client = world.station(campaign.attacker);
    let server = world.station(world.peer(Part::Domain, campaign.attacker)?);
    let id = world.wire.rng.next() as u16;
    let port = world.wire.ephemeral_port(&client);
    let wire = &mut world.wire;
    wire.flow(&client, &server, (port, 53), "dns");
    let payload = &dns::query(id, name, dns::A)[..];
    wire.udp(now, &Datagram { from: &client, from_port: port, to: &server, to_port: 53, payload });
    wire.flow_over();
    let payload = &dns::recursive_answer(id, name, outside.ip)[..];
    let at = now + 30_000_000;
    wire.udp(at, &Datagram { from: &server, from_port: 53, to: &client, to_port: port, payload });
    Some(())
}

/// A handshake with a certificate that signs itself.
fn connect(world: &mut World, campaign: &Campaign, name: &str, now: i64) -> Option<Connection> {
    let outside = world.station(campaign.outside?);
    let client = world.station(campaign.attacker);
    let issued = Timestamp(world.start.0 - 12 * 86_400 * SECOND);
    let about =
        Certificate { organisation: "Default", name, issuer: name, from: issued, days: 365, old: false };
    let certificate = certificate(&about, &mut Rng::new(u64::from(u32::from(outside.ip))));
    aim(world, campaign.attacker);
    let wire = &mut world.wire;
    let mut connection = Connection::open(wire, now, &client, (&outside, 443), TLS);
    let version = tls::Version::Tls12;
    let hello = tls::client_hello(version, Some(name), &mut wire.rng);
    connection.client_says(wire, &hello);
    connection.wait(wire, 18_000_000);
    let flight = tls::server_flight(version, &certificate, &mut wire.rng);
    connection.server_says(wire, &flight);
    let finish = tls::client_finish(version, &mut wire.rng);
    connection.client_says(wire, &finish);
    let finish = tls::finish(version, &mut wire.rng);
    connection.server_says(wire, &finish);
    Some(connection)
}

fn talk(world: &mut World, connection: &mut Connection, bytes: usize, side: Side) {
    let text = tls::application(tls::Version::Tls12, bytes, &mut world.wire.rng);
    connection.says(&mut world.wire, side, &text);
}

/// A short question, a short answer; once in a while there are orders.
pub(super) fn beaconing(world: &mut World, campaign: &Campaign, now: i64) -> Option<i64> {
    if campaign.turn.is_multiple_of(20) {
        look_up(world, campaign, ORDERS, now)?;
    }
    let mut connection = connect(world, campaign, ORDERS, now + SECOND / 10)?;
    talk(world, &mut connection, 217, Side::Client);
    let answer = if world.wire.rng.per_mille(60) { 4_800 } else { 121 };
    talk(world, &mut connection, answer, Side::Server);
    connection.close(&mut world.wire, Side::Client);
    let fifth = INTERVAL_SECONDS * SECOND / 5;
    Some(now + INTERVAL_SECONDS * SECOND + world.wire.rng.range(-fifth, fifth))
}

/// One connection that carries piece after piece out.
pub(super) fn exfiltration(world: &mut World, campaign: &mut Campaign, now: i64) -> Option<i64> {
    if campaign.turn >= PIECES {
        if let Some(mut connection) = campaign.session.take() {
            connection.wait_until(&mut world.wire, now);
            connection.close(&mut world.wire, Side::Client);
        }
        return None;
    }
    let mut connection = match campaign.session.take() {
        Some(mut connection) => {
            connection.wait_until(&mut world.wire, now);
            connection
        }
        None => {
            look_up(world, campaign, DROP, now)?;
            connect(world, campaign, DROP, now + SECOND / 10)?
        }
    };
    talk(world, &mut connection, PIECE_BYTES, Side::Client);
    talk(world, &mut connection, 93, Side::Server);
    connection.wait(&mut world.wire, 60_000_000);
    let next = (now + world.wire.rng.range(1_200, 3_200) * SECOND / 1000).max(connection.now + SECOND / 2);
    campaign.session = Some(connection);
    Some(next)
}
