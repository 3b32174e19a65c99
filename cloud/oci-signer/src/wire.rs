//! A request and its answer as they are sent.

use std::time::SystemTime;

use reqwest::header::{CONTENT_LENGTH, DATE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Response, StatusCode, Url};
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::request::{RequestError, Signed};

/// Path and query as they are sent.
pub(crate) fn target(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// The host as it is sent: with its port, where that is not the usual one.
pub(crate) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Puts headers in place of those that are there.
pub(crate) fn put(signed: &Signed, headers: &mut HeaderMap) -> Result<(), RequestError> {
    for (name, value) in &signed.headers {
        let mut value = HeaderValue::from_str(value).map_err(|_| RequestError::Part("headers"))?;
        value.set_sensitive(*name == "authorization");
        let _before = headers.insert(HeaderName::from_static(name), value);
    }
    Ok(())
}

/// Whether a request was refused, and the clock by which it was signed is now set as that of the service is.
pub(crate) fn sets_clock(answer: &Response, signed: SystemTime, clock: &Clock) -> bool {
    let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok());
    answer.status() == StatusCode::UNAUTHORIZED && date.is_some_and(|date| clock.set_by(date, signed))
}

/// Reads an answer that is a text, and no longer than `most` bytes.
pub(crate) async fn read(mut answer: Response, most: usize) -> Result<Zeroizing<String>, String> {
    let said = answer.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let mut bytes = Zeroizing::new(Vec::with_capacity(said.unwrap_or(4096).min(most)));
    while let Some(chunk) = answer.chunk().await.map_err(|error| crate::error::chain(&error))? {
        if bytes.len() + chunk.len() > most {
            return Err(format!("its answer is longer than {most} bytes"));
        }
        bytes.extend_from_slice(&chunk);
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| "its answer is no text".to_owned())?;
    Ok(Zeroizing::new(text.to_owned()))
}
