//! Feeds of vulnerability knowledge: read record by record; a record that cannot be read is an error at its place.

use super::{Report, Severity};
use crate::record::{self, Ended, Item, Record, Source, Standing};
use std::io::{self, Read};
use std::ops::ControlFlow;

/// Inspects a feed of any size.
pub(super) fn inspect(input: &mut dyn Read) -> io::Result<Report> {
    let mut report = Report::new("unknown");
    let (mut records, mut rejected, mut withdrawn) = (0_usize, 0_usize, 0_usize);
    let ended = record::read(input, &mut |item| {
        match item {
            Item::Head { name, value } => head(&mut report, name, value),
            Item::Record { record, .. } => {
                records = records.saturating_add(1);
                if let Record::Cve(cve) = &record
                    && cve.standing == Standing::Rejected
                {
                    withdrawn = withdrawn.saturating_add(1);
                }
            }
            Item::Rejected(one) => {
                rejected = rejected.saturating_add(1);
                report.error("record", one.place, one.why);
            }
        }
        ControlFlow::Continue(())
    })?;
    finish(&mut report, ended);
    report.count("records", records);
    if withdrawn > 0 {
        report.count("withdrawn", withdrawn);
    }
    if rejected > 0 {
        report.count("unread", rejected);
    }
    Ok(report)
}

fn head(report: &mut Report, name: &str, value: &str) {
    match name {
        "version" | "CVE_data_version" => report.format_version = Some(value.to_owned()),
        "timestamp" | "CVE_data_timestamp" | "score_date" | "dateReleased" => {
            report.text("date", Some(value));
        }
        "catalogVersion" => report.text("catalogue", Some(value)),
        "model_version" => report.text("model", Some(value)),
        "count" | "totalResults" => report.text("announced", Some(value)),
        _ => {}
    }
}

fn finish(report: &mut Report, ended: Ended) {
    let Some(source) = ended.source else {
        report.error("kind", "1:1", "no kind of document that is known");
        return;
    };
    report.kind = match source {
        Source::Recall | Source::Registered => "openfda".to_owned(),
        source => source.as_str().to_owned(),
    };
    if ended.cut {
        report.error("cut", "/", "the document stops in the middle");
    }
    if source == Source::Epss && !report.summary.contains_key("date") {
        report.error(
            "score_date",
            "1:1",
            "the comment with the date of the scores is missing: nobody can tell how old they are",
        );
    }
    if matches!(source, Source::Recall | Source::Registered) {
        let why = "built from the published structure; compare with what the publisher gives";
        report.tell(Severity::Info, "unverified", "/", why);
    }
}
