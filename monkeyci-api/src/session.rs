//! What a browser has that somebody signed in with: a cookie, and a row beside the tokens.

use http::{HeaderMap, HeaderValue, header};
use monkeyci_core::model::Millis;
use monkeyci_core::store::{Sql, StoreError};
use monkeyci_rest::{Scope, Token};

use crate::audit::Change;
use crate::random;
use crate::table::token::{self, Held, Kind};

/// The cookie where the page is reached in clear text.
const PLAIN: &str = "monkeyci-session";

/// The cookie where it is not: browsers take it from this very host alone, and never send it in clear text.
pub const SAFE: &str = "__Host-monkeyci-session";

/// Seconds that a session lasts: 30 days.
const LASTS: i64 = 30 * 24 * 60 * 60;

/// Bytes of what a browser says of itself that are kept.
const AGENT: usize = 200;

/// How somebody signed in.
pub struct Beginning {
    /// Who.
    pub person: String,
    /// By what, for people.
    pub description: String,
    /// What the session may do at the most.
    pub scope: Option<Scope>,
    /// When what they signed in with ends.
    pub expires: Option<Millis>,
}

/// Begins a session, in place of the one that the browser had, and returns its secret. It is always a new one, so that
/// nobody is signed in with a secret that somebody else has chosen.
///
/// # Errors
/// When the database refuses.
pub fn begin(sql: &mut dyn Sql, beginning: Beginning, browser: &Browser, now: Millis) -> Result<String, StoreError> {
    let Beginning { person, description, scope, expires } = beginning;
    if let Some(old) = &browser.session {
        token::end(sql, &random::hash(old))?;
    }
    token::forget_ended(sql, &person, now)?;
    let secret = random::word();
    let expires = Some(expires.unwrap_or(Millis::MAX).min(now + LASTS * 1000));
    let id = random::id();
    let change = Change::of(&person, Some(&id), "", "session/create", format!("/v1/me/sessions/{id}"));
    change.with("by", &description).write(sql)?;
    let row = Token { id: id.clone(), description, scope, created: now, expires, used: None };
    token::add(sql, &Held { token: row, person }, &random::hash(&secret), Kind::Session)?;
    if let Some(agent) = &browser.agent {
        token::told_agent(sql, &id, agent)?;
    }
    Ok(secret)
}

/// What a browser says as somebody signs in.
pub struct Browser {
    session: Option<String>,
    agent: Option<String>,
}

impl Browser {
    /// What it says in these headers.
    pub fn of(headers: &HeaderMap, url: &str) -> Self {
        let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        let agent = agent.map(|agent| agent.chars().take(AGENT).collect());
        Self { session: of(headers, url).map(str::to_owned), agent }
    }
}

/// The session that a browser sends to a server at `url`.
pub fn of<'a>(headers: &'a HeaderMap, url: &str) -> Option<&'a str> {
    cookie(headers, name(url))
}

/// A cookie of that name.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(own, _)| *own == name).map(|(_, value)| value).next()
}

/// Has a browser keep a session.
pub fn keep(secret: &str, url: &str) -> HeaderValue {
    set(name(url), secret, LASTS, url)
}

/// Has a browser forget its session.
pub fn forget(url: &str) -> HeaderValue {
    set(name(url), "", 0, url)
}

/// Has a browser keep a cookie for so many seconds; our pages alone, and requests that come from them, have it sent.
pub fn set(name: &str, value: &str, seconds: i64, url: &str) -> HeaderValue {
    let secure = if is_safe(url) { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&cookie).expect("a cookie of letters and digits")
}

/// Whether a server is reached by TLS.
pub fn is_safe(url: &str) -> bool {
    url.starts_with("https://")
}

fn name(url: &str) -> &'static str {
    if is_safe(url) { SAFE } else { PLAIN }
}
