//! Documents as they come, and as they should not.

use crate::{Document, Kind, Mapping, read};
use wardline_model::Attribute;

fn document(text: &str) -> Document {
    read(text.as_bytes(), &Mapping::default())
}

/// One line per entry: where, and what it says.
fn lines(document: &Document) -> Vec<String> {
    let said = |entry: &crate::Entry| {
        let facts: Vec<String> = entry
            .facts
            .iter()
            .map(|fact| {
                let version = fact.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
                format!("{}={}{version}", fact.attribute.as_str(), fact.value)
            })
            .collect();
        format!("{} {}: {}", entry.line, entry.label, facts.join(", "))
    };
    document.entries.iter().map(said).collect()
}

#[test]
fn an_inventory_list_is_read_by_its_headings() {
    let text = "Asset No;Manufacturer;Model;Serial No.;MAC Address;IP;SW Version;Room\n\
                4711;Dräger;Evita V500;ASCM-0042;00-30-E6-00-00-01;10.0.0.5;2.51;\"ICU; bed 3\"\n\
                4712;;;n/a;;;;\n\
                4713;GE;B40;SK9;wrong;10.0.0.6;;\n";
    let document = document(text);
    assert_eq!(document.kind, Kind::Cmms);
    assert_eq!(
        lines(&document),
        [
            "2 4711: vendor=Dräger, model=Evita V500, serial=ASCM-0042, mac=00:30:e6:00:00:01, ip=10.0.0.5, location=ICU; bed 3, software=software 2.51",
            "4 4713: vendor=GE, model=B40, serial=SK9, ip=10.0.0.6",
        ]
    );
    let problems: Vec<(u64, &str)> = document.problems.iter().map(|p| (p.line, p.field.as_str())).collect();
    assert_eq!(problems, [(3, ""), (4, "MAC Address")]);
    assert!(document.problems[1].why.contains("twelve hexadecimal digits"));
}

#[test]
fn a_mapping_names_the_columns_that_headings_do_not() {
    let mapping =
        Mapping::parse("[columns]\nserial = \"Gerätenummer\"\nvendor = \"Firma\"\nmac = \"Nirgends\"\n")
            .unwrap();
    let document = read("Firma,Gerätenummer\nRoche,13038\n".as_bytes(), &mapping);
    assert_eq!(lines(&document), ["2 Roche: vendor=Roche, serial=13038"]);
    assert_eq!(document.problems[0].field, "Nirgends");
    assert!(Mapping::parse("[columns]\nserail = \"x\"\n").unwrap_err().contains("serial"));
    assert!(Mapping::parse("[columns\n").is_err());
}

#[test]
fn a_list_without_anything_that_identifies_says_what_to_do() {
    let document = document("Name,Colour\nA,red\n");
    assert_eq!(document.entries.len(), 0);
    assert!(document.problems[0].why.contains("mapping"));
    assert!(!self::document("").problems.is_empty());
}

#[test]
fn a_label_gives_its_serial_number() {
    let document = document("UDI\n(01)00643169007222(21)SN-9\n(01)00643169007223(21)SN-9\n");
    assert_eq!(
        lines(&document),
        ["2 (01)00643169007222(21)SN-9: udi=(01)00643169007222(21)SN-9, serial=SN-9"]
    );
    assert!(document.problems[0].why.contains("check digit"));
}

#[test]
fn quotes_hold_separators_line_ends_and_quotes() {
    let document = document("Serial,Model\r\nA-1,\"Big \"\"M\"\",\nsecond line\"\r\nA-2,Small\r\n");
    assert_eq!(
        lines(&document),
        ["2 A-1: serial=A-1, model=Big \"M\", second line", "4 A-2: serial=A-2, model=Small"]
    );
}

#[test]
fn exports_in_utf_16_are_read() {
    let text = "Serial\tModel\nÄ-1\tXN\n";
    let bytes: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(lines(&read(&bytes, &Mapping::default())), ["2 Ä-1: serial=Ä-1, model=XN"]);
}

#[test]
fn of_the_leases_of_an_address_the_last_counts() {
    let text = "# journal\nlease 10.0.0.5 {\n  starts 4 2026/03/02 07:00:00;\n  binding state active;\n  \
                hardware ethernet 00:11:22:33:44:55;\n  client-hostname \"OLD\";\n}\n\
                lease 10.0.0.6 {\n  binding state free;\n  hardware ethernet 00:11:22:33:44:56;\n}\n\
                lease 10.0.0.5 {\n  binding state active;\n  hardware ethernet 00:11:22:33:44:57;\n  \
                set vendor-class-identifier = \"MSFT 5.0\";\n  client-hostname \"NEW\";\n}\nlease 10.0.0.9 {\n";
    let document = document(text);
    assert_eq!(document.kind, Kind::DhcpLeases);
    assert_eq!(
        lines(&document),
        ["12 10.0.0.5: ip=10.0.0.5, mac=00:11:22:33:44:57, dhcp-vendor-class=MSFT 5.0, hostname=NEW"]
    );
    assert_eq!(document.problems.len(), 1, "the cut lease");
}

#[test]
fn lease_tables_of_kea_and_windows_are_read() {
    let kea = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n\
               10.0.0.5,00:11:22:33:44:55,,3600,1,1,0,0,ct1.,0,\n10.0.0.6,00:11:22:33:44:56,,3600,1,1,0,0,,2,\n";
    assert_eq!(lines(&document(kea)), ["2 10.0.0.5: ip=10.0.0.5, mac=00:11:22:33:44:55, hostname=ct1"]);
    let windows = "#TYPE Microsoft.Management\n\"IPAddress\",\"ScopeId\",\"ClientId\",\"HostName\",\"AddressState\"\n\
                   \"10.0.0.7\",\"10.0.0.0\",\"00-11-22-33-44-57\",\"PUMP.hospital.example\",\"Active\"\n\
                   \"10.0.0.8\",\"10.0.0.0\",\"00-11-22-33-44-58\",\"GONE\",\"Expired\"\n";
    let document = document(windows);
    assert_eq!(document.kind, Kind::DhcpLeases);
    assert_eq!(
        lines(&document),
        ["3 10.0.0.7: ip=10.0.0.7, mac=00:11:22:33:44:57, hostname=PUMP.hospital.example"]
    );
}

#[test]
fn a_scan_gives_what_answered_and_no_guess() {
    let text = "<?xml version=\"1.0\"?>\n<nmaprun scanner=\"nmap\">\n<host><status state=\"up\"/>\n\
        <address addr=\"10.0.0.5\" addrtype=\"ipv4\"/><address addr=\"00:11:22:33:44:55\" addrtype=\"mac\" vendor=\"X\"/>\n\
        <hostnames><hostname name=\"pacs&amp;1\" type=\"PTR\"/></hostnames>\n\
        <ports><port protocol=\"tcp\" portid=\"22\"><state state=\"open\"/><service name=\"ssh\" product=\"OpenSSH\" version=\"8.9p1\" method=\"probed\"/></port>\n\
        <port protocol=\"tcp\" portid=\"23\"><state state=\"open\"/><service name=\"telnet\" product=\"Guess\" method=\"table\"/></port></ports>\n\
        <os><osmatch name=\"Linux 5.4\" accuracy=\"95\"/><osmatch name=\"FreeBSD 12\" accuracy=\"91\"/></os></host>\n\
        <host><status state=\"down\"/><address addr=\"10.0.0.6\" addrtype=\"ipv4\"/></host>\n<host><addr";
    let document = document(text);
    assert_eq!(document.kind, Kind::Nmap);
    assert_eq!(document.entries.len(), 1);
    let entry = &document.entries[0];
    assert_eq!(entry.line, 3);
    assert_eq!(entry.values(Attribute::Hostname).collect::<Vec<_>>(), ["pacs&1"]);
    assert_eq!(entry.values(Attribute::Software).collect::<Vec<_>>(), ["OpenSSH"]);
    assert_eq!(entry.values(Attribute::Os).collect::<Vec<_>>(), ["Linux 5.4"]);
    assert_eq!(document.problems.len(), 1, "the cut end: {:?}", document.problems);
}

#[test]
fn every_cut_and_every_flipped_byte_is_survived() {
    let texts = [
        "Asset;MAC;UDI\n1;00-11-22-33-44-55;\"(01)00643169007222(21)SN-9\"\n",
        "lease 10.0.0.5 {\n hardware ethernet 00:11:22:33:44:55;\n client-hostname \"A\";\n}\n",
        "address,hwaddr,valid_lifetime,hostname,state\n10.0.0.5,00:11:22:33:44:55,1,a,0\n",
        "<nmaprun><host><address addr=\"10.0.0.5\" addrtype=\"ipv4\"/></host></nmaprun>",
    ];
    for text in texts {
        for at in 0..text.len() {
            _ = read(&text.as_bytes()[..at], &Mapping::default());
            for byte in [0, b'"', b'<', 0xff] {
                let mut bytes = text.as_bytes().to_vec();
                bytes[at] = byte;
                _ = read(&bytes, &Mapping::default());
            }
        }
    }
}

#[test]
fn tables_of_switches_and_routers_are_read_as_commands_print_them() {
    let arp = document(
        "Protocol  Address          Age (min)  Hardware Addr   Type   Interface\n\
         Internet  10.1.1.7               10   0009.fb62.b91c  ARPA   Vlan10\n\
         Internet  10.1.1.8                0   Incomplete      ARPA\n\
         Internet  10.1.1.9                -   0030.e600.0001  ARPA   Vlan10\n",
    );
    assert_eq!(arp.kind, Kind::ArpTable);
    assert_eq!(
        lines(&arp),
        [
            "2 00:09:fb:62:b9:1c: mac=00:09:fb:62:b9:1c, ip=10.1.1.7",
            "4 00:30:e6:00:00:01: mac=00:30:e6:00:00:01, ip=10.1.1.9",
        ]
    );
    assert!(arp.problems.is_empty(), "{:?}", arp.problems);
    let linux = document("10.0.0.9 dev eth0 lladdr 00:09:fb:62:b9:1c REACHABLE\n10.0.0.8 dev eth0 FAILED\n");
    assert_eq!(linux.kind, Kind::ArpTable);
    assert_eq!((linux.entries.len(), linux.problems[0].line), (1, 2));
    let windows = "Interface: 10.0.0.1 --- 0x4\n  10.0.0.7   00-09-fb-62-b9-1c   dynamic\n";
    assert_eq!(lines(&document(windows)), ["2 00:09:fb:62:b9:1c: mac=00:09:fb:62:b9:1c, ip=10.0.0.7"]);
}

#[test]
fn a_port_with_many_cards_is_no_place() {
    let mut text = "Vlan    Mac Address       Type        Ports\n".to_owned();
    text += "  10    0009.fb62.b91c    DYNAMIC     Gi1/0/3\n";
    for n in 0..12 {
        text += &format!("  10    0009.fb00.00{n:02x}    DYNAMIC     Te1/1/1\n");
    }
    let table = document(&text);
    assert_eq!(table.kind, Kind::MacTable);
    assert_eq!(lines(&table)[0], "2 00:09:fb:62:b9:1c: mac=00:09:fb:62:b9:1c, location=switch port Gi1/0/3");
    assert_eq!(lines(&table)[1], "3 00:09:fb:00:00:00: mac=00:09:fb:00:00:00");
}

#[test]
fn walks_give_cards_ports_and_the_names_of_both() {
    let text = ".1.3.6.1.2.1.1.5.0 = STRING: \"sw-icu\"\n\
        .1.3.6.1.2.1.17.4.3.1.2.0.9.251.98.185.28 = INTEGER: 3\n\
        .1.3.6.1.2.1.17.1.4.1.2.3 = INTEGER: 10103\n\
        .1.3.6.1.2.1.31.1.1.1.1.10103 = STRING: Gi1/0/3\n\
        .1.3.6.1.2.1.17.4.3.1.2.0.9.251.98 = INTEGER: 3\n";
    let table = document(text);
    assert_eq!(table.kind, Kind::MacTable);
    assert_eq!(
        lines(&table),
        ["2 00:09:fb:62:b9:1c: mac=00:09:fb:62:b9:1c, location=switch sw-icu port Gi1/0/3"]
    );
    assert_eq!(table.problems[0].line, 5, "a row that was cut");
    let arp = document(
        "IP-MIB::ipNetToMediaPhysAddress.2.10.0.0.1 = STRING: 0:9:fb:62:b9:1c\n\
         .1.3.6.1.2.1.4.22.1.2.2.10.0.0.2 = Hex-STRING: 00 30 E6 00 00 01\n",
    );
    assert_eq!(
        lines(&arp),
        [
            "1 00:09:fb:62:b9:1c: mac=00:09:fb:62:b9:1c, ip=10.0.0.1",
            "2 00:30:e6:00:00:01: mac=00:30:e6:00:00:01, ip=10.0.0.2",
        ]
    );
}

#[test]
fn exports_are_told_apart_by_their_headings() {
    let wireless = document(
        "MAC Address,IP Address,AP Name,SSID,User\n00:09:fb:62:b9:1c,10.0.0.3,AP-ICU-2,MED,nurse1\n",
    );
    assert_eq!(wireless.kind, Kind::Wireless);
    assert_eq!(
        lines(&wireless),
        ["2 00:09:fb:62:b9:1c: mac=00:09:fb:62:b9:1c, ip=10.0.0.3, location=access point AP-ICU-2"]
    );
    let nac = document(
        "MACAddress,EndPointPolicy,NAS-Port-Id,NetworkDeviceName\n0009fb62b91c,Medical,Gi1/0/7,sw-1\n",
    );
    assert_eq!(nac.kind, Kind::Nac);
    assert!(lines(&nac)[0].ends_with("location=switch sw-1 port Gi1/0/7"), "{:?}", lines(&nac));
    let switch = document("VLAN,MAC Address,Port\n10,0009.fb62.b91c,Gi1/0/3\n");
    assert_eq!(switch.kind, Kind::MacTable);
}

#[test]
fn zeek_in_both_its_forms() {
    let log = "#separator \\x09\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tclient\tserver\n\
               1.0\tC1\t10.0.0.1\t50\t10.0.0.2\t22\tSSH-2.0-libssh2_1.8\tSSH-2.0-Mocana SSH \n\
               1.0\tC1\t10.0.0.1\t50\n";
    let read = document(log);
    assert_eq!(read.kind, Kind::Zeek);
    assert_eq!(
        lines(&read),
        ["3 10.0.0.1: ip=10.0.0.1, ssh-banner=libssh2_1.8", "3 10.0.0.2: ip=10.0.0.2, ssh-banner=Mocana SSH"]
    );
    assert!(read.problems[0].why.contains("cut here"));
    let json = "{\"ts\":1,\"host\":\"10.0.0.5\",\"software_type\":\"HTTP::SERVER\",\"name\":\"lighttpd\",\
                \"version.major\":1,\"version.minor\":4,\"version.minor2\":35}\n{\n";
    let read = document(json);
    assert_eq!(lines(&read), ["1 10.0.0.5: ip=10.0.0.5, software=lighttpd 1.4.35"]);
    assert_eq!(read.problems.len(), 1);
}

#[test]
fn suricata_says_names_cards_and_banners_and_no_users() {
    let log = "{\"timestamp\":\"t\",\"event_type\":\"dhcp\",\"dhcp\":{\"assigned_ip\":\"10.0.0.7\",\
               \"client_mac\":\"00:09:fb:62:b9:1c\",\"hostname\":\"mon-7\"}}\n\
               {\"event_type\":\"smb\",\"src_ip\":\"10.0.0.8\",\"dest_ip\":\"10.0.0.9\",\"smb\":{\"ntlmssp\":\
               {\"domain\":\"D\",\"user\":\"meier\",\"host\":\"WS8\"}}}\nnonsense\n";
    let read = document(log);
    assert_eq!(read.kind, Kind::Eve);
    assert_eq!(
        lines(&read),
        [
            "1 10.0.0.7: ip=10.0.0.7, mac=00:09:fb:62:b9:1c, hostname=mon-7",
            "2 10.0.0.8: ip=10.0.0.8, hostname=WS8",
        ]
    );
    assert_eq!(read.problems[0].line, 3);
}

#[test]
fn fhir_devices_of_a_bundle_say_what_their_plates_say() {
    let bundle = r#"{ "resourceType": "Bundle", "entry": [
      { "resource": { "resourceType": "Device", "manufacturer": "Dräger", "serialNumber": "ASCM-0042",
        "deviceName": [{ "name": "Evita V500", "type": "model-name" }],
        "version": [{ "type": { "text": "firmware" }, "value": "2.51" }],
        "identifier": [{ "value": "INV-4711" }, { "system": "urn:mac", "value": "00:30:E6:00:00:01" }],
        "patient": { "display": "Meier" } } },
      { "resource": { "resourceType": "Patient", "id": "1" } },
      { "resource": { "resourceType": "Device", "manufacturer": "GE" } } ] }"#;
    let read = document(bundle);
    assert_eq!(read.kind, Kind::Fhir);
    assert_eq!(
        lines(&read),
        [
            "2 INV-4711: mac=00:30:e6:00:00:01, model=Evita V500, serial=ASCM-0042, software=firmware 2.51, vendor=Dräger"
        ]
    );
    assert_eq!(read.problems[0].line, 8);
    assert!(document(&bundle[..200]).problems[0].why.contains("no JSON"));
}
