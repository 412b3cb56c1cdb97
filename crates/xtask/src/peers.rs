//! The real programs that tests talk to, found or installed.

use crate::run;
use anyhow::Result;
use std::{fs, path::PathBuf, process::Command};

/// A peer: the program that shows it is there, the distribution's package, what needs it.
struct Peer {
    program: &'static str,
    package: &'static str,
    needed_for: &'static str,
}

const PEERS: &[Peer] = &[
    Peer {
        program: "tshark",
        package: "tshark",
        needed_for: "captures and simulated traffic read by a second dissector",
    },
    Peer { program: "tcpdump", package: "tcpdump", needed_for: "live captures of peers" },
    Peer { program: "ip", package: "iproute2", needed_for: "a cable of their own for peers" },
    Peer { program: "echoscu", package: "dcmtk", needed_for: "DICOM spoken by DCMTK" },
    Peer { program: "Orthanc", package: "orthanc", needed_for: "an archive that speaks DICOMweb" },
    Peer {
        program: "/usr/share/orthanc/plugins/libOrthancDicomWeb.so",
        package: "orthanc-dicomweb",
        needed_for: "an archive that speaks DICOMweb",
    },
    Peer { program: "snmpd", package: "snmpd", needed_for: "SNMP answered by net-snmp" },
    Peer { program: "snmpget", package: "snmp", needed_for: "SNMP asked by net-snmp" },
    Peer { program: "nmap", package: "nmap", needed_for: "DICOM scripts of a scanner as hostile traffic" },
    Peer { program: "openssl", package: "openssl", needed_for: "certificates of both ends of SDC" },
    Peer { program: "nginx", package: "nginx-light", needed_for: "feeds fetched from a web server" },
    Peer { program: "gpg", package: "gnupg", needed_for: "advisories signed by GnuPG" },
    Peer { program: "curl", package: "curl", needed_for: "the console spoken to over TLS" },
    Peer { program: "chromium", package: "chromium", needed_for: "the report and the console in a browser" },
    Peer { program: "node", package: "nodejs", needed_for: "a browser driven through the console" },
    Peer { program: "pg_ctlcluster", package: "postgresql", needed_for: "the store's suite on PostgreSQL" },
    Peer {
        program: "/usr/lib/go-1.19/bin/go",
        package: "golang-1.19-go",
        needed_for: "the ledger checked by a verifier of others",
    },
    Peer {
        program: "/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog/tlog.go",
        package: "golang-golang-x-mod-dev",
        needed_for: "the ledger checked by a verifier of others",
    },
    Peer { program: "c++", package: "g++", needed_for: "the coverage-guided fuzz targets compile" },
    Peer {
        program: "python3",
        package: "python3",
        needed_for: "DICOM, HL7 and SDC spoken, and workbooks saved, by Python peers",
    },
];

/// Python peers, exact versions, in an environment of their own under the target folder.
const PYTHON: &[&str] = &[
    "pydicom==3.0.1",
    "pynetdicom==3.0.4",
    "hl7==0.4.5",
    "hl7apy==1.3.5",
    "sdc11073==3.0.0",
    "openpyxl==3.1.5",
];

/// What is there and what is not.
pub(crate) struct Peers {
    /// Interpreter that knows the Python peers.
    pub(crate) python: Option<PathBuf>,
    /// One line for each that is missing: the peer and what was therefore not tested.
    pub(crate) missing: Vec<String>,
}

/// Finds the peers, installing them first where that is possible.
pub(crate) fn prepare() -> Result<Peers> {
    let absent: Vec<&str> =
        PEERS.iter().filter(|peer| run::find(peer.program).is_none()).map(|peer| peer.package).collect();
    if !absent.is_empty() {
        install(&absent);
    }
    let mut missing = Vec::new();
    for peer in PEERS {
        match run::find(peer.program) {
            Some(path) => println!("   found {}: {}", peer.program, path.display()),
            None => missing.push(format!("peer {}: not tested: {}", peer.program, peer.needed_for)),
        }
    }
    let python = python();
    match &python {
        Some(path) => println!("   found {}: {}", PYTHON.join(" "), path.display()),
        None => missing.push(format!("peer {}: not tested: what is spoken by them", PYTHON.join(" "))),
    }
    Ok(Peers { python, missing })
}

/// Installs packages when this is root on a machine with apt. Whether it worked shows in what is found.
fn install(packages: &[&str]) {
    let root = is_root();
    if !root || run::find("apt-get").is_none() {
        println!("   not installed (needs root and apt-get): {}", packages.join(" "));
        return;
    }
    println!("   installing {}", packages.join(" "));
    let steps: [Vec<&str>; 2] = [
        vec!["update", "-qq"],
        [&["install", "-y", "-qq", "--no-install-recommends"], packages, &["python3-venv"]].concat(),
    ];
    for step in steps {
        // No service that a package brings starts by itself: tests start what they need where they need it.
        let quiet = [("DEBIAN_FRONTEND", "noninteractive"), ("RUNLEVEL", "1")];
        let done = Command::new("apt-get").args(&step).envs(quiet).output();
        match done {
            Ok(output) if output.status.success() => {}
            Ok(output) => println!("   apt-get: {}", String::from_utf8_lossy(&output.stderr).trim_end()),
            Err(error) => println!("   apt-get: {error}"),
        }
    }
}

/// Whether this process is root, by its own entry in `/proc`.
fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap_or_default();
    uids.split_whitespace().nth(1) == Some("0")
}

/// An environment with the Python peers: made once, used again when all of them are in it.
fn python() -> Option<PathBuf> {
    let folder = run::target().join("peers");
    let interpreter = folder.join("bin/python");
    if works(&interpreter) {
        return Some(interpreter);
    }
    let python = run::find("python3")?;
    let steps = [
        Command::new(python).args(["-m", "venv"]).arg(&folder).output(),
        Command::new(&interpreter).args(["-m", "pip", "install", "--quiet"]).args(PYTHON).output(),
    ];
    for step in steps {
        match step {
            Ok(output) if output.status.success() => {}
            Ok(output) => println!("   python: {}", String::from_utf8_lossy(&output.stderr).trim_end()),
            Err(error) => println!("   python: {error}"),
        }
    }
    works(&interpreter).then_some(interpreter)
}

fn works(interpreter: &PathBuf) -> bool {
    let tried =
        Command::new(interpreter).args(["-c", "import pydicom, pynetdicom, hl7, hl7apy, sdc11073"]).output();
    tried.is_ok_and(|output| output.status.success())
}
