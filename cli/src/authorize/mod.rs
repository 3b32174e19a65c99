//! A token by a browser in which somebody is signed in (RFC 8252, with the proof of RFC 7636).
//!
//! The program draws a word and tells the browser its digest; the server's page asks the person and gives a code, which is
//! good for that word alone. It comes back to a port of this machine, or is pasted where there is no browser.

mod browser;
mod callback;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use monkeyci_client::Client;
use monkeyci_client::rest::{Exchange, Scope, TokenSecret};

use crate::error::CliError;
use crate::secret;
use callback::Callback;

/// How long the program waits for the person.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Whether the user has said which browser is theirs.
pub fn has_browser() -> bool {
    browser::named().is_some()
}

/// A token of whoever allows it in their browser, for what `scope` lets it do at the most.
pub async fn by_browser(server: &str, scope: Option<&Scope>) -> Result<TokenSecret, CliError> {
    let callback = Callback::open(server).await;
    let callback = callback.map_err(|error| {
        CliError::ours(format!("no port of this machine can be listened on: {error}"))
            .hint("`--no-browser` takes a code that you paste")
    })?;
    let (verifier, state) = (word()?, word()?);
    let port = callback.port().to_string();
    let url = address(server, &verifier, scope, &[("port", &port), ("state", &state)]);
    let told =
        if browser::open(&url) { "Your browser asks whether you allow it. If none opens, go to" } else { "Go to" };
    eprintln!("{told}\n\n    {url}\n");
    let late = |_| CliError::failed("nobody allowed it within 10 minutes").hint("`monkeyci login` begins anew");
    let code = tokio::time::timeout(PATIENCE, callback.code(&state)).await.map_err(late)??;
    exchange(server, code, verifier).await
}

/// The same by a browser elsewhere, which shows a code.
pub async fn by_code(server: &str, scope: Option<&Scope>) -> Result<TokenSecret, CliError> {
    let verifier = word()?;
    eprintln!("Go to\n\n    {}\n\nand paste the code that it shows.\n", address(server, &verifier, scope, &[]));
    let code = match secret::typed("Code") {
        Some(code) => code,
        None => secret::piped()?,
    };
    let code = code.trim().to_owned();
    if code.is_empty() {
        return Err(CliError::usage("the code is empty"));
    }
    exchange(server, code, verifier).await
}

/// Where the page asks.
fn address(server: &str, verifier: &str, scope: Option<&Scope>, more: &[(&str, &str)]) -> String {
    let digest = URL_SAFE_NO_PAD.encode(hmac_sha256::Hash::hash(verifier.as_bytes()));
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("challenge", &digest).append_pair("host", &host);
    if let Some(scope) = scope {
        query.append_pair("org", scope.org.as_str()).append_pair("role", scope.role.as_str());
    }
    query.extend_pairs(more);
    format!("{}/grant?{}", server.trim_end_matches('/'), query.finish())
}

async fn exchange(server: &str, code: String, verifier: String) -> Result<TokenSecret, CliError> {
    Ok(Client::new(server, None)?.exchange(&Exchange { code, verifier }).await?)
}

/// A word of 256 bits.
fn word() -> Result<String, CliError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| CliError::ours(format!("the system has no source of randomness: {error}")))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
