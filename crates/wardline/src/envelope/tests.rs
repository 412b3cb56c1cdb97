use super::*;
use std::collections::BTreeMap;
use wardline_inventory::{
    Conversation, Domain, Exchange, Host, HostSeen, SensorHealth, ServiceSeen, SourceHealth, Spoken,
};
use wardline_model::{
    About, Attribute, DetailKey, Endpoint, Fact, Mac, PacketRef, Seen, Statement, Subject, Timestamp,
    Transport,
};

fn batch() -> SensorBatch {
    let mac = Mac([2, 0, 0, 0, 0, 7]);
    let seen = |n: u64| {
        let mut seen = Seen::once(PacketRef::new(1, n, Timestamp(-5)));
        seen.again(PacketRef::new(0, 9, Timestamp(i64::MAX)));
        seen
    };
    let hosts = [
        Host { ip: "10.0.0.1".parse().unwrap(), mac: Some(mac) },
        Host { ip: "fd00::1".parse().unwrap(), mac: None },
    ];
    let fact =
        Fact::new(Attribute::Model, "SOMATOM \"Force\"", 80, "dicom.model").unwrap().with_version("VB10A");
    let subjects =
        [Subject::Mac(mac), Subject::Host { ip: hosts[0].ip, mac: None }, Subject::Named(hosts[1].ip)];
    let mut batch = SensorBatch {
        id: BatchId { sensor: "ward".into(), run: u64::MAX, sequence: 3 },
        from: Timestamp(1),
        until: Timestamp(2),
        sources: BTreeMap::from([(0, "eth0".into()), (1, "eth1".into())]),
        ..SensorBatch::default()
    };
    for (subject, about) in subjects.into_iter().zip([About::Speaker, About::Equipment, About::Speaker]) {
        let statement = Statement { subject, about, protocol: "dicom", facts: vec![fact.clone()] };
        batch.sightings.observations.insert(statement, seen(4));
    }
    for host in hosts {
        batch.sightings.hosts.insert(host, HostSeen { seen: seen(1), ttl_min: 3, ttl_max: 64 });
    }
    batch.sightings.stations.insert(mac, seen(2));
    batch.sightings.domains.insert((mac, Domain { file: 1, vlan: 12 }), ());
    let service =
        ServiceSeen { server: hosts[0], transport: "udp", port: 104, protocol: "dicom", encrypted: true };
    batch.sightings.services.insert(service, seen(3));
    batch
        .sightings
        .exchanges
        .insert(Exchange { client: hosts[1], server: hosts[0], protocol: "hl7" }, seen(5));
    for transport in [Transport::Link, Transport::Tcp, Transport::Ip(47)] {
        let end = Endpoint { ip: Some(hosts[0].ip), port: Some(104), mac: Some(mac) };
        let conversation = Conversation {
            client: Endpoint { mac: Some(mac), ..Endpoint::default() },
            server: end,
            transport,
            protocol: "dicom",
            encrypted: false,
        };
        let spoken = Spoken {
            first: Timestamp(1),
            last: Timestamp(9),
            begun: 1,
            ended: 2,
            packets_to_server: 3,
            packets_to_client: 4,
            bytes_to_server: 5,
            bytes_to_client: u64::MAX,
            vlan: vec![12, 13],
            details: vec![(DetailKey::CalledAe, "ARCHIVE".into()), (DetailKey::CallingAe, "CT".into())],
        };
        batch.conversations.insert(conversation, spoken);
    }
    let source = SourceHealth { packets: 1, bytes: 2, dropped: 3, full: 4, problem: Some("down".into()) };
    batch.health = SensorHealth {
        packets: 5,
        bytes: 6,
        counters: BTreeMap::from([("shed_facts", 7)]),
        sources: BTreeMap::from([("eth0".into(), source)]),
    };
    batch
}

#[test]
fn a_batch_comes_back_as_it_went() {
    let line = write(&batch()).unwrap();
    assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
    assert_eq!(read(&line).unwrap(), batch());
    assert_eq!(
        read(&write(&SensorBatch { id: batch().id, ..SensorBatch::default() }).unwrap()).unwrap().entries(),
        0
    );
}

#[test]
fn lines_that_are_cut_changed_or_of_another_version_are_refused() {
    let line = write(&batch()).unwrap();
    for cut in (0..line.len() - 2).step_by(7) {
        assert!(read(&line[..cut]).is_err(), "cut at {cut}");
    }
    let text = String::from_utf8(line).unwrap();
    for (from, to) in [
        ("\"model\"", "\"patient\""),
        ("02:00:00:00:00:07", "02:00:00"),
        ("\"ward\"", "\"wa\\u001brd\""),
        ("\"dicom.model\"", "\"dicom\\nmodel\""),
        ("\"ip-47\"", "\"ip-470\""),
        ("\"batch\"", "\"bunch\""),
        ("\"called_ae\"", "\"name\""),
    ] {
        assert!(text.contains(from), "{from}");
        assert!(read(text.replace(from, to).as_bytes()).is_err(), "{from} → {to}");
    }
    let error = read(text.replace("\"version\":1", "\"version\":2").as_bytes()).unwrap_err().to_string();
    assert!(error.contains("run the same version on both sides"), "{error}");
}

#[test]
fn answers_come_back_as_they_went() {
    for answer in [Answer::hello(), Answer::received(&batch().id)] {
        assert_eq!(Answer::read(&answer.line().unwrap()).unwrap(), answer);
    }
    assert!(Answer::read(b"{\"wardline\":\"hello\",\"version\":9}").is_err());
    assert!(Answer::read(b"").is_err());
}
