//! `wardline run --listen`: a house is set up from the link of the first start, and remembers over a restart.

use crate::live::simulated;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// How long anything may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The platform with a console. Killed when dropped.
struct Console {
    child: Child,
    said: Receiver<String>,
}

impl Drop for Console {
    fn drop(&mut self) {
        // Already ended is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Console {
    fn start(data: &Path, capture: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wardline"));
        command.args(["run", "--listen", "127.0.0.1:0", "--data"]).arg(data).arg("--capture").arg(capture);
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (tell, said) = channel();
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Self { child, said }
    }

    /// What follows this in the next line that has it; and all lines before.
    fn after(&self, what: &str) -> (String, Vec<String>) {
        let mut before = Vec::new();
        loop {
            let line = self.said.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{what}: {before:#?}"));
            if let Some((_, rest)) = line.split_once(what) {
                return (rest.to_owned(), before);
            }
            before.push(line);
        }
    }

    fn stop(mut self) {
        let done = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(done.success() && self.child.wait().unwrap().success());
    }
}

fn wardline(arguments: &[&str], data: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wardline")).args(arguments).arg("--data").arg(data).output().unwrap()
}

fn curl(data: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("curl");
    command.args(["-s", "-i", "--max-time", "60", "--cacert"]).arg(data.join("tls/cert.pem")).args(arguments);
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
fn a_house_is_set_up_and_remembers() {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("SKIPPED: curl is not here: the console was not spoken to");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (data, capture) = (folder.path().join("data"), folder.path().join("one.pcap"));
    fs::write(&capture, simulated(1)).unwrap();
    let console = Console::start(&data, &capture);
    let (address, _) = console.after("console at https://");
    let (link, _) = console.after("within a day: ");
    let origin = format!("Origin: https://{address}");
    let form = "password=correct+horse+battery+staple&again=correct+horse+battery+staple";
    let welcomed = curl(&data, &["-H", &origin, "-d", form, &link]);
    assert!(welcomed.contains(" 303") && welcomed.contains("/sign-in/code"), "{welcomed}");
    let again = curl(&data, &["-H", &origin, "-d", form, &link]);
    assert!(!again.contains(" 303"), "a link works once: {again}");
    console.after("keeping devices");
    console.stop();

    let listed = wardline(&["user", "list"], &data);
    let text = String::from_utf8(listed.stdout).unwrap();
    assert!(text.contains("administrator") && text.contains("open"), "{text}");
    let verified = wardline(&["ledger", "verify"], &data);
    let text = String::from_utf8(verified.stdout).unwrap();
    assert!(verified.status.success() && text.contains("; 0 not yet in the ledger"), "{text}");

    let console = Console::start(&data, &capture);
    let (_, before) = console.after("keeping devices");
    assert!(!before.iter().any(|line| line.contains("/welcome/")), "a second first start: {before:#?}");
    let archive = folder.path().join("monday.archive");
    let made = wardline(&["backup", archive.to_str().unwrap()], &data);
    assert!(made.status.success(), "while it runs: {}", String::from_utf8_lossy(&made.stderr));
    let again = wardline(&["backup", archive.to_str().unwrap()], &data);
    assert_eq!(again.status.code(), Some(2), "an archive is not written over");
    console.stop();
    moves_to_another_house(&archive, &data, &folder.path().join("moved"));
}

/// Reads an archive into an empty house: not without the key, and then everything is there.
fn moves_to_another_house(archive: &Path, data: &Path, moved: &Path) {
    let restore = ["restore", archive.to_str().unwrap()];
    let refused = wardline(&restore, moved);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(2) && said.contains("put the old one there first"), "{said}");
    fs::create_dir_all(moved).unwrap();
    fs::copy(data.join("wardline.key"), moved.join("wardline.key")).unwrap();
    let restored = wardline(&restore, moved);
    let said = String::from_utf8_lossy(&restored.stdout).into_owned();
    assert!(restored.status.success() && said.contains("are as they were written"), "{said}");
    assert!(!said.contains("does not hold"), "{said}");
    let users = |data: &Path| String::from_utf8(wardline(&["user", "list"], data).stdout).unwrap();
    assert_eq!(users(moved), users(data));
    let twice = wardline(&restore, moved);
    let said = String::from_utf8_lossy(&twice.stderr).into_owned();
    assert!(twice.status.code() == Some(2) && said.contains("not empty"), "{said}");
}
