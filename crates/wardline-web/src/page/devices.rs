//! Devices: the list, and one with its evidence.

use super::{go, page, time};
use crate::route::{Answer, Ask, encode};
use maud::{Markup, html};
use wardline_app::{
    AppError, Cursor, DeviceFilter, DeviceOrder, DeviceRecord, EvidenceRow, LifeCycle, Page, ValueKind,
};

/// Rows of a page: more than a screen, less than a wait.
const ROWS: u32 = 100;

/// What a list was asked for.
pub(crate) struct Wanted {
    pub(crate) filter: DeviceFilter,
    pub(crate) order: DeviceOrder,
    pub(crate) page: Page,
}

/// Reads search, class, order and place of the page from the fields.
pub(crate) fn wanted(ask: &Ask) -> Wanted {
    let some = |name: &str| Some(ask.field(name)).filter(|text| !text.is_empty()).map(ToOwned::to_owned);
    let order = if ask.field("order") == "last" { DeviceOrder::LastSeen } else { DeviceOrder::Name };
    let after = some("after").zip(some("id")).and_then(|(after, id)| match order {
        DeviceOrder::LastSeen => after.parse().ok().map(|after| Cursor::Number(after, id)),
        DeviceOrder::Name => Some(Cursor::Text(after, id)),
    });
    let filter = DeviceFilter {
        search: ask.field("search").to_owned(),
        class: some("class"),
        maker: some("maker"),
        life_cycle: LifeCycle::parse(ask.field("life")),
        site: None,
    };
    Wanted { filter, order, page: Page { after, rows: ROWS } }
}

/// The query of the next page.
pub(crate) fn next(wanted: &Wanted, cursor: &Cursor) -> String {
    let (order, after, id) = match cursor {
        Cursor::Number(number, id) => ("last", number.to_string(), id),
        Cursor::Text(text, id) => ("name", text.clone(), id),
    };
    let mut query = format!("order={order}&after={}&id={}", encode(&after), encode(id));
    let filter = &wanted.filter;
    let fields = [
        ("search", Some(&filter.search)),
        ("class", filter.class.as_ref()),
        ("maker", filter.maker.as_ref()),
    ];
    for (name, value) in fields {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            query.push_str(&format!("&{name}={}", encode(value)));
        }
    }
    query
}

fn or_unknown(text: Option<&String>) -> Markup {
    html! { @match text { Some(text) => (text), None => span.unknown { "unknown" } } }
}

/// The list.
pub(crate) async fn list(ask: Ask) -> Answer {
    let caller = ask.caller()?;
    let wanted = wanted(&ask);
    let (rows, count) = ask.app.device_list(caller, &wanted.filter, wanted.order, &wanted.page).await?;
    let last = wanted.order == DeviceOrder::LastSeen;
    let body = html! {
        h1 { "Devices " span.count { (count) } }
        form.search method="get" action="/devices" role="search" {
            label { span { "Search" }
                input type="search" name="search" value=(wanted.filter.search)
                    placeholder="name, maker, model, serial number, address"; }
            label { span { "Order" }
                select name="order" {
                    option value="name" selected[!last] { "by name" }
                    option value="last" selected[last] { "seen last first" }
                }
            }
            button type="submit" { "Show" }
        }
        @if rows.rows.is_empty() {
            p.empty { "No devices here yet. They appear within seconds of their first frame, as soon as a sensor watches "
                "an interface; a search or a narrower scope may hide them too." }
        } @else {
            table {
                thead { tr { th scope="col" { "Name" } th scope="col" { "What it is" } th scope="col" { "Class" }
                    th scope="col" { "Life" } th scope="col" { "Last seen" } } }
                tbody {
                    @for device in &rows.rows { (row(device)) }
                }
            }
            @if let Some(cursor) = &rows.next {
                p.more { a href=(format!("/devices?{}", next(&wanted, cursor))) rel="next" { "Next page" } }
            }
        }
    };
    Ok(page("Devices", Some(caller), &body))
}

fn row(device: &DeviceRecord) -> Markup {
    html! {
        tr {
            th scope="row" { a href=(format!("/devices/{}", encode(&device.id))) { bdi { (device.name) } }
                @if device.patient_data_in_clear { " " span.warning { "patient data in clear" } } }
            td { bdi { (or_unknown(device.maker.as_ref())) @if let Some(model) = &device.model { " " (model) } } }
            td { (or_unknown(device.class.as_ref())) }
            td { (device.life_cycle.as_str()) }
            td { (time(device.last_us)) }
        }
    }
}

/// One device with everything that is known and why.
pub(crate) async fn one(ask: Ask) -> Answer {
    let caller = ask.caller()?;
    let (device, evidence) = ask.app.device_find(caller, ask.field("id")).await?;
    let several = |kind: ValueKind| device.values.iter().filter(move |one| one.kind == kind);
    let lists = [
        ("Addresses", ValueKind::Ip),
        ("MAC addresses", ValueKind::Mac),
        ("Names", ValueKind::Hostname),
        ("DICOM titles", ValueKind::AeTitle),
        ("Software", ValueKind::Software),
        ("Services", ValueKind::Service),
        ("Asks others in", ValueKind::Asks),
    ];
    let body = html! {
        p.back { a href="/devices" { "Devices" } }
        h1 { bdi { (device.name) } }
        @if device.patient_data_in_clear { p.warning { "Patient data of or to this device was seen in clear." } }
        dl {
            dt { "Maker" } dd { (or_unknown(device.maker.as_ref())) }
            dt { "Model" } dd { (or_unknown(device.model.as_ref())) }
            dt { "Serial number" } dd { (or_unknown(device.serial.as_ref())) }
            dt { "Class" } dd { (or_unknown(device.class.as_ref()))
                @if device.class.is_some() { " " span.sure { (device.class_confidence) " % sure" } } }
            dt { "Roles" } dd { (device.roles) }
            dt { "Operating system" } dd { (or_unknown(device.os_name.as_ref()))
                @if let Some(version) = &device.os_version { " " (version) } }
            dt { "Seen" } dd { (time(device.first_us)) " to " (time(device.last_us)) }
            @for (title, kind) in lists {
                @if several(kind).next().is_some() {
                    dt { (title) }
                    dd { ul { @for one in several(kind) { li { bdi { (one.value) } @if !one.version.is_empty() { " "
                        (one.version) } } } } }
                }
            }
        }
        section {
            h2 { "Life" }
            form.inline method="post" action=(format!("/devices/{}/place", encode(&device.id))) {
                label { span { "Now" }
                    select name="life" { @for life in LifeCycle::ALL {
                        option value=(life.as_str()) selected[*life == device.life_cycle] { (life.as_str()) }
                    } }
                }
                button type="submit" { "Save" }
            }
        }
        (why(&evidence))
    };
    Ok(page(&device.name, Some(caller), &body))
}

fn why(evidence: &[EvidenceRow]) -> Markup {
    html! {
        section {
            h2 { "Why we say so " span.count { (evidence.len()) } }
            table.evidence {
                thead { tr { th scope="col" { "Attribute" } th scope="col" { "Value" } th scope="col" { "Sure" }
                    th scope="col" { "Said in" } th scope="col" { "Rule" } th scope="col" { "Seen" }
                    th scope="col" { "Packets" } } }
                tbody { @for one in evidence { tr {
                    th scope="row" { (one.attribute) }
                    td { bdi { (one.value) } @if !one.version.is_empty() { " " (one.version) } }
                    td { (one.confidence) " %" }
                    td { (one.protocol) }
                    td { code { (one.rule) } }
                    td { (one.seen) }
                    td.packets { @for packet in one.packets.lines() { (packet_words(packet)) } }
                } } }
            }
        }
    }
}

fn packet_words(packet: &str) -> Markup {
    let mut parts = packet.rsplitn(3, ' ');
    let (at, number, source) = (parts.next(), parts.next(), parts.next());
    html! { span { (source.unwrap_or_default()) " #" (number.unwrap_or_default()) " "
    (time(at.and_then(|at| at.parse().ok()).unwrap_or_default())) } }
}

/// Says where a device is in its life.
pub(crate) async fn place(ask: Ask) -> Answer {
    let caller = ask.caller()?;
    let life = LifeCycle::parse(ask.field("life"));
    let life =
        life.ok_or_else(|| AppError::Input { field: "life", why: "choose one of the list".to_owned() })?;
    let id = ask.field("id");
    let (device, _) = ask.app.device_find(caller, id).await?;
    ask.app.device_place(caller, id, life, device.department).await?;
    Ok(go(&format!("/devices/{}", encode(id))))
}
