//! EPSS of FIRST: daily CSV, a comment with model version and date before its heading.

use super::{Item, Record, Rejected, Sink, cut, is_cve};
use std::io::{self, BufRead, BufReader, Read};

/// Longest line; a true one has less than fifty bytes.
const LINE_BYTES_MAX: u64 = 4096;

/// How likely a vulnerability is to be exploited in the next thirty days.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Probability {
    /// Its CVE.
    pub cve: String,
    /// 0 to 1.
    pub epss: f64,
    /// The part of all vulnerabilities that are not likelier, 0 to 1.
    pub percentile: f64,
}

pub(super) fn read(input: &mut dyn Read, sink: &mut Sink<'_>) -> io::Result<bool> {
    let mut input = BufReader::new(input);
    let (mut number, mut headed) = (0_u64, false);
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)? == 0 {
            return Ok(!headed);
        }
        if line.last() != Some(&b'\n') {
            input.skip_until(b'\n')?;
        }
        number = number.saturating_add(1);
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        let going = if let Some(comment) = text.strip_prefix('#') {
            comment
                .split(',')
                .filter_map(|pair| pair.split_once(':'))
                .try_for_each(|(name, value)| sink(Item::Head { name: name.trim(), value: value.trim() }))
        } else if text.is_empty() {
            continue;
        } else if !headed {
            headed = true;
            let columns: Vec<&str> = text.split(',').map(str::trim).collect();
            if columns.starts_with(&["cve", "epss"]) {
                continue;
            }
            reject(sink, number, "the heading should be cve,epss,percentile".to_owned())
        } else {
            match row(text) {
                Ok(row) => sink(Item::Record {
                    record: Record::Probability(row),
                    place: format!("{number}:1"),
                    bytes: text.as_bytes(),
                }),
                Err(why) => reject(sink, number, why),
            }
        };
        if going.is_break() {
            return Ok(false);
        }
    }
}

fn reject(sink: &mut Sink<'_>, line: u64, why: String) -> std::ops::ControlFlow<()> {
    sink(Item::Rejected(Rejected { place: format!("{line}:1"), why }))
}

fn row(text: &str) -> Result<Probability, String> {
    let mut fields = text.split(',').map(|field| field.trim().trim_matches('"'));
    let cve = fields.next().unwrap_or_default();
    if !is_cve(cve) {
        return Err(format!("\"{}\" is no CVE id", cut(cve)));
    }
    let mut part = |name: &str| {
        let field = fields.next().unwrap_or_default();
        let number = field.parse::<f64>().ok().filter(|number| (0.0..=1.0).contains(number));
        number.ok_or_else(|| format!("{name} of {cve} should be 0 to 1, not \"{}\"", cut(field)))
    };
    Ok(Probability { cve: cve.to_owned(), epss: part("epss")?, percentile: part("percentile")? })
}
