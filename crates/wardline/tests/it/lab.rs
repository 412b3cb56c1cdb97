//! Development captures of a laboratory bench: what their README states must come out, or what their bytes show.

use crate::analysis::{Analysis, root};
use serde_json::Value;

/// The hosts: a sender, the server, two more senders. Their MACs' makers are decoration.
const SENDER: &str = "10.77.1.11";
const SERVER: &str = "10.77.1.20";
const SECOND: &str = "10.77.1.33";
const THIRD: &str = "10.77.1.44";

fn analysis(name: &str) -> Option<Analysis> {
    let folder = root().join("../shared/data/pcap/lab");
    let file = folder.join(name);
    if !file.is_file() {
        eprintln!("SKIPPED: no development captures in {}", folder.display());
        return None;
    }
    Some(Analysis::of(&file))
}

/// Client, server and two details of each flow, in order of their beginning.
fn ends<'a>(flows: &[&'a Value], details: [&str; 2]) -> Vec<[&'a str; 4]> {
    let text = |value: &'a Value| value.as_str().unwrap_or_default();
    let one = |flow: &&'a Value| {
        let [first, second] = details.map(|key| text(&flow["details"][key]));
        [text(&flow["client"]["ip"]), text(&flow["server"]["ip"]), first, second]
    };
    flows.iter().map(one).collect()
}

const TITLES: [&str; 2] = ["calling_ae", "called_ae"];

#[test]
fn two_scanners_store_in_an_archive() {
    let Some(analysis) = analysis("dicom_dcmtk_echo_store.pcap") else { return };
    let flows = ends(&analysis.flows("dicom", 11112), TITLES);
    let scanner = [SENDER, SERVER, "CT_ROOM1", "ARCHIVE1"];
    assert_eq!(flows, [scanner, scanner, [SECOND, SERVER, "MR_ROOM2", "ARCHIVE1"]]);
    for (ip, title, class) in
        [(SENDER, "CT_ROOM1", "img.ct"), (SECOND, "MR_ROOM2", "img.mr"), (SERVER, "ARCHIVE1", "img.pacs")]
    {
        let device = analysis.at(ip);
        assert!(device.lists("ae_titles", title), "{title}");
        assert_eq!(device.text("class"), Some(class), "{title}");
        assert!(device.runs("DCMTK", "3.6.7"), "{title}");
    }
    assert!(analysis.at(SENDER).lists("roles", "modality") && analysis.at(SERVER).lists("roles", "archive"));
}

/// The README calls the sub-association refused; its bytes show it accepted, and so does a second dissector.
#[test]
fn a_workstation_finds_and_moves_and_the_archive_calls_back() {
    let Some(analysis) = analysis("dicom_dcmqrscp_find_move_port104.pcap") else { return };
    let asks = [SECOND, SERVER, "WS1", "QRPACS"];
    assert_eq!(
        ends(&analysis.flows("dicom", 104), TITLES),
        [[SENDER, SERVER, "CT_ROOM1", "QRPACS"], asks, asks]
    );
    assert_eq!(ends(&analysis.flows("dicom", 11113), TITLES), [[SERVER, SECOND, "QRPACS", "WS1"]]);
    assert!(
        analysis.at(SERVER).lists("roles", "archive") && analysis.at(SERVER).lists("ae_titles", "QRPACS")
    );
    assert!(
        analysis.at(SECOND).lists("ae_titles", "WS1") && analysis.at(SENDER).lists("ae_titles", "CT_ROOM1")
    );
    assert_eq!(analysis.at(SERVER).text("model"), None, "an archive is not what it keeps");
}

#[test]
fn two_senders_of_hl7_messages() {
    let Some(analysis) = analysis("hl7_mllp_2575.pcap") else { return };
    let flows = ends(&analysis.flows("hl7", 2575), ["sending_application", "receiving_application"]);
    assert_eq!(
        flows,
        [
            [SECOND, SERVER, "SE050, OLIS, ADTApp", "PACS, 2.16.840.1.113883.3.59.3:0947, EHRApp"],
            [THIRD, SERVER, "ADT1, ADTApp", "GHHInc., EHRApp"],
        ]
    );
    for (ip, application) in [(SECOND, "OLIS"), (THIRD, "ADT1"), (SERVER, "EHRApp")] {
        assert!(analysis.at(ip).shows("hl7-application", application), "{application}");
        assert!(analysis.at(ip).patient_data_in_clear(), "{application}");
    }
}

#[test]
fn three_instruments_behind_one_host() {
    let Some(analysis) = analysis("astm_e1381_analyzers.pcap") else { return };
    let flows = ends(&analysis.flows("astm", 4010), ["sending_application", "encrypted"]);
    assert_eq!(flows.len(), 3);
    assert!(flows.iter().all(|flow| flow[..2] == [SECOND, SERVER]));
    let instruments = [
        ("XP-100", "Sysmex", Some("A7869"), "00-13"),
        ("cobas c111", "Roche", Some("13147"), "4.2.2.1730"),
        ("GeneXpert", "Cepheid", None, "4.8"),
    ];
    for (model, vendor, serial, version) in instruments {
        let instrument = analysis.model(model);
        assert_eq!((instrument.text("vendor"), instrument.text("serial")), (Some(vendor), serial), "{model}");
        assert!(instrument.0["software"].as_array().unwrap().iter().any(|s| s["version"] == version));
        assert!(instrument.0["ips"].as_array().unwrap().is_empty(), "{model} has no address of its own");
    }
    assert_eq!(analysis.at(SECOND).text("model"), None, "the host is none of its instruments");
    assert_eq!(analysis.devices().len(), 5);
}

/// Discovery by multicast, then SDC without TLS: its bodies are compressed.
#[test]
fn a_pump_names_itself_and_its_bed() {
    let Some(analysis) = analysis("sdc_11073_discovery_session.pcap") else { return };
    let to_pump = analysis.flows("sdc", 37065);
    assert!(!to_pump.is_empty());
    for flow in to_pump {
        assert_eq!((&flow["client"]["ip"], &flow["server"]["ip"]), (&SERVER.into(), &SENDER.into()));
        assert_eq!(flow["details"]["application"], "soap");
    }
    assert!(!analysis.flows("sdc", 42025).is_empty(), "the pump reports to its consumer");
    assert_eq!(analysis.flows("ws-discovery", 3702).len(), 2);
    let pump = analysis.at(SENDER);
    assert_eq!(pump.text("vendor"), Some("Example Infusion AG"));
    assert_eq!(pump.text("model"), Some("SyrPump 700"));
    assert_eq!(pump.text("serial"), Some("SP700-0042"));
    assert_eq!(pump.text("location"), Some("CU2 / ICU3-07"));
    assert_eq!(pump.text("class"), None, "its type is a private code: which pump it is nobody says");
    assert!(pump.runs("firmware", "2.4.1") && pump.shows("friendly-name", "Pump ICU-3"));
    assert!(pump.shows("weakness", "sdc-without-tls"));
    assert_eq!(analysis.at(SERVER).text("vendor"), None, "the consumer is not what it reads about");
    assert_eq!(analysis.devices().len(), 2);
}
