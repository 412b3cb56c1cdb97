//! The ground truth of a generated capture, as JSON.

use super::rfc3339;
use serde::Serialize;
use std::io::{self, Write};
use wardline_model::Endpoint;
use wardline_simulate::{AttackFlow, FlowKey, Patient, TrueAttack, TrueDevice, TrueFlow, Truth};

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
    attacks: Vec<AttackView<'a>>,
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    addresses: Vec<AddressView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'static str>,
    services: Vec<ServiceView>,
    protocols: Vec<&'static str>,
    patient_data_in_clear: bool,
    weaknesses: Vec<&'static str>,
    vulnerable: &'static [&'static str],
    not_vulnerable: &'static [&'static str],
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

/// An address that a device has from a moment on.
#[derive(Serialize)]
struct AddressView {
    from: String,
    ip: String,
}

#[derive(Serialize)]
struct EndView {
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mac: Option<String>,
}

#[derive(Serialize)]
struct AttackView<'a> {
    name: &'static str,
    attacker: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    outside: Option<String>,
    victims: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_frame: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_frame: Option<u64>,
    frames: u64,
    /// Frames that are part of no flow.
    loose_frames: &'a [u64],
    flow_count: u64,
    flows: Vec<AttackFlowView>,
}

#[derive(Serialize)]
struct AttackFlowView {
    start: String,
    client: EndView,
    server: EndView,
    transport: String,
    protocol: &'static str,
    first_frame: u64,
}

/// A conversation that is over.
#[derive(Serialize)]
struct TrueFlowView {
    start: String,
    end: String,
    client: EndView,
    server: EndView,
    transport: String,
    protocol: &'static str,
    encrypted: bool,
    packets_to_server: u64,
    packets_to_client: u64,
    bytes_to_server: u64,
    bytes_to_client: u64,
    first_frame: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    attack: Option<&'static str>,
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
        attacks: truth.attacks.iter().map(attack).collect(),
        patients: truth.patients.iter().map(patient).collect(),
    };
    serde_json::to_writer_pretty(&mut out, &view)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Writes conversations, one JSON object a line.
pub(crate) fn write_flows(flows: &[TrueFlow], mut out: impl Write) -> io::Result<()> {
    for TrueFlow { record, first_frame, attack } in flows {
        let view = TrueFlowView {
            start: rfc3339(record.start),
            end: rfc3339(record.end),
            client: end(&record.client),
            server: end(&record.server),
            transport: record.transport.name(),
            protocol: record.protocol,
            encrypted: record.encrypted,
            packets_to_server: record.packets_to_server,
            packets_to_client: record.packets_to_client,
            bytes_to_server: record.bytes_to_server,
            bytes_to_client: record.bytes_to_client,
            first_frame: *first_frame,
            attack: attack.map(|attack| attack.name()),
        };
        serde_json::to_writer(&mut out, &view)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn end(end: &Endpoint) -> EndView {
    EndView { ip: end.ip.map(|ip| ip.to_string()), port: end.port, mac: end.mac.map(|mac| mac.to_string()) }
}

fn attack(attack: &TrueAttack) -> AttackView<'_> {
    AttackView {
        name: attack.attack.name(),
        attacker: &attack.attacker,
        outside: attack.outside.map(|ip| ip.to_string()),
        victims: attack.victims.iter().map(String::as_str).collect(),
        start: attack.first.map(|(time, _)| rfc3339(time)),
        end: attack.last.map(|(time, _)| rfc3339(time)),
        first_frame: attack.first.map(|(_, frame)| frame),
        last_frame: attack.last.map(|(_, frame)| frame),
        frames: attack.frames,
        loose_frames: &attack.loose_frames,
        flow_count: attack.flow_count,
        flows: attack.flows.iter().map(attack_flow).collect(),
    }
}

fn attack_flow(flow: &AttackFlow) -> AttackFlowView {
    AttackFlowView {
        start: rfc3339(flow.start),
        client: end(&flow.client),
        server: end(&flow.server),
        transport: flow.transport.name(),
        protocol: flow.protocol,
        first_frame: flow.first_frame,
    }
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
        addresses: device
            .addresses
            .iter()
            .map(|(from, ip)| AddressView { from: rfc3339(*from), ip: ip.to_string() })
            .collect(),
        fault: device.fault.map(wardline_simulate::Fault::name),
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
        vulnerable: device.vulnerable,
        not_vulnerable: device.not_vulnerable,
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
