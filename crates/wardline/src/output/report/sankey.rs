//! Who talks to whom, as bands from who asks through the protocol to who answers.

use crate::output::Report;
use crate::output::words::{ClassGroup, count, group, protocol_words};
use maud::{Markup, html};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::IpAddr;
use wardline_inventory::Host;
use wardline_model::Attribute;

/// Protocols drawn; the rest is one band.
const PROTOCOLS_MAX: usize = 14;
/// Not drawn: what is not recognised, and what keeps the network itself going.
const UNTOLD: &[&str] = &["unknown", "icmp", "icmpv6", "igmp"];
/// Drawn as one: names, addresses and time, which every device asks for.
const HOUSEKEEPING: &[&str] =
    &["dhcp", "dhcpv6", "dns", "llmnr", "mdns", "nbdgm", "nbns", "ntp", "ssdp", "ws-discovery"];
const HOUSEKEEPING_WORDS: &str = "Names, addresses, time";
const OTHERS_WORDS: &str = "Others";
/// What is about patients stands on top.
const CLINICAL: &[&str] = &["dicom", "hl7", "astm", "poct1a"];
const WIDTH: f64 = 1080.0;
/// Room for the names of the parties on either side.
const SIDE: f64 = 200.0;
const NODE: f64 = 14.0;
/// Protocols stand in boxes wide enough for their names.
const BOX: f64 = 222.0;
const GAP: f64 = 12.0;
const LEAST: f64 = 3.0;

/// How a conversation is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Tone {
    Patient,
    Plain,
    Sealed,
}

impl Tone {
    const fn class(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Plain => "plain",
            Self::Sealed => "sealed",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Patient => "patient data in clear text",
            Self::Plain => "clear text",
            Self::Sealed => "encrypted",
        }
    }
}

/// A kind of device, or the world beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Party {
    Group(ClassGroup),
    Outside,
}

impl Party {
    const fn title(self) -> &'static str {
        match self {
            Self::Group(group) => group.title(),
            Self::Outside => "Outside this network",
        }
    }
}

/// What is spoken: its place from top to bottom, and its words.
type Tongue = (u8, &'static str);
/// Pairs of devices by who asks, in what language, how protected, who answers.
type Bands = BTreeMap<(Party, Tongue, Tone, Party), usize>;

/// The bands, and what was not drawn.
pub(super) struct Links {
    bands: Bands,
    untold: usize,
}

fn tongue(protocol: &'static str) -> Tongue {
    if CLINICAL.contains(&protocol) {
        (0, protocol_words(protocol))
    } else if HOUSEKEEPING.contains(&protocol) {
        (3, HOUSEKEEPING_WORDS)
    } else {
        (1, protocol_words(protocol))
    }
}

/// A broadcast address, or the sender that has no address yet: nobody in particular.
fn is_nobody(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_multicast() || ip.is_broadcast() || ip.is_unspecified(),
        IpAddr::V6(ip) => ip.is_multicast() || ip.is_unspecified(),
    }
}

impl Links {
    /// Counts the pairs of a report.
    pub(super) fn of(report: &Report<'_>) -> Self {
        let sightings = &report.analysis.sightings;
        let sealed: BTreeSet<(Host, &str)> =
            sightings.services.keys().filter(|s| s.encrypted).map(|s| (s.server, s.protocol)).collect();
        let patient: BTreeSet<(&str, &str)> = report
            .inventory
            .devices
            .iter()
            .flat_map(|d| d.evidence.iter().map(|e| (d.id.as_str(), e)))
            .filter(|(_, e)| e.attribute == Attribute::PatientDataInClear)
            .map(|(id, e)| (id, e.protocol))
            .collect();
        let mut bands = BTreeMap::new();
        let mut untold = 0;
        for exchange in sightings.exchanges.keys() {
            let (client, server) = (exchange.client, exchange.server);
            let ends = [client, server].map(|host| report.inventory.owner(host.ip, host.mac));
            let distant = HOUSEKEEPING.contains(&exchange.protocol) && ends.contains(&None);
            if UNTOLD.contains(&exchange.protocol) || distant || is_nobody(server.ip) || is_nobody(client.ip)
            {
                untold += 1;
                continue;
            }
            let about_patients = ends
                .iter()
                .all(|end| end.is_none_or(|d| patient.contains(&(d.id.as_str(), exchange.protocol))))
                && ends.iter().any(Option::is_some);
            let tone = if sealed.contains(&(exchange.server, exchange.protocol)) {
                Tone::Sealed
            } else if about_patients {
                Tone::Patient
            } else {
                Tone::Plain
            };
            let [from, to] = ends.map(|end| end.map_or(Party::Outside, |d| Party::Group(group(d))));
            *bands.entry((from, tongue(exchange.protocol), tone, to)).or_insert(0) += 1;
        }
        Self { bands: fold_rare(bands), untold }
    }

    /// Pairs that are not in the picture.
    pub(super) const fn untold(&self) -> usize {
        self.untold
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bands.is_empty()
    }

    /// The bands as a table, for those who cannot see the picture.
    pub(super) fn table(&self) -> Markup {
        html! {
            table {
                caption.hidden { "Who talks to whom" }
                thead { tr {
                    th scope="col" { "Who asks" } th scope="col" { "For what" } th scope="col" { "Who answers" }
                    th scope="col" { "Protection" } th.number scope="col" { "Pairs" }
                } }
                tbody {
                    @for ((from, protocol, tone, to), pairs) in &self.bands {
                        tr { td { (from.title()) } td { (protocol.1) } td { (to.title()) } td { (tone.words()) } td.number { (pairs) } }
                    }
                }
            }
        }
    }

    /// The picture.
    pub(super) fn picture(&self) -> Markup {
        let left = Column::of(self.bands.iter().map(|((from, ..), n)| (*from, from.title(), *n)));
        let middle = Column::of(self.bands.iter().map(|((_, tongue, ..), n)| (*tongue, tongue.1, *n)));
        let right = Column::of(self.bands.iter().map(|((.., to), n)| (*to, to.title(), *n)));
        let height = [&left, &middle, &right].map(|c| c.height).into_iter().fold(0.0, f64::max) + 8.0;
        let (x0, x1, x2) = (SIDE, (WIDTH - BOX) / 2.0, WIDTH - SIDE - NODE);
        let mut paths = Vec::new();
        let (mut from_left, mut into_middle) = (left.cursor(), middle.cursor());
        for ((from, (_, protocol), tone, to), pairs) in &self.bands {
            let title = told(*from, protocol, *tone, *to, *pairs);
            let width = thickness(*pairs);
            let (a, b) = (take(&mut from_left, from.title(), width), take(&mut into_middle, protocol, width));
            paths.push((band(x0 + NODE, a, x1, b, width), tone.class(), title));
        }
        let (mut from_middle, mut into_right) = (middle.cursor(), right.cursor());
        // By who answers, so that the bands of the right half cross as little as those of the left.
        let mut answers: Vec<_> = self.bands.iter().collect();
        answers.sort_by_key(|((from, tongue, tone, to), _)| (*tongue, *to, *tone, *from));
        for ((from, (_, protocol), tone, to), pairs) in answers {
            let title = told(*from, protocol, *tone, *to, *pairs);
            let width = thickness(*pairs);
            let (c, d) = (take(&mut from_middle, protocol, width), take(&mut into_right, to.title(), width));
            paths.push((band(x1 + BOX, c, x2, d, width), tone.class(), title));
        }
        html! {
            svg.sankey viewBox=(format!("0 0 {WIDTH} {height:.0}")) role="img" aria-label="Who talks to whom: the table below says the same" {
                @for (path, class, title) in &paths { path class=(class) d=(path) { title { (title) } } }
                (left.nodes(x0, NODE, "end", -6.0))
                (middle.nodes(x1, BOX, "middle", BOX / 2.0))
                (right.nodes(x2, NODE, "start", NODE + 6.0))
            }
        }
    }
}

/// A band in a sentence.
fn told(from: Party, protocol: &str, tone: Tone, to: Party, pairs: usize) -> String {
    let pairs = count(pairs as u64, "pair");
    format!("{} asks {}: {protocol}, {pairs}, {}", from.title(), to.title(), tone.words())
}

/// Keeps the most frequent protocols by name and joins the rest.
fn fold_rare(bands: Bands) -> Bands {
    let mut totals: BTreeMap<Tongue, usize> = BTreeMap::new();
    for ((_, protocol, tone, _), pairs) in &bands {
        // What carries patient data is never folded away.
        let weight = if *tone == Tone::Patient { 1_000_000 } else { *pairs };
        *totals.entry(*protocol).or_insert(0) += weight;
    }
    let mut order: Vec<_> = totals.into_iter().collect();
    order.sort_by_key(|(protocol, pairs)| (usize::MAX - pairs, *protocol));
    let kept: BTreeSet<Tongue> =
        order.into_iter().take(PROTOCOLS_MAX).map(|(protocol, _)| protocol).collect();
    let mut folded = BTreeMap::new();
    for ((from, protocol, tone, to), pairs) in bands {
        let protocol = if kept.contains(&protocol) { protocol } else { (2, OTHERS_WORDS) };
        *folded.entry((from, protocol, tone, to)).or_insert(0) += pairs;
    }
    folded
}

/// Bands grow with the root of the pairs: one pair stays visible beside a thousand.
#[expect(clippy::cast_precision_loss, reason = "a picture; counts are far below 2^52")]
fn thickness(pairs: usize) -> f64 {
    (pairs as f64).sqrt().mul_add(3.0, LEAST)
}

struct Column {
    nodes: Vec<(&'static str, f64, f64)>,
    height: f64,
}

impl Column {
    /// One node a key, in the order of the keys.
    fn of<K: Ord>(parts: impl Iterator<Item = (K, &'static str, usize)>) -> Self {
        let mut sizes: BTreeMap<K, (&'static str, f64)> = BTreeMap::new();
        for (key, name, pairs) in parts {
            sizes.entry(key).or_insert((name, 0.0)).1 += thickness(pairs);
        }
        let mut y = 4.0;
        let mut nodes = Vec::new();
        for (name, size) in sizes.into_values() {
            let size = size.max(18.0);
            nodes.push((name, y, size));
            y += size + GAP;
        }
        Self { nodes, height: y }
    }

    fn cursor(&self) -> Vec<(&'static str, f64)> {
        self.nodes.iter().map(|(name, y, _)| (*name, *y)).collect()
    }

    fn nodes(&self, x: f64, width: f64, anchor: &str, offset: f64) -> Markup {
        html! {
            @for (name, y, size) in &self.nodes {
                rect.node.wide[width > NODE] x=(format!("{x:.1}")) y=(format!("{y:.1}")) width=(width) height=(format!("{size:.1}")) rx="2" {}
                text.inside[width > NODE] x=(format!("{:.1}", x + offset)) y=(format!("{:.1}", y + size / 2.0 + 4.0)) text-anchor=(anchor) { (name) }
            }
        }
    }
}

fn take(cursor: &mut [(&'static str, f64)], name: &str, width: f64) -> f64 {
    let Some((_, y)) = cursor.iter_mut().find(|(n, _)| *n == name) else { return 0.0 };
    let at = *y;
    *y += width;
    at
}

fn band(x0: f64, y0: f64, x1: f64, y1: f64, width: f64) -> String {
    let middle = f64::midpoint(x0, x1);
    let (b0, b1) = (y0 + width, y1 + width);
    let mut path = String::new();
    let _ = write!(path, "M{x0:.1} {y0:.1}C{middle:.1} {y0:.1} {middle:.1} {y1:.1} {x1:.1} {y1:.1}");
    let _ = write!(path, "L{x1:.1} {b1:.1}C{middle:.1} {b1:.1} {middle:.1} {b0:.1} {x0:.1} {b0:.1}Z");
    path
}
