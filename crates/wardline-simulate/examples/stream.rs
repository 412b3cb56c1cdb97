//! Writes a generated capture to standard output: `stream [PROFILE] [DEVICES] [SECONDS] [SEED]`.

use std::io::{BufWriter, Write as _};
use wardline_model::Timestamp;
use wardline_simulate::{Plan, Profile, Simulation, pcap_header, pcap_record};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let word = |place: usize, usual: &'static str| words.get(place).map_or(usual, String::as_str).to_owned();
    let plan = Plan {
        profile: Profile::from_name(&word(0, "hospital")).ok_or("no such profile")?,
        devices: word(1, "60").parse()?,
        seed: word(3, "1").parse()?,
        start: Timestamp(1_772_438_400 * Timestamp::SECOND),
        duration_seconds: word(2, "3600").parse()?,
    };
    let mut simulation = Simulation::new(&plan)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    out.write_all(&pcap_header())?;
    for packet in simulation.by_ref() {
        out.write_all(&pcap_record(&packet))?;
        out.write_all(&packet.bytes)?;
    }
    out.flush()?;
    let truth = simulation.truth();
    eprintln!(
        "{} packets, {} bytes, {} devices, {} flows; {} retransmitted, {} reordered, {} delivered twice",
        truth.packets,
        truth.bytes,
        truth.devices.len(),
        truth.flows.len(),
        truth.retransmitted,
        truth.reordered,
        truth.delivered_twice
    );
    Ok(())
}
