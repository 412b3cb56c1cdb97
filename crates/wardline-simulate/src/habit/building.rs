//! The building's controllers: its management asks them over BACnet and Modbus; refrigerators report over MQTT.

use super::office::lasting;
use super::{Job, SECOND, about};
use crate::catalogue::Part;
use crate::hospital::World;
use crate::packet::BROADCAST;
use crate::speech::{building, mqtt};
use crate::tcp::{Carries, Connection, Side};
use crate::truth::{Mark, Weakness};
use crate::wire::Datagram;
use wardline_model::Attribute;

const MODBUS: Carries = Carries { protocol: "modbus", encrypted: false };
const MQTT: Carries = Carries { protocol: "mqtt", encrypted: false };
const BACNET_PORT: u16 = 47_808;
/// Siemens Building Technologies in ASHRAE's list of makers.
const SIEMENS: u16 = 7;
/// Properties of the device object.
const VENDOR_NAME: u8 = 121;
const MODEL_NAME: u8 = 70;
const FIRMWARE: u8 = 44;

/// A controller says that it is there; the management reads who made it.
pub(super) fn bacnet(world: &mut World, job: &Job, now: i64) -> Option<i64> {
    let manager = world.peer(Part::Building, job.host)?;
    let (host, peer) = (world.host(job.host).clone(), world.station(manager));
    let own = host.station;
    let instance = 100_000 + job.host;
    let group = (BROADCAST, own.network_broadcast(), own.stack.ttl());
    world.wire.mark(Mark::Speaks(job.host, "bacnet"));
    let ports = (BACNET_PORT, BACNET_PORT);
    world.wire.udp_group(now, &own, ports, group, &building::i_am(instance, SIEMENS));
    let (vendor, model, firmware) = (host.vendor(), host.model_name(), host.software().1);
    let asked = [(VENDOR_NAME, vendor), (MODEL_NAME, model), (FIRMWARE, firmware)];
    world.wire.flow(&peer, &own, ports, "bacnet");
    let mut at = now + 300_000_000;
    for (turn, (property, value)) in asked.into_iter().enumerate() {
        let invoke = turn as u8 + 1;
        let payload = &building::read_property(invoke, instance, property)[..];
        let (from_port, to_port) = ports;
        world.wire.udp(at, &Datagram { from: &peer, from_port, to: &own, to_port, payload });
        at += 15_000_000;
        if turn == 2 {
            world.wire.flow_over();
        }
        if property == MODEL_NAME {
            world.wire.told(job.host, &[Attribute::Vendor, Attribute::Model]);
        }
        let payload = &building::property(invoke, instance, property, value)[..];
        world.wire.udp(at, &Datagram { from: &own, from_port, to: &peer, to_port, payload });
        at += 40_000_000;
    }
    Some(about(world, now, 600))
}

/// The management looks for controllers on the network that its own stands on.
pub(super) fn who_is(world: &mut World, host: u32, now: i64) -> Option<i64> {
    let own = world.station(host);
    let group = (BROADCAST, own.network_broadcast(), own.stack.ttl());
    world.wire.mark(Mark::Speaks(host, "bacnet"));
    world.wire.udp_group(now, &own, (BACNET_PORT, BACNET_PORT), group, &building::who_is());
    Some(about(world, now, 900))
}

/// The management asks a controller who it is, then for its registers, on a connection of its own each time.
pub(super) fn modbus(world: &mut World, job: &Job, now: i64) -> Option<i64> {
    let manager = world.peer(Part::Building, job.host)?;
    let (host, peer) = (world.host(job.host).clone(), world.station(manager));
    let wire = &mut world.wire;
    let mut connection = Connection::open(wire, now, &peer, (&host.station, 502), MODBUS);
    connection.client_says(wire, &building::identify(1));
    wire.told_of(job.host, job.host, &[Attribute::Vendor, Attribute::Model]);
    let texts = [host.vendor(), host.model_name(), host.software().1];
    connection.server_says(wire, &building::identified(1, texts));
    for transaction in 2..12_u16 {
        connection.wait(wire, 2 * SECOND);
        connection.client_says(wire, &building::read_registers(transaction, 100, 8));
        let values: Vec<u16> = (0..8).map(|_| wire.rng.range(180, 240) as u16).collect();
        connection.server_says(wire, &building::registers(transaction, &values));
    }
    connection.close(wire, Side::Client);
    Some(about(world, now, 240).max(connection.now + SECOND))
}

/// A refrigerator's sensor publishes its temperature.
pub(super) fn refrigerator(world: &mut World, job: &Job, now: i64) -> Option<i64> {
    let broker = world.peer(Part::Building, job.host)?;
    let (host, peer) = (world.host(job.host).clone(), world.station(broker));
    let password = lasting(&host).digits(8);
    let wire = &mut world.wire;
    let mut connection = Connection::open(wire, now, &host.station, (&peer, 1_883), MQTT);
    wire.weak(job.host, Weakness::ClearCredentials);
    connection.client_says(wire, &mqtt::connect(&host.hostname, "sensors", &password));
    connection.server_says(wire, mqtt::CONNECTED);
    for _ in 0..6 {
        connection.wait(wire, 20 * SECOND);
        let value = format!("{{\"celsius\":{}.{}}}", wire.rng.range(3, 5), wire.rng.range(0, 9));
        connection.client_says(wire, &mqtt::publish(&format!("blood/{}", host.hostname), &value));
        connection.client_says(wire, mqtt::PING);
        connection.server_says(wire, mqtt::PONG);
    }
    connection.close(wire, Side::Client);
    Some(about(world, now, 300).max(connection.now + SECOND))
}
