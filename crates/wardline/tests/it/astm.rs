//! ASTM E1381 and E1394 over TCP: one host plays three instruments, as an instrument manager does.

use crate::network::{CLIENT, Network, SERVER, python, script};
use std::fs;

/// Header fields as makers fill them (field guide), serial numbers and patients invented. The second message has
/// a record longer than a frame.
const MESSAGES: &str = r"H|\^&|||XN-550^00-24^31337^^^^BD771203||||||||E1394-97
P|1|||PX-7741905|^Ottoline^Quillfeather||19470313|F
O|1|S20419||^^^^WBC|R
R|1|^^^^WBC^1|6.41|10*3/uL||N||F||||20260302090000
L|1|N

H|\^&|||BENCH^Roche^c111^4.2.2.1730^1^28841|||||host|TSDWN^REPLY|P|1
P|1|||PX-7741905|^Quillfeather^Ottoline
O|1|S20420||^^^GLU|R
R|1|^^^GLU|5.20|mmol/L||N||F|||20260302090100|20260302090400
C|1|I|Laaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaang|I
L|1|N

H|\^&|||Afinion 2 Analyzer^^AF30071188|||||||P|1
P|1||PX-7741905
O|1|S20421||^^^HbA1c|R
R|1|^^^HbA1c|41|mmol/mol||N||F
L|1|N
";

#[test]
fn instruments_behind_one_host_are_devices_of_their_own() {
    let Some(python) = python("ASTM framed by a script") else { return };
    let Some(network) = Network::new(&[]) else { return };
    let messages = network.path("messages.astm");
    fs::write(&messages, MESSAGES).unwrap();
    let (server, client) = (script("astm_server.py"), script("astm_client.py"));
    let analysis = network.capture(|| {
        let _host = network.serve(&python, &[server.to_str().unwrap(), SERVER, "4010"], 4010);
        let send = [client.to_str().unwrap(), SERVER, "4010", messages.to_str().unwrap()];
        network.speak(&python, &send);
    });
    let told = [
        ("XN-550", "Sysmex", "31337", "lab.hem", Some("00-24")),
        ("cobas c111", "Roche", "28841", "lab.chem", Some("4.2.2.1730")),
        ("Afinion 2", "Abbott", "AF30071188", "lab.chem", None),
    ];
    for (model, vendor, serial, class, version) in told {
        let instrument = analysis.model(model);
        assert_eq!(instrument.text("vendor"), Some(vendor), "{model}");
        assert_eq!(instrument.text("serial"), Some(serial), "{model}");
        assert_eq!(instrument.text("class"), Some(class), "{model}");
        assert!(instrument.lists("roles", "analyser"), "{model}");
        if let Some(version) = version {
            assert!(instrument.runs(&format!("{model} software"), version), "{}", instrument.0);
        }
    }
    let manager = analysis.at(CLIENT);
    assert!(manager.lists("roles", "middleware") && manager.text("model").is_none(), "{}", manager.0);
    assert!(manager.patient_data_in_clear(), "{}", manager.0);
    assert_eq!(analysis.flows("astm", 4010).len(), 3);
    analysis.never_says(&["Quillfeather", "Ottoline", "7741905", "19470313"]);
}
