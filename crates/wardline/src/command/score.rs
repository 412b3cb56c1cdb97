//! `wardline score`: CVSS vectors in, scores and severity out.

use super::{Outcome, analyze::Format};
use anyhow::{Result, ensure};
use serde::Serialize;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Read, Write};
use wardline_risk::cvss::{Rating, VECTOR_BYTES_MAX, Vector, VectorError, Version};

/// Score CVSS vectors: 2.0, 3.0, 3.1 and 4.0.
///
/// Without vectors, or with `-`, they are read from standard input, one a line. Exit code 0: all scored; 1: one at
/// least is no vector, which is printed with the reason; 2: wrong use.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Vectors, such as CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H.
    #[arg(value_name = "VECTOR")]
    vectors: Vec<String>,
    /// A table for people, or JSON for programs, one object a line.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// What is printed for programs of a vector: the contract.
#[derive(Serialize)]
struct Line<'a> {
    vector: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temporal: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environmental: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Runs it.
pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    let out = &mut BufWriter::new(io::stdout().lock());
    let mut outcome = Outcome::Done;
    let mut one = |text: &str| -> Result<()> {
        let rating = Vector::parse(text).map(|vector| vector.rating());
        if rating.is_err() {
            outcome = Outcome::Problems;
        }
        match arguments.format {
            Format::Json => {
                serde_json::to_writer(&mut *out, &line(text, &rating))?;
                writeln!(out)?;
            }
            Format::Table => writeln!(out, "{}", words(text, &rating))?,
        }
        Ok(())
    };
    let stdin = arguments.vectors.is_empty();
    ensure!(!stdin || !io::stdin().is_terminal(), "no vector given; see wardline score --help");
    for text in &arguments.vectors {
        if text == "-" {
            each_line(&mut one)?;
        } else {
            one(text)?;
        }
    }
    if stdin {
        each_line(&mut one)?;
    }
    out.flush()?;
    Ok(outcome)
}

/// Vectors of standard input; a line that is far too long is no vector and not kept.
fn each_line(one: &mut impl FnMut(&str) -> Result<()>) -> Result<()> {
    let mut input = BufReader::new(io::stdin().lock());
    let most = u64::try_from(2 * VECTOR_BYTES_MAX)?;
    loop {
        let mut line = Vec::new();
        if input.by_ref().take(most).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.last() != Some(&b'\n') {
            input.skip_until(b'\n')?;
        }
        let text = String::from_utf8_lossy(&line);
        if !text.trim().is_empty() {
            one(text.trim())?;
        }
    }
}

fn line<'a>(vector: &'a str, rating: &Result<Rating, VectorError>) -> Line<'a> {
    let none = Line {
        vector,
        version: None,
        base: None,
        temporal: None,
        environmental: None,
        score: None,
        severity: None,
        error: None,
    };
    match rating {
        Err(error) => Line { error: Some(error.to_string()), ..none },
        Ok(rating) => {
            let single = rating.version == Version::V4;
            Line {
                version: Some(rating.version.as_str()),
                base: (!single).then(|| rating.base.value()),
                temporal: rating.temporal.map(|score| score.value()),
                environmental: rating.environmental.map(|score| score.value()),
                score: single.then(|| rating.base.value()),
                severity: Some(rating.severity().as_str()),
                ..none
            }
        }
    }
}

/// Score first, as it is what one looks for; then how it came about.
fn words(vector: &str, rating: &Result<Rating, VectorError>) -> String {
    let rating = match rating {
        Ok(rating) => rating,
        Err(error) => return format!("   -  no vector  {vector}: {error}"),
    };
    let mut steps = Vec::new();
    if rating.temporal.is_some() || rating.environmental.is_some() {
        steps.push(format!("base {}", rating.base));
    }
    steps.extend(rating.temporal.map(|score| format!("temporal {score}")));
    steps.extend(rating.environmental.map(|score| format!("environmental {score}")));
    let steps = if steps.is_empty() { String::new() } else { format!("  ({})", steps.join(", ")) };
    format!("{:>4}  {:<9}  {vector}{steps}", rating.score().to_string(), rating.severity().as_str())
}
