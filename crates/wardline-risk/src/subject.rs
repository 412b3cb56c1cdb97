//! What is judged: a product, its version, and what is known of its platform.

use crate::formula::{Criteria, Versions};
use wardline_product::{
    Applies, Attribute, Cpe, Products, Reading, Resolved, Scheme, Span, Truth, Value, Version,
};

/// A device or product in question.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The product's key.
    pub key: String,
    /// How its versions are read.
    pub scheme: Scheme,
    /// Its version, where known.
    pub version: Option<Version>,
    /// What is known to be there besides: operating system, host, components.
    pub stated: Vec<Stated>,
}

/// Something known of the platform.
#[derive(Clone, Debug)]
pub struct Stated {
    /// As it was stated.
    pub name: String,
    /// The product's key.
    key: String,
    /// `o` where it is an operating system: then no other one is there.
    part: Option<char>,
    version: Option<Version>,
    scheme: Scheme,
}

/// Beginnings of operating systems' names.
const SYSTEMS: &[(&str, &str)] = &[
    ("windows", "microsoft"),
    ("linux", "linux"),
    ("vxworks", "wind river"),
    ("qnx", "blackberry"),
    ("android", "google"),
    ("macos", "apple"),
    ("ios", "apple"),
];

impl Subject {
    /// A product that names resolve to.
    #[must_use]
    pub fn new(resolved: &Resolved, version: Option<&str>) -> Self {
        Self {
            key: resolved.key.clone(),
            scheme: resolved.scheme,
            version: version.and_then(Version::new),
            stated: Vec::new(),
        }
    }

    /// States that a platform is there: a CPE name, or a name in words (`Windows 10`).
    #[must_use]
    pub fn on(mut self, platform: &str, products: &Products) -> Self {
        self.stated.push(Stated::read(platform, products));
        self
    }

    /// Whether what a match means is there besides the device itself.
    pub(crate) fn has(&self, criteria: &Criteria) -> Truth {
        let systems = self.stated.iter().any(|stated| stated.part == Some('o'));
        let unstated = if systems && criteria.part == Some('o') { Truth::False } else { Truth::Unknown };
        decide(self.stated.iter().map(|stated| stated.is(criteria)), unstated)
    }

    /// Whether a platform of that name is there.
    pub(crate) fn has_named(&self, name: &str, applies: &Applies) -> Truth {
        let wanted = plain(name);
        let systems = self.stated.iter().any(|stated| stated.part == Some('o'));
        let is_system = SYSTEMS.iter().any(|(system, _)| wanted.split(' ').any(|word| word == *system));
        let unstated = if systems && is_system { Truth::False } else { Truth::Unknown };
        let each = self.stated.iter().map(|stated| {
            let own = plain(stated.key.split_once('|').map_or(stated.key.as_str(), |(_, name)| name));
            let version = match &stated.version {
                Some(version) if !applies.spans.is_empty() => applies.holds(version, stated.scheme).truth,
                _ if applies.spans.is_empty() || applies.is_all() => Truth::True,
                _ => Truth::Unknown,
            };
            (prefix(&own, &wanted), version)
        });
        decide(each, unstated)
    }

    /// Whether the device is the edition that a name tells of, as far as was stated.
    pub(crate) fn names(&self, cpe: &Cpe) -> Truth {
        let unstated = [
            Attribute::Edition,
            Attribute::Language,
            Attribute::SwEdition,
            Attribute::TargetHw,
            Attribute::Other,
        ];
        let any = |attribute: &Attribute| {
            Truth::from(matches!(cpe.value(*attribute), Value::Any | Value::NotApplicable))
        };
        let rest = Truth::all(unstated.iter().map(|attribute| match any(attribute) {
            Truth::True => Truth::True,
            _ => Truth::Unknown,
        }));
        let target = match cpe.text(Attribute::TargetSw) {
            None => Truth::True,
            Some(system) => self.has_named(&system.replace('_', " "), &Applies::default()),
        };
        rest.and(target)
    }
}

impl Stated {
    fn read(text: &str, products: &Products) -> Self {
        if let Ok(cpe) = Cpe::read(text)
            && let Some(resolved) = products.resolve_cpe(&cpe)
        {
            return Self {
                name: text.to_owned(),
                key: resolved.key,
                part: cpe.text(Attribute::Part).and_then(|part| part.chars().next()),
                version: cpe.text(Attribute::Version).and_then(Version::new),
                scheme: resolved.scheme,
            };
        }
        let words = plain(text);
        let system = SYSTEMS.iter().find(|(system, _)| words.split(' ').any(|word| word == *system));
        let vendor = system.map_or("", |(_, vendor)| vendor);
        Self {
            name: text.to_owned(),
            key: products.key(vendor, text),
            part: system.map(|_| 'o'),
            version: None,
            scheme: Scheme::default(),
        }
    }

    /// Whether it is the product that the criteria mean, and whether it is of those versions.
    fn is(&self, criteria: &Criteria) -> (Truth, Truth) {
        let (Some((maker, own)), Some((wanted_maker, wanted))) =
            (self.key.split_once('|'), criteria.key.split_once('|'))
        else {
            return (Truth::False, Truth::False);
        };
        let named =
            if maker == wanted_maker || maker.is_empty() { prefix(own, wanted) } else { Truth::False };
        let version = match (&criteria.versions, &self.version) {
            (Versions::NotApplicable | Versions::Span(Span::All), _) => Truth::True,
            (Versions::Span(_), None) => Truth::Unknown,
            (Versions::Span(span), Some(version)) => span.holds(version, self.scheme, Reading::Exact),
        };
        (named, version)
    }
}

/// Whether any of the things stated is what is meant: each with whether it is that product and of those versions. What
/// was stated of the product itself counts; only what nobody stated is `unstated`.
fn decide(each: impl Iterator<Item = (Truth, Truth)>, unstated: Truth) -> Truth {
    let mut known: Option<Truth> = None;
    let mut perhaps = unstated;
    for (named, version) in each {
        match named {
            Truth::True => known = Some(known.unwrap_or(Truth::False).or(version)),
            Truth::Unknown => perhaps = perhaps.or(version.and(Truth::Unknown)),
            Truth::False => {}
        }
    }
    known.unwrap_or(perhaps)
}

fn plain(name: &str) -> String {
    let lower = name.to_lowercase();
    lower
        .split(|c: char| !c.is_alphanumeric() && c != '.')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Whether a stated name is the wanted one: the same, or a more exact one (`windows 10 1809` for `windows 10`) yes; a
/// coarser one perhaps.
fn prefix(own: &str, wanted: &str) -> Truth {
    let is_start = |long: &str, short: &str| {
        long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    if is_start(own, wanted) {
        Truth::True
    } else if is_start(wanted, own) {
        Truth::Unknown
    } else {
        Truth::False
    }
}
