//! How devices come and go: switched off by night, started anew, moved to another address, or half dead.

use super::{Job, SECOND, about};
use crate::catalogue::{Area, Model, Part};
use crate::fault::Fault;
use crate::hospital::World;
use crate::rhythm::clock;
use crate::speech::dicom::dataset::Syntax;
use crate::speech::dicom::{Association, Context, Implementation};
use crate::tcp::{Carries, Connection};
use crate::truth::Mark;

/// When people leave, at the earliest.
const EVENING: usize = 17;
/// People in a thousand who switch their device off when they leave.
const SWITCHED_OFF_PER_MILLE: u64 = 650;
/// Devices in a thousand that get another address when they come back: their lease had ended.
const OTHER_ADDRESS_PER_MILLE: u64 = 350;
/// Renewals in a thousand that the server refuses, because the device has been carried to another place.
const MOVED_PER_MILLE: u64 = 20;
/// What a device needs to start.
const START_SECONDS: i64 = 75;

/// Whether people switch devices of this model off when they go home.
pub(super) fn is_switched_off(model: &Model) -> bool {
    matches!(model.area, Area::Office | Area::Clinic | Area::Laboratory) && model.class == "it.ws"
}

/// Whether others never come to it, so that its address may change.
pub(super) fn may_move(model: &Model) -> bool {
    matches!(model.class, "it.ws" | "phleb.id" | "phleb.kiosk" | "mon.vs")
}

/// The evening of people's devices, and the restarts of broken ones.
pub(super) fn life(world: &mut World, job: &Job, now: i64) -> Option<i64> {
    if world.host(job.host).station.fault == Some(Fault::Rebooting) {
        if job.turn > 0 {
            world.switch_off(job.host, now + START_SECONDS * SECOND);
        }
        return Some(about(world, now, 1500));
    }
    let (hour, _) = clock(now);
    if hour < EVENING {
        let evening = now + (EVENING - hour) as i64 * 3600 * SECOND;
        return Some(evening + world.wire.rng.range(-1800, 5400) * SECOND);
    }
    let morning = now + (24 + 6 - hour as i64) * 3600 * SECOND + world.wire.rng.range(0, 5400) * SECOND;
    if world.wire.rng.per_mille(SWITCHED_OFF_PER_MILLE) {
        world.switch_off(job.host, morning);
        if world.wire.rng.per_mille(OTHER_ADDRESS_PER_MILLE) {
            moved(world, job.host, morning);
        }
    }
    Some(morning + 3600 * SECOND)
}

/// Gives a device another address from now on; whether there was one.
fn moved(world: &mut World, host: u32, at: i64) -> bool {
    if world.host(host).present.is_some() || !may_move(world.host(host).model) {
        return false;
    }
    let Some(ip) = world.readdress(host) else { return false };
    world.wire.happens(at, Mark::Moved(host, ip.into()));
    true
}

/// Whether this renewal is refused; then the device has another address from now on.
pub(super) fn refused_renewal(world: &mut World, host: u32, now: i64) -> bool {
    world.wire.rng.per_mille(MOVED_PER_MILLE) && moved(world, host, now)
}

/// Begins what it does not go on with: a connection to a server that was moved, or an association that hangs.
pub(super) fn half_open(world: &mut World, job: &Job, now: i64) -> Option<i64> {
    let own = world.station(job.host);
    let archive = world.peer(Part::Archive, job.host);
    if let Some(archive) = archive.filter(|_| job.turn.is_multiple_of(2)) {
        let dicom = Carries { protocol: "dicom", encrypted: false };
        let server = world.station(archive);
        let contexts = [Context { abstract_syntax: "1.2.840.10008.1.1", syntax: Syntax::Implicit }];
        let association = Association {
            called: "STORESCP",
            calling: "ECHOSCU",
            contexts: &contexts,
            identity: None,
            takes: &[],
        };
        let toolkit = Implementation { uid: "1.2.276.0.7230010.3.0.3.6.4", version: "OFFIS_DCMTK_364" };
        let wire = &mut world.wire;
        let mut connection = Connection::open(wire, now, &own, (&server, 11_112), dicom);
        connection.client_says(wire, &association.request(toolkit));
        connection.wait(wire, SECOND);
        wire.abandon(connection.now, connection.flow);
        return Some(about(world, now, 900));
    }
    let server = world.station(world.peer(Part::Files, job.host)?);
    let unknown = Carries { protocol: "unknown", encrypted: false };
    let wire = &mut world.wire;
    let mut connection = Connection::knock(wire, now, &own, (&server, 5_104), unknown);
    for pause in [1, 2, 4] {
        connection.wait(wire, pause * SECOND);
        connection.knock_again(wire);
    }
    wire.abandon(connection.now + SECOND, connection.flow);
    Some(about(world, now, 900))
}
