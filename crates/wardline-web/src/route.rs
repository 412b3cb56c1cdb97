//! The table of routes, and what happens between a request and its page.

use crate::guard::{self, Attempts};
use crate::page;
use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, RawPathParams, Request, State};
use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use axum::routing::{MethodFilter, on};
use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use wardline_app::{Action, App, AppError, Caller, Need};

/// A request as handlers see it.
pub(crate) struct Ask {
    pub(crate) app: App,
    /// Who asks; there for every route that needs somebody.
    pub(crate) caller: Option<Caller>,
    /// The secret of the session, when the browser sent one.
    pub(crate) session: Option<String>,
    /// Parts of the path, fields of the query and of the form, in this order of weight.
    pub(crate) fields: BTreeMap<String, String>,
    pub(crate) address: String,
}

impl Ask {
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    pub(crate) fn caller(&self) -> Result<&Caller, AppError> {
        self.caller.as_ref().ok_or(AppError::SignIn)
    }

    pub(crate) fn secret(&self) -> Result<&str, AppError> {
        self.session.as_deref().ok_or(AppError::SignIn)
    }
}

/// An answer: a page, a document, or the way to another page.
pub(crate) type Answer = Result<Response<Body>, AppError>;
type Handler = fn(Ask) -> Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A route.
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path; `{name}` stands for a part.
    pub path: &'static str,
    /// What it needs.
    pub need: Need,
    handler: Handler,
}

macro_rules! routes {
    ($($method:ident $path:literal $need:expr => $handler:path,)+) => {
        &[$(Route { method: Method::$method, path: $path, need: $need, handler: |ask| Box::pin($handler(ask)) },)+]
    };
}

/// All routes. There are no others.
pub const ROUTES: &[Route] = routes! {
    GET "/" Need::May(Action::DeviceRead) => page::home,
    GET "/devices" Need::May(Action::DeviceRead) => page::devices::list,
    GET "/devices/{id}" Need::May(Action::DeviceRead) => page::devices::one,
    POST "/devices/{id}/place" Need::May(Action::DevicePlace) => page::devices::place,
    GET "/audit" Need::May(Action::AuditRead) => page::audit::list,
    GET "/account" Need::SignedIn => page::account::show,
    POST "/account/sessions/{session}/end" Need::SignedIn => page::account::end,
    POST "/account/sessions/end-others" Need::SignedIn => page::account::end_others,
    GET "/account/password" Need::SignedIn => page::account::password_form,
    POST "/account/password" Need::SignedIn => page::account::password,
    GET "/account/passkeys" Need::SignedIn => page::passkey::list,
    POST "/account/passkeys/new" Need::SignedIn => page::passkey::offer,
    POST "/account/passkeys" Need::SignedIn => page::passkey::keep,
    POST "/account/passkeys/{passkey}/remove" Need::SignedIn => page::passkey::remove,
    GET "/account/tokens" Need::May(Action::TokenOwn) => page::token::list,
    POST "/account/tokens" Need::May(Action::TokenOwn) => page::token::make,
    POST "/account/tokens/{token}/end" Need::May(Action::TokenOwn) => page::token::end,
    GET "/emergencies" Need::May(Action::EmergencyReview) => page::emergency::list,
    POST "/emergencies/{id}/judge" Need::May(Action::EmergencyReview) => page::emergency::judge,
    GET "/settings/roles" Need::May(Action::SettingsWrite) => page::rules::show,
    POST "/settings/roles" Need::May(Action::SettingsWrite) => page::rules::save,
    POST "/account/emergency" Need::May(Action::EmergencyTake) => page::account::emergency,
    GET "/sign-in" Need::Anybody => page::entry::sign_in_form,
    POST "/sign-in" Need::Anybody => page::entry::sign_in,
    POST "/sign-in/passkey" Need::Anybody => page::passkey::ask,
    POST "/sign-in/passkey/answer" Need::Anybody => page::passkey::enter,
    GET "/sign-in/code" Need::OnTheWay => page::entry::code_form,
    POST "/sign-in/code" Need::OnTheWay => page::entry::code,
    POST "/sign-in/set-up" Need::OnTheWay => page::entry::set_up,
    GET "/welcome/{link}" Need::Anybody => page::entry::welcome_form,
    POST "/welcome/{link}" Need::Anybody => page::entry::welcome,
    POST "/sign-out" Need::Anybody => page::entry::sign_out,
    GET "/api/devices" Need::May(Action::DeviceRead) => page::api::devices,
    GET "/api/devices/{id}" Need::May(Action::DeviceRead) => page::api::device,
    GET "/health/live" Need::Anybody => page::api::live,
    GET "/health/ready" Need::Anybody => page::api::ready,
    GET "/style.css" Need::Anybody => page::style,
    GET "/passkey.js" Need::Anybody => page::passkey::script,
};

struct Shared {
    app: App,
    attempts: Attempts,
}

/// The router, made from the table.
pub(crate) fn router(app: App) -> Router {
    let shared = Arc::new(Shared { app, attempts: Attempts::default() });
    let mut router: Router<Arc<Shared>> = Router::new();
    for route in ROUTES {
        let filter = MethodFilter::try_from(route.method.clone()).unwrap_or(MethodFilter::GET);
        let handler = move |State(shared): State<Arc<Shared>>,
                            Extension(peer): Extension<SocketAddr>,
                            parts: RawPathParams,
                            request: Request| async move {
            let parts = parts.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            answer(route, &shared, peer, parts, request).await
        };
        router = router.route(route.path, on(filter, handler));
    }
    let missing = |request: Request| async move {
        let json = request.uri().path().starts_with("/api/");
        finish(page::problem(&AppError::Hidden, json))
    };
    router.fallback(missing).method_not_allowed_fallback(missing).with_state(shared)
}

fn finish(mut response: Response<Body>) -> Response<Body> {
    guard::protect(&mut response);
    response
}

async fn answer(
    route: &Route,
    shared: &Shared,
    peer: SocketAddr,
    fields: BTreeMap<String, String>,
    request: Request,
) -> Response<Body> {
    let json = route.path.starts_with("/api/");
    let away = route.need != Need::Anybody && !json;
    let answered = async {
        let ask = ask(route, shared, peer, fields, request).await?;
        (route.handler)(ask).await
    };
    let response = match answered.await {
        Ok(response) => response,
        // Who is not in is shown the way in; a program is told.
        Err(AppError::SignIn) if away => page::go("/sign-in"),
        Err(error) => page::problem(&error, json),
    };
    finish(response)
}

async fn ask(
    route: &Route,
    shared: &Shared,
    peer: SocketAddr,
    mut fields: BTreeMap<String, String>,
    request: Request,
) -> Result<Ask, AppError> {
    let (parts, body) = request.into_parts();
    let address = peer.ip().to_string();
    let token = guard::bearer(&parts.headers);
    if token.is_none() && !guard::from_ourselves(&parts.method, &parts.uri, &parts.headers) {
        return Err(AppError::Input {
            field: "request",
            why: "it does not come from a page of Wardline".to_owned(),
        });
    }
    let coming_in = route.method == Method::POST && matches!(route.need, Need::Anybody | Need::OnTheWay);
    if coming_in && !shared.attempts.may(peer.ip(), shared.app.minute()) {
        return Err(AppError::Locked { seconds: 60 });
    }
    let session = guard::session(&parts.headers);
    let caller = match (route.need, token, &session) {
        (Need::Anybody | Need::OnTheWay, ..) => None,
        (Need::May(_), Some(token), _) => Some(shared.app.caller_of_token(token, &address).await?),
        (_, _, Some(session)) => Some(shared.app.caller(session, &address).await?),
        (..) => return Err(AppError::SignIn),
    };
    if let (Need::May(action), Some(caller)) = (route.need, &caller) {
        shared.app.permit(caller, action).await?;
    }
    let limited = tokio::time::timeout(guard::BODY_WAIT, axum::body::to_bytes(body, guard::BODY_BYTES_MAX));
    let body = match limited.await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            return Err(AppError::Input { field: "request", why: "its body is too large".to_owned() });
        }
        Err(_) => {
            return Err(AppError::Input { field: "request", why: "its body came too slowly".to_owned() });
        }
    };
    for text in [parts.uri.query().unwrap_or_default(), std::str::from_utf8(&body).unwrap_or_default()] {
        for (name, value) in pairs(text) {
            fields.entry(name).or_insert(value);
        }
    }
    Ok(Ask { app: shared.app.clone(), caller, session, fields, address })
}

/// Fields of a query or a form (`application/x-www-form-urlencoded`); what cannot be read is left out.
fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    text.split('&').filter_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (!name.is_empty()).then_some(())?;
        Some((decode(name)?, decode(value)?))
    })
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) =
                    (char::from(rest.next()?).to_digit(16)?, char::from(rest.next()?).to_digit(16)?);
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// A text as a part of a path or a query.
pub(crate) fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(b"0123456789ABCDEF"[usize::from(byte >> 4)]));
            encoded.push(char::from(b"0123456789ABCDEF"[usize::from(byte & 15)]));
        }
        encoded
    })
}

/// An answer of some kind.
pub(crate) fn content(status: StatusCode, kind: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_and_what_is_broken_is_left_out() {
        let read: Vec<_> = pairs("a=1&b=x+y%26z&c&=d&e=%zz&f=%C3%A9&g=%ff").collect();
        let expected = [("a", "1"), ("b", "x y&z"), ("c", ""), ("f", "é")];
        assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(decode(&encode("a b/é?&=%")).unwrap(), "a b/é?&=%");
    }

    /// Every route and job with what it needs, written out: a new one, or another need, is a change here.
    const NEEDS: &str = "\
        GET / device.read, GET /devices device.read, GET /devices/{id} device.read, \
        POST /devices/{id}/place device.place, GET /audit audit.read, GET /account signed in, \
        POST /account/sessions/{session}/end signed in, POST /account/sessions/end-others signed in, \
        GET /account/password signed in, POST /account/password signed in, GET /account/passkeys signed in, \
        POST /account/passkeys/new signed in, POST /account/passkeys signed in, \
        POST /account/passkeys/{passkey}/remove signed in, GET /account/tokens token.own, \
        POST /account/tokens token.own, POST /account/tokens/{token}/end token.own, \
        GET /emergencies emergency.review, POST /emergencies/{id}/judge emergency.review, \
        GET /settings/roles settings.write, POST /settings/roles settings.write, \
        POST /account/emergency emergency.take, GET /sign-in anybody, POST /sign-in anybody, \
        POST /sign-in/passkey anybody, POST /sign-in/passkey/answer anybody, GET /sign-in/code on the way, \
        POST /sign-in/code on the way, POST /sign-in/set-up on the way, GET /welcome/{link} anybody, \
        POST /welcome/{link} anybody, POST /sign-out anybody, GET /api/devices device.read, \
        GET /api/devices/{id} device.read, GET /health/live anybody, GET /health/ready anybody, \
        GET /style.css anybody, GET /passkey.js anybody, job sequence the ledger audit.verify, \
        job erase what is past its time settings.write, \
        job conclude devices from what sensors saw sensor.deliver";

    #[test]
    fn every_route_and_job_needs_what_is_written_here() {
        let need = |need: Need| match need {
            Need::Anybody => "anybody",
            Need::May(action) => action.as_str(),
            Need::OnTheWay => "on the way",
            Need::SignedIn => "signed in",
        };
        let routes = ROUTES.iter().map(|one| format!("{} {} {}", one.method, one.path, need(one.need)));
        let jobs =
            wardline_app::JOBS.iter().map(|(name, action, _)| format!("job {name} {}", action.as_str()));
        let all: Vec<String> = routes.chain(jobs).collect();
        assert_eq!(all.join(", "), NEEDS);
    }

    #[test]
    fn what_anybody_may_is_written_here() {
        let open: Vec<&str> =
            ROUTES.iter().filter(|route| route.need == Need::Anybody).map(|route| route.path).collect();
        let expected = [
            "/sign-in",
            "/sign-in",
            "/sign-in/passkey",
            "/sign-in/passkey/answer",
            "/welcome/{link}",
            "/welcome/{link}",
            "/sign-out",
            "/health/live",
            "/health/ready",
            "/style.css",
            "/passkey.js",
        ];
        assert_eq!(open, expected);
    }
}
