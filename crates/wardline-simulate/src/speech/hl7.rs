//! HL7 version 2 messages and the minimal lower layer protocol that frames them.
//!
//! Segments end with CR; a message stands between 0x0B and 0x1C 0x0D. Device observations follow IHE PCD-01,
//! analyser results and orders IHE LAW.

use crate::calendar;
use crate::hospital::FACILITY;
use crate::rng::Rng;
use crate::truth::Patient;
use wardline_model::Timestamp;

/// Head of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'a> {
    pub(crate) sender: &'a str,
    pub(crate) receiver: &'a str,
    /// For example `ADT^A01^ADT_A01`.
    pub(crate) kind: &'a str,
    pub(crate) control: &'a str,
    pub(crate) version: &'a str,
    pub(crate) time: Timestamp,
    /// MSH-21.
    pub(crate) profile: &'a str,
}

/// A message being written.
#[derive(Debug)]
pub(crate) struct Message {
    text: String,
}

impl Message {
    pub(crate) fn new(head: &Head<'_>) -> Self {
        let Head { sender, receiver, kind, control, version, time, profile } = head;
        let stamp = calendar::stamp(*time);
        let mut text = format!(
            "MSH|^~\\&|{sender}|{FACILITY}|{receiver}|{FACILITY}|{stamp}||{kind}|{control}|P|{version}|||AL|NE||UNICODE UTF-8"
        );
        if !profile.is_empty() {
            text.push_str("|||");
            text.push_str(profile);
        }
        text.push('\r');
        Self { text }
    }

    /// One segment, without its end.
    pub(crate) fn segment(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self.text.push('\r');
        self
    }

    /// The software that made or passed the message.
    pub(crate) fn software(&mut self, vendor: &str, version: &str, product: &str) -> &mut Self {
        self.segment(&format!("SFT|{vendor}|{version}|{product}|{version}"))
    }

    pub(crate) fn patient(&mut self, patient: &Patient) -> &mut Self {
        let Patient { family, given, id, birth_date, sex } = patient;
        self.segment(&format!("PID|1||{id}^^^{FACILITY}^MR||{family}^{given}^^^^^L||{birth_date}|{sex}"))
    }

    pub(crate) fn visit(&mut self, place: &str) -> &mut Self {
        self.segment(&format!("PV1|1|I|{place}"))
    }

    /// Ends segments with CR LF, as some senders do against the standard.
    pub(crate) fn with_line_feeds(mut self) -> Self {
        self.text = self.text.replace('\r', "\r\n");
        self
    }

    /// The framed bytes.
    pub(crate) fn framed(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.text.len() + 3);
        out.push(0x0b);
        out.extend_from_slice(self.text.as_bytes());
        out.extend_from_slice(&[0x1c, 0x0d]);
        out
    }
}

/// The receiver's acknowledgement, framed.
pub(crate) fn acknowledgement(head: &Head<'_>, number: u64, time: Timestamp) -> Vec<u8> {
    let trigger = head.kind.split('^').nth(1).unwrap_or("");
    let control = format!("A{number:08}");
    let mut answer = Message::new(&Head {
        sender: head.receiver.split('^').next().unwrap_or(""),
        receiver: head.sender.split('^').next().unwrap_or(""),
        kind: &format!("ACK^{trigger}^ACK"),
        control: &control,
        version: head.version,
        time,
        profile: "",
    });
    answer.segment(&format!("MSA|AA|{}", head.control)).framed()
}

/// What PCD-01 says of the device itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Device<'a> {
    /// Kind of device, MDC code of its root.
    pub(crate) root: &'static str,
    pub(crate) vendor: &'a str,
    pub(crate) model: &'a str,
    pub(crate) serial: &'a str,
    pub(crate) software: &'a str,
    /// OBX-18.
    pub(crate) instance: &'a str,
}

/// One measurement: code, place in the containment tree, value, unit.
pub(crate) type Measurement = (&'static str, &'static str, i64, &'static str);

/// Root of a multi-parameter monitor.
pub(crate) const MONITOR: &str = "69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC";
/// Root of an infusion pump.
pub(crate) const PUMP: &str = "69985^MDC_DEV_PUMP_INFUS_MDS^MDC";

const BEATS: &str = "264864^MDC_DIM_BEAT_PER_MIN^MDC";
const PERCENT: &str = "262688^MDC_DIM_PERCENT^MDC";
const PRESSURE: &str = "266016^MDC_DIM_MMHG^MDC";
const RATE: &str = "265266^MDC_DIM_MILLI_L_PER_HR^MDC";

/// Vital signs of one moment.
pub(crate) fn vital_signs(rng: &mut Rng) -> Vec<Measurement> {
    vec![
        ("147842^MDC_ECG_HEART_RATE^MDC", "1.1.1.1", rng.range(55, 120), BEATS),
        ("150456^MDC_PULS_OXIM_SAT_O2^MDC", "1.2.1.1", rng.range(90, 100), PERCENT),
        ("150021^MDC_PRESS_BLD_NONINV_SYS^MDC", "1.3.1.1", rng.range(95, 165), PRESSURE),
        ("150022^MDC_PRESS_BLD_NONINV_DIA^MDC", "1.3.1.2", rng.range(50, 95), PRESSURE),
    ]
}

/// How fast a pump runs.
pub(crate) fn infusion(rng: &mut Rng) -> Vec<Measurement> {
    vec![("157784^MDC_FLOW_FLUID_PUMP^MDC", "1.1.1.1", rng.range(5, 250), RATE)]
}

/// OBR and OBX segments of a PCD-01 message: the device, then its measurements.
pub(crate) fn observations(
    message: &mut Message,
    device: &Device<'_>,
    measurements: &[Measurement],
    order: &str,
    time: Timestamp,
) {
    let stamp = calendar::stamp(time);
    let Device { root, instance, .. } = device;
    message.segment(&format!("OBR|1|{order}|{order}|{root}|||{stamp}"));
    message.segment(&format!("OBX|1||{root}|1.0.0.0|||||||X|||||||{instance}"));
    let specifications = [
        ("531969^MDC_ID_MODEL_NUMBER^MDC", device.model),
        ("531970^MDC_ID_MODEL_MANUFACTURER^MDC", device.vendor),
        ("531972^MDC_ID_PROD_SPEC_SERIAL^MDC", device.serial),
        ("531975^MDC_ID_PROD_SPEC_SW^MDC", device.software),
    ];
    let mut index = 1;
    for (code, value) in specifications {
        if !value.is_empty() {
            index += 1;
            message.segment(&format!("OBX|{index}|ST|{code}|1.0.0.{index}|{value}||||||F"));
        }
    }
    for (code, place, value, unit) in measurements {
        index += 1;
        message.segment(&format!("OBX|{index}|NM|{code}|{place}|{value}|{unit}|||||F|||{stamp}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_is_framed_and_its_acknowledgement_names_it() {
        let head = Head {
            sender: "LIS",
            receiver: "EHR",
            kind: "ORU^R01^ORU_R01",
            control: "77",
            version: "2.5.1",
            time: Timestamp(0),
            profile: "",
        };
        let bytes = Message::new(&head).segment("OBR|1").framed();
        assert!(bytes.starts_with(b"\x0bMSH|^~\\&|LIS|LINDMOOR|EHR|") && bytes.ends_with(b"OBR|1\r\x1c\r"));
        let answer = String::from_utf8(acknowledgement(&head, 1, Timestamp(0))).unwrap();
        assert!(answer.contains("|EHR|LINDMOOR|LIS|") && answer.contains("ACK^R01^ACK"), "{answer}");
        assert!(answer.contains("MSA|AA|77\r"));
    }
}
