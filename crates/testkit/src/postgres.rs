//! A PostgreSQL server of a test's own: a fresh cluster on a socket in a temporary folder, gone with the process.
//!
//! In: the server programs of the machine (`initdb`, `postgres`, in the path or where Debian puts them). Out: the
//! address of an empty database for each call of [`database`]. The server refuses to run as root, so that root
//! lends it the user `postgres` or `nobody`. It lives as long as the process that asked: a shell waits on a pipe
//! that only this process holds, and stops the server when the pipe closes, however the process ended.
//! Without the programs there is no server, and the caller says `SKIPPED`.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

/// How often a start is looked at, and how many times.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS_MAX: u32 = 600;

/// What the shell does: the server until standard input closes.
const KEEPER: &str =
    r#""$0" "$@" >server.log 2>&1 & server=$!; read -r _; kill -INT $server; wait $server; rm -rf "$PWD""#;

/// A running server.
struct Server {
    folder: PathBuf,
    programs: PathBuf,
    user: Option<(u32, u32)>,
    _keeper: Mutex<Child>,
}

/// The address of a new, empty database, or why there is none.
///
/// # Errors
///
/// Says what is missing or what the server programs complained about.
pub fn database() -> Result<String, String> {
    static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let server = SERVER.get_or_init(Server::start).as_ref().map_err(Clone::clone)?;
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    server.query("postgres", &format!("CREATE DATABASE {name} TEMPLATE template0"))?;
    Ok(format!("postgres://wardline@localhost/{name}?host={}", server.folder.display()))
}

impl Server {
    fn start() -> Result<Self, String> {
        let programs = programs().ok_or("no PostgreSQL server programs (package postgresql)")?;
        let user = lent_user()?;
        let folder = std::env::temp_dir().join(format!("wardline-postgres-{}", std::process::id()));
        fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        if let Some((uid, gid)) = user {
            chown(&folder, Some(uid), Some(gid)).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        let made = as_user(&programs.join("initdb"), user)
            .args(["--no-sync", "--auth=trust", "--username=wardline", "--encoding=UTF8", "--pgdata=data"])
            .current_dir(&folder)
            .output()
            .map_err(|error| format!("initdb: {error}"))?;
        if !made.status.success() {
            return Err(format!("initdb: {}", String::from_utf8_lossy(&made.stderr)));
        }
        let keeper = as_user(Path::new("/bin/sh"), user)
            .args(["-c", KEEPER])
            .arg(programs.join("postgres"))
            .args(["-D", "data", "-c", "listen_addresses=", "-c", "max_connections=200"])
            .args(["-c", "full_page_writes=off", "-c", "synchronous_commit=off", "-c", "fsync=off"])
            .arg("-c")
            .arg(format!("unix_socket_directories={}", folder.display()))
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .spawn()
            .map_err(|error| format!("postgres: {error}"))?;
        let server = Self { folder, programs, user, _keeper: Mutex::new(keeper) };
        for _ in 0..LOOKS_MAX {
            if server.query("postgres", "SELECT 1").is_ok() {
                return Ok(server);
            }
            std::thread::sleep(LOOK);
        }
        let log = fs::read_to_string(server.folder.join("server.log")).unwrap_or_default();
        Err(format!("postgres did not start: {log}"))
    }

    /// Runs one statement with `psql`, which stands beside the server.
    fn query(&self, database: &str, statement: &str) -> Result<(), String> {
        let beside = self.programs.join("psql");
        let program = if beside.exists() { beside } else { PathBuf::from("psql") };
        let mut child = as_user(&program, self.user)
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "wardline", "-h"])
            .arg(&self.folder)
            .args(["-d", database, "-c", statement])
            .current_dir(&self.folder)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("psql: {error}"))?;
        let mut said = String::new();
        if let Some(mut stderr) = child.stderr.take() {
            let _ = stderr.read_to_string(&mut said);
        }
        match child.wait() {
            Ok(status) if status.success() => Ok(()),
            _ => Err(said),
        }
    }
}

fn as_user(program: &Path, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    if let Some((uid, gid)) = user {
        command.gid(gid).uid(uid);
    }
    command.env("LC_ALL", "C");
    command
}

/// Whom root runs the server as; nobody needs lending when this is not root.
fn lent_user() -> Result<Option<(u32, u32)>, String> {
    let own = fs::metadata("/proc/self").map_err(|error| format!("/proc/self: {error}"))?;
    if own.uid() != 0 {
        return Ok(None);
    }
    let file = fs::File::open("/etc/passwd").map_err(|error| format!("/etc/passwd: {error}"))?;
    let lines: Vec<String> = BufReader::new(file).lines().map_while(Result::ok).collect();
    let ids = |name: &str| {
        let line = lines.iter().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2).map(|field| field.parse().ok());
        Some((fields.next()??, fields.next()??))
    };
    ids("postgres").or_else(|| ids("nobody")).map(Some).ok_or("no user to run PostgreSQL as".to_owned())
}

/// The folder of the server programs: where `postgres` and `initdb` really are.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        let mut found: Vec<PathBuf> = versions.flatten().map(|entry| entry.path().join("bin")).collect();
        found.sort();
        folders.extend(found.into_iter().rev());
    }
    let program = folders
        .iter()
        .map(|folder| folder.join("postgres"))
        .find(|program| program.with_file_name("initdb").exists() && program.exists())?;
    fs::canonicalize(program).ok()?.parent().map(Path::to_path_buf)
}
