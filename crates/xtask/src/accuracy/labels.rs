//! The label file: what each flow of each capture is, one line per flow.
//!
//! ```text
//! == folder/file.pcap
//! udp 10.0.0.1:53 10.0.0.9:40000 dns
//! ```
//!
//! A line holds the transport, the two ends in sorted order, and the truth: a name of the contract, several
//! with `|` between them where the bytes fit more than one, or `unknown`. After `#` stands what was seen or
//! why. Corrections are written in the same form; an end `*` there fits every end, and a capture ending in
//! `*` every capture that begins so.

use anyhow::{Context, Result, bail};
use std::{collections::BTreeMap, fmt::Write as _, net::SocketAddr, path::Path};

/// What tells a flow from others of its capture: transport and its two ends, sorted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// As in `flows[].transport`.
    pub(crate) transport: String,
    /// Address and port, address, or MAC.
    pub(crate) ends: [String; 2],
}

impl Key {
    /// A key of two ends in any order.
    pub(crate) fn new(transport: &str, one: String, other: String) -> Self {
        let mut ends = [one, other];
        ends.sort();
        Self { transport: transport.to_owned(), ends }
    }

    /// Whether this, a key of a correction, fits a flow's.
    fn fits(&self, flow: &Self) -> bool {
        let [a, b] = &self.ends;
        let [one, other] = &flow.ends;
        let end = |wanted: &str, end: &str| {
            wanted == "*" || wanted == end || wanted.strip_prefix('*').is_some_and(|port| end.ends_with(port))
        };
        self.transport == flow.transport && (end(a, one) && end(b, other) || end(a, other) && end(b, one))
    }
}

/// An end as it is written: `10.0.0.1:53`, `[fe80::1]:53`, or without port.
pub(crate) fn end(address: &str, port: Option<u64>) -> String {
    let Some(port) = port else { return address.to_owned() };
    match address.parse() {
        Ok(ip) => SocketAddr::new(ip, u16::try_from(port).unwrap_or_default()).to_string(),
        Err(_) => format!("{address}:{port}"),
    }
}

/// The truth about a flow.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Truth {
    /// Names that are right; `unknown` among them where saying nothing is right too.
    pub(crate) names: Vec<String>,
    /// What was seen, or why it was corrected.
    pub(crate) remark: String,
}

/// Labels of one capture: several truths where its ends were used again for something else.
pub(crate) type Labels = BTreeMap<Key, Vec<Truth>>;

/// Labels by capture, relative to the folder.
pub(crate) type All = BTreeMap<String, Labels>;

/// Reads a label file.
pub(crate) fn read(path: &Path) -> Result<All> {
    let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    parse(&text).with_context(|| path.display().to_string())
}

fn parse(text: &str) -> Result<All> {
    let mut all = All::new();
    let mut capture = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix("== ") {
            all.entry(name.to_owned()).or_default();
            capture = Some(name.to_owned());
            continue;
        }
        let (key, truth) = flow(line).with_context(|| format!("line {}: `{line}`", number + 1))?;
        let name = capture.as_ref().with_context(|| format!("line {}: before any capture", number + 1))?;
        all.entry(name.clone()).or_default().entry(key).or_default().push(truth);
    }
    Ok(all)
}

fn flow(line: &str) -> Result<(Key, Truth)> {
    let (line, remark) = line.split_once(" # ").unwrap_or((line, ""));
    let words: Vec<&str> = line.split_whitespace().collect();
    let [transport, one, other, names] = words.as_slice() else {
        bail!("is not `transport end end names`");
    };
    let names: Vec<String> = names.split('|').map(str::to_owned).collect();
    let key = Key::new(transport, (*one).to_owned(), (*other).to_owned());
    Ok((key, Truth { names, remark: remark.to_owned() }))
}

/// The label file as text.
pub(crate) fn write(all: &All, head: &str) -> String {
    let mut text = head.to_owned();
    for (capture, labels) in all {
        let _ = writeln!(text, "== {capture}");
        for (key, truths) in labels {
            for truth in truths {
                let [one, other] = &key.ends;
                let _ = write!(text, "{} {one} {other} {}", key.transport, truth.names.join("|"));
                let _ = match truth.remark.as_str() {
                    "" => writeln!(text),
                    remark => writeln!(text, " # {remark}"),
                };
            }
        }
    }
    text
}

/// Lays corrections over labels. One whose ends are whole adds the flow when no label has it; the others
/// that fit no flow are returned: they are mistakes.
pub(crate) fn correct(all: &mut All, corrections: &All) -> Vec<String> {
    let mut idle = Vec::new();
    for (capture, rules) in corrections {
        for (rule, truths) in rules {
            let mut used = false;
            for (_, labels) in all.iter_mut().filter(|(name, _)| covers(capture, name)) {
                for (_, labelled) in labels.iter_mut().filter(|(key, _)| rule.fits(key)) {
                    labelled.clone_from(truths);
                    used = true;
                }
            }
            if !used && !rule.ends.iter().any(|end| end.starts_with('*')) && !capture.ends_with('*') {
                let labels = all.entry(capture.clone()).or_default();
                labels.insert(rule.clone(), truths.clone());
                used = true;
            }
            if !used {
                idle.push(format!("{capture}: {} {}", rule.transport, rule.ends.join(" ")));
            }
        }
    }
    idle
}

fn covers(pattern: &str, capture: &str) -> bool {
    pattern == capture || pattern.strip_suffix('*').is_some_and(|start| capture.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# head\n== a/b.pcap\ntcp 10.0.0.1:80 10.0.0.2:4000 http\n\
        udp [::1]:53 [::2]:53 dns|unknown # either\n";

    #[test]
    fn what_is_written_is_read_again() {
        let all = parse(TEXT).unwrap();
        assert_eq!(write(&all, "# head\n"), TEXT);
        assert!(parse("tcp 1:1 2:2 http").is_err(), "a flow before its capture");
        assert!(parse("== a\ntcp 1:1 http").is_err(), "an end is missing");
    }

    #[test]
    fn ends_are_sorted_and_written_as_sockets() {
        let (low, high) = (end("10.0.0.1", Some(80)), end("10.0.0.2", Some(4000)));
        assert_eq!(Key::new("tcp", high.clone(), low.clone()), Key::new("tcp", low, high));
        assert_eq!(end("fe80::1", Some(53)), "[fe80::1]:53");
        assert_eq!(end("fe80::1", None), "fe80::1");
    }

    #[test]
    fn corrections_fit_by_star_and_idle_ones_are_named() {
        let mut all = parse(TEXT).unwrap();
        let rules = "== a/*\ntcp * *:80 unknown # cut\nudp 1.1.1.1:1 * dns # none\n== c\nicmp 1.1.1.1 2.2.2.2 icmp # added\n";
        let idle = correct(&mut all, &parse(rules).unwrap());
        let labels = &all["a/b.pcap"];
        assert_eq!(labels.values().next().unwrap()[0].names, ["unknown"]);
        assert_eq!(labels.values().nth(1).unwrap()[0].names, ["dns", "unknown"]);
        assert_eq!(idle, ["a/*: udp * 1.1.1.1:1"]);
        assert_eq!(all["c"].len(), 1, "a flow that the tool does not see");
    }
}
