//! Matching against the NVD agrees with the records' own configurations, in both directions.
//!
//! Records are made as text in the form of the feed, with every operator, `negate`, bound and kind of version, and
//! go the whole way: reader, index, verdict. What they mean is said once more here, as plainly as it can be: a thing
//! is there in some version or it is not, and a configuration is true or false.

use super::super::Reader;
use crate::knowledge::Knowledge;
use crate::record::Verdict;
use crate::subject::Subject;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use wardline_formats::record::{Item, read};
use wardline_product::Products;

/// The device, and what may be there beside it.
const THINGS: [(char, &str); 4] = [('a', "pump"), ('a', "gateway"), ('o', "kernel"), ('a', "monitor")];
/// Major and minor number; `None` is not there at all.
type There = Option<(u64, u64)>;
type Facts = [There; 4];

/// Ends of a range, each with whether it belongs to it.
type End = Option<((u64, u64), bool)>;

#[derive(Clone, Copy, Debug)]
enum Versions {
    Any,
    Without,
    One((u64, u64)),
    Range(End, End),
}

#[derive(Debug)]
struct Match {
    thing: usize,
    vulnerable: bool,
    versions: Versions,
}

#[derive(Debug)]
struct Group<T> {
    all: bool,
    negate: bool,
    parts: Vec<T>,
}

type Configuration = Group<Group<Match>>;

impl Match {
    fn holds(&self, facts: &Facts) -> bool {
        let Some(there) = facts[self.thing] else { return false };
        match self.versions {
            Versions::Any => true,
            // A thing without versions: as a condition any will do; the device has a version, and so is another.
            Versions::Without => self.thing != 0,
            Versions::One(one) => there == one,
            Versions::Range(low, high) => {
                low.is_none_or(|(end, inclusive)| there > end || (inclusive && there == end))
                    && high.is_none_or(|(end, inclusive)| there < end || (inclusive && there == end))
            }
        }
    }
}

impl<T> Group<T> {
    fn holds(&self, part: impl Fn(&T) -> bool) -> bool {
        let holds = if self.all { self.parts.iter().all(part) } else { self.parts.iter().any(part) };
        holds != self.negate
    }
}

/// Whether the vulnerability is there: some configuration is true, and the device is one of what is vulnerable.
fn applies(configurations: &[Configuration], facts: &Facts) -> bool {
    let mut matches = configurations.iter().flat_map(|one| &one.parts).flat_map(|node| &node.parts);
    configurations.iter().any(|one| one.holds(|node| node.holds(|found| found.holds(facts))))
        && matches.any(|found| found.vulnerable && found.thing == 0 && found.holds(facts))
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn version(&mut self) -> (u64, u64) {
        (self.below(4), self.below(3))
    }

    fn end(&mut self) -> End {
        (self.below(3) > 0).then(|| (self.version(), self.below(2) == 0))
    }

    fn found(&mut self) -> Match {
        let versions = match self.below(8) {
            0 => Versions::Any,
            1 => Versions::Without,
            2 | 3 => Versions::One(self.version()),
            _ => Versions::Range(self.end(), self.end()),
        };
        Match { thing: self.below(4) as usize, vulnerable: self.below(3) > 0, versions }
    }

    fn group<T>(&mut self, part: fn(&mut Self) -> T) -> Group<T> {
        let count = 1 + self.below(3);
        let parts = (0..count).map(|_| part(self)).collect();
        Group { all: self.below(2) == 0, negate: self.below(6) == 0, parts }
    }

    fn configurations(&mut self) -> Vec<Configuration> {
        (0..1 + self.below(3)).map(|_| self.group(|random| random.group(Self::found))).collect()
    }

    /// A version's text: `2`, `2.0` and `2.0.0` are one version.
    fn text(&mut self, (major, minor): (u64, u64)) -> String {
        match self.below(3) {
            0 if minor == 0 => major.to_string(),
            1 => format!("{major}.{minor}.0"),
            _ => format!("{major}.{minor}"),
        }
    }

    fn match_text(&mut self, found: &Match) -> String {
        let version = match found.versions {
            Versions::Any | Versions::Range(..) => "*".to_owned(),
            Versions::Without => "-".to_owned(),
            Versions::One(one) => self.text(one),
        };
        let (part, name) = THINGS[found.thing];
        let mut text = format!(
            "{{\"vulnerable\":{},\"criteria\":\"cpe:2.3:{part}:acme:{name}:{version}:*:*:*:*:*:*:*\"",
            found.vulnerable
        );
        if let Versions::Range(low, high) = found.versions {
            for (end, name) in [(low, "versionStart"), (high, "versionEnd")] {
                let Some((version, inclusive)) = end else { continue };
                let kind = if inclusive { "Including" } else { "Excluding" };
                let _ = write!(text, ",\"{name}{kind}\":\"{}\"", self.text(version));
            }
        }
        text + "}"
    }

    /// The record in the form of the feed.
    fn record(&mut self, configurations: &[Configuration]) -> String {
        let operator = |all| if all { "AND" } else { "OR" };
        let each = |texts: Vec<String>| texts.join(",");
        let configurations = configurations.iter().map(|one| {
            let nodes = one.parts.iter().map(|node| {
                let matches = node.parts.iter().map(|found| self.match_text(found)).collect();
                let (operator, negate) = (operator(node.all), node.negate);
                format!(
                    "{{\"operator\":\"{operator}\",\"negate\":{negate},\"cpeMatch\":[{}]}}",
                    each(matches)
                )
            });
            let (nodes, operator, negate) = (nodes.collect(), operator(one.all), one.negate);
            format!("{{\"operator\":\"{operator}\",\"negate\":{negate},\"nodes\":[{}]}}", each(nodes))
        });
        let configurations = each(configurations.collect());
        format!(
            "{{\"format\":\"NVD_CVE\",\"vulnerabilities\":[{{\"cve\":{{\"id\":\"CVE-2024-0001\",\
             \"vulnStatus\":\"Analyzed\",\"configurations\":[{configurations}]}}}}]}}"
        )
    }
}

fn verdict(record: &str, subject: &Subject, products: &Products) -> Option<Verdict> {
    let mut knowledge = Knowledge::default();
    let mut reader = Reader::new(products);
    let ended = read(&mut record.as_bytes(), &mut |item| {
        match item {
            Item::Record { record, .. } => {
                knowledge.add_part(reader.part(&record, wardline_formats::record::Source::Nvd), products);
            }
            Item::Rejected(rejected) => panic!("{rejected:?}"),
            Item::Head { .. } => {}
        }
        ControlFlow::Continue(())
    });
    ended.unwrap();
    knowledge.judge(subject, products, &[]).first().map(|matched| matched.verdict)
}

/// A device of which the facts with a place in `stated` were told.
fn subject(facts: &Facts, stated: u64, products: &Products) -> Subject {
    let told = |thing: usize| facts[thing].filter(|_| stated >> thing & 1 == 1);
    let text = |version: (u64, u64)| format!("{}.{}", version.0, version.1);
    let version = told(0).map(text);
    let mut subject = Subject::new(&products.resolve("acme", "pump"), version.as_deref());
    for (thing, (part, name)) in THINGS.iter().enumerate().skip(1) {
        if let Some(version) = told(thing) {
            let name = format!("cpe:2.3:{part}:acme:{name}:{}:*:*:*:*:*:*:*", text(version));
            subject = subject.on(&name, products);
        }
    }
    subject
}

#[test]
fn with_everything_told_the_verdict_is_the_records_own() {
    let products = Products::default();
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let (mut yes, mut no) = (0, 0);
    for _ in 0..6_000 {
        let configurations = random.configurations();
        let record = random.record(&configurations);
        let facts: Facts = std::array::from_fn(|_| Some(random.version()));
        let found = verdict(&record, &subject(&facts, 0b1111, &products), &products);
        if applies(&configurations, &facts) {
            yes += 1;
            assert_eq!(found, Some(Verdict::Affected), "{record} {facts:?}");
        } else {
            no += 1;
            assert!(matches!(found, None | Some(Verdict::NotAffected)), "{found:?} {record} {facts:?}");
        }
    }
    assert!(yes > 500 && no > 500, "{yes} affected and {no} not: the sample says nothing");
}

/// Every way in which what was not told can be. A thing that stands beside the device in an alternative and that
/// nobody told of is taken not to be there: the record names it as vulnerable as well, not as a condition.
fn completions(configurations: &[Configuration], facts: &Facts, stated: u64) -> Vec<Facts> {
    let nodes = || configurations.iter().flat_map(|one| &one.parts);
    let beside = |thing: usize| {
        nodes().any(|node| {
            let has = |of: usize| node.parts.iter().any(|found| found.thing == of);
            !node.all && has(0) && has(thing)
        })
    };
    let versions = (0..4).flat_map(|major| (0..3).map(move |minor| (major, minor)));
    let mut all = vec![*facts];
    for thing in (0..4).filter(|thing| stated >> thing & 1 == 0) {
        let mut ways: Vec<There> = versions.clone().map(Some).collect();
        if thing != 0 {
            ways.push(None);
            if beside(thing) {
                ways = vec![None];
            }
        }
        all = all
            .iter()
            .flat_map(|facts| {
                ways.iter().map(|way| {
                    let mut facts = *facts;
                    facts[thing] = *way;
                    facts
                })
            })
            .collect();
    }
    all
}

#[test]
fn what_was_not_told_never_turns_a_verdict_round() {
    let products = Products::default();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut yes, mut no, mut open) = (0, 0, 0);
    for _ in 0..3_000 {
        let configurations = random.configurations();
        let record = random.record(&configurations);
        let facts: Facts = std::array::from_fn(|_| Some(random.version()));
        let stated = random.below(16);
        let found = verdict(&record, &subject(&facts, stated, &products), &products);
        let ways = completions(&configurations, &facts, stated);
        let mut each = ways.iter().map(|facts| applies(&configurations, facts));
        match found {
            Some(Verdict::Affected) => {
                yes += 1;
                assert!(each.all(|applies| applies), "{record} {facts:?} {stated:b}");
            }
            None | Some(Verdict::NotAffected) => {
                no += 1;
                assert!(!each.any(|applies| applies), "{record} {facts:?} {stated:b}");
            }
            Some(Verdict::Possible) => open += 1,
            other => panic!("{other:?} of {record}"),
        }
    }
    assert!(yes > 100 && no > 300 && open > 300, "{yes} affected, {no} not, {open} possible");
}
