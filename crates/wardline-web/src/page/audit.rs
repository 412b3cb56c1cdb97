//! The audit: what was done and refused, newest first.

use super::{page, time};
use crate::route::{Answer, Ask};
use maud::html;

/// Rows of a page.
const ROWS: u32 = 200;

/// The list.
pub(crate) async fn list(ask: Ask) -> Answer {
    let caller = ask.caller()?;
    let before = ask.field("at").parse().ok().zip(ask.field("before").parse().ok());
    let rows = ask.app.audit_list(caller, before, ROWS).await?;
    let body = html! {
        h1 { "Audit" }
        p { "Each entry gets its place in the signed ledger within a second." }
        table {
            thead { tr { th scope="col" { "When" } th scope="col" { "Who" } th scope="col" { "What" }
                th scope="col" { "Outcome" } th scope="col" { "Place" } } }
            tbody { @for row in &rows { tr {
                td { (time(row.at_us)) }
                td { bdi { (row.actor) } }
                td { (row.action) }
                td { @if row.outcome == "done" { "done" } @else { span.warning { (row.outcome) } } }
                td { @match row.position { Some(position) => (position), None => span.unknown { "to come" } } }
            } } }
        }
        @if let Some(last) = rows.last().filter(|_| rows.len() as u64 == u64::from(ROWS)) {
            p.more { a href=(format!("/audit?at={}&before={}", last.at_us, last.id)) rel="next" { "Older" } }
        }
    };
    Ok(page("Audit", Some(caller), &body))
}
