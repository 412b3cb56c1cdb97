//! Point-of-care devices: a blood-gas analyser reports to the middleware in POCT1-A.

use super::{Job, SECOND, busy};
use crate::catalogue::Part;
use crate::hospital::World;
use crate::rhythm::Rhythm;
use crate::speech::poct1a;
use crate::tcp::{Carries, Connection, Side};
use wardline_model::{Attribute, Timestamp};

const POCT1A: Carries = Carries { protocol: "poct1a", encrypted: false };
/// Where the data manager listens; no port is registered.
const MANAGER_PORT: u16 = 4_011;

/// Samples are measured: who it is, what it has, its results.
pub(super) fn report(world: &mut World, job: &Job, now: i64) -> Option<i64> {
    let manager = world.peer(Part::Middleware, job.host)?;
    let (host, peer) = (world.host(job.host).clone(), world.station(manager));
    let own = host.station;
    let device = poct1a::Device {
        id: &format!("{}-{}", host.model.area.unit(), host.hostname),
        vendor: "RADIOMETER",
        maker: host.vendor(),
        model: host.model_name(),
        serial: &host.serial,
        software: host.software().1,
    };
    let results = world.wire.rng.range(1, 4) as u32;
    let mut connection = Connection::open(&mut world.wire, now, &own, (&peer, MANAGER_PORT), POCT1A);
    let told = [Attribute::Vendor, Attribute::Model, Attribute::Serial, Attribute::Software];
    world.wire.told(job.host, &told);
    let mut number = 1;
    let time = Timestamp(connection.now);
    let mut said = vec![poct1a::hello(&device, 1, time), poct1a::status(results, 2, time)];
    for _ in 0..results {
        let patient = world.patient();
        let value = world.wire.rng.range(70, 260);
        said.push(poct1a::observation(&patient.id, value, said.len() as u64 + 1, time));
    }
    said.push(poct1a::end_of_topic(said.len() as u64 + 1, time));
    for (place, message) in said.iter().enumerate() {
        let wire = &mut world.wire;
        if place == 2 {
            connection.server_says(wire, &poct1a::request(1_000 + number, Timestamp(connection.now)));
            wire.patient_data(job.host);
            wire.patient_data(manager);
        }
        connection.client_says(wire, message);
        connection.wait(wire, 30_000_000);
        let answer = poct1a::acknowledgement(number, 1_000 + number, Timestamp(connection.now));
        connection.server_says(wire, &answer);
        number += 1;
    }
    connection.close(&mut world.wire, Side::Client);
    Some(busy(world, now, 500, Rhythm::Ward).max(connection.now + SECOND))
}
