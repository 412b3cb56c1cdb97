//! Explaining: why a device is what it is said to be.
//!
//! In: a device with its evidence, and the knowledge by which it was read. Out: for class, maker, model, serial
//! number, system and roles what was concluded, every candidate with the evidence for it, what was set aside and
//! why, and, where something is unknown, why it is and what to observe next. The conclusions are those of the
//! device: the same rules are applied to the same evidence, and a test holds the two together.

mod roles;

use crate::choose::{self, Choice};
use crate::class;
use crate::clue::{Clue, SOFTWARE_MAKER_RULE, WIRE};
use crate::device::{CONFIDENCE_MIN, MODULE_RULE, is_network_equipment, maker_meant, vendor};
use crate::identity::serial;
use crate::infer::{self, Signs};
use crate::knowledge::Knowledge;
use std::collections::{BTreeMap, BTreeSet};
use wardline_model::{Attribute, Confidence, Device, Evidence};

/// The attributes that are explained, in the order in which people ask.
pub const EXPLAINED: &[Attribute] = &[
    Attribute::Class,
    Attribute::Vendor,
    Attribute::Model,
    Attribute::Serial,
    Attribute::Os,
    Attribute::Software,
    Attribute::Role,
];

/// What is known of one attribute, and why.
#[derive(Clone, Debug)]
pub struct Answer<'d> {
    /// The attribute.
    pub attribute: Attribute,
    /// What was concluded; several for roles and software.
    pub values: Vec<String>,
    /// How sure, in percent.
    pub confidence: Option<Confidence>,
    /// Why nothing was concluded, or what lowered the confidence.
    pub remark: Option<String>,
    /// Every value that something speaks for, the surest first.
    pub candidates: Vec<Candidate<'d>>,
    /// What was looked at and set aside.
    pub set_aside: Vec<SetAside<'d>>,
    /// What to observe next where it is not known.
    pub next: Option<String>,
}

/// A value that something speaks for.
#[derive(Clone, Debug)]
pub struct Candidate<'d> {
    /// The value.
    pub value: String,
    /// All that speaks for it together, in percent.
    pub confidence: Confidence,
    /// What speaks for it, the surest first.
    pub reasons: Vec<Reason<'d>>,
}

/// One piece of evidence for a value.
#[derive(Clone, Debug)]
pub struct Reason<'d> {
    /// The evidence.
    pub evidence: &'d Evidence,
    /// Whether it counts; a surer one of the same witness counts instead.
    pub counts: bool,
    /// The rule's own words, where it draws together several signs.
    pub because: Option<String>,
}

/// Evidence that was set aside.
#[derive(Clone, Debug)]
pub struct SetAside<'d> {
    /// The evidence.
    pub evidence: &'d Evidence,
    /// Why.
    pub why: &'static str,
}

/// Why a device is what it is said to be.
#[must_use]
pub fn explain<'d>(device: &'d Device, knowledge: &Knowledge<'_>) -> Vec<Answer<'d>> {
    EXPLAINED.iter().map(|attribute| answer(device, *attribute, knowledge)).collect()
}

/// The clue that a piece of evidence was.
fn clue_of(evidence: &Evidence) -> Clue<'_> {
    Clue {
        attribute: evidence.attribute,
        value: &evidence.value,
        version: evidence.version.as_deref(),
        confidence: evidence.confidence,
        protocol: evidence.protocol,
        rule: &evidence.rule,
        source: &evidence.source,
        origin: evidence.origin,
        seen: &evidence.seen,
        via: None,
    }
}

/// The same, a maker by what its name means there.
fn meant<'m>(evidence: &'m Evidence, knowledge: &'m Knowledge<'_>) -> Clue<'m> {
    let clue = clue_of(evidence);
    if clue.attribute == Attribute::Vendor { maker_meant(clue, knowledge) } else { clue }
}

fn answer<'d>(device: &'d Device, attribute: Attribute, knowledge: &Knowledge<'_>) -> Answer<'d> {
    let of = || device.evidence.iter().filter(move |evidence| evidence.attribute == attribute);
    let mut set_aside = Vec::new();
    let kept: Vec<&'d Evidence> = match attribute {
        Attribute::Vendor => of().filter(|e| !is_set_aside(e, device, knowledge, &mut set_aside)).collect(),
        Attribute::Serial => of()
            .filter(|evidence| {
                let fills = serial::key(&evidence.value, device.model.as_deref()).is_none();
                if fills {
                    set_aside.push(SetAside { evidence, why: "fills the field and identifies nothing" });
                }
                !fills
            })
            .collect(),
        _ => of().collect(),
    };
    let key = key_of(attribute, knowledge);
    let ranked = match attribute {
        Attribute::Role | Attribute::Software => choose::list(kept.iter().map(|e| meant(e, knowledge)), &key),
        _ => choose::rank(kept.iter().map(|e| meant(e, knowledge)), &key),
    };
    let candidates: Vec<Candidate<'d>> = ranked
        .into_iter()
        .map(|choice| {
            let reasons = reasons(&choice, &kept, &key, knowledge);
            let value =
                if attribute == Attribute::Vendor { knowledge.maker(&choice.value) } else { choice.value };
            Candidate { value, confidence: choice.confidence, reasons }
        })
        .collect();
    let (values, confidence) = concluded(device, attribute, &candidates);
    let remark = remark(attribute, &values, confidence, &candidates, &set_aside);
    let next = if values.is_empty() { advice(device, attribute, knowledge) } else { None };
    let mut answer = Answer { attribute, values, confidence, remark, candidates, set_aside, next };
    if attribute == Attribute::Role {
        roles::explain(device, &mut answer);
    }
    answer
}

/// What makes two spellings one value.
fn key_of<'k>(attribute: Attribute, knowledge: &'k Knowledge<'_>) -> Box<dyn Fn(&str) -> String + 'k> {
    match attribute {
        Attribute::Vendor => Box::new(|word| knowledge.maker(word)),
        Attribute::Serial => Box::new(serial::compact),
        Attribute::Class | Attribute::Role => Box::new(str::to_owned),
        _ => Box::new(str::to_lowercase),
    }
}

/// The evidence for a choice: of its value, or of a vaguer form of it.
fn reasons<'d>(
    choice: &Choice,
    kept: &[&'d Evidence],
    key: &dyn Fn(&str) -> String,
    knowledge: &Knowledge<'_>,
) -> Vec<Reason<'d>> {
    let name = key(&choice.value);
    let speaks = |evidence: &&&Evidence| {
        let said = key(meant(evidence, knowledge).value);
        name == said || name.strip_prefix(said.as_str()).is_some_and(|rest| rest.starts_with(' '))
    };
    let mut told: Vec<&'d Evidence> = kept.iter().filter(speaks).copied().collect();
    told.sort_by(|a, b| {
        let rank = |e: &Evidence| (e.confidence, e.attribute == e.origin);
        rank(b).cmp(&rank(a)).then_with(|| (&a.rule, &a.value).cmp(&(&b.rule, &b.value)))
    });
    let mut heard = BTreeSet::new();
    told.into_iter()
        .map(|evidence| Reason {
            counts: heard.insert(choose::witness(&clue_of(evidence))),
            because: knowledge.content.inferences.get(&*evidence.rule).map(|rule| rule.because.clone()),
            evidence,
        })
        .collect()
}

/// Whether a clue to the maker does not count, with the reason.
fn is_set_aside<'d>(
    evidence: &'d Evidence,
    device: &Device,
    knowledge: &Knowledge<'_>,
    set_aside: &mut Vec<SetAside<'d>>,
) -> bool {
    let clue = clue_of(evidence);
    let said = |e: &&Evidence| {
        e.attribute == Attribute::Vendor && clue_of(e).is_of_device() && e.confidence >= CONFIDENCE_MIN
    };
    let why = if evidence.rule.as_ref() == SOFTWARE_MAKER_RULE {
        "made a software part, not the device it runs on"
    } else if clue.is_of_device() {
        return false;
    } else if evidence.rule.as_ref() == MODULE_RULE {
        "makes network modules that others build in"
    } else if !knowledge.lists(&evidence.value) {
        "registered the network address, but is not listed as a maker of devices"
    } else if knowledge.is_group(&evidence.value) {
        "is a group of many businesses: its network card says not which"
    } else if knowledge.is_networker(&evidence.value)
        && !is_network_equipment(&device.evidence.iter().map(clue_of).collect::<Vec<_>>())
    {
        "makes network equipment: on the frames of a host its card may be that of the router in front"
    } else if device.evidence.iter().any(|e| said(&e)) {
        "made the network card; the device itself says more"
    } else {
        return false;
    };
    set_aside.push(SetAside { evidence, why });
    true
}

/// What the device says of the attribute.
fn concluded(
    device: &Device,
    attribute: Attribute,
    candidates: &[Candidate<'_>],
) -> (Vec<String>, Option<Confidence>) {
    let one = |value: &Option<String>| value.iter().cloned().collect::<Vec<_>>();
    let values = match attribute {
        Attribute::Class => {
            let class = device.class.as_ref();
            return (class.map(|c| vec![c.0.clone()]).unwrap_or_default(), class.map(|c| c.1));
        }
        Attribute::Vendor => one(&device.vendor),
        Attribute::Model => one(&device.model),
        Attribute::Serial => one(&device.serial),
        Attribute::Os => device.os.iter().map(|os| with_version(&os.name, os.version.as_deref())).collect(),
        Attribute::Software => {
            device.software.iter().map(|s| with_version(&s.name, s.version.as_deref())).collect()
        }
        _ => device.roles.iter().map(|role| role.as_str().to_owned()).collect(),
    };
    let sure = candidates.first().map(|best| best.confidence).filter(|_| values.len() == 1);
    (values, sure)
}

fn with_version(name: &str, version: Option<&str>) -> String {
    version.map_or_else(|| name.to_owned(), |version| format!("{name} {version}"))
}

/// Why nothing was concluded, or what lowered the confidence.
fn remark(
    attribute: Attribute,
    values: &[String],
    confidence: Option<Confidence>,
    candidates: &[Candidate<'_>],
    set_aside: &[SetAside<'_>],
) -> Option<String> {
    let best = candidates.first();
    if !values.is_empty() {
        let lowered = best.zip(candidates.get(1)).zip(confidence);
        return lowered.filter(|((best, _), shown)| *shown < best.confidence).map(
            |((best, second), shown)| {
                format!("lowered from {} % to {shown} % by what speaks for {}", best.confidence, second.value)
            },
        );
    }
    let Some(best) = best else {
        return Some(if set_aside.is_empty() {
            "nothing that was seen says it".to_owned()
        } else {
            "what was seen does not count".to_owned()
        });
    };
    let least = if attribute == Attribute::Class { class::CONFIDENCE_MIN } else { u32::from(CONFIDENCE_MIN) };
    Some(match candidates.get(1) {
        Some(second) if u32::from(best.confidence) >= least => {
            format!(
                "{} ({} %) and {} ({} %) speak against each other",
                best.value, best.confidence, second.value, second.confidence
            )
        }
        _ => format!(
            "the best guess, {}, is only {} % sure; below {least} % nothing is named, because a wrong name is worse than none",
            best.value, best.confidence
        ),
    })
}

/// What to observe next to learn the attribute.
fn advice(device: &Device, about: Attribute, knowledge: &Knowledge<'_>) -> Option<String> {
    let clues: Vec<Clue<'_>> = device.evidence.iter().map(clue_of).collect();
    let maker = vendor(&clues, knowledge);
    let ports = infer::ports(&device.services);
    let signs = Signs::of(&clues, &device.services, &ports, device.asks.iter().copied(), maker.as_deref());
    let mut fitting = knowledge.content.advice.iter().filter(|advice| advice.about == about);
    fitting.find(|advice| signs.meet(&advice.rule)).map(|advice| advice.text.clone())
}

/// Evidence of a kind, counted by the attribute it was read from: what a device was heard with at all.
#[must_use]
pub fn heard(device: &Device) -> BTreeMap<&'static str, usize> {
    let mut heard = BTreeMap::new();
    for evidence in device.evidence.iter().filter(|evidence| &*evidence.source == WIRE) {
        *heard.entry(evidence.protocol).or_insert(0) += 1;
    }
    heard
}
