use std::marker::PhantomData;

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::{StatusCode, header};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use super::Whole;
use crate::problem::{Answer, Refusal};
use crate::state::State;

/// A body of JSON. An empty one is an empty object.
///
/// What is wrong with it is told once it is [read](Self::read), which a handler does after it knows that whoever asks may:
/// nobody else learns what a body looks like.
pub struct Body<B>(Answer<Bytes>, PhantomData<fn() -> B>);

impl<B: DeserializeOwned> Body<B> {
    /// What it says.
    ///
    /// # Errors
    /// What is wrong with it, with its place.
    pub fn read(self) -> Answer<B> {
        let text = self.0?;
        serde_json::from_slice(&text).map_err(|error| {
            // Serde's reader takes it for bad JSON where a word is expected and something else stands.
            let is_json = error.is_data() || serde_json::from_slice::<IgnoredAny>(&text).is_ok();
            wrong(&error, is_json)
        })
    }
}

impl<B> FromRequest<State> for Body<B> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &State) -> Result<Self, Refusal> {
        Ok(Self(object(request, state).await, PhantomData))
    }
}

/// The text of a body that may be an object.
async fn object(request: Request, state: &State) -> Answer<Bytes> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let is_json = kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    let Whole(bytes) = Whole::from_request(request, state).await?;
    if bytes.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    if !is_json {
        let detail = "the body: `Content-Type: application/json` is expected";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    // Serde would read an array as the fields of a struct in their order, which nobody can have meant.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Refusal::field("", "the body: an object is expected, and this is an array"));
    }
    Ok(bytes)
}

/// What a value says as a body of that kind.
///
/// # Errors
/// What is wrong with it, with its place.
pub fn typed<B: DeserializeOwned>(value: Value) -> Answer<B> {
    serde_json::from_value(value).map_err(|error| wrong(&error, true))
}

/// What is no JSON is a bad request; what is JSON but not this body has a field that is wrong.
fn wrong(error: &serde_json::Error, is_json: bool) -> Refusal {
    let what = error.to_string();
    if !is_json {
        return Refusal::bad(format!("the body is no JSON: {what}"));
    }
    // Fields that are unknown or missing are named in backticks; others only have a place.
    let pointer = match what.split('`').nth(1) {
        Some(field) if what.contains("field") => format!("/{}", field.replace('~', "~0").replace('/', "~1")),
        _ => String::new(),
    };
    Refusal::field(&pointer, format!("the body: {what}"))
}
