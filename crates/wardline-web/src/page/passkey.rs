//! Passkeys: one's own, and the way in by one. The questions need script; what they need is said without.

use super::entry::{again, fault, onward};
use super::{content_of, go, go_with, page, time};
use crate::route::{Answer, Ask};
use axum::http::StatusCode;
use maud::{Markup, html};
use wardline_app::{AppError, Asked, OwnPasskey};

const SCRIPT: &str = include_str!("../../static/passkey.js");

/// The script that puts questions to the browser. It changes with the program only.
pub(crate) async fn script(_ask: Ask) -> Answer {
    Ok(content_of("text/javascript; charset=utf-8", SCRIPT))
}

/// The button on the way in; nothing where there are no passkeys.
pub(super) fn button(origin: Option<&str>) -> Markup {
    html! {
        @if origin.is_some() {
            form method="post" action="/sign-in/passkey" {
                button.quiet type="submit" { "Sign in with a passkey" }
            }
        }
    }
}

/// A question that the script puts to the browser.
fn question(asked: &Asked, origin: &str, kind: &str, action: &str, fields: &Markup) -> Markup {
    html! {
        form method="post" action=(action) data-ask=(asked.ask) data-origin=(origin) data-kind=(kind) {
            input type="hidden" name="ticket" value=(asked.ticket);
            input type="hidden" name="answer" value="";
            (fields)
            p.problem id="passkey-words" role="alert" {}
            noscript { p.problem { "Passkeys need script: switch it on for this page, or use your code." } }
            button type="submit" autofocus { "Use your finger, face, PIN or key" }
        }
        script type="module" src="/passkey.js" {}
    }
}

/// Asks for a passkey on the way in.
pub(crate) async fn ask(ask: Ask) -> Answer {
    let asked = ask.app.passkey_ask().await?;
    let origin = ask.app.passkey_origin().unwrap_or_default();
    let body = html! {
        section.entry {
            h1 { "Sign in with a passkey" }
            (question(&asked, origin, "enter", "/sign-in/passkey/answer", &html! {}))
            p.back { a href="/sign-in" { "Name and password instead" } }
        }
    };
    Ok(page("Sign in with a passkey", None, &body))
}

/// A passkey on the way in.
pub(crate) async fn enter(ask: Ask) -> Answer {
    match ask.app.passkey_enter(ask.field("ticket"), ask.field("answer"), &ask.address).await {
        Ok(entered) => Ok(go_with(onward(entered.stage), &entered.secret)),
        Err(AppError::Credential) => again(AppError::Credential, "Sign in with a passkey", |_| {
            html! {
                section.entry {
                    h1 { "Sign in with a passkey" }
                    (fault("this passkey does not open the door: it was removed, answered too late, or is not yours"))
                    (button(Some("")))
                    p.back { a href="/sign-in" { "Name and password instead" } }
                }
            }
        }),
        Err(error) => Err(error),
    }
}

fn own(keys: &[OwnPasskey]) -> Markup {
    html! {
        @if keys.is_empty() {
            p.empty { "You have none yet." }
        } @else {
            table {
                thead { tr { th scope="col" { "Name" } th scope="col" { "Since" } th scope="col" { "Last used" }
                    th scope="col" { "" } } }
                tbody { @for key in keys { tr {
                    th scope="row" { bdi { (key.name) } }
                    td { (time(key.created_us)) }
                    td { @if key.last_us == 0 { span.unknown { "never" } } @else { (time(key.last_us)) } }
                    td { form method="post" action=(format!("/account/passkeys/{}/remove", key.id)) {
                        button.quiet type="submit" aria-label=(format!("Remove {}", key.name)) { "Remove" } } }
                } } }
            }
        }
    }
}

/// What to do where passkeys cannot work: browsers bind them to a name and to a certificate they trust.
fn guide() -> Markup {
    html! {
        p.warning { "Passkeys do not work here yet" }
        p { "Browsers give passkeys to a host name only, never to an address, and only under a certificate that they trust. "
            "Until both are there, the code of your authenticator is your second step." }
        ol {
            li { "Give this machine a name in your hospital's DNS, such as wardline.hospital.example." }
            li { "Have your hospital's certificate authority sign a certificate for that name, and put it into the data "
                "folder as tls/cert.pem and tls/key.pem." }
            li { "Write the name into the configuration: " code { "[console]" } " " code { "address = \"https://…:8443\"" }
                ", and start Wardline again." }
            li { "Open Wardline by that name." }
        }
    }
}

fn list_page(keys: &[OwnPasskey], origin: Option<&str>, words: &str) -> Markup {
    html! {
        p.back { a href="/account" { "Your account" } }
        h1 { "Your passkeys" }
        p { "A passkey lets you in by finger, face, PIN, security key or badge, without a password, and nothing that "
            "looks like Wardline can take it from you." }
        (own(keys))
        @if let Some(origin) = origin {
            h2 { "Add one" }
            p { "Open Wardline at " a href=(origin) { (origin) } " for this." }
            (fault(words))
            form.narrow method="post" action="/account/passkeys/new" {
                label { "Your password, once more"
                    input type="password" name="password" autocomplete="current-password" required; }
                button type="submit" { "Add a passkey" }
            }
        } @else { (guide()) }
    }
}

/// One's own passkeys.
pub(crate) async fn list(ask: Ask) -> Answer {
    let caller = ask.caller()?;
    let keys = ask.app.passkey_list(caller).await?;
    Ok(page("Your passkeys", Some(caller), &list_page(&keys, ask.app.passkey_origin(), "")))
}

/// A refusal on the list.
async fn refused(ask: &Ask, error: AppError) -> Answer {
    let (AppError::Credential | AppError::Locked { .. } | AppError::Input { .. }) = &error else {
        return Err(error);
    };
    let caller = ask.caller()?;
    let keys = ask.app.passkey_list(caller).await?;
    let body = list_page(&keys, ask.app.passkey_origin(), &error.to_string());
    let mut response = page("Your passkeys", Some(caller), &body);
    *response.status_mut() = StatusCode::BAD_REQUEST;
    Ok(response)
}

/// Asks the browser for a new passkey.
pub(crate) async fn offer(ask: Ask) -> Answer {
    let caller = ask.caller()?;
    let asked = match ask.app.passkey_add(caller, ask.field("password")).await {
        Ok(asked) => asked,
        Err(error) => return refused(&ask, error).await,
    };
    let name = html! {
        label { "Name it, so that you know it again"
            input name="name" maxlength="64" placeholder="Badge, phone, key on the ring" required; }
    };
    let origin = ask.app.passkey_origin().unwrap_or_default();
    let body = html! {
        section.entry {
            h1 { "Add a passkey" }
            (question(&asked, origin, "add", "/account/passkeys", &name))
            p.back { a href="/account/passkeys" { "Not now" } }
        }
    };
    Ok(page("Add a passkey", Some(caller), &body))
}

/// Keeps the passkey that the browser made.
pub(crate) async fn keep(ask: Ask) -> Answer {
    let (ticket, name, given) = (ask.field("ticket"), ask.field("name"), ask.field("answer"));
    match ask.app.passkey_keep(ask.caller()?, ticket, name, given).await {
        Ok(()) => Ok(go("/account/passkeys")),
        Err(error) => refused(&ask, error).await,
    }
}

/// Removes one.
pub(crate) async fn remove(ask: Ask) -> Answer {
    let id = ask.field("passkey").parse().map_err(|_| AppError::Hidden)?;
    ask.app.passkey_end(ask.caller()?, id).await?;
    Ok(go("/account/passkeys"))
}
