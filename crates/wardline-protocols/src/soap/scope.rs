//! Scopes of WS-Discovery: where a device stands and what it is (IEEE 11073-20701 section 9, ONVIF core
//! specification section 7.3.2.2).

use wardline_model::{Attribute, Fact};

/// Longest scope read.
const SCOPE_MAX: usize = 512;

/// What a scope tells.
pub(super) fn fact(scope: &str) -> Option<Fact> {
    if scope.len() > SCOPE_MAX {
        return None;
    }
    if let Some(location) = scope.strip_prefix("sdc.ctxt.loc:/sdc.ctxt.loc.detail/") {
        let (_, query) = location.split_once('?')?;
        let value = |key: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(name, _)| *name == key).and_then(|(_, value)| decoded(value))
        };
        let place = Place {
            facility: value("fac"),
            building: value("bldng"),
            floor: value("flr"),
            unit: value("poc"),
            room: value("rm"),
            bed: value("bed"),
        };
        return place.fact("sdc.scope-location");
    }
    let (name, value) = scope.strip_prefix("onvif://www.onvif.org/")?.split_once('/')?;
    let value = decoded(value)?;
    match name {
        "name" => Fact::new(Attribute::FriendlyName, &value, 80, "ws-discovery.onvif-name"),
        "hardware" => Fact::new(Attribute::Model, &value, 85, "ws-discovery.onvif-hardware"),
        // Subdivisions (`country/china`, `city/…`) are the factory's.
        "location" if !value.contains('/') && !value.is_empty() => {
            Fact::new(Attribute::Location, &value, 70, "ws-discovery.onvif-location")
        }
        _ => None,
    }
}

/// A place as SDC names it.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub(super) facility: Option<String>,
    pub(super) building: Option<String>,
    pub(super) floor: Option<String>,
    pub(super) unit: Option<String>,
    pub(super) room: Option<String>,
    pub(super) bed: Option<String>,
}

impl Place {
    /// Unit, room and bed, as other protocols say them; where there are none, what is around them.
    pub(super) fn fact(self, rule: &'static str) -> Option<Fact> {
        let join = |parts: [Option<String>; 3]| {
            let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
            (!parts.is_empty()).then(|| parts.join(" / "))
        };
        let near = join([self.unit, self.room, self.bed]);
        let place = near.or_else(|| join([self.facility, self.building, self.floor]))?;
        Fact::new(Attribute::Location, &place, 95, rule)
    }
}

/// Text with `%XX` read (RFC 3986 section 2.1), when that is UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let pair = after.split_first_chunk::<2>().filter(|_| first == b'%');
        let octet = pair.and_then(|(pair, after)| {
            let octet = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
            Some((octet, after))
        });
        let (octet, after) = octet.unwrap_or((first, after));
        bytes.push(octet);
        rest = after;
    }
    String::from_utf8(bytes).ok().filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(scope: &str) -> Option<String> {
        fact(scope).map(|fact| format!("{} {}", fact.attribute.as_str(), fact.value))
    }

    #[test]
    fn a_scope_tells_place_and_kind() {
        let bed = "sdc.ctxt.loc:/sdc.ctxt.loc.detail/A%2F%2F?fac=A&poc=ICU&rm=2&bed=B%C3%A4r%201";
        assert_eq!(told(bed).as_deref(), Some("location ICU / 2 / Bär 1"));
        assert_eq!(
            told("sdc.ctxt.loc:/sdc.ctxt.loc.detail/A?fac=A&bldng=2").as_deref(),
            Some("location A / 2")
        );
        assert_eq!(told("sdc.ctxt.loc:/sdc.ctxt.loc.detail/A?bed=%FF"), None);
        assert_eq!(told("onvif://www.onvif.org/hardware/DS-2CD").as_deref(), Some("model DS-2CD"));
        assert_eq!(told("onvif://www.onvif.org/name/Gate%20A").as_deref(), Some("friendly-name Gate A"));
        assert_eq!(told("onvif://www.onvif.org/location/country/china"), None);
        assert_eq!(told("onvif://www.onvif.org/type/ptz"), None);
        assert_eq!(decoded("100%").as_deref(), Some("100%"));
    }
}
