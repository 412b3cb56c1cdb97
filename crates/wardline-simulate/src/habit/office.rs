//! Workstations, handhelds and printers: the web, file shares, labels.

use super::{SECOND, about, busy, rhythm_of};
use crate::calendar;
use crate::catalogue::Part;
use crate::hospital::{DOMAIN, FACILITY, Host, World};
use crate::rhythm::Rhythm;
use crate::rng::Rng;
use crate::speech::certificate::{Certificate, certificate};
use crate::speech::ntlm::{self, Build, Names};
use crate::speech::{smb, tls};
use crate::tcp::{Carries, Connection, Side};
use crate::truth::Weakness;
use crate::wire::Stack;
use wardline_model::{Attribute, Timestamp};

const TLS: Carries = Carries { protocol: "tls", encrypted: true };
const SMB: Carries = Carries { protocol: "smb", encrypted: false };
const HTTP: Carries = Carries { protocol: "http", encrypted: false };
const ZPL: Carries = Carries { protocol: "zpl", encrypted: false };

/// A generator that depends on the device alone, for what must stay the same: keys, certificates.
pub(crate) fn lasting(host: &Host) -> Rng {
    let [a, b, c, d, e, f] = host.station.mac.0;
    Rng::new(u64::from_be_bytes([0x57, 0x44, a, b, c, d, e, f]))
}

/// A server's certificate, the same for ever.
pub(super) fn tls_certificate(world: &World, server: u32, version: tls::Version) -> Vec<u8> {
    let host = world.host(server);
    let own_name = format!("{}.{DOMAIN}", host.hostname.to_lowercase());
    let old = version == tls::Version::Tls10;
    let about = Certificate {
        organisation: "Lindmoor Hospital",
        name: &own_name,
        issuer: if old { &own_name } else { "Lindmoor Issuing CA" },
        from: Timestamp(world.start.0 - 200 * 86_400 * SECOND),
        days: 730,
        old,
    };
    certificate(&about, &mut lasting(host))
}

/// A TLS handshake on an open connection.
pub(super) fn tls_handshake(
    world: &mut World,
    connection: &mut Connection,
    server: u32,
    version: tls::Version,
    name: Option<&str>,
) {
    let certificate = tls_certificate(world, server, version);
    let old = version == tls::Version::Tls10;
    let wire = &mut world.wire;
    let hello = tls::client_hello(version, name, &mut wire.rng);
    connection.client_says(wire, &hello);
    wire.told(server, &[Attribute::Hostname]);
    if old {
        wire.weak(server, Weakness::ObsoleteTls);
    }
    let flight = tls::server_flight(version, &certificate, &mut wire.rng);
    connection.server_says(wire, &flight);
    let finish = tls::client_finish(version, &mut wire.rng);
    connection.client_says(wire, &finish);
    let finish = tls::finish(version, &mut wire.rng);
    connection.server_says(wire, &finish);
}

/// Encrypted questions and answers.
pub(super) fn tls_traffic(world: &mut World, connection: &mut Connection, version: tls::Version, turns: i64) {
    let wire = &mut world.wire;
    for _ in 0..turns {
        let length = wire.rng.range(180, 900) as usize;
        let question = tls::application(version, length, &mut wire.rng);
        connection.client_says(wire, &question);
        let length = wire.rng.range(300, 6_000) as usize;
        let answer = tls::application(version, length, &mut wire.rng);
        connection.server_says(wire, &answer);
        let pause = wire.rng.range(100_000_000, 2_000_000_000);
        connection.wait(wire, pause);
    }
}

/// A person works in the record, or looks at the pump server.
pub(super) fn web(world: &mut World, host: u32, now: i64) -> Option<i64> {
    let part = if world.wire.rng.per_mille(150) { Part::PumpServer } else { Part::Record };
    let server = world.peer(part, host)?;
    let (client, station) = (world.station(host), world.station(server));
    let name = format!("{}.{DOMAIN}", world.host(server).hostname.to_lowercase());
    let mut connection = Connection::open(&mut world.wire, now, &client, (&station, 443), TLS);
    tls_handshake(world, &mut connection, server, tls::Version::Tls12, Some(&name));
    let turns = world.wire.rng.range(1, 4);
    tls_traffic(world, &mut connection, tls::Version::Tls12, turns);
    // Browsers often leave without a word.
    if world.wire.rng.per_mille(200) {
        connection.reset(&mut world.wire, Side::Client);
    } else {
        connection.close(&mut world.wire, Side::Client);
    }
    let rhythm = rhythm_of(world.host(host).model);
    Some(busy(world, now, 360, rhythm).max(connection.now + SECOND))
}

/// An old application that still needs an old server.
pub(super) fn web_outdated(world: &mut World, host: u32, now: i64) -> Option<i64> {
    let server = world.peer(Part::Outdated, host)?;
    let (client, station) = (world.station(host), world.station(server));
    let mut connection = Connection::open(&mut world.wire, now, &client, (&station, 443), TLS);
    tls_handshake(world, &mut connection, server, tls::Version::Tls10, None);
    tls_traffic(world, &mut connection, tls::Version::Tls10, 1);
    connection.close(&mut world.wire, Side::Client);
    let rhythm = rhythm_of(world.host(host).model);
    Some(busy(world, now, 1500, rhythm).max(connection.now + SECOND))
}

/// The build of a Windows, by its version.
fn build(host: &Host) -> Build {
    let number = host.model.os.and_then(|(_, version)| version.parse().ok()).unwrap_or(7601);
    match number {
        2600 => Build(5, 1, number),
        7601 => Build(6, 1, number),
        _ => Build(10, 0, number),
    }
}

/// A workstation opens its home folder.
pub(super) fn smb_files(world: &mut World, host: u32, now: i64) -> Option<i64> {
    let server = world.peer(Part::Files, host)?;
    let end = smb_session(world, now, (host, server), "clinstaff");
    let rhythm = rhythm_of(world.host(host).model);
    Some(busy(world, now, 900, rhythm).max(end + SECOND))
}

/// The inventory service of the domain looks at a Windows machine.
pub(super) fn smb_served(world: &mut World, host: u32, now: i64) -> Option<i64> {
    let part = if world.host(host).model.part == Part::Domain { Part::Files } else { Part::Domain };
    let client = world.peer(part, host)?;
    let end = smb_session(world, now, (client, host), "svc-inventory");
    Some(about(world, now, 1500).max(end + SECOND))
}

fn smb_session(world: &mut World, now: i64, ends: (u32, u32), user: &str) -> i64 {
    let (mut connection, _) = smb_sign_in(world, now, ends, user);
    connection.wait(&mut world.wire, 900_000_000);
    connection.close(&mut world.wire, Side::Client);
    connection.now
}

/// Connects and signs in; answers the number of the session.
pub(crate) fn smb_sign_in(world: &mut World, now: i64, ends: (u32, u32), user: &str) -> (Connection, u64) {
    let (client, server) = (world.host(ends.0).clone(), world.host(ends.1).clone());
    let old = server.model.stack == Stack::WindowsXp;
    let mut connection = Connection::open(&mut world.wire, now, &client.station, (&server.station, 445), SMB);
    let dns = format!("{}.{DOMAIN}", server.hostname.to_lowercase());
    let names = Names { netbios: &server.hostname, netbios_domain: FACILITY, dns: &dns, dns_domain: DOMAIN };
    let wire = &mut world.wire;
    let challenge = ntlm::challenge(build(&server), &names, Timestamp(connection.now), &mut wire.rng);
    let account = (FACILITY, user, client.hostname.as_str());
    let proof = ntlm::proof(&ntlm::authenticate(build(&client), account, &mut wire.rng));
    let offer = ntlm::offer(Some(&ntlm::negotiate(build(&client))));
    let challenge = ntlm::answer(&challenge);
    if old {
        wire.weak(ends.1, Weakness::Smb1);
        smb1_session(world, &mut connection, ends, [&offer, &challenge, &proof]);
        return (connection, 2048);
    }
    let session = smb2_session(world, &mut connection, (&client, &server), [&offer, &challenge, &proof]);
    (connection, session)
}

/// A Windows told its version, its name and whether it is out of support.
fn told_by_challenge(world: &mut World, server: u32) {
    world.wire.told(server, &[Attribute::Os, Attribute::Hostname]);
    if matches!(build(world.host(server)).2, 2600 | 7601) {
        world.wire.weak(server, Weakness::EndOfLifeOs);
    }
}

fn smb1_session(world: &mut World, connection: &mut Connection, ends: (u32, u32), tokens: [&[u8]; 3]) {
    const SYSTEM: [&str; 2] = ["Windows 5.1", "Windows 2000 LAN Manager"];
    let [offer, challenge, proof] = tokens;
    connection.client_says(&mut world.wire, &smb::negotiate1());
    let now = Timestamp(connection.now);
    let chosen = smb::negotiated1(now, &mut world.wire.rng);
    connection.server_says(&mut world.wire, &chosen);
    connection.client_says(&mut world.wire, &smb::session1(1, 0, offer));
    told_by_challenge(world, ends.1);
    let wire = &mut world.wire;
    connection.server_says(wire, &smb::session1_answer(1, 2048, smb::MORE, challenge, SYSTEM));
    connection.client_says(wire, &smb::session1(2, 2048, proof));
    connection.server_says(wire, &smb::session1_answer(2, 2048, 0, &ntlm::accepted(), SYSTEM));
}

fn smb2_session(
    world: &mut World,
    connection: &mut Connection,
    ends: (&Host, &Host),
    tokens: [&[u8]; 3],
) -> u64 {
    let (client, server) = ends;
    let [offer, challenge, proof] = tokens;
    let dialect = |host: &Host| if build(host).2 <= 7601 { 0x0210 } else { 0x0311 };
    let highest = dialect(client);
    let wire = &mut world.wire;
    let hello = smb::negotiate2(highest, &mut wire.rng);
    connection.client_says(wire, &hello);
    let signing = server.model.part == Part::Domain;
    let now = Timestamp(connection.now);
    let chosen = smb::negotiated2(highest.min(dialect(server)), signing, now, &mut wire.rng);
    connection.server_says(wire, &chosen);
    let session = u64::from(wire.rng.next() as u32) << 8 | 0x41;
    connection.client_says(wire, &smb::session2(1, 0, offer));
    told_by_challenge(world, server.station.index);
    let wire = &mut world.wire;
    connection.server_says(wire, &smb::session2_answer(1, session, smb::MORE, challenge));
    connection.client_says(wire, &smb::session2(2, session, proof));
    connection.server_says(wire, &smb::session2_answer(2, session, 0, &ntlm::accepted()));
    session
}

/// A response with its length.
fn response(status: &str, headers: &str, body: &str, at: i64) -> Vec<u8> {
    let date = calendar::http_date(Timestamp(at));
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Date: {date}\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// A phlebotomist scans a wristband and confirms a collection, over plain HTTP.
pub(super) fn handheld(world: &mut World, host: u32, now: i64) -> Option<i64> {
    let server = world.peer(Part::Record, host)?;
    let (client, station) = (world.station(host), world.station(server));
    let mut connection = Connection::open(&mut world.wire, now, &client, (&station, 8080), HTTP);
    let patient = world.patient();
    let sample = world.next_number();
    let model = world.host(host).model_name();
    let common = format!(
        "Host: {}.{DOMAIN}:8080\r\nUser-Agent: Dalvik/2.1.0 (Linux; U; Android 11; {model} Build/11-26-05.00-RG-U00-STD)\r\nAccept: application/json\r\n",
        world.host(server).hostname.to_lowercase()
    );
    let wire = &mut world.wire;
    wire.told(host, &[Attribute::Model, Attribute::Os]);
    let question = format!("GET /mobile/patients/{} HTTP/1.1\r\n{common}\r\n", patient.id);
    connection.client_says(wire, question.as_bytes());
    wire.patient_data(host);
    wire.patient_data(server);
    let headers = "Server: Microsoft-IIS/10.0\r\nX-Powered-By: ASP.NET\r\nContent-Type: application/json\r\n";
    let body = format!(
        "{{\"id\":\"{}\",\"family\":\"{}\",\"given\":\"{}\",\"birthDate\":\"{}\"}}",
        patient.id, patient.family, patient.given, patient.birth_date
    );
    let answer = response("200 OK", headers, &body, connection.now);
    connection.server_says(wire, &answer);
    connection.wait(wire, 4 * SECOND);
    let body = format!("{{\"patient\":\"{}\",\"sample\":\"S{sample:08}\",\"collected\":true}}", patient.id);
    let length = body.len();
    let post = format!(
        "POST /mobile/collections HTTP/1.1\r\n{common}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    connection.client_says(wire, post.as_bytes());
    let answer = response("201 Created", headers, "{\"accepted\":true}", connection.now);
    connection.server_says(wire, &answer);
    connection.close(wire, Side::Client);
    Some(busy(world, now, 120, Rhythm::Laboratory).max(connection.now + SECOND))
}

/// Base64 of RFC 4648, as basic authentication needs it.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for triple in bytes.chunks(3) {
        let word =
            triple.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - triple.len()));
        for place in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= triple.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

/// The pump server reads a pump rack's page with a password in clear.
pub(super) fn http_basic(world: &mut World, host: u32, now: i64) -> Option<i64> {
    let client = world.peer(Part::PumpServer, host)?;
    let (own, peer) = (world.host(host).clone(), world.station(client));
    let mut connection = Connection::open(&mut world.wire, now, &peer, (&own.station, 80), HTTP);
    let common =
        format!("Host: {}\r\nUser-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64)\r\n", own.station.ip);
    let wire = &mut world.wire;
    connection.client_says(wire, format!("GET /status HTTP/1.1\r\n{common}\r\n").as_bytes());
    let headers = "Server: lighttpd/1.4.35\r\nContent-Type: text/html\r\n";
    let challenge = format!("{headers}WWW-Authenticate: Basic realm=\"{}\"\r\n", own.software().0);
    let answer = response("401 Unauthorized", &challenge, "<html><title>401</title></html>", connection.now);
    connection.server_says(wire, &answer);
    let secret = base64(format!("service:{}", lasting(&own).digits(6)).as_bytes());
    wire.weak(host, Weakness::ClearCredentials);
    connection.client_says(
        wire,
        format!("GET /status HTTP/1.1\r\n{common}Authorization: Basic {secret}\r\n\r\n").as_bytes(),
    );
    let page = format!(
        "<html><head><title>{} {}</title></head><body><p>Serial {}</p><p>Software {}</p></body></html>",
        own.vendor(),
        own.model_name(),
        own.serial,
        own.software().1
    );
    wire.told(host, &[Attribute::Vendor, Attribute::Model]);
    let answer = response("200 OK", headers, &page, connection.now);
    connection.server_says(wire, &answer);
    connection.close(wire, Side::Server);
    Some(about(world, now, 600).max(connection.now + SECOND))
}

/// The laboratory system prints a tube label; at times it asks the printer who it is.
pub(super) fn labels(world: &mut World, host: u32, now: i64) -> Option<i64> {
    let client = world.peer(Part::LaboratorySystem, host)?;
    let (own, peer) = (world.host(host).clone(), world.station(client));
    let mut connection = Connection::open(&mut world.wire, now, &peer, (&own.station, 9100), ZPL);
    let patient = world.patient();
    let sample = world.next_number();
    let wire = &mut world.wire;
    if wire.rng.per_mille(300) {
        connection.client_says(wire, b"~HI\r\n");
        wire.told(host, &[Attribute::Model, Attribute::Software]);
        let answer = format!("\x02{}-203dpi ZPL,{},8,8176KB\x03\r\n", own.model_name(), own.software().1);
        connection.server_says(wire, answer.as_bytes());
    }
    let label = format!(
        "^XA\r\n^CI28\r\n^FO40,30^A0N,32,32^FD{}, {}^FS\r\n^FO40,70^A0N,26,26^FD{} {}^FS\r\n^FO40,110^BY2^BCN,70,Y,N,N^FDS{sample:08}^FS\r\n^PQ2\r\n^XZ\r\n",
        patient.family, patient.given, patient.id, patient.birth_date
    );
    wire.patient_data(host);
    wire.patient_data(client);
    connection.client_says(wire, label.as_bytes());
    connection.wait(wire, 200_000_000);
    connection.close(wire, Side::Client);
    Some(busy(world, now, 180, Rhythm::Laboratory).max(connection.now + SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (plain, coded) in [("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
