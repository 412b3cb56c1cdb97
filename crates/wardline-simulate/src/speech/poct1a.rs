//! POCT1-A (CLSI POCT01, device messaging layer): a point-of-care device's conversation with its data manager.
//! Messages are XML without framing of their own, values in the attribute `V`.

use crate::calendar;
use wardline_model::Timestamp;

/// What a device says of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Device<'a> {
    pub(crate) id: &'a str,
    pub(crate) vendor: &'a str,
    pub(crate) maker: &'a str,
    pub(crate) model: &'a str,
    pub(crate) serial: &'a str,
    pub(crate) software: &'a str,
}

/// `2026-03-02T07:00:00Z`.
fn moment(time: Timestamp) -> String {
    let civil = calendar::civil(time);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        civil.year, civil.month, civil.day, civil.hour, civil.minute, civil.second
    )
}

fn message(name: &str, number: u64, time: Timestamp, body: &str) -> Vec<u8> {
    let created = moment(time);
    format!(
        "<{name}><HDR><HDR.control_id V=\"{number}\"/><HDR.version_id V=\"POCT1\"/><HDR.creation_dttm V=\"{created}\"/></HDR>{body}</{name}>\r\n"
    )
    .into_bytes()
}

pub(crate) fn hello(device: &Device<'_>, number: u64, time: Timestamp) -> Vec<u8> {
    let Device { id, vendor, maker, model, serial, software } = device;
    let body = format!(
        "<DEV><DEV.device_id V=\"{id}\"/><DEV.vendor_id V=\"{vendor}\"/><DEV.model_id V=\"{model}\"/><DEV.serial_id V=\"{serial}\"/><DEV.manufacturer_name V=\"{maker}\"/><DEV.sw_version V=\"{software}\"/><DEV.device_name V=\"{model}\"/><DCP><DCP.application_timeout V=\"60\"/></DCP><DSC><DSC.connection_profile_cd V=\"SA\"/><DSC.topics_supported_cd V=\"D_EV\"/><DSC.max_message_sz V=\"32768\"/></DSC></DEV>"
    );
    message("HEL.R01", number, time, &body)
}

pub(crate) fn status(new: u32, number: u64, time: Timestamp) -> Vec<u8> {
    let since = moment(time);
    let body = format!(
        "<DST><DST.status_dttm V=\"{since}\"/><DST.new_observations_qty V=\"{new}\"/><DST.condition_cd V=\"R\"/></DST>"
    );
    message("DST.R01", number, time, &body)
}

pub(crate) fn request(number: u64, time: Timestamp) -> Vec<u8> {
    message("REQ.R01", number, time, "<REQ><REQ.request_cd V=\"ROBS\"/></REQ>")
}

/// A result of a patient: glucose.
pub(crate) fn observation(patient: &str, value: i64, number: u64, time: Timestamp) -> Vec<u8> {
    let when = moment(time);
    let body = format!(
        "<SVC><SVC.role_cd V=\"OBS\"/><SVC.observation_dttm V=\"{when}\"/><PT><PT.patient_id V=\"{patient}\"/><OBS><OBS.observation_id V=\"2339-0\" SN=\"LN\" DN=\"Glucose\"/><OBS.value V=\"{value}\" U=\"mg/dL\"/><OBS.method_cd V=\"M\"/></OBS></PT></SVC>"
    );
    message("OBS.R01", number, time, &body)
}

pub(crate) fn end_of_topic(number: u64, time: Timestamp) -> Vec<u8> {
    message("EOT.R01", number, time, "<EOT><EOT.topic_cd V=\"OBS\"/></EOT>")
}

/// The receiver has taken message `of`.
pub(crate) fn acknowledgement(of: u64, number: u64, time: Timestamp) -> Vec<u8> {
    let body = format!("<ACK><ACK.type_cd V=\"AA\"/><ACK.ack_control_id V=\"{of}\"/></ACK>");
    message("ACK.R01", number, time, &body)
}
