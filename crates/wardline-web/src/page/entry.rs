//! The way in: name and password, code, one-time link, second factor set up; and the way out.

use super::{go, go_with, page, passkey};
use crate::route::{Answer, Ask, encode};
use axum::http::StatusCode;
use maud::{Markup, html};
use wardline_app::{AppError, SecondStep, SignIn, Stage};

/// A refusal that the same form shows again.
pub(super) fn again(error: AppError, title: &str, form: impl FnOnce(&str) -> Markup) -> Answer {
    match error {
        AppError::Credential | AppError::Locked { .. } | AppError::Input { .. } => {
            let mut response = page(title, None, &form(&error.to_string()));
            *response.status_mut() = StatusCode::UNAUTHORIZED;
            Ok(response)
        }
        other => Err(other),
    }
}

pub(super) fn fault(words: &str) -> Markup {
    html! { @if !words.is_empty() { p.problem role="alert" { (words) "." } } }
}

pub(super) fn onward(stage: Stage) -> &'static str {
    match stage {
        Stage::Full => "/devices",
        Stage::Password => "/sign-in/code",
    }
}

fn sign_in_page(words: &str, origin: Option<&str>) -> Markup {
    html! {
        section.entry {
            h1 { "Sign in" }
            (fault(words))
            form method="post" action="/sign-in" {
                label { "Name" input name="name" autocomplete="username" autocapitalize="none" required autofocus; }
                label { "Password"
                    input type="password" name="password" autocomplete="current-password" required; }
                button type="submit" { "Sign in" }
            }
            (passkey::button(origin))
        }
    }
}

/// The form for name and password.
pub(crate) async fn sign_in_form(ask: Ask) -> Answer {
    Ok(page("Sign in", None, &sign_in_page("", ask.app.passkey_origin())))
}

/// Name and password.
pub(crate) async fn sign_in(ask: Ask) -> Answer {
    let given = SignIn { name: ask.field("name"), password: ask.field("password"), address: &ask.address };
    match ask.app.sign_in(given).await {
        Ok(entered) => Ok(go_with(onward(entered.stage), &entered.secret)),
        Err(error) => again(error, "Sign in", |words| sign_in_page(words, ask.app.passkey_origin())),
    }
}

fn code_page(words: &str, origin: Option<&str>) -> Markup {
    html! {
        section.entry {
            h1 { "Second step" }
            (fault(words))
            form method="post" action="/sign-in/code" {
                label { "Code from your authenticator, or a recovery code"
                    input name="code" autocomplete="one-time-code" required autofocus; }
                button type="submit" { "Continue" }
            }
            (passkey::button(origin))
        }
    }
}

fn set_up_page(words: &str, secret: &str, offer: &str) -> Markup {
    let groups: Vec<String> =
        secret.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    html! {
        section.entry {
            h1 { "Set up your second step" }
            p { "Your role needs one. Open an authenticator app, add an account by hand with this key, "
                "then enter the code that it shows." }
            p.key { code { (groups.join(" ")) } }
            (fault(words))
            form method="post" action="/sign-in/set-up" {
                input type="hidden" name="offer" value=(offer);
                input type="hidden" name="key" value=(secret);
                label { "Code" input name="code" inputmode="numeric" autocomplete="one-time-code" required; }
                button type="submit" { "Finish" }
            }
        }
    }
}

/// The form for the second step, or to set it up.
pub(crate) async fn code_form(ask: Ask) -> Answer {
    let secret = ask.secret()?;
    match ask.app.second_step(secret).await? {
        SecondStep::Code => return Ok(page("Second step", None, &code_page("", ask.app.passkey_origin()))),
        SecondStep::Passkey => {
            let body = html! {
                section.entry {
                    h1 { "Second step" }
                    p { "Your second step is your passkey. Without it, ask an administrator for a new link." }
                    (passkey::button(ask.app.passkey_origin()))
                }
            };
            return Ok(page("Second step", None, &body));
        }
        SecondStep::SetUp => {}
    }
    let (key, offer) = ask.app.second_factor_offer(secret).await?;
    Ok(page("Second step", None, &set_up_page("", &key, &offer)))
}

/// The second step.
pub(crate) async fn code(ask: Ask) -> Answer {
    match ask.app.second_factor(ask.secret()?, ask.field("code"), &ask.address).await {
        Ok(entered) => Ok(go_with(onward(entered.stage), &entered.secret)),
        Err(error) => again(error, "Second step", |words| code_page(words, ask.app.passkey_origin())),
    }
}

/// The second step is set up; the recovery codes are shown this once.
pub(crate) async fn set_up(ask: Ask) -> Answer {
    let (offer, key) = (ask.field("offer"), ask.field("key"));
    let done = ask.app.second_factor_accept(ask.secret()?, offer, ask.field("code"), &ask.address).await;
    let (entered, codes) = match done {
        Ok(done) => done,
        Err(error) => return again(error, "Second step", |words| set_up_page(words, key, offer)),
    };
    let body = html! {
        section.entry {
            h1 { "Keep these recovery codes" }
            p { "Each works once, when your authenticator is not at hand. They are not shown again: print this page "
                "or write them down, and keep them where you keep keys." }
            ul.codes { @for code in &codes { li { code { (code) } } } }
            p { a.button href="/devices" { "I have them" } }
        }
    };
    let mut response = page("Recovery codes", None, &body);
    if let Some(cookie) = go_with("/", &entered.secret).headers_mut().remove("set-cookie") {
        response.headers_mut().insert("set-cookie", cookie);
    }
    Ok(response)
}

fn welcome_page(words: &str, link: &str) -> Markup {
    html! {
        section.entry {
            h1 { "Welcome to Wardline" }
            p { "This link works once. Choose your password: twelve characters or more; a few unrelated words are a "
                "good one." }
            (fault(words))
            form method="post" action=(format!("/welcome/{}", encode(link))) {
                label { "New password"
                    input type="password" name="password" autocomplete="new-password" required autofocus; }
                label { "Again" input type="password" name="again" autocomplete="new-password" required; }
                button type="submit" { "Set password" }
            }
        }
    }
}

/// The form behind a one-time link. Looking at it does not use it up.
pub(crate) async fn welcome_form(ask: Ask) -> Answer {
    Ok(page("Welcome", None, &welcome_page("", ask.field("link"))))
}

/// A one-time link with the first password.
pub(crate) async fn welcome(ask: Ask) -> Answer {
    let (link, password) = (ask.field("link"), ask.field("password"));
    let done = if password == ask.field("again") {
        ask.app.accept_invitation(link, password, &ask.address).await
    } else {
        Err(AppError::Input { field: "password", why: "the two are not the same".to_owned() })
    };
    match done {
        Ok(entered) => Ok(go_with(onward(entered.stage), &entered.secret)),
        Err(error) => again(error, "Welcome", |words| welcome_page(words, link)),
    }
}

/// The way out.
pub(crate) async fn sign_out(ask: Ask) -> Answer {
    match &ask.session {
        Some(secret) => {
            ask.app.sign_out(secret, &ask.address).await?;
            Ok(go_with("/sign-in", ""))
        }
        None => Ok(go("/sign-in")),
    }
}
