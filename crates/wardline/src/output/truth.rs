//! The ground truth of a generated capture, as JSON.

use super::rfc3339;
use serde::Serialize;
use std::io::{self, Write};
use wardline_simulate::{FlowKey, Patient, TrueDevice, Truth};

#[derive(Serialize)]
struct TruthView<'a> {
    profile: &'static str,
    seed: u64,
    start: String,
    end: String,
    packets: u64,
    bytes: u64,
    retransmitted: u64,
    reordered: u64,
    delivered_twice: u64,
    devices: Vec<DeviceView<'a>>,
    distant_routers: Vec<String>,
    flows: Vec<FlowView>,
    patients: Vec<PatientView<'a>>,
}

#[derive(Serialize)]
struct NamedVersion<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
}

#[derive(Serialize)]
struct ServiceView {
    transport: String,
    port: u16,
    protocol: &'static str,
    encrypted: bool,
}

#[derive(Serialize)]
struct PresentView {
    from: String,
    to: String,
}

#[derive(Serialize)]
struct DeviceView<'a> {
    id: &'a str,
    macs: Vec<String>,
    ips: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hostname: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ae_title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<&'a str>,
    software: Vec<NamedVersion<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    os: Option<NamedVersion<'a>>,
    class: &'static str,
    roles: Vec<&'static str>,
    area: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a str>,
    through_router: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    present: Option<PresentView>,
    services: Vec<ServiceView>,
    protocols: Vec<&'static str>,
    patient_data_in_clear: bool,
    weaknesses: Vec<&'static str>,
    told: Vec<&'static str>,
}

#[derive(Serialize)]
struct FlowView {
    client: String,
    server: String,
    port: u16,
    transport: String,
    protocol: &'static str,
    count: u64,
}

#[derive(Serialize)]
struct PatientView<'a> {
    family: &'a str,
    given: &'a str,
    id: &'a str,
    birth_date: &'a str,
    sex: &'static str,
}

/// Writes it.
pub(crate) fn write(truth: &Truth, mut out: impl Write) -> io::Result<()> {
    let view = TruthView {
        profile: truth.profile.name(),
        seed: truth.seed,
        start: rfc3339(truth.start),
        end: rfc3339(truth.end),
        packets: truth.packets,
        bytes: truth.bytes,
        retransmitted: truth.retransmitted,
        reordered: truth.reordered,
        delivered_twice: truth.delivered_twice,
        devices: truth.devices.iter().map(device).collect(),
        distant_routers: truth.distant_routers.iter().map(ToString::to_string).collect(),
        flows: truth.flows.iter().map(|(key, count)| flow(key, *count)).collect(),
        patients: truth.patients.iter().map(patient).collect(),
    };
    serde_json::to_writer_pretty(&mut out, &view)?;
    out.write_all(b"\n")?;
    out.flush()
}

fn device(device: &TrueDevice) -> DeviceView<'_> {
    DeviceView {
        id: &device.id,
        macs: device.macs.iter().map(ToString::to_string).collect(),
        ips: device.ips.iter().map(ToString::to_string).collect(),
        hostname: device.hostname.as_deref(),
        ae_title: device.ae_title.as_deref(),
        vendor: device.vendor.as_deref(),
        model: device.model.as_deref(),
        serial: device.serial.as_deref(),
        software: device
            .software
            .iter()
            .map(|s| NamedVersion { name: &s.name, version: s.version.as_deref() })
            .collect(),
        os: device.os.as_ref().map(|os| NamedVersion { name: &os.name, version: os.version.as_deref() }),
        class: device.class,
        roles: device.roles.iter().map(|r| r.as_str()).collect(),
        area: device.area,
        location: device.location.as_deref(),
        through_router: device.through_router,
        present: device.present.map(|(from, to)| PresentView { from: rfc3339(from), to: rfc3339(to) }),
        services: device
            .services
            .iter()
            .map(|s| ServiceView {
                transport: s.transport.name(),
                port: s.port,
                protocol: s.protocol,
                encrypted: s.encrypted,
            })
            .collect(),
        protocols: device.protocols.iter().copied().collect(),
        patient_data_in_clear: device.patient_data_in_clear,
        weaknesses: device.weaknesses.iter().map(|w| w.id()).collect(),
        told: device.told.iter().map(|a| a.as_str()).collect(),
    }
}

fn flow(key: &FlowKey, count: u64) -> FlowView {
    FlowView {
        client: key.client.to_string(),
        server: key.server.to_string(),
        port: key.port,
        transport: key.transport.name(),
        protocol: key.protocol,
        count,
    }
}

fn patient(patient: &Patient) -> PatientView<'_> {
    PatientView {
        family: &patient.family,
        given: &patient.given,
        id: &patient.id,
        birth_date: &patient.birth_date,
        sex: patient.sex,
    }
}
