//! What devices do again and again: each habit is a job in the queue that makes one conversation when it is due.
//!
//! Comes in: the world, the job, the time. Goes out: packets on the wire and the time of the next turn. A
//! long-lived connection stays in its job between turns.

mod bedside;
mod building;
pub(crate) mod clinical;
pub(crate) mod imaging;
mod infrastructure;
mod laboratory;
mod life;
mod network;
mod office;
mod pointofcare;
mod remote;

use crate::catalogue::{Area, Model, Part};
use crate::fault::Fault;
use crate::hospital::World;
use crate::rhythm::Rhythm;
use crate::rng::Rng;
use crate::tcp::Connection;
use wardline_model::Timestamp;

pub(crate) use imaging::Modality;
pub(crate) use laboratory::AstmStyle;
pub(crate) use network::manner as dhcp_manner;
pub(crate) use office::{lasting, smb_sign_in};

/// One second on the wire.
pub(crate) const SECOND: i64 = Timestamp::SECOND;

/// Something a device does again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    Admission,
    Admissions,
    Arp,
    Astm(AstmStyle),
    Bacnet,
    Carescape,
    Cdp,
    Database,
    Dhcp,
    Distribution,
    FtpUpload,
    HalfOpen,
    Handheld,
    HttpBasic,
    Images(Modality),
    Intellivue,
    LabAutomation,
    LabResults,
    LabelPrinting,
    Life,
    Lldp,
    Mdns,
    Medibus,
    Modbus,
    Names,
    Neighbours,
    Netbios,
    Ntp,
    PointOfCare,
    Polling,
    PumpEvents,
    PumpLink,
    RdpServed,
    Refrigerator,
    Screen,
    Sdc,
    SmbFiles,
    SmbServed,
    SshServed,
    SshShared,
    Syslog,
    Telephone,
    TelnetBanner,
    TelnetServed,
    Viewing,
    Vitals,
    VitalsForward,
    VitalsProprietary,
    Web,
    WebOutdated,
    WhoIs,
}

/// A habit of one device, with what it remembers.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) habit: Habit,
    pub(crate) host: u32,
    /// Turns so far.
    pub(crate) turn: u64,
    /// Long-lived connections, by use.
    pub(crate) sessions: Vec<Connection>,
    /// What varies in it, apart from what varies elsewhere.
    rng: Rng,
    /// The host's count of starts when the sessions were opened.
    starts: u32,
}

impl Job {
    fn new(habit: Habit, host: u32, rng: Rng) -> Self {
        Self { habit, host, turn: 0, sessions: Vec::new(), rng, starts: 0 }
    }
}

/// What a device of this model and fault does.
fn habits_of(model: &'static Model, fault: Option<Fault>) -> impl Iterator<Item = Habit> {
    let silent = fault == Some(Fault::Silent);
    let own = model.habits.iter().copied().filter(move |habit| !silent || *habit == Habit::Dhcp);
    let half_open = (fault == Some(Fault::HalfOpen)).then_some(Habit::HalfOpen);
    let lives = life::is_switched_off(model) || fault == Some(Fault::Rebooting);
    [Habit::Arp, Habit::Neighbours]
        .into_iter()
        .chain(own)
        .chain(half_open)
        .chain(lives.then_some(Habit::Life))
}

/// The first turn of every habit of every device, spread so that the hospital does not wake up at once.
pub(crate) fn first_jobs(world: &World, seed: u64) -> Vec<(Timestamp, Job)> {
    let mut jobs = Vec::new();
    for host in &world.hosts {
        let index = host.station.index;
        for (place, habit) in habits_of(host.model, host.station.fault).enumerate() {
            let latest = match habit {
                Habit::Arp | Habit::Dhcp | Habit::Lldp | Habit::Cdp => 20,
                Habit::Names
                | Habit::Neighbours
                | Habit::Netbios
                | Habit::Mdns
                | Habit::Ntp
                | Habit::Polling => 60,
                _ => 180,
            };
            let earliest = if matches!(habit, Habit::Dhcp) { 0 } else { SECOND };
            let mut rng = Rng::new(seed.rotate_left(20) ^ u64::from(index) << 8 ^ place as u64);
            let at = world.start.0 + earliest + rng.range(0, latest * SECOND);
            jobs.push((Timestamp(at), Job::new(habit, index, rng)));
        }
    }
    jobs
}

/// One turn; `None` when the habit ends because nobody is there to talk to.
pub(crate) fn run(world: &mut World, job: &mut Job, now: i64) -> Option<i64> {
    let host = world.host(job.host);
    if let Some((from, to)) = host.present {
        if now >= to {
            return None;
        }
        if now < from {
            return Some(from + (now - world.start.0));
        }
    }
    let (off_until, starts) = (host.off_until, host.starts);
    if starts != job.starts {
        job.starts = starts;
        for session in job.sessions.drain(..) {
            world.wire.abandon(now, session.flow);
        }
        if job.habit == Habit::Dhcp {
            job.turn = 0;
        }
    }
    std::mem::swap(&mut world.wire.rng, &mut job.rng);
    let next = if now < off_until && job.habit != Habit::Life {
        // The address first, then everything else.
        let latest = if matches!(job.habit, Habit::Arp | Habit::Dhcp) { 5 } else { 120 };
        Some(off_until + world.wire.rng.range(SECOND, latest * SECOND))
    } else {
        turn(world, job, now)
    };
    std::mem::swap(&mut world.wire.rng, &mut job.rng);
    next.map(|next| next.max(now + 1))
}

/// What the habit makes of its turn.
fn turn(world: &mut World, job: &mut Job, now: i64) -> Option<i64> {
    let host = job.host;
    let next = match job.habit {
        Habit::Admission => infrastructure::admission(world, job, now),
        Habit::Admissions => clinical::admissions(world, job, now),
        Habit::Arp => network::arp(world, host, now),
        Habit::Astm(style) => laboratory::astm(world, job, style, now),
        Habit::Bacnet => building::bacnet(world, job, now),
        Habit::Carescape => bedside::carescape(world, host, now),
        Habit::Cdp => network::cdp(world, host, now),
        Habit::Database => infrastructure::database(world, job, now),
        Habit::Dhcp => network::dhcp(world, job, now),
        Habit::Distribution => clinical::distribution(world, job, now),
        Habit::PointOfCare => pointofcare::report(world, job, now),
        Habit::FtpUpload => remote::ftp_upload(world, host, now),
        Habit::HalfOpen => life::half_open(world, job, now),
        Habit::Handheld => office::handheld(world, host, now),
        Habit::HttpBasic => office::http_basic(world, host, now),
        Habit::Images(modality) => imaging::images(world, job, modality, now),
        Habit::Intellivue => bedside::intellivue(world, job, now),
        Habit::LabAutomation => laboratory::automation(world, job, now),
        Habit::LabResults => laboratory::results(world, job, now),
        Habit::LabelPrinting => office::labels(world, host, now),
        Habit::Life => life::life(world, job, now),
        Habit::Lldp => network::lldp(world, host, now),
        Habit::Mdns => network::mdns(world, host, now),
        Habit::Medibus => clinical::medibus(world, job, now),
        Habit::Modbus => building::modbus(world, job, now),
        Habit::Names => network::names(world, host, now),
        Habit::Neighbours => network::neighbours(world, job, now),
        Habit::Netbios => network::netbios(world, host, now),
        Habit::Ntp => network::ntp(world, host, now),
        Habit::Polling => network::polling(world, job, now),
        Habit::PumpEvents => clinical::pump_events(world, job, now),
        Habit::PumpLink => clinical::pump_link(world, job, now),
        Habit::RdpServed => remote::rdp_served(world, host, now),
        Habit::Refrigerator => building::refrigerator(world, job, now),
        Habit::Screen => infrastructure::screen(world, host, now),
        Habit::Sdc => bedside::sdc(world, job, now),
        Habit::SmbFiles => office::smb_files(world, host, now),
        Habit::SmbServed => office::smb_served(world, host, now),
        Habit::SshServed | Habit::SshShared => remote::ssh_served(world, job, now),
        Habit::Syslog => network::syslog(world, host, now),
        Habit::Telephone => infrastructure::telephone(world, job, now),
        Habit::TelnetBanner => remote::telnet_banner(world, host, now),
        Habit::TelnetServed => remote::telnet_served(world, host, now),
        Habit::Viewing => imaging::viewing(world, host, now),
        Habit::Vitals => clinical::vitals(world, job, now),
        Habit::VitalsForward => clinical::vitals_forward(world, job, now),
        Habit::VitalsProprietary => clinical::vitals_proprietary(world, job, now),
        Habit::Web => office::web(world, host, now),
        Habit::WebOutdated => office::web_outdated(world, host, now),
        Habit::WhoIs => building::who_is(world, host, now),
    };
    job.turn += 1;
    next
}

/// About this long from now: 70 to 130 in a hundred.
pub(crate) fn about(world: &mut World, now: i64, seconds: i64) -> i64 {
    now + world.wire.rng.range(seconds * SECOND * 7 / 10, seconds * SECOND * 13 / 10)
}

/// About this long at usual pace: longer by night, shorter in the busiest hours.
pub(crate) fn busy(world: &mut World, now: i64, seconds: i64, rhythm: Rhythm) -> i64 {
    rhythm.after(now, about(world, now, seconds) - now)
}

/// Whose hours a device's people keep.
pub(crate) const fn rhythm_of(model: &Model) -> Rhythm {
    match (model.part, model.area) {
        (Part::Viewer | Part::Device, Area::Office | Area::Clinic | Area::Radiology) | (Part::Viewer, _) => {
            Rhythm::Office
        }
        (_, Area::Laboratory | Area::Phlebotomy) => Rhythm::Laboratory,
        _ => Rhythm::Ward,
    }
}
