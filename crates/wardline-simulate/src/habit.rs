//! What devices do again and again: each habit is a job in the queue that makes one conversation when it is due.
//!
//! Comes in: the world, the job, the time. Goes out: packets on the wire and the time of the next turn. A
//! long-lived connection stays in its job between turns.

mod clinical;
mod imaging;
mod laboratory;
mod network;
mod office;
mod remote;

use crate::hospital::World;
use crate::tcp::Connection;
use wardline_model::Timestamp;

pub(crate) use imaging::Modality;
pub(crate) use laboratory::AstmStyle;

/// One second on the wire.
pub(crate) const SECOND: i64 = Timestamp::SECOND;

/// Something a device does again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    Admissions,
    Arp,
    Astm(AstmStyle),
    Cdp,
    Dhcp,
    Distribution,
    FtpUpload,
    Handheld,
    HttpBasic,
    Images(Modality),
    LabAutomation,
    LabResults,
    LabelPrinting,
    Lldp,
    Mdns,
    Medibus,
    Names,
    Neighbours,
    Netbios,
    Ntp,
    Polling,
    PumpEvents,
    PumpLink,
    RdpServed,
    SmbFiles,
    SmbServed,
    SshServed,
    SshShared,
    Syslog,
    TelnetBanner,
    TelnetServed,
    Viewing,
    Vitals,
    VitalsForward,
    VitalsProprietary,
    Web,
    WebOutdated,
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
}

/// The first turn of every habit of every device, spread so that the hospital does not wake up at once.
pub(crate) fn first_jobs(world: &mut World) -> Vec<(Timestamp, Job)> {
    let mut jobs = Vec::new();
    for index in 0..world.hosts.len() as u32 {
        let own = world.host(index).model.habits;
        for habit in [Habit::Arp, Habit::Neighbours].iter().chain(own) {
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
            let at = world.start.0 + earliest + world.wire.rng.range(0, latest * SECOND);
            jobs.push((Timestamp(at), Job { habit: *habit, host: index, turn: 0, sessions: Vec::new() }));
        }
    }
    jobs
}

/// One turn; `None` when the habit ends because nobody is there to talk to.
pub(crate) fn run(world: &mut World, job: &mut Job, now: i64) -> Option<i64> {
    let host = job.host;
    if let Some((from, to)) = world.host(host).present {
        if now >= to {
            return None;
        }
        if now < from {
            return Some(from + (now - world.start.0));
        }
    }
    let next = match job.habit {
        Habit::Admissions => clinical::admissions(world, job, now),
        Habit::Arp => network::arp(world, host, now),
        Habit::Astm(style) => laboratory::astm(world, job, style, now),
        Habit::Cdp => network::cdp(world, host, now),
        Habit::Dhcp => network::dhcp(world, job, now),
        Habit::Distribution => clinical::distribution(world, job, now),
        Habit::FtpUpload => remote::ftp_upload(world, host, now),
        Habit::Handheld => office::handheld(world, host, now),
        Habit::HttpBasic => office::http_basic(world, host, now),
        Habit::Images(modality) => imaging::images(world, job, modality, now),
        Habit::LabAutomation => laboratory::automation(world, job, now),
        Habit::LabResults => laboratory::results(world, job, now),
        Habit::LabelPrinting => office::labels(world, host, now),
        Habit::Lldp => network::lldp(world, host, now),
        Habit::Mdns => network::mdns(world, host, now),
        Habit::Medibus => clinical::medibus(world, job, now),
        Habit::Names => network::names(world, host, now),
        Habit::Neighbours => network::neighbours(world, job, now),
        Habit::Netbios => network::netbios(world, host, now),
        Habit::Ntp => network::ntp(world, host, now),
        Habit::Polling => network::polling(world, job, now),
        Habit::PumpEvents => clinical::pump_events(world, job, now),
        Habit::PumpLink => clinical::pump_link(world, job, now),
        Habit::RdpServed => remote::rdp_served(world, host, now),
        Habit::SmbFiles => office::smb_files(world, host, now),
        Habit::SmbServed => office::smb_served(world, host, now),
        Habit::SshServed | Habit::SshShared => remote::ssh_served(world, job, now),
        Habit::Syslog => network::syslog(world, host, now),
        Habit::TelnetBanner => remote::telnet_banner(world, host, now),
        Habit::TelnetServed => remote::telnet_served(world, host, now),
        Habit::Viewing => imaging::viewing(world, host, now),
        Habit::Vitals => clinical::vitals(world, job, now),
        Habit::VitalsForward => clinical::vitals_forward(world, job, now),
        Habit::VitalsProprietary => clinical::vitals_proprietary(world, job, now),
        Habit::Web => office::web(world, host, now),
        Habit::WebOutdated => office::web_outdated(world, host, now),
    };
    job.turn += 1;
    next.map(|next| next.max(now + 1))
}

/// About this long from now: 70 to 130 in a hundred.
pub(crate) fn about(world: &mut World, now: i64, seconds: i64) -> i64 {
    now + world.wire.rng.range(seconds * SECOND * 7 / 10, seconds * SECOND * 13 / 10)
}
