//! One's own account: sessions, password, and emergency access.

use super::entry::fault;
use super::{go, page, time};
use crate::route::{Answer, Ask};
use axum::http::StatusCode;
use maud::{Markup, html};
use wardline_app::{AppError, Role};

/// Sessions and rights of who is in.
pub(crate) async fn show(ask: Ask) -> Answer {
    let caller = ask.caller()?;
    let sessions = ask.app.session_list(caller).await?;
    let may_take = caller
        .roles
        .iter()
        .any(|role| matches!(role, Role::Analyst | Role::Biomedical | Role::Clinical | Role::Network));
    let may_token = caller
        .roles
        .iter()
        .any(|role| matches!(role, Role::Administrator | Role::Analyst | Role::Biomedical | Role::Network));
    let roles: Vec<&str> = caller.roles.iter().map(|role| role.as_str()).collect();
    let body = html! {
        h1 { (caller.actor) }
        p { "Roles: " (roles.join(", ")) }
        nav.list aria-label="Your account" {
            a href="/account/password" { "Password" }
            a href="/account/passkeys" { "Passkeys" }
            @if may_token { a href="/account/tokens" { "Tokens for programs" } }
        }
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
            @if sessions.len() > 1 {
                form method="post" action="/account/sessions/end-others" {
                    button.quiet type="submit" { "End all but this one" }
                }
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

/// Ends all of one's own sessions but this one.
pub(crate) async fn end_others(ask: Ask) -> Answer {
    ask.app.session_end_others(ask.caller()?).await?;
    Ok(go("/account"))
}

fn password_page(words: &str) -> Markup {
    html! {
        section.entry {
            h1 { "Change your password" }
            p { "Twelve characters or more; a few unrelated words are a good one. You are signed out everywhere else." }
            (fault(words))
            form method="post" action="/account/password" {
                label { "The one you have"
                    input type="password" name="old" autocomplete="current-password" required autofocus; }
                label { "New password" input type="password" name="password" autocomplete="new-password" required; }
                label { "Again" input type="password" name="again" autocomplete="new-password" required; }
                button type="submit" { "Change it" }
            }
            p.back { a href="/account" { "Your account" } }
        }
    }
}

/// The form for a new password.
pub(crate) async fn password_form(ask: Ask) -> Answer {
    Ok(page("Change your password", Some(ask.caller()?), &password_page("")))
}

/// A new password.
pub(crate) async fn password(ask: Ask) -> Answer {
    let caller = ask.caller()?;
    let new = ask.field("password");
    let done = if new == ask.field("again") {
        ask.app.password_change(caller, ask.field("old"), new).await
    } else {
        Err(AppError::Input { field: "password", why: "the two are not the same".to_owned() })
    };
    match done {
        Ok(()) => Ok(go("/account")),
        Err(error @ (AppError::Credential | AppError::Locked { .. } | AppError::Input { .. })) => {
            let body = password_page(&error.to_string());
            let mut response = page("Change your password", Some(caller), &body);
            *response.status_mut() = StatusCode::BAD_REQUEST;
            Ok(response)
        }
        Err(error) => Err(error),
    }
}

/// Takes emergency access.
pub(crate) async fn emergency(ask: Ask) -> Answer {
    ask.app.emergency_take(ask.caller()?, ask.field("reason")).await?;
    Ok(go("/devices"))
}
