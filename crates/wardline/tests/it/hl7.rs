//! HL7 v2 over MLLP, spoken by python-hl7 on both ends.

use crate::network::{CLIENT, Network, SERVER, python, script};
use std::fs;

/// A gateway reports a monitor (IHE PCD-01, v2.6), then an admission system speaks (v2.5). All names are invented.
pub(crate) const MESSAGES: &str = r"MSH|^~\&|BEDLINK|NORTH|EMR|NORTH|20260302090000+0000||ORU^R01^ORU_R01|BL1|P|2.6|||NE|AL
SFT|Example Gateways Inc|3.1.4|Bedside Link|77
PID|1||PX-7741905^^^NORTH^MR||Quillfeather^Ottoline^^^^^L||19470313|F|||12 Cobblers Yard^^Northtown
PV1|1|I|ICU^101^A^NORTH
OBR|1|||69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC
OBX|1|ST|531970^MDC_ID_MODEL_MANUFACTURER^MDC|1.0.0.1|Mindray||||||F
OBX|2|ST|531969^MDC_ID_MODEL_NUMBER^MDC|1.0.0.2|BeneVision N17||||||F
OBX|3|ST|531972^MDC_ID_PROD_SPEC_SERIAL^MDC|1.0.0.3|FQ-71004711||||||F
OBX|4|ST|531976^MDC_ID_PROD_SPEC_FW^MDC|1.0.0.4|02.51.00||||||F
OBX|5|NM|147842^MDC_ECG_HEART_RATE^MDC|1.1.1.1|72|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||F|||20260302085959|||||00A037FFFE0B4020^^00A037FFFE0B4020^EUI-64
PRT|1|UC||EQUIP||||||FQ-71004711^BeneVision N17

MSH|^~\&|BEDLINK|NORTH|EMR|NORTH|20260302090010+0000||ADT^A01^ADT_A01|BL2|P|2.5
EVN|A01|20260302090010
PID|1||PX-7741905^^^NORTH^MR||Quillfeather^Ottoline||19470313|F
NK1|1|Quillfeather^Barnabus|BRO
PV1|1|I|ICU^101^A^NORTH
";

#[test]
fn a_gateway_reports_a_monitor_to_a_receiver_that_acknowledges() {
    let Some(python) = python("HL7 by python-hl7") else { return };
    let Some(network) = Network::new(&[]) else { return };
    let messages = network.path("messages.hl7");
    fs::write(&messages, MESSAGES).unwrap();
    let (server, client) = (script("hl7_server.py"), script("hl7_client.py"));
    let analysis = network.capture(|| {
        let _receiver = network.serve(&python, &[server.to_str().unwrap(), SERVER, "6661"], 6661);
        let send = [client.to_str().unwrap(), SERVER, "6661", messages.to_str().unwrap()];
        network.speak(&python, &send);
    });
    let (gateway, receiver) = (analysis.at(CLIENT), analysis.at(SERVER));
    assert!(gateway.shows("hl7-application", "BEDLINK") && receiver.shows("hl7-application", "EMR"));
    assert!(gateway.runs("Bedside Link", "3.1.4"), "{}", gateway.0);
    assert!(gateway.patient_data_in_clear());
    assert!(analysis.findings(&gateway).contains(&"patient-data-in-clear"));
    let monitor = analysis.model("BeneVision N17");
    assert_eq!(monitor.text("vendor"), Some("Mindray"));
    assert_eq!(monitor.text("serial"), Some("FQ-71004711"));
    assert_eq!(monitor.text("class"), Some("mon.bed"));
    assert_eq!(monitor.text("location"), Some("ICU / 101 / A"));
    assert!(monitor.runs("BeneVision N17", "02.51.00"), "{}", monitor.0);
    let flows = analysis.flows("hl7", 6661);
    assert_eq!(flows.len(), 1);
    let details = &flows[0]["details"];
    assert_eq!(details["sending_application"], "BEDLINK");
    assert_eq!(details["receiving_application"], "EMR");
    let types = details["message_types"].as_str().unwrap();
    assert!(["ORU^R01", "ADT^A01", "ACK"].iter().all(|kind| types.contains(kind)), "{types}");
    analysis.never_says(&["Quillfeather", "Ottoline", "Barnabus", "7741905", "19470313", "Cobblers"]);
}
