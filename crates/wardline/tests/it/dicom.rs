//! DICOM spoken by DCMTK and by pynetdicom.

use crate::analysis::Analysis;
use crate::network::{CLIENT, Network, SERVER, python, script};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// An image whose maker, scanner and patient are invented, as text for `dump2dcm`.
pub(crate) const IMAGE: &str = r"
(0002,0010) UI =LittleEndianExplicit
(0008,0005) CS [ISO_IR 100]
(0008,0008) CS [ORIGINAL\PRIMARY\AXIAL]
(0008,0016) UI =CTImageStorage
(0008,0018) UI [2.25.311480912640417]
(0008,0060) CS [CT]
(0008,0070) LO [SIEMENS]
(0008,0080) LO [North Hospital]
(0008,1010) SH [CTBAY4]
(0008,1090) LO [SOMATOM Force]
(0010,0010) PN [Quillfeather^Ottoline]
(0010,0020) LO [PX-7741905]
(0010,0030) DA [19470313]
(0010,0040) CS [F]
(0018,1000) LO [75821]
(0018,1020) LO [syngo CT VB10A]
(0020,000d) UI [2.25.311480912640418]
(0020,000e) UI [2.25.311480912640419]
(0020,0013) IS [1]
(0028,0002) US 1
(0028,0004) CS [MONOCHROME2]
(0028,0010) US 4
(0028,0011) US 4
(0028,0100) US 16
(0028,0101) US 16
(0028,0102) US 15
(0028,0103) US 0
(7fe0,0010) OW 0000\0001\0002\0003\0004\0005\0006\0007\0008\0009\000a\000b\000c\000d\000e\000f
";

/// A worklist entry for the same invented patient.
const ENTRY: &str = r"
(0008,0005) CS [ISO_IR 100]
(0008,0050) SH [AC20419]
(0010,0010) PN [Quillfeather^Ottoline]
(0010,0020) LO [PX-7741905]
(0010,0030) DA [19470313]
(0010,0040) CS [F]
(0020,000d) UI [2.25.311480912640420]
(0032,1060) LO [Thorax]
(0040,0100) SQ
(fffe,e000) -
(0008,0060) CS [CT]
(0040,0001) AE [CT_BAY4]
(0040,0002) DA [20260302]
(0040,0003) TM [090000]
(0040,0006) PN [Operator^One]
(0040,0009) SH [STEP1]
(fffe,e00d) -
(fffe,e0dd) -
(0040,1001) SH [RP1]
";

/// What must never leave the dissector.
const PATIENT: &[&str] = &["Quillfeather", "Ottoline", "7741905", "19470313"];

pub(crate) fn object(network: &Network, text: &str, name: &str) -> PathBuf {
    let (source, object) = (network.path("object.dump"), network.path(name));
    fs::write(&source, text).unwrap();
    let done = Command::new("dump2dcm").arg(&source).arg(&object).output().unwrap();
    assert!(done.status.success(), "dump2dcm: {}", String::from_utf8_lossy(&done.stderr));
    object
}

/// What the image tells of the scanner, wherever it was sent from.
fn is_the_scanner(analysis: &Analysis) {
    let scanner = analysis.at(CLIENT);
    assert_eq!(scanner.text("vendor"), Some("Siemens Healthineers"));
    assert_eq!(scanner.text("model"), Some("SOMATOM Force"));
    assert_eq!(scanner.text("serial"), Some("75821"));
    assert_eq!(scanner.text("class"), Some("img.ct"));
    assert!(scanner.shows("software", "SOMATOM Force"), "{}", scanner.0);
    assert!(scanner.lists("roles", "modality"), "{}", scanner.0);
    assert!(scanner.lists("ae_titles", "CT_BAY4"), "{}", scanner.0);
    assert!(scanner.patient_data_in_clear());
    assert!(analysis.findings(&scanner).contains(&"patient-data-in-clear"));
    analysis.never_says(PATIENT);
}

/// The version of the DCMTK that is installed here, `3.6.7`.
fn dcmtk_version() -> String {
    let said = Command::new("echoscu").arg("--version").output().unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let version = said.split(" v").nth(1).and_then(|rest| rest.split(' ').next());
    version.unwrap().to_owned()
}

#[test]
fn dcmtk_scanner_stores_an_image_in_an_archive() {
    let Some(network) = Network::new(&["echoscu", "storescu", "storescp", "dump2dcm"]) else { return };
    let image = object(&network, IMAGE, "image.dcm");
    let analysis = network.capture(|| {
        let _archive = network.serve("storescp", &["-aet", "ARCHIVE9", "-od", ".", "11112"], 11112);
        network.speak("echoscu", &["-aet", "CT_BAY4", "-aec", "ARCHIVE9", SERVER, "11112"]);
        let send = ["-aet", "CT_BAY4", "-aec", "ARCHIVE9", SERVER, "11112", image.to_str().unwrap()];
        network.speak("storescu", &send);
    });
    is_the_scanner(&analysis);
    let version = dcmtk_version();
    assert!(analysis.at(CLIENT).runs("DCMTK", &version), "{}", analysis.text);
    let archive = analysis.at(SERVER);
    assert!(archive.runs("DCMTK", &version), "{}", archive.0);
    assert!(archive.lists("ae_titles", "ARCHIVE9") && archive.lists("roles", "archive"), "{}", archive.0);
    assert_eq!(
        (archive.text("vendor"), archive.text("model")),
        (None, None),
        "an archive is not what it keeps"
    );
    let flows = analysis.flows("dicom", 11112);
    assert_eq!(flows.len(), 2);
    for flow in flows {
        assert_eq!((&flow["client"]["ip"], &flow["server"]["ip"]), (&CLIENT.into(), &SERVER.into()));
        assert_eq!(
            (&flow["details"]["calling_ae"], &flow["details"]["called_ae"]),
            (&"CT_BAY4".into(), &"ARCHIVE9".into())
        );
    }
}

#[test]
fn dcmtk_scanner_asks_a_worklist_on_an_unusual_port() {
    let Some(network) = Network::new(&["findscu", "wlmscpfs", "dump2dcm"]) else { return };
    let folder = network.path("lists/RIS_WL");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("lockfile"), "").unwrap();
    object(&network, ENTRY, "lists/RIS_WL/entry.wl");
    let analysis = network.capture(|| {
        let _worklist = network.serve("wlmscpfs", &["-dfr", "-dfp", "lists", "40104"], 40104);
        let keys = ["PatientName", "PatientID", "PatientBirthDate", "(0040,0100)[0].Modality=CT"];
        let station = "(0040,0100)[0].ScheduledStationAETitle=CT_BAY4";
        let mut ask = vec!["-W", "-aet", "CT_BAY4", "-aec", "RIS_WL", "-k", station];
        ask.extend(keys.iter().flat_map(|&key| ["-k", key]));
        ask.extend([SERVER, "40104"]);
        network.speak("findscu", &ask);
    });
    let (scanner, worklist) = (analysis.at(CLIENT), analysis.at(SERVER));
    assert!(scanner.lists("ae_titles", "CT_BAY4") && scanner.lists("roles", "modality"), "{}", scanner.0);
    assert_eq!(scanner.text("class"), Some("img.ct"), "its query says CT");
    assert!(worklist.lists("ae_titles", "RIS_WL") && worklist.lists("roles", "worklist"), "{}", worklist.0);
    assert!(worklist.patient_data_in_clear(), "its answer held the patient");
    assert_eq!(analysis.flows("dicom", 40104).len(), 1);
    analysis.never_says(PATIENT);
}

#[test]
fn pynetdicom_stores_with_a_password_and_is_rejected_elsewhere() {
    let Some(python) = python("DICOM by pynetdicom") else { return };
    let Some(network) = Network::new(&["dump2dcm"]) else { return };
    let image = object(&network, IMAGE, "image.dcm");
    let (server, client) = (script("dicom_server.py"), script("dicom_client.py"));
    let analysis = network.capture(|| {
        let start = [server.to_str().unwrap(), SERVER, "4242", "PYARCHIVE"];
        let _archive = network.serve(&python, &start, 4242);
        let speak =
            [client.to_str().unwrap(), SERVER, "4242", "CT_BAY4", "PYARCHIVE", image.to_str().unwrap()];
        network.speak(&python, &speak);
    });
    is_the_scanner(&analysis);
    let (scanner, archive) = (analysis.at(CLIENT), analysis.at(SERVER));
    for device in [&scanner, &archive] {
        assert!(device.runs("pynetdicom", "3.0.4"), "{}", device.0);
    }
    assert!(archive.lists("ae_titles", "PYARCHIVE"), "{}", archive.0);
    assert!(!archive.lists("ae_titles", "NOT_HERE"), "a title that was refused is nobody's");
    assert!(analysis.findings(&scanner).contains(&"credential-in-clear"));
    analysis.never_says(&["ct-service", "swordfish"]);
    let flows = analysis.flows("dicom", 4242);
    let rejected: Vec<_> = flows.iter().filter(|f| !f["details"]["rejected"].is_null()).collect();
    assert_eq!((flows.len(), rejected.len()), (2, 1));
    assert_eq!(rejected[0]["details"]["rejected"], "called-ae-not-recognised");
    assert_eq!(rejected[0]["details"]["called_ae"], "NOT_HERE");
}
