//! Ransomware that spreads over shares: from a workstation to every Windows machine that lets it in, a copy of
//! itself on each, then the files: read, overwritten, renamed, one after the other, and a note in every folder.

use super::{Campaign, aim};
use crate::catalogue::Part;
use crate::habit::{Habit, SECOND, smb_sign_in};
use crate::hospital::{Host, World};
use crate::rng::Rng;
use crate::speech::smb::share::{self, Place};
use crate::tcp::{Connection, Side};
use crate::wire::Stack;
use wardline_model::Timestamp;

/// Machines that it reaches before somebody pulls the plug.
const MACHINES_MAX: u64 = 25;
/// Files of a machine, and of the file server.
const FILES: i64 = 14;
const FILES_OF_SERVER: i64 = 60;
/// What it calls the files.
const ENDING: &str = "locked";

/// Whether it can sign in there: a Windows with version 2 of the protocol that does not insist on signatures.
pub(super) fn is_open(host: &Host) -> bool {
    let served = host.model.habits.contains(&Habit::SmbServed);
    served && host.model.stack != Stack::WindowsXp && host.model.part != Part::Domain
}

/// The file server first, then the others in no order.
pub(super) fn order(world: &World, mut machines: Vec<u32>, rng: &mut Rng) -> Vec<u32> {
    for place in (1..machines.len()).rev() {
        machines.swap(place, rng.below(place as u64 + 1) as usize);
    }
    machines.sort_by_key(|machine| world.host(*machine).model.part != Part::Files);
    machines
}

/// A session on a share.
struct Share {
    connection: Connection,
    place: Place,
}

impl Share {
    /// A request and its answer; the file stays the one that was opened last.
    fn exchange(
        &mut self,
        world: &mut World,
        question: &[u8],
        answer: impl Fn(&Place, Timestamp) -> Vec<u8>,
    ) {
        let wire = &mut world.wire;
        self.connection.client_says(wire, question);
        let answer = answer(&self.place, Timestamp(self.connection.now));
        self.connection.server_says(wire, &answer);
        self.place.message += 1;
    }

    fn connect(&mut self, world: &mut World, path: &str) {
        self.place.tree = 0;
        let question = share::connect(&self.place, path);
        self.place.tree = 1 + world.wire.rng.below(6) as u32;
        self.exchange(world, &question, |place, _| share::connected(place));
    }

    fn open(&mut self, world: &mut World, name: &str, size: u64, new: bool) {
        let question = share::open(&self.place, name, new);
        self.place.file = world.wire.rng.array();
        self.exchange(world, &question, |place, now| share::opened(place, size, new, now));
    }

    fn write(&mut self, world: &mut World, data: &[u8]) {
        let question = share::write(&self.place, data);
        self.exchange(world, &question, |place, _| share::written(place, data.len() as u32));
    }

    fn close(&mut self, world: &mut World) {
        let question = share::close(&self.place);
        self.exchange(world, &question, |place, _| share::closed(place));
    }
}

/// One machine a turn.
pub(super) fn spread(world: &mut World, campaign: &mut Campaign, now: i64) -> Option<i64> {
    let target = campaign.target().filter(|_| campaign.turn < MACHINES_MAX)?;
    if !world.is_present(target, now) {
        return Some(now + SECOND);
    }
    aim(world, target);
    let server = world.host(target).clone();
    let (connection, session) = smb_sign_in(world, now, (campaign.attacker, target), "svc-backup");
    let place = Place { message: 3, session, tree: 0, file: [0; 16] };
    let mut share = Share { connection, place };
    share.connect(world, &format!("\\\\{}\\ADMIN$", server.hostname));
    share.open(world, "Temp\\svhost32.exe", 0, true);
    for _ in 0..3 {
        let program = world.wire.rng.bytes(32_000);
        share.write(world, &program);
    }
    share.close(world);
    let is_server = server.model.part == Part::Files;
    let name = if is_server { "Clinical" } else { "C$" };
    share.connect(world, &format!("\\\\{}\\{name}", server.hostname));
    for number in 0..if is_server { FILES_OF_SERVER } else { FILES } {
        lock(world, &mut share, number);
    }
    share.open(world, "Documents\\READ_ME_NOW.txt", 0, true);
    share.write(world, b"Your files are locked. Do not switch anything off.\r\n");
    share.close(world);
    share.connection.wait(&mut world.wire, SECOND / 2);
    share.connection.close(&mut world.wire, Side::Client);
    Some(share.connection.now + world.wire.rng.range(2, 12) * SECOND)
}

/// One file: opened, read, overwritten with noise, renamed, closed.
fn lock(world: &mut World, share: &mut Share, number: i64) {
    let endings = ["docx", "xlsx", "pdf", "dcm", "mdb"];
    let name = format!("Documents\\{number:04}.{}", world.wire.rng.pick(&endings));
    let size = world.wire.rng.range(4_000, 48_000) as usize;
    share.open(world, &name, size as u64, false);
    let old = vec![b' '; size];
    let question = share::read(&share.place, size as u32);
    share.exchange(world, &question, |place, _| share::was_read(place, &old));
    let noise = world.wire.rng.bytes(size);
    share.write(world, &noise);
    let question = share::rename(&share.place, &format!("{name}.{ENDING}"));
    share.exchange(world, &question, |place, _| share::renamed(place));
    share.close(world);
}
