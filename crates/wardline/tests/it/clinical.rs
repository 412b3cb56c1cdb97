//! Clinical peers captured live: SDC by sdc11073, worklist and performed steps by pynetdicom, DICOMweb by Orthanc, an
//! analyser by hl7apy, an agent of net-snmp, and the DICOM scripts of Nmap as an uninvited guest.

use crate::network::{CLIENT, Network, SERVER, python, script};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// What must never leave a dissector.
const PATIENT: &[&str] = &["Quillfeather", "Ottoline", "7741905"];

/// An object of an invented machine and patient, as text for `dump2dcm`.
const OBJECT: &str = r"
(0002,0010) UI =LittleEndianExplicit
(0008,0016) UI =UltrasoundImageStorage
(0008,0018) UI [2.25.311480912640517]
(0008,0060) CS [US]
(0008,0070) LO [Mindray]
(0008,1010) SH [SONO-4]
(0008,1090) LO [Resona I9]
(0010,0010) PN [Quillfeather^Ottoline]
(0010,0020) LO [PX-7741905]
(0018,1000) LO [QN-4100777]
(0018,1020) LO [03.01.00]
(0020,000d) UI [2.25.311480912640518]
(0020,000e) UI [2.25.311480912640519]
(0028,0002) US 1
(0028,0004) CS [MONOCHROME2]
(0028,0010) US 2
(0028,0011) US 2
(0028,0100) US 8
(0028,0101) US 8
(0028,0102) US 7
(0028,0103) US 0
(7fe0,0010) OB 00\01\02\03
";

/// A certificate authority, and a key and certificate of each end with its purpose in SDC.
fn keys(network: &Network) -> [PathBuf; 2] {
    let openssl = |arguments: &[&str]| {
        let done = Command::new("openssl").args(arguments).current_dir(network.path("")).output().unwrap();
        assert!(done.status.success(), "openssl: {}", String::from_utf8_lossy(&done.stderr));
    };
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let authority = ["req", "-x509", "-keyout", "ca.key", "-out", "cacert.pem", "-days", "9999"];
    openssl(&[&authority[..], &curve, &["-subj", "/O=North Hospital/CN=Device CA"]].concat());
    [("provider", "1"), ("consumer", "2")].map(|(name, purpose)| {
        let folder = network.path(name);
        fs::create_dir_all(&folder).unwrap();
        let usage = format!("extendedKeyUsage=serverAuth,clientAuth,1.2.840.10004.20701.1.{purpose}\n");
        fs::write(network.path("usage.cnf"), usage).unwrap();
        let (key, certificate) = (format!("{name}/userkey.pem"), format!("{name}/usercert.pem"));
        let subject = format!("/O=North Hospital/CN={name}.icu.north.lan");
        openssl(
            &[&["req", "-keyout", &key, "-out", "request.pem"][..], &curve, &["-subj", &subject]].concat(),
        );
        openssl(&[
            "x509",
            "-req",
            "-in",
            "request.pem",
            "-CA",
            "cacert.pem",
            "-CAkey",
            "ca.key",
            "-set_serial",
            purpose,
            "-days",
            "9999",
            "-out",
            &certificate,
            "-extfile",
            "usage.cnf",
        ]);
        fs::copy(network.path("cacert.pem"), folder.join("cacert.pem")).unwrap();
        folder
    })
}

#[test]
fn a_ventilator_describes_itself_to_a_monitor_in_clear() {
    let Some(python) = python("SDC by sdc11073") else { return };
    let Some(network) = Network::new(&[]) else { return };
    let (provider, consumer) = (script("sdc_provider.py"), script("sdc_consumer.py"));
    let analysis = network.capture(|| {
        let _provider = network.serve(&python, &[provider.to_str().unwrap(), SERVER, "6464"], 6464);
        network.speak(&python, &[consumer.to_str().unwrap(), CLIENT]);
    });
    let ventilator = analysis.at(SERVER);
    assert_eq!(ventilator.text("vendor"), Some("Dräger"), "{}", ventilator.0);
    assert_eq!(ventilator.text("model"), Some("Evita V600"));
    assert_eq!(ventilator.text("serial"), Some("ASRJ-0117"));
    assert!(ventilator.runs("firmware", "2.50.1") && ventilator.shows("friendly-name", "Ventilator ICU 7"));
    assert!(ventilator.shows("mdc-device", "70001"), "{}", ventilator.0);
    assert!(analysis.findings(&ventilator).contains(&"sdc-without-tls"), "{}", analysis.text);
    assert_eq!(analysis.at(CLIENT).text("model"), None, "the consumer is not what it reads about");
}

#[test]
fn a_ventilator_behind_tls_is_told_by_its_announcements_and_both_certificates() {
    let Some(python) = python("SDC by sdc11073") else { return };
    let Some(network) = Network::new(&["openssl"]) else { return };
    let [provider_keys, consumer_keys] = keys(&network);
    let (provider, consumer) = (script("sdc_provider.py"), script("sdc_consumer.py"));
    // Certificates are in clear up to TLS 1.2.
    let limit = network.path("openssl.cnf");
    fs::write(
        &limit,
        "openssl_conf = c\n[c]\nssl_conf = s\n[s]\nsystem_default = d\n[d]\nMaxProtocol = TLSv1.2\n",
    )
    .unwrap();
    let environment = format!("OPENSSL_CONF={}", limit.display());
    let analysis = network.capture(|| {
        let python = python.to_str().unwrap();
        let serve = [
            &environment,
            python,
            provider.to_str().unwrap(),
            SERVER,
            "6464",
            provider_keys.to_str().unwrap(),
        ];
        let _provider = network.serve("env", &serve, 6464);
        let ask = [&environment, python, consumer.to_str().unwrap(), CLIENT, consumer_keys.to_str().unwrap()];
        network.speak("env", &ask);
    });
    let ventilator = analysis.at(SERVER);
    assert!(ventilator.shows("ws-discovery-type", "mdpws:MedicalDevice"), "{}", ventilator.0);
    assert!(ventilator.shows("location", "ICU / 7"), "{}", ventilator.0);
    assert!(!analysis.findings(&ventilator).contains(&"sdc-without-tls"));
    let name = |end| format!("O=North Hospital, CN={end}.icu.north.lan");
    assert!(ventilator.shows("certificate-subject", &name("provider")), "{}", ventilator.0);
    assert!(analysis.at(CLIENT).shows("certificate-subject", &name("consumer")), "{}", analysis.text);
    let tls = analysis.flows_of("tls");
    assert!(tls.iter().any(|flow| flow["details"]["application"] == "sdc"), "{}", analysis.text);
}

#[test]
fn a_scanner_asks_its_worklist_and_reports_its_step() {
    let Some(python) = python("DICOM by pynetdicom") else { return };
    let Some(network) = Network::new(&[]) else { return };
    let (server, scanner) = (script("dicom_worklist_server.py"), script("dicom_modality.py"));
    let analysis = network.capture(|| {
        let start = [server.to_str().unwrap(), SERVER, "40105", "RIS_WL"];
        let _worklist = network.serve(&python, &start, 40105);
        network.speak(&python, &[scanner.to_str().unwrap(), SERVER, "40105", "MR_BAY2", "RIS_WL"]);
    });
    let (scanner, worklist) = (analysis.at(CLIENT), analysis.at(SERVER));
    assert!(scanner.lists("ae_titles", "MR_BAY2") && scanner.lists("roles", "modality"), "{}", scanner.0);
    assert_eq!(scanner.text("class"), Some("img.mr"), "{}", scanner.0);
    assert!(scanner.shows("location", "Radiology B2") && scanner.shows("hostname", "MR-ROOM-2"));
    for service in ["scu:worklist", "scu:mpps"] {
        assert!(scanner.shows("dicom-service", service), "{}", scanner.0);
    }
    assert!(worklist.lists("roles", "worklist") && worklist.shows("dicom-service", "scp:mpps"));
    assert!(scanner.patient_data_in_clear() && worklist.patient_data_in_clear());
    analysis.never_says(PATIENT);
}

#[test]
fn orthanc_takes_an_object_over_dicomweb_and_gives_it_back() {
    let Some(python) = python("DICOMweb asked by a script") else { return };
    let Some(network) = Network::new(&["Orthanc", "dump2dcm"]) else { return };
    let plugin = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so";
    if !PathBuf::from(plugin).is_file() {
        eprintln!("SKIPPED: peer Orthanc has no DICOMweb plugin at {plugin}");
        return;
    }
    let configuration = format!(
        r#"{{"Name":"Archive","StorageDirectory":"store","IndexDirectory":"store","Plugins":["{plugin}"],
        "RemoteAccessAllowed":true,"AuthenticationEnabled":false,"HttpPort":8042,"DicomServerEnabled":false,
        "DicomWeb":{{"Enable":true}}}}"#
    );
    fs::write(network.path("orthanc.json"), configuration).unwrap();
    let (source, object) = (network.path("object.dump"), network.path("object.dcm"));
    fs::write(&source, OBJECT).unwrap();
    let done = Command::new("dump2dcm").arg(&source).arg(&object).output().unwrap();
    assert!(done.status.success(), "dump2dcm: {}", String::from_utf8_lossy(&done.stderr));
    let client = script("dicomweb_client.py");
    let analysis = network.capture(|| {
        let _archive = network.serve("Orthanc", &["orthanc.json"], 8042);
        network.speak(&python, &[client.to_str().unwrap(), SERVER, "8042", object.to_str().unwrap()]);
    });
    let (machine, archive) = (analysis.at(CLIENT), analysis.at(SERVER));
    assert_eq!(machine.text("vendor"), Some("Mindray"), "{}", machine.0);
    assert_eq!((machine.text("model"), machine.text("serial")), (Some("Resona I9"), Some("QN-4100777")));
    assert!(machine.patient_data_in_clear() && archive.patient_data_in_clear());
    assert_eq!((archive.text("vendor"), archive.text("model")), (None, None), "{}", archive.0);
    let flows = analysis.flows("http", 8042);
    assert!(flows.iter().any(|flow| flow["details"]["application"] == "dicomweb"), "{}", analysis.text);
    analysis.never_says(PATIENT);
}

#[test]
fn an_analyser_reports_a_result_as_law_asks() {
    let Some(python) = python("HL7 by hl7apy") else { return };
    let Some(network) = Network::new(&[]) else { return };
    let (server, client) = (script("hl7_server.py"), script("hl7_analyser.py"));
    let analysis = network.capture(|| {
        let _host = network.serve(&python, &[server.to_str().unwrap(), SERVER, "6662"], 6662);
        network.speak(&python, &[client.to_str().unwrap(), SERVER, "6662"]);
    });
    let analyser = analysis.model("Chem9000");
    assert_eq!(analyser.text("serial"), Some("BX407-1177"));
    assert!(analyser.lists("roles", "analyser"), "{}", analyser.0);
    assert_eq!(analysis.flows("hl7", 6662)[0]["details"]["application"], "ihe-lab-29");
}

#[test]
fn an_agent_of_net_snmp_answers_two_versions() {
    let Some(network) = Network::new(&["snmpd", "snmpget"]) else { return };
    let user = "createUser warden SHA fourteen-geese AES fourteen-ganders";
    let agent = format!(
        "agentaddress udp:161,tcp:161\nrocommunity public\nsysLocation Pharmacy store 2\n\
         sysName cold-store-2\n{user}\nrouser warden priv\n"
    );
    fs::write(network.path("snmpd.conf"), agent).unwrap();
    let analysis = network.capture(|| {
        let start = ["SNMP_PERSISTENT_DIR=state", "snmpd", "-f", "-Lo", "-C", "-c", "snmpd.conf"];
        let _agent = network.serve("env", &start, 161);
        let numbers = ["1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.1.6.0"];
        network.speak("snmpget", &[&["-v2c", "-c", "public", SERVER][..], &numbers].concat());
        let secret =
            ["-v3", "-l", "authPriv", "-u", "warden", "-a", "SHA", "-A", "fourteen-geese", "-x", "AES"];
        let secret = [&secret[..], &["-X", "fourteen-ganders", SERVER], &numbers].concat();
        network.speak("snmpget", &secret);
    });
    let agent = analysis.at(SERVER);
    assert!(
        agent.shows("location", "Pharmacy store 2") && agent.shows("hostname", "cold-store-2"),
        "{}",
        agent.0
    );
    assert!(agent.shows("weakness", "snmp-v2c") && agent.shows("default-credential", "snmp-public"));
    assert!(agent.shows("snmp-object-id", "1.3.6.1.4.1.8072"), "its engine is of net-snmp: {}", agent.0);
    let flows = analysis.flows("snmp", 161);
    assert!(flows.iter().any(|flow| flow["encrypted"] == true), "{}", analysis.text);
    analysis.never_says(&["fourteen", "warden"]);
}

/// Its scripts ask every title and give up; what they touch is still named right, and nothing is learnt wrong.
#[test]
fn the_scripts_of_nmap_are_dicom_and_teach_nothing_wrong() {
    let Some(network) = Network::new(&["nmap", "storescp"]) else { return };
    let analysis = network.capture(|| {
        let _archive = network.serve("storescp", &["-aet", "ARCHIVE9", "-od", ".", "11112"], 11112);
        network.speak("nmap", &["-n", "-Pn", "-p", "11112", "--script", "dicom-ping,dicom-brute", SERVER]);
    });
    let archive = analysis.at(SERVER);
    assert!(!archive.lists("ae_titles", "ANY-SCP"), "{}", archive.0);
    let flows = analysis.flows("dicom", 11112);
    assert!(!flows.is_empty(), "{}", analysis.text);
    assert!(flows.iter().any(|flow| flow["details"]["called_ae"] == "ANY-SCP"), "{}", analysis.text);
    assert_eq!(analysis.at(CLIENT).text("model"), None);
}
