//! Wireshark reads the capture: nothing malformed, every checksum right, every protocol recognised.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::process::Command;
use wardline_model::Timestamp;
use wardline_simulate::{Attack, Fault, Plan, Profile, Simulation, Truth, pcap_header, pcap_record};

/// Checks on, and the ports that the registered ones do not name.
const OPTIONS: &[&str] = &[
    "-o",
    "tcp.check_checksum:TRUE",
    "-o",
    "ip.check_checksum:TRUE",
    "-o",
    "udp.check_checksum:TRUE",
    "-o",
    "tcp.reassemble_out_of_order:TRUE",
    "-d",
    "tcp.port==104,dicom",
    "-d",
    "tcp.port==11112,dicom",
    "-d",
    "tcp.port==2575,hl7",
    "-d",
    "tcp.port==5001,hl7",
    "-d",
    "tcp.port==6661,hl7",
    "-d",
    "tcp.port==6662,hl7",
    "-d",
    "tcp.port==6464,http",
];

/// Whatever tshark knows of what the simulator speaks.
const PROTOCOLS: &[&str] = &[
    "arp", "lldp", "cdp", "icmp", "icmpv6", "dhcp", "dns", "mdns", "nbns", "ntp", "snmp", "syslog", "dicom",
    "hl7", "modbus", "bacapp", "mqtt", "radius", "sip", "tds", "vnc", "tls", "ssh", "smb", "smb2", "ntlmssp",
    "ftp", "ftp-data", "http", "rdp", "telnet",
];

fn installed() -> bool {
    let found = Command::new("tshark").arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("SKIPPED: tshark is not installed, so nobody but ourselves has read the simulator's bytes");
    }
    found
}

/// A capture in a file that goes away.
struct Capture(PathBuf);

impl Drop for Capture {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn capture(profile: Profile, devices: u32, seed: u64, attacks: &[Attack]) -> (Capture, Truth) {
    let plan = Plan {
        profile,
        devices,
        seed,
        start: Timestamp(1_772_438_400 * Timestamp::SECOND),
        duration_seconds: if attacks.is_empty() { 1800 } else { 540 },
    };
    let name = format!("wardline-simulate-{}-{}-{seed}.pcap", std::process::id(), profile.name());
    let capture = Capture(std::env::temp_dir().join(name));
    let mut out = BufWriter::new(File::create(&capture.0).unwrap());
    out.write_all(&pcap_header()).unwrap();
    let mut simulation = Simulation::attacked(&plan, attacks).unwrap();
    for packet in simulation.by_ref() {
        out.write_all(&pcap_record(&packet)).unwrap();
        out.write_all(&packet.bytes).unwrap();
    }
    out.flush().unwrap();
    (capture, simulation.truth().clone())
}

/// Lines of the given fields of the packets that a filter keeps.
fn fields(capture: &Capture, filter: &str, names: &[&str]) -> Vec<String> {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(&capture.0).args(OPTIONS).args(["-Y", filter, "-T", "fields"]);
    for name in names {
        command.args(["-e", name]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// What no frame may be, but for the checksums of devices that leave them to their interface.
const BAD: &str = "_ws.malformed || tcp.checksum.status==0 || ip.checksum.status==0 || udp.checksum.status==0 \
     || icmp.checksum.status==0 || icmpv6.checksum.status==0 || cdp.checksum.status==0 \
     || _ws.expert.severity==error";

/// Frames that Wireshark objects to, but for those.
fn objections(truth: &Truth) -> String {
    let offloads = |device: &&wardline_simulate::TrueDevice| device.fault == Some(Fault::Checksums);
    let addresses = truth.devices.iter().filter(offloads).flat_map(|device| &device.ips);
    let mut filter = format!("({BAD})");
    for ip in addresses.filter(|ip| ip.is_ipv4()) {
        filter.push_str(&format!(" && !(ip.src=={ip} && tcp.checksum.status==0)"));
    }
    filter
}

fn bad(capture: &Capture, truth: &Truth) -> Vec<String> {
    fields(capture, &objections(truth), &["frame.number", "_ws.col.Protocol", "_ws.expert.message"])
}

/// How many frames each filter keeps, in one reading.
fn counts(capture: &Capture, filters: &[&str]) -> Vec<u64> {
    let statistics = format!("io,stat,0,{}", filters.join(","));
    let mut command = Command::new("tshark");
    command.arg("-r").arg(&capture.0).args(OPTIONS).args(["-q", "-z", &statistics]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // The only row with an interval: frames and bytes of each filter in turn.
    let row = text.lines().find(|line| line.contains("<>")).unwrap_or_else(|| panic!("{text}"));
    let cells = row.split('|').skip(2).map(str::trim).filter(|cell| !cell.is_empty());
    cells.step_by(2).map(|cell| cell.parse().unwrap()).collect()
}

#[test]
fn tshark_finds_nothing_malformed() {
    if !installed() {
        return;
    }
    for (profile, seed) in [(Profile::Hospital, 77), (Profile::IntensiveCare, 3), (Profile::Laboratory, 2)] {
        let (capture, truth) = capture(profile, 64, seed, &[]);
        let bad = bad(&capture, &truth);
        assert!(bad.is_empty(), "{profile:?} {seed}: {} packets, first {:?}", bad.len(), bad.first());
    }
}

#[test]
fn tshark_finds_nothing_malformed_in_attacks_and_only_what_is_meant_in_broken_devices() {
    if !installed() {
        return;
    }
    let (capture, truth) = capture(Profile::Hospital, 300, 21, Attack::ALL);
    let faults: BTreeSet<Fault> = truth.devices.iter().filter_map(|device| device.fault).collect();
    assert_eq!(faults, Fault::ALL.iter().copied().collect(), "every fault is there");
    let objections = objections(&truth);
    // What a second reader sees of each attack.
    let shown = [
        ("tcp.checksum.status==0", 20),
        ("arp.opcode==2 && arp.duplicate-address-detected", 20),
        ("dhcp.option.dhcp==2 && ip.src==10.0.0.0/8 && eth.src[0:3]==dc:a6:32", 5),
        ("tcp.flags.syn==1 && tcp.flags.ack==0 && tcp.dstport==4242", 50),
        ("tcp.flags.reset==1 && tcp.srcport==4242", 50),
        ("dicom.assoc.ae.calling contains \"ECHOSCU\"", 10),
        ("dicom && frame contains 00:00:00:01:02:00:00:00:10:00", 20),
        ("ssh.protocol contains \"libssh2\"", 10),
        ("ftp.response.code==530", 10),
        ("hl7 && frame contains \"Potassium\"", 15),
        ("smb2.cmd==3 && smb2.flags.response==0", 6),
        ("smb2.cmd==17 && smb2.flags.response==0", 40),
        ("tls.handshake.extensions_server_name==\"cdn.update-status.example\"", 2),
        ("tls.handshake.extensions_server_name==\"files.transfer-box.example\"", 1),
        (objections.as_str(), 0),
    ];
    let filters = shown.map(|(filter, _)| filter);
    let counts = counts(&capture, &filters);
    assert_eq!(counts.len(), shown.len());
    for ((filter, least), count) in shown.iter().zip(&counts) {
        assert!(count >= least, "{filter}: {count}");
    }
    if *counts.last().unwrap() > 0 {
        let bad = bad(&capture, &truth);
        panic!("{} packets, first {:?}", bad.len(), bad.first());
    }
}

#[test]
fn tshark_recognises_every_protocol_and_the_names_in_it() {
    if !installed() {
        return;
    }
    let (capture, truth) = capture(Profile::Hospital, 110, 4, &[]);
    let stacks = fields(&capture, "frame", &["frame.protocols"]);
    assert_eq!(stacks.len() as u64, truth.packets);
    let seen: BTreeSet<&str> = stacks.iter().flat_map(|stack| stack.split(':')).collect();
    let missing: Vec<&&str> = PROTOCOLS.iter().filter(|protocol| !seen.contains(*protocol)).collect();
    assert!(missing.is_empty(), "not seen: {missing:?}");
    let names: Vec<&str> = truth.devices.iter().filter_map(|device| device.hostname.as_deref()).collect();
    let challenges =
        fields(&capture, "ntlmssp.messagetype==2", &["ntlmssp.challenge.target_info.nb_computer_name"]);
    assert!(!challenges.is_empty() && challenges.iter().all(|name| names.contains(&name.as_str())));
    let titles: Vec<&str> = truth.devices.iter().filter_map(|device| device.ae_title.as_deref()).collect();
    let calling = fields(&capture, "dicom.assoc.ae.calling", &["dicom.assoc.ae.calling"]);
    assert!(!calling.is_empty() && calling.iter().all(|title| titles.contains(&title.trim())), "{calling:?}");
    let hosts = fields(&capture, "dhcp.option.dhcp==1", &["dhcp.option.hostname"]);
    assert!(!hosts.is_empty() && hosts.iter().all(|name| names.contains(&name.as_str())), "{hosts:?}");
}

#[test]
fn tshark_counts_the_disturbances_that_the_truth_tells() {
    if !installed() {
        return;
    }
    let (capture, truth) = capture(Profile::Radiology, 64, 6, &[]);
    let late = fields(&capture, "tcp.analysis.out_of_order", &["frame.number"]).len() as u64;
    let again = fields(&capture, "tcp.analysis.retransmission", &["frame.number"]).len() as u64;
    // A frame delivered twice looks like a retransmission, or like one out of order, when it carries data.
    assert!(late + again >= truth.retransmitted, "{late} + {again} against {}", truth.retransmitted);
    assert!(
        late + again <= 2 * (truth.retransmitted + truth.reordered + truth.delivered_twice),
        "{late} + {again} against {} + {} + {}",
        truth.retransmitted,
        truth.reordered,
        truth.delivered_twice
    );
    let lost = fields(&capture, "tcp.analysis.ack_lost_segment", &["frame.number"]);
    assert!(lost.is_empty(), "acknowledged what was never sent: {lost:?}");
}
