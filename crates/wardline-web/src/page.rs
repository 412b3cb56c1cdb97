//! Pages: server-rendered, escaped by default, useful without script and on paper.

pub(crate) mod account;
pub(crate) mod api;
pub(crate) mod audit;
pub(crate) mod devices;
pub(crate) mod emergency;
pub(crate) mod entry;
pub(crate) mod passkey;
pub(crate) mod rules;
pub(crate) mod token;

use crate::guard;
use crate::route::{Answer, Ask, content};
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use maud::{DOCTYPE, Markup, html};
use wardline_app::{AppError, Caller, Role};

const STYLE: &str = include_str!("../static/style.css");

/// The style sheet.
pub(crate) async fn style(_ask: Ask) -> Answer {
    Ok(content_of("text/css; charset=utf-8", STYLE))
}

/// A file of the program, which changes with it only.
pub(crate) fn content_of(kind: &'static str, text: &str) -> Response<Body> {
    let mut response = content(StatusCode::OK, kind, text.to_owned());
    let keep = HeaderValue::from_static("public, max-age=3600");
    response.headers_mut().insert(header::CACHE_CONTROL, keep);
    response
}

/// The first page there is.
pub(crate) async fn home(_ask: Ask) -> Answer {
    Ok(go("/devices"))
}

/// On to another page.
pub(crate) fn go(path: &str) -> Response<Body> {
    let mut response = content(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", String::new());
    if let Ok(place) = HeaderValue::from_str(path) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

/// On to another page with a session; without one when `secret` is empty.
pub(crate) fn go_with(path: &str, secret: &str) -> Response<Body> {
    let mut response = go(path);
    let ends = if secret.is_empty() { "; Max-Age=0" } else { "" };
    let cookie = format!("{}={secret}; Path=/; Secure; HttpOnly; SameSite=Strict{ends}", guard::COOKIE);
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// A page around its content. `caller` is absent on the way in.
pub(crate) fn page(title: &str, caller: Option<&Caller>, body: &Markup) -> Response<Body> {
    let has = |caller: &Caller, roles: &[Role]| caller.roles.iter().any(|role| roles.contains(role));
    let audits = [Role::Administrator, Role::Assessor, Role::Privacy];
    let judges = [Role::Administrator, Role::Privacy];
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Wardline" }
                link rel="stylesheet" href="/style.css";
            }
            body {
                a.skip href="#content" { "Skip to content" }
                header {
                    a.brand href="/" { "Wardline" }
                    @if let Some(caller) = caller {
                        nav aria-label="Pages" {
                            a href="/devices" { "Devices" }
                            @if has(caller, &audits) { a href="/audit" { "Audit" } }
                            @if has(caller, &judges) { a href="/emergencies" { "Emergencies" } }
                            @if has(caller, &[Role::Administrator]) { a href="/settings/roles" { "Roles" } }
                        }
                        div.who {
                            @if caller.emergency { span.emergency { "Emergency access" } }
                            a href="/account" { (caller.actor) }
                            form method="post" action="/sign-out" { button.quiet type="submit" { "Sign out" } }
                        }
                    }
                }
                main id="content" { (body) }
            }
        }
    };
    content(StatusCode::OK, "text/html; charset=utf-8", document.into_string())
}

const fn status(error: &AppError) -> StatusCode {
    match error {
        AppError::Hidden => StatusCode::NOT_FOUND,
        AppError::SignIn | AppError::Credential => StatusCode::UNAUTHORIZED,
        AppError::Locked { .. } => StatusCode::TOO_MANY_REQUESTS,
        AppError::Input { .. } => StatusCode::BAD_REQUEST,
        AppError::Inside(_) => StatusCode::INTERNAL_SERVER_ERROR,
        AppError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// What went wrong, for a person or for a program. What is inside stays inside.
pub(crate) fn problem(error: &AppError, json: bool) -> Response<Body> {
    let status = status(error);
    let words = match error {
        AppError::Inside(_) => "something is not as it must be; the log of the server says what".to_owned(),
        other => other.to_string(),
    };
    if json {
        let document = serde_json::json!({ "type": "about:blank", "title": status.canonical_reason().unwrap_or(""),
            "status": status.as_u16(), "detail": words });
        return content(status, "application/problem+json", document.to_string());
    }
    let body = html! {
        h1 { "This did not work" }
        p.problem role="alert" { (words) "." }
        p { a href="/" { "To the devices" } " · " a href="/sign-in" { "Sign in" } }
    };
    let mut response = page("This did not work", None, &body);
    *response.status_mut() = status;
    response
}

/// A time, to the second, in UTC.
pub(crate) fn time(us: i64) -> Markup {
    let text =
        jiff::Timestamp::from_microsecond(us).map(|time| time.strftime("%Y-%m-%d %H:%M:%S").to_string());
    let text = text.unwrap_or_default();
    html! { time datetime=(format!("{}Z", text.replace(' ', "T"))) { (text) " UTC" } }
}

/// The same as RFC 3339.
pub(crate) fn rfc3339(us: i64) -> String {
    jiff::Timestamp::from_microsecond(us).map(|time| time.to_string()).unwrap_or_default()
}
