//! One's own account: sessions, and emergency access.

use super::{go, page, time};
use crate::route::{Answer, Ask};
use maud::html;
use wardline_app::{AppError, Role};

/// Sessions and rights of who is in.
pub(crate) async fn show(ask: Ask) -> Answer {
    let caller = ask.caller()?;
    let sessions = ask.app.session_list(caller).await?;
    let may_take = caller
        .roles
        .iter()
        .any(|role| matches!(role, Role::Analyst | Role::Biomedical | Role::Clinical | Role::Network));
    let roles: Vec<&str> = caller.roles.iter().map(|role| role.as_str()).collect();
    let body = html! {
        h1 { (caller.actor) }
        p { "Roles: " (roles.join(", ")) }
        section {
            h2 { "Where you are signed in" }
            table {
                thead { tr { th scope="col" { "Since" } th scope="col" { "Last used" } th scope="col" { "From" }
                    th scope="col" { "" } } }
                tbody { @for session in &sessions { tr {
                    td { (time(session.created_us)) }
                    td { (time(session.last_us)) }
                    td { (session.address) @if Some(session.id) == caller.session { " (this one)" } }
                    td { form method="post" action=(format!("/account/sessions/{}/end", session.id)) {
                        button.quiet type="submit" { "End" } } }
                } } }
            }
        }
        @if may_take {
            section {
                h2 { "Emergency access" }
                p { "When a patient needs it: an hour of access to every device, at once. It is recorded, privacy is told, "
                    "and somebody will ask you about it." }
                form method="post" action="/account/emergency" {
                    label { "What happened" textarea name="reason" rows="3" required minlength="10" maxlength="500" {} }
                    button.danger type="submit" { "Take emergency access" }
                }
            }
        }
    };
    Ok(page("Your account", Some(caller), &body))
}

/// Ends one of one's own sessions.
pub(crate) async fn end(ask: Ask) -> Answer {
    let id = ask.field("session").parse().map_err(|_| AppError::Hidden)?;
    ask.app.session_end(ask.caller()?, id).await?;
    Ok(go("/account"))
}

/// Takes emergency access.
pub(crate) async fn emergency(ask: Ask) -> Answer {
    ask.app.emergency_take(ask.caller()?, ask.field("reason")).await?;
    Ok(go("/devices"))
}
