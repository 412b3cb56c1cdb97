//! A real web server of a test's own: nginx with a certificate by an authority that OpenSSL made; gone with the test.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// A running server.
pub(crate) struct Server {
    folder: TempDir,
    nginx: Child,
    pub(crate) port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        // The master process takes its workers with it when asked to, not when killed.
        let _ = Command::new("kill").arg(self.nginx.id().to_string()).status();
        let _ = self.nginx.wait();
    }
}

pub(crate) fn run(program: &str, arguments: &[&str], folder: &Path) -> Option<Vec<u8>> {
    let output =
        Command::new(program).args(arguments).current_dir(folder).env("GNUPGHOME", folder).output().ok()?;
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

/// Whether programs are there; says what is skipped when one is not.
pub(crate) fn have(programs: &[&str], what: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin";
    let there = |program: &&str| path.split(':').any(|folder| Path::new(folder).join(program).is_file());
    match programs.iter().find(|program| !there(program)) {
        None => true,
        Some(missing) => {
            eprintln!("SKIPPED: no {missing} for {what}");
            false
        }
    }
}

/// Makes an authority `ca.pem` in the folder, and a certificate by it.
fn certificates(folder: &Path) {
    let openssl = |line: &str| run("openssl", &line.split(' ').collect::<Vec<_>>(), folder).unwrap();
    openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=House -keyout ca.key -out ca.pem",
    );
    openssl(
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout key.pem -out request.pem",
    );
    fs::write(folder.join("ext"), "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
        .unwrap();
    openssl(
        "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out cert.pem",
    );
}

impl Server {
    /// Starts one over the folder `www`, with more lines for its server block.
    pub(crate) fn start(lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join("www")).unwrap();
        certificates(root);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let at = root.display();
        let user = if fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0)
        {
            "user root;"
        } else {
            ""
        };
        let config = format!(
            "{user} daemon off; worker_processes 1; pid {at}/pid; error_log {at}/error.log;
             events {{ worker_connections 64; }}
             http {{ access_log {at}/access.log; client_body_temp_path {at}/t1; proxy_temp_path {at}/t2;
               fastcgi_temp_path {at}/t3; uwsgi_temp_path {at}/t4; scgi_temp_path {at}/t5;
               log_format asked '$status $request_uri $http_range $http_if_none_match $http_apikey';
               access_log {at}/asked.log asked;
               server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {at}/cert.pem; ssl_certificate_key {at}/key.pem;
                 root {at}/www; {lines} }} }}"
        );
        fs::write(root.join("nginx.conf"), config).unwrap();
        let nginx = Command::new("nginx")
            .env("PATH", std::env::var("PATH").unwrap_or_default() + ":/usr/sbin")
            .args(["-e", "error.log", "-p"])
            .arg(root)
            .arg("-c")
            .arg(root.join("nginx.conf"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { folder, nginx, port };
        for _ in 0..200 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return server;
            }
            thread::sleep(Duration::from_millis(25));
        }
        panic!("nginx does not start: {}", fs::read_to_string(server.path("error.log")).unwrap_or_default());
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.path("www").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("https://localhost:{}/{name}", self.port)
    }

    pub(crate) fn authority(&self) -> Vec<u8> {
        fs::read(self.path("ca.pem")).unwrap()
    }

    /// What was asked for: status, path, range, validator, key.
    pub(crate) fn asked(&self) -> Vec<String> {
        thread::sleep(Duration::from_millis(50));
        fs::read_to_string(self.path("asked.log")).unwrap_or_default().lines().map(str::to_owned).collect()
    }
}
