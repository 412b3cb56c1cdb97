//! Devices: what inventory concluded, with the place and the life cycle that people gave them.
//!
//! An upsert carries what was concluded from traffic; it never touches what a person decided (life cycle,
//! department) and never moves the first sighting forward or the last one back.

use crate::dialect::like_pattern;
use crate::page::{Cursor, Page, Rows};
use crate::scope::{Condition, Scope};
use crate::site::{DepartmentId, SiteId};
use crate::tx::{Tx, WriteTx};
use crate::value::Value;
use crate::word::words;
use crate::{Row, StoreError};
use std::collections::BTreeMap;

words! {
    /// Where a device is in its life, as a person said.
    LifeCycle {
        /// In use.
        Active = "active",
        /// Lent to another house.
        Loaned = "loaned",
        /// On its way to another place.
        Moved = "moved",
        /// Belongs to somebody else, for a time.
        Rented = "rented",
        /// Gone for good.
        Retired = "retired",
        /// Kept, not used.
        Stored = "stored",
    }
}

words! {
    /// What a device may have several of.
    ValueKind {
        /// DICOM application entity title.
        AeTitle = "ae-title",
        /// Protocol in which it asks others.
        Asks = "asks",
        /// Name.
        Hostname = "hostname",
        /// Network address.
        Ip = "ip",
        /// MAC address.
        Mac = "mac",
        /// Service it provides: `tcp/104 dicom`, with `encrypted` as version where it is.
        Service = "service",
        /// Software or firmware, with its version.
        Software = "software",
    }
}

/// One of several values of a device.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeviceValue {
    /// Of what.
    pub kind: ValueKind,
    /// The value.
    pub value: String,
    /// Its version; empty when there is none.
    pub version: String,
}

/// A device as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRecord {
    /// Stable for the same identifying facts.
    pub id: String,
    /// Where it was seen.
    pub site: SiteId,
    /// Whose it is.
    pub department: Option<DepartmentId>,
    /// Where it is in its life.
    pub life_cycle: LifeCycle,
    /// What people call it: its name, else what it is.
    pub name: String,
    /// Canonical manufacturer.
    pub maker: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// Unique device identification.
    pub udi: Option<String>,
    /// Class code.
    pub class: Option<String>,
    /// How sure the class is, in percent; 0 without one.
    pub class_confidence: i64,
    /// Operating system.
    pub os_name: Option<String>,
    /// Its version.
    pub os_version: Option<String>,
    /// Location, as a document or the device said.
    pub location: Option<String>,
    /// Roles, separated by a space.
    pub roles: String,
    /// Whether patient data of or to it was seen in clear.
    pub patient_data_in_clear: bool,
    /// First sighting.
    pub first_us: i64,
    /// Last sighting.
    pub last_us: i64,
    /// Addresses, names, software, services; empty in lists.
    pub values: Vec<DeviceValue>,
}

/// The order of a list of devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceOrder {
    /// Seen last first.
    LastSeen,
    /// By name.
    #[default]
    Name,
}

/// Which devices a list gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceFilter {
    /// Words that all must occur in name, maker, model, serial number, addresses or names.
    pub search: String,
    /// Of this class.
    pub class: Option<String>,
    /// Of this maker.
    pub maker: Option<String>,
    /// At this point of life.
    pub life_cycle: Option<LifeCycle>,
    /// At this site.
    pub site: Option<SiteId>,
}

/// Most words of a search that count.
const SEARCH_WORDS_MAX: usize = 8;
/// Longest search text of a device: what is beyond is not found by it.
const SEARCH_BYTES_MAX: usize = 2_048;

const COLUMNS: &str = "d.id, d.site_id, d.department_id, d.life_cycle, d.name, d.maker, d.model, d.serial, d.udi, \
    d.class, d.class_confidence, d.os_name, d.os_version, d.location, d.roles, d.patient_data_in_clear, d.first_us, \
    d.last_us";

impl Tx {
    /// A page of devices within the scope.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn device_list(
        &mut self,
        scope: &Scope,
        filter: &DeviceFilter,
        order: DeviceOrder,
        page: &Page,
    ) -> Result<Rows<DeviceRecord>, StoreError> {
        let patterns = patterns(&filter.search);
        let mut condition = filtered(scope, filter, &patterns);
        let (column, descending) = match order {
            DeviceOrder::LastSeen => ("d.last_us", true),
            DeviceOrder::Name => ("d.name", false),
        };
        if let Some(after) = &page.after {
            condition.and_after([column, "d.id"], descending, after.values());
        }
        let (direction, limit) = (if descending { "DESC" } else { "ASC" }, page.limit());
        let sql = format!(
            "SELECT {COLUMNS} FROM device d WHERE {} ORDER BY {column} {direction}, d.id {direction} LIMIT {}",
            condition.text,
            limit + 1
        );
        let rows = self.all("list devices", &sql, &condition.values, read_device).await?;
        Ok(Rows::cut(rows, limit, |device| match order {
            DeviceOrder::LastSeen => Cursor::Number(device.last_us, device.id.clone()),
            DeviceOrder::Name => Cursor::Text(device.name.clone(), device.id.clone()),
        }))
    }

    /// How many devices within the scope the filter leaves.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn device_count(&mut self, scope: &Scope, filter: &DeviceFilter) -> Result<i64, StoreError> {
        let patterns = patterns(&filter.search);
        let condition = filtered(scope, filter, &patterns);
        let sql = format!("SELECT count(*) FROM device d WHERE {}", condition.text);
        let counted = self.one("count devices", &sql, &condition.values, Row::int).await?;
        Ok(counted.unwrap_or(0))
    }

    /// A device with everything it has several of, when it is within the scope.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn device_find(&mut self, scope: &Scope, id: &str) -> Result<Option<DeviceRecord>, StoreError> {
        let mut condition = Condition::new();
        condition.and_scope("d", scope);
        condition.and("d.id = ", id, "");
        let sql = format!("SELECT {COLUMNS} FROM device d WHERE {}", condition.text);
        let Some(mut device) = self.one("find a device", &sql, &condition.values, read_device).await? else {
            return Ok(None);
        };
        let sql = "SELECT kind, value, version FROM device_value WHERE device_id = $1 ORDER BY kind, value, version";
        device.values = self.all("list what a device has", sql, &[id.into()], read_value).await?;
        Ok(Some(device))
    }
}

impl WriteTx {
    /// Takes over what was concluded about devices. Later records of one id in the slice win.
    ///
    /// # Errors
    ///
    /// When the database fails; a site that does not exist is such a failure.
    pub async fn device_upsert(&mut self, devices: &[DeviceRecord]) -> Result<(), StoreError> {
        let latest: BTreeMap<&str, &DeviceRecord> =
            devices.iter().map(|device| (device.id.as_str(), device)).collect();
        let searches: Vec<String> = latest.values().map(|device| search_text(device)).collect();
        let mut values = Vec::with_capacity(latest.len() * 19);
        for (device, search) in latest.values().zip(&searches) {
            values.extend(device_values(device, search));
        }
        let (least, greatest) = (self.dialect().least(), self.dialect().greatest());
        let tail = format!(
            "ON CONFLICT (id) DO UPDATE SET site_id = excluded.site_id, name = excluded.name, maker = excluded.maker, \
             model = excluded.model, serial = excluded.serial, udi = excluded.udi, class = excluded.class, \
             class_confidence = excluded.class_confidence, os_name = excluded.os_name, \
             os_version = excluded.os_version, location = excluded.location, roles = excluded.roles, \
             patient_data_in_clear = {greatest}(device.patient_data_in_clear, excluded.patient_data_in_clear), \
             first_us = {least}(device.first_us, excluded.first_us), \
             last_us = {greatest}(device.last_us, excluded.last_us), search = excluded.search"
        );
        let head = "INSERT INTO device (id, site_id, department_id, life_cycle, name, maker, model, serial, udi, class, \
                    class_confidence, os_name, os_version, location, roles, patient_data_in_clear, first_us, last_us, \
                    search)";
        self.bulk("keep devices", head, 19, &tail, &values).await?;
        let mut values = Vec::new();
        for device in latest.values() {
            let mut kept: Vec<&DeviceValue> = device.values.iter().collect();
            kept.sort_unstable();
            kept.dedup();
            for one in kept {
                values.extend([
                    Value::from(&device.id),
                    one.kind.as_str().into(),
                    Value::from(&one.value),
                    Value::from(&one.version),
                    device.last_us.into(),
                ]);
            }
        }
        let head = "INSERT INTO device_value (device_id, kind, value, version, last_us)";
        let tail = format!(
            "ON CONFLICT (device_id, kind, value, version) DO UPDATE SET last_us = \
             {greatest}(device_value.last_us, excluded.last_us)"
        );
        self.bulk("keep what devices have", head, 5, &tail, &values).await.map(drop)
    }

    /// Says where a device is in its life and whose it is. `false` when it is not within the scope.
    ///
    /// # Errors
    ///
    /// When the database fails; a department that does not exist is such a failure.
    pub async fn device_place(
        &mut self,
        scope: &Scope,
        id: &str,
        life_cycle: LifeCycle,
        department: Option<DepartmentId>,
    ) -> Result<bool, StoreError> {
        if self.device_find(scope, id).await?.is_none() {
            return Ok(false);
        }
        let sql = "UPDATE device SET life_cycle = $1, department_id = $2 WHERE id = $3";
        let values = [life_cycle.as_str().into(), department.map(|id| id.0).into(), id.into()];
        Ok(self.change("place a device", sql, &values).await? == 1)
    }
}

fn device_values<'a>(device: &'a DeviceRecord, search: &'a String) -> [Value<'a>; 19] {
    [
        Value::from(&device.id),
        device.site.0.into(),
        device.department.map(|id| id.0).into(),
        device.life_cycle.as_str().into(),
        Value::from(&device.name),
        device.maker.as_deref().into(),
        device.model.as_deref().into(),
        device.serial.as_deref().into(),
        device.udi.as_deref().into(),
        device.class.as_deref().into(),
        device.class_confidence.into(),
        device.os_name.as_deref().into(),
        device.os_version.as_deref().into(),
        device.location.as_deref().into(),
        Value::from(&device.roles),
        device.patient_data_in_clear.into(),
        device.first_us.into(),
        device.last_us.into(),
        Value::from(search),
    ]
}

fn filtered<'a>(scope: &'a Scope, filter: &'a DeviceFilter, patterns: &'a [String]) -> Condition<'a> {
    let mut condition = Condition::new();
    condition.and_scope("d", scope);
    for pattern in patterns {
        condition.and("d.search LIKE ", pattern, " ESCAPE '\\'");
    }
    if let Some(class) = &filter.class {
        condition.and("d.class = ", class, "");
    }
    if let Some(maker) = &filter.maker {
        condition.and("d.maker = ", maker, "");
    }
    if let Some(life_cycle) = filter.life_cycle {
        condition.and("d.life_cycle = ", life_cycle.as_str(), "");
    }
    if let Some(site) = filter.site {
        condition.and("d.site_id = ", site.0, "");
    }
    condition
}

fn patterns(search: &str) -> Vec<String> {
    search.split_whitespace().take(SEARCH_WORDS_MAX).map(|word| like_pattern(&word.to_lowercase())).collect()
}

fn search_text(device: &DeviceRecord) -> String {
    let own = [Some(&device.name), device.maker.as_ref(), device.model.as_ref(), device.serial.as_ref()];
    let several = device.values.iter().filter(|one| one.kind != ValueKind::Asks).map(|one| &one.value);
    let mut text = String::new();
    for part in own.into_iter().flatten().chain(several) {
        if text.len() + part.len() > SEARCH_BYTES_MAX {
            break;
        }
        text.push_str(&part.to_lowercase());
        text.push('\n');
    }
    text
}

fn read_device(row: &mut Row) -> Result<DeviceRecord, StoreError> {
    Ok(DeviceRecord {
        id: row.text()?,
        site: SiteId(row.int()?),
        department: row.int_opt()?.map(DepartmentId),
        life_cycle: row.word(LifeCycle::parse)?,
        name: row.text()?,
        maker: row.text_opt()?,
        model: row.text_opt()?,
        serial: row.text_opt()?,
        udi: row.text_opt()?,
        class: row.text_opt()?,
        class_confidence: row.int()?,
        os_name: row.text_opt()?,
        os_version: row.text_opt()?,
        location: row.text_opt()?,
        roles: row.text()?,
        patient_data_in_clear: row.truth()?,
        first_us: row.int()?,
        last_us: row.int()?,
        values: Vec::new(),
    })
}

fn read_value(row: &mut Row) -> Result<DeviceValue, StoreError> {
    Ok(DeviceValue { kind: row.word(ValueKind::parse)?, value: row.text()?, version: row.text()? })
}
