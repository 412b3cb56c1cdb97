//! Against the kernel: a cable whose far end is another network namespace. Needs root, `ip`, `tcpdump`, `python3`.

use crate::{Filter, Options, Ring, Stretch, Wants, confine};
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::{Child, Command, Stdio, id};
use std::time::Duration;

/// A cable: one end here, the other in a namespace of its own. Silent: no IPv6, no ARP. Gone when dropped.
struct Cable {
    near: String,
    far: String,
}

impl Cable {
    fn new(number: u32) -> Option<Self> {
        for program in ["python3", "tcpdump"] {
            if Command::new(program).arg("--version").output().is_err() {
                eprintln!("SKIPPED: peer {program} is not here: live frames are not captured");
                return None;
            }
        }
        let cable =
            Self { near: format!("wl{}c{number}", id()), far: format!("wardline-{}-c{number}", id()) };
        let steps = [
            format!("netns add {}", cable.far),
            format!("link add {} type veth peer name far netns {}", cable.near, cable.far),
            format!("link set {} arp off", cable.near),
            format!("-n {} link set far arp off", cable.far),
        ];
        for step in steps {
            if let Err(reason) = ip(&step) {
                eprintln!("SKIPPED: no network namespaces for the capture of live frames: {reason}");
                return None;
            }
        }
        let quiet = format!("/proc/sys/net/ipv6/conf/{}/disable_ipv6", cable.near);
        // A kernel without IPv6 is as silent.
        let _ = fs::write(quiet, "1");
        let quiet = "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6";
        let _ = Command::new("ip").args(["netns", "exec", &cable.far, "sh", "-c", quiet]).status();
        ip(&format!("link set {} up", cable.near)).unwrap();
        ip(&format!("-n {} link set far up", cable.far)).unwrap();
        Some(cable)
    }

    fn at_far_end(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.far, program]).args(arguments);
        command
    }

    /// Sends frames from the far end.
    fn send(&self, frames: &[Vec<u8>]) {
        let script = "import socket,sys\ns=socket.socket(17,3)\ns.bind(('far',0))\n\
                      for line in sys.stdin: s.send(bytes.fromhex(line))";
        let mut sender = self.at_far_end("python3", &["-c", script]).stdin(Stdio::piped()).spawn().unwrap();
        let mut into = sender.stdin.take().unwrap();
        for frame in frames {
            let hex: String = frame.iter().map(|byte| format!("{byte:02x}")).collect();
            writeln!(into, "{hex}").unwrap();
        }
        drop(into);
        assert!(sender.wait().unwrap().success(), "the sender failed");
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        let _ = ip(&format!("netns del {}", self.far));
        let _ = ip(&format!("link del {}", self.near));
    }
}

fn ip(arguments: &str) -> Result<(), String> {
    let done = Command::new("ip").args(arguments.split(' ')).output().map_err(|e| format!("ip: {e}"))?;
    let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
    if done.status.success() { Ok(()) } else { Err(format!("ip {arguments}: {said}")) }
}

fn frame(number: u32, tag: &[u8], length: usize) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 7];
    frame.extend(tag);
    frame.extend([0x88, 0xb5]);
    frame.extend(number.to_be_bytes());
    frame.resize(length, 0xaa);
    frame
}

/// Reads rings until so many packets have come, or nothing comes for ten seconds.
fn hear(rings: &mut [Ring], count: usize) -> Vec<Vec<Vec<u8>>> {
    let mut heard: Vec<Vec<Vec<u8>>> = rings.iter().map(|_| Vec::new()).collect();
    let mut stretch = Stretch::default();
    let mut idle = 0;
    while heard.iter().map(Vec::len).sum::<usize>() < count && idle < 400 {
        idle += 1;
        for (ring, heard) in rings.iter_mut().zip(&mut heard) {
            assert!(ring.wait(25).unwrap(), "the interface is up");
            while ring.next(&mut stretch) {
                idle = 0;
                for p in &stretch.packets {
                    let start = usize::try_from(p.offset).unwrap();
                    let end = start + usize::try_from(p.captured).unwrap();
                    heard.push(stretch.bytes[start..end].to_vec());
                }
            }
        }
    }
    heard
}

#[test]
fn frames_come_in_order_whole_or_cut_with_their_tags() {
    let Some(cable) = Cable::new(0) else { return };
    let filter = Filter { exclude: vec!["mac:02:00:00:00:00:08".parse().unwrap()] };
    let options = Options { snap: 200, filter, ..Options::default() };
    let mut rings = Ring::open(&cable.near, &options).unwrap();
    let tag = [0x81, 0, 0x60, 12];
    let mut frames: Vec<_> = (0..500)
        .map(|n| frame(n, if n % 3 == 0 { &tag } else { &[] }, 60 + usize::try_from(n).unwrap()))
        .collect();
    let excluded = Vec::from([2, 0, 0, 0, 0, 8]);
    frames.insert(250, [excluded, frame(1, &[], 60)[6..].to_vec()].concat());
    cable.send(&frames);
    let heard = hear(&mut rings, 500).remove(0);
    frames.remove(250);
    assert_eq!(heard.len(), 500);
    for (sent, heard) in frames.iter().zip(heard) {
        // The kernel takes the tag out before it cuts.
        assert!(sent.starts_with(&heard) && heard.len() >= sent.len().min(200), "{sent:02x?} {heard:02x?}");
    }
    assert_eq!(rings[0].drops().unwrap(), crate::Drops::default());
    ip(&format!("link set {} down", cable.near)).unwrap();
    assert!(!rings[0].wait(2_000).unwrap(), "an interface that is down is told");
    ip(&format!("link del {}", cable.near)).unwrap();
    let gone = (0..40).any(|_| rings[0].wait(50).is_err());
    assert!(gone, "an interface that is gone is told");
}

#[test]
fn rings_share_the_packets_and_a_full_one_counts_what_it_drops() {
    let Some(cable) = Cable::new(1) else { return };
    let mut rings = Ring::open(&cable.near, &Options { rings: 2, ..Options::default() }).unwrap();
    let udp = |port: u16| {
        let mut frame =
            vec![2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 7, 8, 0, 0x45, 0, 0, 36, 0, 1, 0, 0, 64, 17, 0, 0];
        frame.extend([10, 0, 0, 1, 10, 0, 0, 2]);
        frame.extend(port.to_be_bytes());
        frame.extend([0, 80, 0, 16, 0, 0]);
        frame.resize(60, 0);
        frame
    };
    let frames: Vec<_> = (0..200).map(|n| udp(1_000 + n / 4)).collect();
    cable.send(&frames);
    let heard = hear(&mut rings, 200);
    assert_eq!(heard.iter().map(Vec::len).sum::<usize>(), 200);
    assert!(heard.iter().all(|heard| !heard.is_empty()), "one ring had nothing");
    let port = |frame: &Vec<u8>| [frame[34], frame[35]];
    assert!(heard[0].iter().all(|a| heard[1].iter().all(|b| port(a) != port(b))), "a flow was torn apart");
    // Nobody reads this one: 2 MiB hold fewer than 20,000 frames of 1,400 bytes.
    let small = Options { ring_bytes: 0, ..Options::default() };
    let full = Ring::open(&cable.near, &small).unwrap().remove(0);
    cable.send(&(0..3_000).map(|n| frame(n, &[], 1_400)).collect::<Vec<_>>());
    std::thread::sleep(Duration::from_millis(200));
    let drops = full.drops().unwrap();
    assert!(drops.packets > 500 && drops.full > 0, "{drops:?}");
}

#[test]
fn what_cannot_be_listened_to_is_said() {
    let error = Ring::open("wl-not-there", &Options::default()).unwrap_err().to_string();
    assert!(error.contains("interface wl-not-there: there is none of that name"), "{error}");
}

/// A program that runs until dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_confined_thread_hears_and_can_do_nothing_else() {
    let Some(cable) = Cable::new(2) else { return };
    let dump = ["-i", "far", "-n", "-e", "-q", "-l", "--immediate-mode"];
    let dump = cable.at_far_end("tcpdump", &dump).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut dump = Running(dump.unwrap());
    let mut said = BufReader::new(dump.0.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("listening on") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "tcpdump did not start");
    }
    let folder = std::env::temp_dir().join(format!("wardline-{}", id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("capture"), "bytes").unwrap();
    let (near, inside) = (cable.near.clone(), folder.clone());
    let (ready, when_ready) = std::sync::mpsc::channel();
    let confined = std::thread::spawn(move || confined(&near, &inside, &ready));
    let heard = {
        let numbers: Vec<_> = (0..10).map(|n| frame(n, &[], 60)).collect();
        when_ready.recv().expect("all that was tried was refused");
        cable.send(&numbers);
        confined.join().unwrap()
    };
    let _ = fs::remove_dir_all(&folder);
    assert_eq!(heard, 10, "it still hears");
    let _ = Command::new("kill").args(["-INT", &dump.0.id().to_string()]).status();
    let mut seen = String::new();
    dump.0.stdout.take().unwrap().read_to_string(&mut seen).unwrap();
    // Lines of a frame begin with its time, lines of its bytes do not.
    let frames: Vec<_> = seen.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).collect();
    let others: Vec<_> = frames.iter().filter(|line| !line.contains("02:00:00:00:00:07 >")).collect();
    assert!(others.is_empty(), "the far end saw frames that were not its own: {others:?}");
    assert_eq!(frames.len(), 10, "tcpdump watched: {seen}");
}

/// Confines this thread, tries everything, and says how many frames it heard afterwards.
fn confined(near: &str, folder: &Path, ready: &std::sync::mpsc::Sender<()>) -> usize {
    let mut rings = Ring::open(near, &Options::default()).unwrap();
    let mut pipe = std::io::pipe().unwrap();
    let wants = Wants { sockets: rings.iter().map(Ring::socket).collect(), read: vec![folder.to_owned()] };
    let number = rings[0].socket().as_raw_fd();
    let duplicate = std::process::Command::new("true");
    let held = confine(&wants).unwrap();
    drop(wants);
    let status = fs::read_to_string("/proc/thread-self/status");
    assert!(status.is_err() || held.landlock.is_none(), "outside of the folder nothing can be read");
    let refused = |what: &str, kind: std::io::Result<()>| {
        let error = kind.expect_err(what);
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{what}: {error}");
    };
    refused("a datagram socket", UdpSocket::bind("127.0.0.1:0").map(drop));
    refused("a connection", TcpStream::connect("127.0.0.1:9").map(drop));
    refused("another number for the socket", rings[0].socket().try_clone_to_owned().map(drop));
    refused("a file to write", fs::write(folder.join("new"), "x"));
    refused("a file to change", fs::OpenOptions::new().append(true).open(folder.join("capture")).map(drop));
    refused("a program", { duplicate }.status().map(drop));
    refused(
        "another ring",
        Ring::open(near, &Options::default()).map(drop).map_err(|e| match e {
            crate::CaptureError::NoInterface(_) | crate::CaptureError::NotAllowed(_) => {
                ErrorKind::PermissionDenied.into()
            }
            other => std::io::Error::other(other),
        }),
    );
    assert!(number > 2);
    assert_eq!(fs::read_to_string(folder.join("capture")).unwrap(), "bytes", "what it wants it may read");
    pipe.1.write_all(b"x").expect("what was open before may be written");
    let mut one = [0];
    pipe.0.read_exact(&mut one).unwrap();
    ready.send(()).unwrap();
    hear(&mut rings, 10).remove(0).len()
}
