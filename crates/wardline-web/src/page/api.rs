//! JSON for programs, and what monitors ask.

use super::devices::{next, wanted};
use super::rfc3339;
use crate::route::{Answer, Ask, content};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use wardline_app::DeviceRecord;

fn document(value: &Value) -> Answer {
    Ok(content(StatusCode::OK, "application/json", value.to_string()))
}

/// What is unknown is absent.
fn device_value(device: &DeviceRecord) -> Map<String, Value> {
    let mut map = Map::new();
    let texts = [
        ("vendor", device.maker.as_ref()),
        ("model", device.model.as_ref()),
        ("serial", device.serial.as_ref()),
        ("udi", device.udi.as_ref()),
        ("class", device.class.as_ref()),
        ("os", device.os_name.as_ref()),
        ("os_version", device.os_version.as_ref()),
        ("location", device.location.as_ref()),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            map.insert(name.to_owned(), json!(text));
        }
    }
    map.insert("id".to_owned(), json!(device.id));
    map.insert("name".to_owned(), json!(device.name));
    map.insert("site".to_owned(), json!(device.site.0.to_string()));
    map.insert("life_cycle".to_owned(), json!(device.life_cycle.as_str()));
    map.insert("roles".to_owned(), json!(device.roles.split(' ').collect::<Vec<_>>()));
    map.insert("patient_data_in_clear".to_owned(), json!(device.patient_data_in_clear));
    map.insert("first_seen".to_owned(), json!(rfc3339(device.first_us)));
    map.insert("last_seen".to_owned(), json!(rfc3339(device.last_us)));
    map
}

/// A page of devices.
pub(crate) async fn devices(ask: Ask) -> Answer {
    let wanted = wanted(&ask);
    let (rows, count) =
        ask.app.device_list(ask.caller()?, &wanted.filter, wanted.order, &wanted.page).await?;
    let mut body =
        json!({ "count": count, "devices": rows.rows.iter().map(device_value).collect::<Vec<_>>() });
    if let Some(cursor) = &rows.next {
        body["next"] = json!(format!("/api/devices?{}", next(&wanted, cursor)));
    }
    document(&body)
}

/// One device with its evidence.
pub(crate) async fn device(ask: Ask) -> Answer {
    let (device, evidence) = ask.app.device_find(ask.caller()?, ask.field("id")).await?;
    let mut body = device_value(&device);
    let evidence = evidence.iter().map(|one| {
        json!({ "attribute": one.attribute, "value": one.value, "version": one.version, "confidence":
            one.confidence, "protocol": one.protocol, "rule": one.rule, "source": one.source, "first":
            rfc3339(one.first_us), "last": rfc3339(one.last_us), "count": one.seen })
    });
    body.insert("evidence".to_owned(), evidence.collect());
    document(&Value::Object(body))
}

/// The process lives.
pub(crate) async fn live(_ask: Ask) -> Answer {
    document(&json!({ "status": "live" }))
}

/// The database answers.
pub(crate) async fn ready(ask: Ask) -> Answer {
    ask.app.ready().await?;
    document(&json!({ "status": "ready" }))
}
