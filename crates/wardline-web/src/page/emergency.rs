//! Emergency access that others took, to be judged.

use super::{go, page, time};
use crate::route::{Answer, Ask};
use maud::html;
use wardline_app::AppError;

/// What waits to be judged.
pub(crate) async fn list(ask: Ask) -> Answer {
    let caller = ask.caller()?;
    let waiting = ask.app.emergency_list(caller).await?;
    let body = html! {
        h1 { "Emergency access to be judged " span.count { (waiting.len()) } }
        p { "Somebody took access beyond their own because a patient needed it. Ask them what happened, look into the "
            a href="/audit" { "audit" } " for what they did, and write down what you found." }
        @if waiting.is_empty() { p.empty { "Nothing waits." } }
        @for taken in &waiting {
            section.case {
                h2 { bdi { (taken.name) } }
                dl {
                    dt { "From" } dd { (time(taken.from_us)) }
                    dt { "Until" } dd { (time(taken.until_us)) }
                    dt { "Reason" } dd { bdi { (taken.reason) } }
                }
                @if taken.own {
                    p.empty { "You took this one: somebody else judges it." }
                } @else {
                    form method="post" action=(format!("/emergencies/{}/judge", taken.id)) {
                        label { "What you found"
                            textarea name="verdict" rows="2" required minlength="3" maxlength="500" {} }
                        button type="submit" { "Close it" }
                    }
                }
            }
        }
    };
    Ok(page("Emergency access", Some(caller), &body))
}

/// Somebody judged.
pub(crate) async fn judge(ask: Ask) -> Answer {
    let id = ask.field("id").parse().map_err(|_| AppError::Hidden)?;
    ask.app.emergency_review(ask.caller()?, id, ask.field("verdict")).await?;
    Ok(go("/emergencies"))
}
