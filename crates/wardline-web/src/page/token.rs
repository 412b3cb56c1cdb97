//! One's own tokens for programs: shown once, with an end, with some of one's roles.

use super::entry::fault;
use super::{go, page, time};
use crate::route::{Answer, Ask};
use axum::http::StatusCode;
use maud::{Markup, html};
use wardline_app::{AppError, Caller, Role, Token};

/// Life of a token that nobody says otherwise about, in days.
const DAYS: i64 = 90;

fn table(tokens: &[Token]) -> Markup {
    html! {
        @if tokens.is_empty() {
            p.empty { "You have none." }
        } @else {
            table {
                thead { tr { th scope="col" { "For" } th scope="col" { "Roles" } th scope="col" { "Ends" }
                    th scope="col" { "Last used" } th scope="col" { "" } } }
                tbody { @for token in tokens { tr {
                    th scope="row" { bdi { (token.name) } }
                    td { (token.roles) }
                    td { (time(token.expires_us)) }
                    td { @if token.last_us == 0 { span.unknown { "never" } } @else { (time(token.last_us)) } }
                    td { form method="post" action=(format!("/account/tokens/{}/end", token.id)) {
                        button.quiet type="submit" aria-label=(format!("End {}", token.name)) { "End" } } }
                } } }
            }
        }
    }
}

fn list_page(caller: &Caller, tokens: &[Token], words: &str) -> Markup {
    html! {
        p.back { a href="/account" { "Your account" } }
        h1 { "Your tokens" }
        p { "A program shows a token instead of signing in: " code { "Authorization: Bearer wardline_…" }
            ". It may at most what you may, and of that what you give it here." }
        (table(tokens))
        h2 { "Make one" }
        (fault(words))
        form.narrow method="post" action="/account/tokens" {
            label { "What it is for" input name="name" maxlength="64" required; }
            fieldset {
                legend { "Roles" }
                @for role in &caller.roles {
                    label.choice { input type="checkbox" name=(format!("role-{}", role.as_str())) value="1"; " " (role.as_str()) }
                }
            }
            label { "Days until it ends" input type="number" name="days" min="1" max="366" value=(DAYS) required; }
            button type="submit" { "Make a token" }
        }
    }
}

/// One's own tokens.
pub(crate) async fn list(ask: Ask) -> Answer {
    let caller = ask.caller()?;
    let tokens = ask.app.token_list(caller).await?;
    Ok(page("Your tokens", Some(caller), &list_page(caller, &tokens, "")))
}

/// Makes one and shows its secret, this once.
pub(crate) async fn make(ask: Ask) -> Answer {
    let caller = ask.caller()?;
    let chosen = |role: &&Role| !ask.field(&format!("role-{}", role.as_str())).is_empty();
    let roles: Vec<Role> = caller.roles.iter().filter(chosen).copied().collect();
    let days = ask.field("days").parse().unwrap_or(0);
    let secret = match ask.app.token_create(caller, ask.field("name"), &roles, days).await {
        Ok(secret) => secret,
        Err(error @ AppError::Input { .. }) => {
            let tokens = ask.app.token_list(caller).await?;
            let body = list_page(caller, &tokens, &error.to_string());
            let mut response = page("Your tokens", Some(caller), &body);
            *response.status_mut() = StatusCode::BAD_REQUEST;
            return Ok(response);
        }
        Err(error) => return Err(error),
    };
    let body = html! {
        h1 { "Keep this token" }
        p { "It is not shown again: Wardline keeps only its digest. Whoever has it acts as you." }
        p.key { code { (secret) } }
        p { a.button href="/account/tokens" { "I have it" } }
    };
    Ok(page("Keep this token", Some(caller), &body))
}

/// Ends one.
pub(crate) async fn end(ask: Ask) -> Answer {
    let id = ask.field("token").parse().map_err(|_| AppError::Hidden)?;
    ask.app.token_end(ask.caller()?, id).await?;
    Ok(go("/account/tokens"))
}
