//! Who talks to whom, as bands from who asks through the protocol to who answers.

use crate::output::Report;
use crate::output::words::{ClassGroup, group};
use maud::{Markup, html};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use wardline_inventory::Host;
use wardline_model::Attribute;

/// Protocols drawn; the rest is one band.
const PROTOCOLS_MAX: usize = 14;
/// Not drawn: what is not recognised, and what keeps the network itself going.
const UNTOLD: &[&str] = &["unknown", "icmp", "icmpv6", "igmp"];
const WIDTH: f64 = 960.0;
const NODE: f64 = 14.0;
/// Protocols stand in boxes wide enough for their names.
const BOX: f64 = 104.0;
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

/// The bands: pairs of devices by who asks, in what protocol, who answers.
pub(super) struct Links {
    bands: BTreeMap<(Party, &'static str, Tone, Party), usize>,
}

impl Links {
    /// Counts the pairs of a report.
    pub(super) fn of(report: &Report<'_>) -> Self {
        let sightings = &report.analysis.sightings;
        let sealed: BTreeSet<(Host, &str)> =
            sightings.services.keys().filter(|s| s.encrypted).map(|s| (s.server, s.protocol)).collect();
        let patient: BTreeSet<&str> = report
            .inventory
            .devices
            .iter()
            .flat_map(|d| &d.evidence)
            .filter(|e| e.attribute == Attribute::PatientDataInClear)
            .map(|e| e.protocol)
            .collect();
        let mut bands = BTreeMap::new();
        for exchange in sightings.exchanges.keys() {
            if UNTOLD.contains(&exchange.protocol) || exchange.server.ip.is_multicast() {
                continue;
            }
            let tone = if sealed.contains(&(exchange.server, exchange.protocol)) {
                Tone::Sealed
            } else if patient.contains(exchange.protocol) {
                Tone::Patient
            } else {
                Tone::Plain
            };
            let party = |host: Host| {
                let device = report.inventory.owner(host.ip, host.mac);
                device.map_or(Party::Outside, |d| Party::Group(group(d)))
            };
            *bands
                .entry((party(exchange.client), exchange.protocol, tone, party(exchange.server)))
                .or_insert(0) += 1;
        }
        Self { bands: fold_rare(bands) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bands.is_empty()
    }

    /// The bands as a table, for those who cannot see the picture.
    pub(super) fn table(&self) -> Markup {
        html! {
            table {
                thead { tr { th { "Who asks" } th { "Protocol" } th { "Who answers" } th { "Protection" } th.number { "Pairs" } } }
                tbody {
                    @for ((from, protocol, tone, to), pairs) in &self.bands {
                        tr { td { (from.title()) } td { (protocol) } td { (to.title()) } td { (tone.words()) } td.number { (pairs) } }
                    }
                }
            }
        }
    }

    /// The picture.
    pub(super) fn picture(&self) -> Markup {
        let left = Column::of(self.bands.iter().map(|((from, ..), n)| (from.title(), *n)));
        let middle = Column::of(self.bands.iter().map(|((_, protocol, ..), n)| (*protocol, *n)));
        let right = Column::of(self.bands.iter().map(|((.., to), n)| (to.title(), *n)));
        let height = [&left, &middle, &right].map(|c| c.height).into_iter().fold(0.0, f64::max) + 8.0;
        let (x0, x1, x2) = (190.0, (WIDTH - BOX) / 2.0, WIDTH - 190.0 - NODE);
        let mut paths = Vec::new();
        let (mut from_left, mut into_middle) = (left.cursor(), middle.cursor());
        let (mut from_middle, mut into_right) = (middle.cursor(), right.cursor());
        for ((from, protocol, tone, to), pairs) in &self.bands {
            let title =
                format!("{} ask {} in {protocol}: {pairs} pairs, {}", from.title(), to.title(), tone.words());
            let width = thickness(*pairs);
            let (a, b) = (take(&mut from_left, from.title(), width), take(&mut into_middle, protocol, width));
            paths.push((band(x0 + NODE, a, x1, b, width), tone.class(), title.clone()));
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

/// Keeps the most frequent protocols by name and joins the rest.
fn fold_rare(
    bands: BTreeMap<(Party, &'static str, Tone, Party), usize>,
) -> BTreeMap<(Party, &'static str, Tone, Party), usize> {
    let mut totals: BTreeMap<&str, usize> = BTreeMap::new();
    for ((_, protocol, tone, _), pairs) in &bands {
        // What carries patient data is never folded away.
        let weight = if *tone == Tone::Patient { 1_000_000 } else { *pairs };
        *totals.entry(protocol).or_insert(0) += weight;
    }
    let mut order: Vec<_> = totals.into_iter().collect();
    order.sort_by_key(|(protocol, pairs)| (usize::MAX - pairs, *protocol));
    let kept: BTreeSet<&str> = order.into_iter().take(PROTOCOLS_MAX).map(|(protocol, _)| protocol).collect();
    let mut folded = BTreeMap::new();
    for ((from, protocol, tone, to), pairs) in bands {
        let protocol = if kept.contains(protocol) { protocol } else { "others" };
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
    fn of(parts: impl Iterator<Item = (&'static str, usize)>) -> Self {
        let mut sizes: Vec<(&'static str, f64)> = Vec::new();
        for (name, pairs) in parts {
            match sizes.iter_mut().find(|(n, _)| *n == name) {
                Some((_, size)) => *size += thickness(pairs),
                None => sizes.push((name, thickness(pairs))),
            }
        }
        let mut y = 4.0;
        let mut nodes = Vec::new();
        for (name, size) in sizes {
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
