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
