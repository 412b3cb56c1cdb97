//! `wardline run`: a sensor beside a server, on a cable of their own and on a folder of captures.

use crate::network::{CLIENT, End, Network, SERVER, python, script};
use crate::{dicom, hl7};
use serde_json::Value;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use wardline_model::Timestamp;
use wardline_simulate::{Packet, Plan, Profile, Simulation, pcap_header, pcap_record};

/// How long anything may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The platform, running. Killed when dropped.
struct Platform {
    child: Child,
    data: PathBuf,
}

impl Drop for Platform {
    fn drop(&mut self) {
        // Already ended is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Platform {
    fn here<A: AsRef<OsStr>>(data: &Path, arguments: &[A]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wardline"));
        command.arg("run").arg("--data").arg(data).args(arguments).stdin(Stdio::null());
        Self { child: command.spawn().unwrap(), data: data.to_owned() }
    }

    fn devices(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.data.join("devices.json")).unwrap_or_default();
        let read: Value = serde_json::from_str(&text).unwrap_or_default();
        read.as_array().or_else(|| read["devices"].as_array()).cloned().unwrap_or_default()
    }

    /// Waits until it is so; how long it took.
    fn until(&self, what: &str, mut so: impl FnMut(&Self) -> bool) -> Duration {
        #[expect(clippy::disallowed_methods, reason = "how long it took is what is tested")]
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if so(self) {
                return began.elapsed();
            }
            sleep(LOOK_EVERY);
        }
        panic!("{what}: not within {PATIENCE:?}; devices: {:#?}", self.devices());
    }

    /// Process numbers of a role, as its command line tells.
    fn role(&self, role: &str) -> Vec<u32> {
        let of =
            |pid: u32| fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        let mut found = Vec::new();
        let mut look: Vec<u32> = vec![self.child.id()];
        while let Some(pid) = look.pop() {
            look.extend(of(pid).split(' ').filter_map(|pid| pid.trim().parse::<u32>().ok()));
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let words: Vec<_> = line.split(|byte| *byte == 0).collect();
            if words.contains(&&b"--supervised"[..]) && words.contains(&role.as_bytes()) {
                found.push(pid);
            }
        }
        found
    }

    fn stop(mut self) -> ExitStatus {
        // `ip netns exec` becomes what it runs.
        let done = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(done.success());
        self.child.wait().unwrap()
    }
}

fn kill(pid: u32) {
    assert!(Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
}

fn has(list: &Value, text: &str) -> bool {
    list.as_array().is_some_and(|list| list.iter().any(|value| value == text))
}

pub(crate) fn simulated(seed: u64) -> Vec<u8> {
    let start = Timestamp(1_772_434_800 * Timestamp::SECOND);
    let plan = Plan { profile: Profile::Hospital, devices: 20, seed, start, duration_seconds: 300 };
    let mut bytes = pcap_header().to_vec();
    let packets: Vec<Packet> = Simulation::new(&plan).unwrap().collect();
    for packet in &packets {
        bytes.extend(pcap_record(packet));
        bytes.extend(&packet.bytes);
    }
    bytes
}

fn alone<A: AsRef<OsStr>>(arguments: &[A]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_wardline")).arg("run").args(arguments).output().unwrap()
}

#[test]
fn a_sensor_alone_prints_the_same_batches_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("one.pcap");
    fs::write(&capture, simulated(1)).unwrap();
    let run = || {
        let output = alone(&[OsStr::new("--role=sensor"), OsStr::new("--capture"), capture.as_os_str()]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        assert!(said.contains("cannot send, open sockets, write files or start programs"), "{said}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
    };
    let (first, second) = (run(), run());
    let name = |batch: &Value| (batch["run"].clone(), batch["sequence"].clone(), batch["statements"].clone());
    assert!(first.len() > 3 && first.iter().map(name).eq(second.iter().map(name)), "{} batches", first.len());
    let packets: u64 = first.iter().map(|batch| batch["health"]["packets"].as_u64().unwrap()).sum();
    assert!(packets > 500, "{packets} packets");
    assert_eq!((&first[0]["wardline"], &first[0]["version"]), (&"batch".into(), &1.into()));
}

#[test]
fn what_cannot_be_done_is_said_and_is_wrong_use() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("wardline.toml");
    fs::write(&config, "[sensor]\nrings = 0\ninterfaces = [\"lo\"]\n").unwrap();
    let config = format!("--config={}", config.display());
    let data = format!("--data={}", folder.path().join("data").display());
    for (arguments, said) in [
        (vec![&*data], "nothing to watch: give --interface IF"),
        (vec![&data, "--interface=not-there-0"], "there is none of that name"),
        (vec![&data, "--capture=not-there.pcap"], "not-there.pcap"),
        (vec![&data, "--capture-dir=not-there"], "the folder not-there cannot be read"),
        (vec![&data, "--interface=lo", "--exclude=tcp:80"], "give host:ADDRESS, net:ADDRESS/BITS"),
        (vec![&data, &config], "sensor.rings = 0: from 1 to 64"),
        (vec![&data, "--interface=lo", "--capture=x.pcap"], "cannot be used with"),
    ] {
        let output = alone(&arguments);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(said), "{arguments:?}: {text}");
    }
}

#[test]
fn a_role_that_is_killed_comes_back_and_takes_no_neighbour_along() {
    let folder = tempfile::tempdir().unwrap();
    let (captures, data) = (folder.path().join("captures"), folder.path().join("data"));
    fs::create_dir(&captures).unwrap();
    let platform = Platform::here(&data, &[OsStr::new("--capture-dir"), captures.as_os_str()]);
    let mut known = BTreeSet::new();
    let mut add = |platform: &Platform, seed: u64| {
        // Complete when it appears, and another one behind it: so it is at its end.
        for (name, bytes) in [
            (format!("{seed}.pcap"), simulated(seed)),
            (format!("{seed}-next.pcap"), simulated(seed)[..24].to_vec()),
        ] {
            fs::write(captures.join(format!(".{name}")), bytes).unwrap();
            fs::rename(captures.join(format!(".{name}")), captures.join(&name)).unwrap();
            sleep(Duration::from_millis(20));
        }
        let ids = |platform: &Platform| -> BTreeSet<String> {
            platform.devices().iter().filter_map(|device| device["id"].as_str().map(str::to_owned)).collect()
        };
        platform
            .until(&format!("devices of {seed}"), |platform| ids(platform).difference(&known).count() >= 3);
        // Until all of them are there: nothing changes for a while.
        sleep(Duration::from_secs(5));
        known.extend(ids(platform));
    };
    add(&platform, 1);
    let (sensor, server) = (platform.role("sensor"), platform.role("server"));
    assert_eq!((sensor.len(), server.len()), (1, 1));
    let status = fs::read_to_string(format!("/proc/{}/status", sensor[0])).unwrap();
    for held in ["CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"] {
        assert!(status.contains(held), "{held}: {status}");
    }
    kill(server[0]);
    platform.until("another server", |platform| platform.role("server").iter().any(|pid| *pid != server[0]));
    assert_eq!(platform.role("sensor"), sensor, "the sensor goes on");
    // What the first server knew went with it; what comes from now on is there.
    add(&platform, 2);
    let server = platform.role("server");
    kill(sensor[0]);
    platform.until("another sensor", |platform| platform.role("sensor").iter().any(|pid| *pid != sensor[0]));
    add(&platform, 3);
    assert_eq!(platform.role("server"), server, "the server goes on");
    let (sensor, server) = (platform.role("sensor"), platform.role("server"));
    assert!(platform.stop().success());
    for pid in sensor.into_iter().chain(server) {
        assert!(!Path::new(&format!("/proc/{pid}/exe")).exists(), "{pid} was left behind");
    }
}

#[test]
fn a_scanner_and_a_monitor_that_speak_on_a_cable_are_in_either_database() {
    let Some(python) = python("HL7 by python-hl7") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut databases = vec![format!("sqlite:{}", folder.path().join("live.db").display())];
    match testkit::postgres::database() {
        Ok(address) => databases.push(address),
        Err(why) => println!("SKIPPED: PostgreSQL is not here: {}", why.lines().next().unwrap_or_default()),
    }
    for database in &databases {
        let Some(network) = Network::new(&["echoscu", "storescu", "storescp", "dump2dcm"]) else { return };
        watch_a_scanner_and_a_monitor(&network, &python, database);
    }
}

fn watch_a_scanner_and_a_monitor(network: &Network, python: &Path, database: &str) {
    let (image, data) = (dicom::object(network, dicom::IMAGE, "image.dcm"), network.path("data"));
    let mut command = network.command(End::Server, OsStr::new(env!("CARGO_BIN_EXE_wardline")));
    command.args(["run", "--interface", "eth0", "--database", database, "--data"]).arg(&data);
    let child = command.stdin(Stdio::null()).spawn().unwrap();
    let platform = Platform { child, data: data.clone() };
    platform.until("a server", |platform| platform.data.join("sensors.json").exists());
    platform.until("a sensor", |platform| platform.role("sensor").len() == 1);
    sleep(Duration::from_secs(1));
    {
        let _archive = network.serve("storescp", &["-aet", "ARCHIVE9", "-od", ".", "11112"], 11112);
        let send = ["-aet", "CT_BAY4", "-aec", "ARCHIVE9", SERVER, "11112", image.to_str().unwrap()];
        network.speak("storescu", &send);
    }
    let took = platform.until("the scanner", |platform| {
        platform
            .devices()
            .iter()
            .any(|d| has(&d["ips"], CLIENT) && d["model"] == "SOMATOM Force" && d["serial"] == "75821")
    });
    eprintln!("the scanner was there {took:?} after it had spoken");
    assert!(took < Duration::from_secs(15), "{took:?}");
    let messages = network.path("messages.hl7");
    fs::write(&messages, hl7::MESSAGES).unwrap();
    {
        let (server, client) = (script("hl7_server.py"), script("hl7_client.py"));
        let _receiver = network.serve(python, &[server.to_str().unwrap(), SERVER, "6661"], 6661);
        network.speak(python, &[client.to_str().unwrap(), SERVER, "6661", messages.to_str().unwrap()]);
    }
    platform.until("the monitor", |platform| {
        platform.devices().iter().any(|d| d["vendor"] == "Mindray" && d["model"] == "BeneVision N17")
    });
    assert!(platform.stop().success());
    let mut all = String::new();
    for name in ["devices.json", "findings.jsonl", "sensors.json"] {
        all.push_str(&fs::read_to_string(data.join(name)).unwrap().to_lowercase());
    }
    assert!(all.contains("\"dropped\": 0"), "{all}");
    assert!(all.contains("sensor:eth0"), "evidence names its interface");
    let kept = archived(&data, database);
    for (table, held) in [
        ("device", "SOMATOM Force"),
        ("device", "BeneVision N17"),
        ("device_value", "CT_BAY4"),
        ("evidence", "75821"),
        ("conversation", "dicom"),
        ("conversation", "hl7"),
        ("conversation_hour", ""),
    ] {
        assert!(
            kept.iter().any(|(of, row)| of == table && row.contains(held)),
            "{table} with {held}: {kept:#?}"
        );
    }
    all.extend(kept.iter().map(|(_, row)| row.to_lowercase()));
    for word in ["quillfeather", "ottoline", "7741905", "19470313", "cobblers"] {
        assert!(!all.contains(word), "{word} stands in what was kept");
    }
}

/// All that a database holds: table and row, as the archive writes them.
fn archived(data: &Path, database: &str) -> Vec<(String, String)> {
    let file = data.join("all.archive");
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardline"));
    command.arg("backup").arg(&file).args(["--database", database, "--data"]).arg(data);
    assert!(command.status().unwrap().success());
    let text = String::from_utf8(zstd::decode_all(fs::File::open(&file).unwrap()).unwrap()).unwrap();
    let (mut table, mut rows) = (String::new(), Vec::new());
    for line in text.lines() {
        if line.starts_with('[') {
            rows.push((table.clone(), line.to_owned()));
        } else if let Value::String(name) = &serde_json::from_str::<Value>(line).unwrap()["table"] {
            table.clone_from(name);
        }
    }
    rows
}

#[test]
fn a_silent_cable_stays_silent_and_a_first_frame_is_there_in_five_seconds() {
    let Some(network) = Network::silent() else { return };
    let mut dump = network.command(End::Client, OsStr::new("tcpdump"));
    dump.args(["-i", "eth0", "-n", "-e", "-q", "-l", "--immediate-mode", "-Z", "root"]);
    let mut dump = dump.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(dump.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("listening on") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "tcpdump did not start");
    }
    let data = network.path("data");
    let mut command = network.command(End::Server, OsStr::new(env!("CARGO_BIN_EXE_wardline")));
    command.args(["run", "--interface", "eth0", "--data"]).arg(&data).stdin(Stdio::null());
    let platform = Platform { child: command.spawn().unwrap(), data };
    platform.until("a server", |platform| platform.data.join("sensors.json").exists());
    platform.until("a sensor", |platform| platform.role("sensor").len() == 1);
    sleep(Duration::from_secs(3));
    assert!(platform.devices().is_empty());
    // One ARP request of a Philips monitor, with the tag of VLAN 12.
    let script =
        "import socket,sys\ns=socket.socket(17,3)\ns.bind(('eth0',0))\ns.send(bytes.fromhex(sys.argv[1]))";
    let arp = "ffffffffffff0009fb0000078100000c080600010800060400010009fb0000070a4d0911000000000000\
               0a4d0914";
    let sent = network
        .command(End::Client, OsStr::new("python3"))
        .args(["-c", script, &format!("{arp:0<120}")])
        .status();
    assert!(sent.unwrap().success());
    let took = platform.until("the first frame's device", |platform| {
        platform.devices().iter().any(|device| has(&device["macs"], "00:09:fb:00:00:07"))
    });
    eprintln!("the device was there {took:?} after its first frame");
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(platform.stop().success());
    let _ = Command::new("kill").args(["-INT", &dump.id().to_string()]).status();
    let mut seen = String::new();
    dump.stdout.take().unwrap().read_to_string(&mut seen).unwrap();
    let _ = dump.wait();
    let frames: Vec<_> = seen.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).collect();
    assert!(
        frames.len() == 1 && frames[0].contains("00:09:fb:00:00:07 >"),
        "what the far end saw: {frames:?}"
    );
}
