//! NVD applicability: a formula over products, evaluated for one device with what is known of its platform.
//!
//! In: the nodes of `configurations` (NVD 2.0, and the nested ones of the 1.1 feed): AND, OR, negate, and matches with
//! a CPE name and version bounds. Out: true, false or unknown, with the reason. `vulnerable: false` marks a platform
//! condition, never a product free of the vulnerability. The formula applies when it is true *and* one of its
//! vulnerable matches is the device's. What nobody stated of a platform is unknown, so the result is too.
//!
//! A node that does not speak of the device at all states a condition beside it; in a node that does, another
//! product's match is false unless that product was stated to be there as well.

use crate::subject::Subject;
use std::sync::Arc;
use wardline_product::{Attribute, Cpe, Products, Reading, Span, Truth, Value, Version, membership};

/// How deep formulas may nest: the feeds have two levels.
pub const DEPTH_MAX: usize = 8;

/// A part of a formula.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// Whether all children must hold, or one.
    pub all: bool,
    /// Whether the result is turned round.
    pub negate: bool,
    /// Parts below.
    pub children: Vec<Node>,
    /// Matches at this level.
    pub matches: Vec<Match>,
}

/// One product in a formula.
#[derive(Clone, Debug)]
pub struct Match {
    /// Whether it is the vulnerable thing; else it is a condition.
    pub vulnerable: bool,
    /// Which product and versions.
    pub criteria: Arc<Criteria>,
}

/// A product and its versions.
#[derive(Clone, Debug)]
pub struct Criteria {
    /// The product's key.
    pub key: Arc<str>,
    /// `a`, `o` or `h`; nothing when open.
    pub part: Option<char>,
    /// The versions, or that versions do not apply.
    pub versions: Versions,
    /// The name, when it says more than part, vendor, product and version.
    pub more: Option<Box<Cpe>>,
}

/// Which versions a match means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Versions {
    /// Some span.
    Span(Span),
    /// `-`: the attribute does not apply.
    NotApplicable,
}

/// A formula's result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Whether the vulnerability applies.
    pub truth: Truth,
    /// Whether any vulnerable match speaks of the device's product.
    pub concerned: bool,
    /// Why.
    pub reasons: Vec<String>,
    /// First versions no longer meant.
    pub fixed_in: Vec<String>,
}

impl Criteria {
    /// Reads a match of the feed: the name and its four bounds.
    ///
    /// # Errors
    /// Says what is wrong with the name.
    pub fn read(name: &str, bounds: Bounds<'_>, products: &Products) -> Result<Self, String> {
        Self::read_with(name, bounds, |vendor, product| products.key_of_cpe(vendor, product).into())
    }

    /// The same with somebody else's way from vendor and product to a key.
    ///
    /// # Errors
    /// Says what is wrong with the name.
    pub fn read_with(
        name: &str,
        bounds: Bounds<'_>,
        key: impl FnOnce(&str, &str) -> Arc<str>,
    ) -> Result<Self, String> {
        let cpe = Cpe::read(name).map_err(|error| error.to_string())?;
        let (Some(vendor), Some(product)) = (cpe.text(Attribute::Vendor), cpe.text(Attribute::Product))
        else {
            return Err(format!("{name} leaves vendor or product open, which would mean everything"));
        };
        let key = key(vendor, product);
        let part = cpe.text(Attribute::Part).and_then(|part| part.chars().next());
        let versions = versions_of(&cpe, bounds);
        let silent = [
            Attribute::Edition,
            Attribute::Language,
            Attribute::SwEdition,
            Attribute::TargetSw,
            Attribute::TargetHw,
            Attribute::Other,
        ]
        .iter()
        .all(|attribute| *cpe.value(*attribute) == Value::Any);
        Ok(Self { key, part, versions, more: (!silent).then(|| Box::new(cpe)) })
    }
}

/// The bounds beside a name; each as written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bounds<'a> {
    /// `versionStartIncluding`.
    pub from: Option<&'a str>,
    /// `versionStartExcluding`.
    pub after: Option<&'a str>,
    /// `versionEndIncluding`.
    pub up_to: Option<&'a str>,
    /// `versionEndExcluding`.
    pub below: Option<&'a str>,
}

fn versions_of(cpe: &Cpe, bounds: Bounds<'_>) -> Versions {
    let bound = |inclusive: Option<&str>, exclusive: Option<&str>| {
        let (text, inclusive) = inclusive.map(|text| (text, true)).or(exclusive.map(|text| (text, false)))?;
        Some(wardline_product::Bound { version: Version::new(text)?, inclusive })
    };
    let text = match cpe.value(Attribute::Version) {
        Value::Any => {
            let (low, high) = (bound(bounds.from, bounds.after), bound(bounds.up_to, bounds.below));
            return Versions::Span(if low.is_none() && high.is_none() {
                Span::All
            } else {
                Span::Range { low, high }
            });
        }
        Value::NotApplicable => return Versions::NotApplicable,
        Value::Text(text) => {
            let open = |open| matches!(open, wardline_product::Open::Closed);
            let after = if open(text.after) { "" } else { ".*" };
            format!("{}{after}", text.body)
        }
    };
    // The update is the version's second half: 8.0 and sp2.
    let update = cpe
        .text(Attribute::Update)
        .map(|update| format!(" {}", update.replace('_', " ")))
        .unwrap_or_default();
    match Version::new(&format!("{text}{update}")) {
        Some(version) => Versions::Span(Span::One(version)),
        None => Versions::NotApplicable,
    }
}

impl Node {
    /// Whether the formula applies to the device.
    #[must_use]
    pub fn apply(&self, subject: &Subject) -> Applied {
        let mut applied =
            Applied { truth: Truth::False, concerned: false, reasons: Vec::new(), fixed_in: Vec::new() };
        let mut vulnerable = Truth::False;
        self.own_matches(subject, &mut |own| {
            applied.concerned = true;
            vulnerable = vulnerable.or(own.holds(subject));
            own.explain(subject, &mut applied);
        });
        if applied.concerned {
            applied.truth = self.holds(subject, DEPTH_MAX, &mut applied.reasons).and(vulnerable);
        }
        applied.reasons.dedup();
        applied
    }

    /// Calls for each vulnerable match of the device's product.
    fn own_matches(&self, subject: &Subject, visit: &mut impl FnMut(&Match)) {
        self.matches.iter().filter(|found| found.vulnerable && found.is_own(subject)).for_each(&mut *visit);
        for child in &self.children {
            child.own_matches(subject, visit);
        }
    }

    /// Calls for every match.
    pub fn each_match(&self, visit: &mut impl FnMut(&Match)) {
        self.matches.iter().for_each(&mut *visit);
        for child in &self.children {
            child.each_match(visit);
        }
    }

    fn mentions(&self, subject: &Subject) -> bool {
        self.matches.iter().any(|found| found.is_own(subject))
            || self.children.iter().any(|child| child.mentions(subject))
    }

    fn holds(&self, subject: &Subject, depth: usize, reasons: &mut Vec<String>) -> Truth {
        let Some(depth) = depth.checked_sub(1) else { return Truth::Unknown };
        let mentioned = self.mentions(subject);
        let matches = self.matches.iter().map(|found| {
            if found.is_own(subject) {
                return found.holds(subject);
            }
            let stated = subject.has(&found.criteria);
            // Beside the device in an OR it is another product that is vulnerable as well.
            let other = mentioned && !self.all && stated == Truth::Unknown;
            if other { Truth::False } else { stated }
        });
        let children = self.children.iter();
        let mut each: Vec<Truth> = matches.collect();
        each.extend(children.map(|child| child.holds(subject, depth, reasons)));
        let truth = if self.all { Truth::all(each) } else { Truth::any(each) };
        let truth = if self.negate { !truth } else { truth };
        if !mentioned {
            self.explain_platform(truth, reasons);
        }
        truth
    }

    fn explain_platform(&self, truth: Truth, reasons: &mut Vec<String>) {
        let mut names = Vec::new();
        self.each_match(&mut |found| names.push(found.criteria.key.replace('|', " ")));
        names.sort();
        names.dedup();
        let more = names.len().saturating_sub(3);
        names.truncate(3);
        let names = names.join(" or ") + &if more > 0 { format!(" or {more} more") } else { String::new() };
        let with = if self.negate { "without" } else { "with" };
        reasons.push(match truth {
            Truth::True => format!("the condition holds: {with} {names}"),
            Truth::False => format!("the condition does not hold: {with} {names}"),
            Truth::Unknown => format!("nobody stated whether the condition holds: {with} {names}"),
        });
    }
}

impl Match {
    /// Whether it speaks of the device's own product.
    fn is_own(&self, subject: &Subject) -> bool {
        *self.criteria.key == *subject.key
    }

    /// Whether the device is what it means.
    fn holds(&self, subject: &Subject) -> Truth {
        // The device's own hardware is there: that is what it is.
        if !self.vulnerable && self.criteria.part == Some('h') {
            return Truth::True;
        }
        let names = self.criteria.more.as_deref().map_or(Truth::True, |cpe| subject.names(cpe));
        let versions = match (&self.criteria.versions, &subject.version) {
            (Versions::Span(Span::All), _) => Truth::True,
            (_, None) => Truth::Unknown,
            (Versions::NotApplicable, Some(_)) => Truth::False,
            (Versions::Span(span), Some(version)) => span.holds(version, subject.scheme, Reading::Exact),
        };
        names.and(versions)
    }

    fn explain(&self, subject: &Subject, applied: &mut Applied) {
        if let Some(cpe) = self.criteria.more.as_deref()
            && subject.names(cpe) == Truth::Unknown
        {
            applied
                .reasons
                .push(format!("the record speaks of {cpe} only, and nobody stated that much of the device"));
        }
        let Versions::Span(span) = &self.criteria.versions else { return };
        if let Span::Range { high: Some(end), .. } = span
            && !end.inclusive
        {
            applied.fixed_in.push(end.version.text().to_owned());
        }
        match &subject.version {
            Some(version) => {
                let found = membership(std::slice::from_ref(span), version, subject.scheme, Reading::Exact);
                applied.reasons.push(found.why);
            }
            None if *span != Span::All => {
                applied.reasons.push(format!("the version is not known; meant is {span}"));
            }
            None => applied.reasons.push("every version is meant".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests;
