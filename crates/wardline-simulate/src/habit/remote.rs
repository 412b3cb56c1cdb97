//! Remote access and file transfer: SSH, Telnet, remote desktop, FTP.

use super::office::{lasting, tls_handshake, tls_traffic};
use super::{Habit, Job, SECOND, about};
use crate::catalogue::Part;
use crate::hospital::World;
use crate::speech::ssh::{self, Age};
use crate::speech::{rdp, tls};
use crate::tcp::{Carries, Connection, Side};
use crate::truth::Weakness;
use wardline_model::{Attribute, Timestamp};

const SSH: Carries = Carries { protocol: "ssh", encrypted: true };
const TELNET: Carries = Carries { protocol: "telnet", encrypted: false };
const RDP: Carries = Carries { protocol: "rdp", encrypted: true };
const FTP: Carries = Carries { protocol: "ftp", encrypted: false };
const FTP_DATA: Carries = Carries { protocol: "ftp-data", encrypted: false };
/// Bytes of host key material: an RSA modulus of 2048 bits.
const KEY_BYTES: usize = 256;

/// The management station signs in over SSH.
pub(super) fn ssh_served(world: &mut World, job: &Job, now: i64) -> Option<i64> {
    let client = world.peer(Part::Management, job.host)?;
    let (own, peer) = (world.host(job.host).clone(), world.station(client));
    let shared = job.habit == Habit::SshShared;
    let age = if shared || own.model.part == Part::Switch { Age::Old } else { Age::Modern };
    let material = if shared { world.factory_key.clone() } else { lasting(&own).bytes(KEY_BYTES) };
    let banner = if own.model.part == Part::Switch { "SSH-2.0-Cisco-1.25\r\n" } else { age.banner() };
    let mut connection = Connection::open(&mut world.wire, now, &peer, (&own.station, 22), SSH);
    let wire = &mut world.wire;
    connection.client_says(wire, Age::Modern.banner().as_bytes());
    connection.server_says(wire, banner.as_bytes());
    let proposal = ssh::proposal(Age::Modern, &mut wire.rng);
    connection.client_says(wire, &proposal);
    let proposal = ssh::proposal(age, &mut wire.rng);
    connection.server_says(wire, &proposal);
    let half = ssh::exchange_request(age, &mut wire.rng);
    connection.client_says(wire, &half);
    if shared {
        wire.weak(job.host, Weakness::SharedHostKey);
    }
    let half = ssh::exchange_reply(age, &material, &mut wire.rng);
    connection.server_says(wire, &half);
    connection.client_says(wire, &ssh::new_keys());
    for _ in 0..6 {
        let length = wire.rng.range(2, 8) as usize * 16 + 32;
        let question = wire.rng.bytes(length);
        connection.client_says(wire, &question);
        let length = wire.rng.range(2, 20) as usize * 16 + 32;
        let answer = wire.rng.bytes(length);
        connection.server_says(wire, &answer);
        connection.wait(wire, 400_000_000);
    }
    connection.close(wire, Side::Client);
    Some(about(world, now, 1500).max(connection.now + SECOND))
}

/// A service login on a pump rack, every key in clear.
pub(super) fn telnet_served(world: &mut World, host: u32, now: i64) -> Option<i64> {
    let client = world.peer(Part::Management, host)?;
    let (own, peer) = (world.host(host).clone(), world.station(client));
    let password = lasting(&own).digits(6);
    let mut connection = Connection::open(&mut world.wire, now, &peer, (&own.station, 23), TELNET);
    let wire = &mut world.wire;
    // DO terminal type, DO terminal speed, WILL echo, WILL suppress go-ahead (RFC 854, 857, 858, 1091, 1079).
    connection.server_says(wire, &[0xff, 0xfd, 24, 0xff, 0xfd, 32, 0xff, 0xfb, 1, 0xff, 0xfb, 3]);
    connection.client_says(wire, &[0xff, 0xfc, 24, 0xff, 0xfc, 32, 0xff, 0xfd, 1, 0xff, 0xfd, 3]);
    let greeting = format!("\r\n{} {} {}\r\n\r\nlogin: ", own.vendor(), own.software().0, own.software().1);
    wire.told(host, &[Attribute::Vendor, Attribute::Software]);
    connection.server_says(wire, greeting.as_bytes());
    for key in b"service\r" {
        connection.client_says(wire, &[*key]);
        connection
            .server_says(wire, if *key == b'\r' { b"\r\nPassword: " } else { std::slice::from_ref(key) });
    }
    wire.weak(host, Weakness::ClearCredentials);
    connection.client_says(wire, format!("{password}\r").as_bytes());
    connection.server_says(wire, format!("\r\n\r\n{}# ", own.hostname).as_bytes());
    connection.client_says(wire, b"exit\r");
    connection.server_says(wire, b"exit\r\n");
    connection.close(wire, Side::Server);
    Some(about(world, now, 1200).max(connection.now + SECOND))
}

/// A serial device server's setup port greets before anyone signs in.
pub(super) fn telnet_banner(world: &mut World, host: u32, now: i64) -> Option<i64> {
    let client = world.peer(Part::Management, host)?;
    let (own, peer) = (world.station(host), world.station(client));
    let mut connection = Connection::open(&mut world.wire, now, &peer, (&own, 9999), TELNET);
    let [a, b, c, d, e, f] = own.mac.0;
    let greeting = format!(
        "MAC address {a:02X}{b:02X}{c:02X}{d:02X}{e:02X}{f:02X}\r\nSoftware version V6.10.0.1 (150210) XPTEXE\r\n\r\nPress Enter for Setup Mode \r\n"
    );
    let wire = &mut world.wire;
    wire.told(host, &[Attribute::Mac]);
    connection.server_says(wire, greeting.as_bytes());
    connection.wait(wire, 5 * SECOND);
    connection.close(wire, Side::Server);
    Some(about(world, now, 1800).max(connection.now + SECOND))
}

/// Somebody looks at an old console by remote desktop: TLS, but no sign-in before the session.
pub(super) fn rdp_served(world: &mut World, host: u32, now: i64) -> Option<i64> {
    let client = world.peer(Part::Files, host)?;
    let (own, peer) = (world.station(host), world.station(client));
    let mut connection = Connection::open(&mut world.wire, now, &peer, (&own, 3389), RDP);
    let wire = &mut world.wire;
    connection.client_says(wire, &rdp::request("biomed"));
    wire.weak(host, Weakness::RdpWithoutNla);
    connection.server_says(wire, &rdp::confirm(rdp::TLS));
    tls_handshake(world, &mut connection, host, tls::Version::Tls10, None);
    tls_traffic(world, &mut connection, tls::Version::Tls10, 4);
    connection.close(&mut world.wire, Side::Client);
    Some(about(world, now, 1800).max(connection.now + SECOND))
}

/// A device hands its log to the file server, password and all in clear; data on a second connection.
pub(super) fn ftp_upload(world: &mut World, host: u32, now: i64) -> Option<i64> {
    let server = world.peer(Part::Files, host)?;
    let (own, peer) = (world.host(host).clone(), world.station(server));
    let password = lasting(&own).digits(8);
    let mut connection = Connection::open(&mut world.wire, now, &own.station, (&peer, 21), FTP);
    let wire = &mut world.wire;
    let port = wire.rng.range(50_000, 50_199) as u16;
    let [a, b, c, d] = peer.ip.octets();
    let (high, low) = (port >> 8, port & 0xff);
    let stamp = crate::calendar::stamp(Timestamp(now));
    connection.server_says(wire, b"220 Microsoft FTP Service\r\n");
    wire.weak(server, Weakness::ClearCredentials);
    wire.weak(host, Weakness::ClearCredentials);
    let passive = format!("227 Entering Passive Mode ({a},{b},{c},{d},{high},{low}).\r\n");
    let steps = [
        ("USER devicelog\r\n".to_owned(), "331 Password required\r\n".to_owned()),
        (format!("PASS {password}\r\n"), "230 User logged in.\r\n".to_owned()),
        ("TYPE I\r\n".to_owned(), "200 Type set to I.\r\n".to_owned()),
        ("PASV\r\n".to_owned(), passive),
    ];
    for (command, answer) in steps {
        connection.client_says(wire, command.as_bytes());
        connection.server_says(wire, answer.as_bytes());
    }
    connection.client_says(wire, format!("STOR {}_{stamp}.log\r\n", own.hostname).as_bytes());
    let at = connection.now + 500_000;
    let mut data = Connection::open(wire, at, &own.station, (&peer, port), FTP_DATA);
    connection.wait(wire, 3_000_000);
    connection.server_says(wire, b"125 Data connection already open; Transfer starting.\r\n");
    data.wait_until(wire, connection.now + 1_000_000);
    let text: String = (0..120).map(|line| format!("{stamp} {line:04} self test passed\r\n")).collect();
    data.client_says(wire, text.as_bytes());
    data.close(wire, Side::Client);
    connection.wait_until(wire, data.now + 1_000_000);
    connection.server_says(wire, b"226 Transfer complete.\r\n");
    connection.client_says(wire, b"QUIT\r\n");
    connection.server_says(wire, b"221 Goodbye.\r\n");
    connection.close(wire, Side::Server);
    Some(about(world, now, 1800).max(connection.now + SECOND))
}
