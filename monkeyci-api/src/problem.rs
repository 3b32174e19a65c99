//! Refusals, as `application/problem+json` (RFC 9457).

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use monkeyci_core::engine::EngineError;
use monkeyci_core::store::StoreError;
use monkeyci_rest::{FieldError, Problem};

use crate::issuer::IssuerError;
use crate::json::Json;

/// Why a request is refused.
#[derive(Debug, Clone)]
pub struct Refusal {
    status: StatusCode,
    detail: String,
    code: Option<&'static str>,
    /// Seconds until it may fare better.
    again: Option<u64>,
    errors: Vec<FieldError>,
}

/// What a handler answers.
pub type Answer<T> = Result<T, Refusal>;

impl Refusal {
    /// Refuses with a status and a sentence for people.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), code: None, again: None, errors: Vec::new() }
    }

    /// Something in the request is wrong.
    pub fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// One field of the body is wrong; `pointer` is a JSON pointer to it.
    pub fn field(pointer: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let errors = vec![FieldError { pointer: pointer.to_owned(), detail: detail.clone() }];
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
    }

    /// These fields of the body are wrong, if there are any.
    ///
    /// # Errors
    /// When there are.
    pub fn fields(errors: Vec<FieldError>) -> Answer<()> {
        let Some(first) = errors.first() else { return Ok(()) };
        let detail = match errors.len() {
            1 => first.detail.clone(),
            count => format!("{} (and {} more)", first.detail, count - 1),
        };
        Err(Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) })
    }

    /// The same, where pointers begin behind a part of the body that only we put around it.
    #[must_use]
    pub fn without(mut self, part: &str) -> Self {
        for error in &mut self.errors {
            if let Some(rest) = error.pointer.strip_prefix(part) {
                error.pointer = rest.to_owned();
            }
        }
        self
    }

    /// The same with a word by which programs tell it from others.
    #[must_use]
    pub fn coded(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }

    /// It was tried too often; `seconds` from now it may be tried again.
    pub fn too_often(seconds: u64) -> Self {
        let detail = format!("too many attempts failed: try again in {seconds} s");
        Self { again: Some(seconds), ..Self::new(StatusCode::TOO_MANY_REQUESTS, detail) }
    }

    /// Nobody is known to ask.
    pub fn unknown() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "sign in, or send a token: `Authorization: Bearer mci_…`")
    }

    /// There is no such thing, or whoever asks may not see it.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no such {what}, or you may not see it"))
    }

    /// Things stand otherwise than the request takes for granted.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.status
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Refused").to_owned();
        let (status, code) = (self.status.as_u16(), self.code.map(str::to_owned));
        let problem = Problem { title, status, detail: self.detail, code, errors: self.errors };
        let mut response = (self.status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, http::HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, http::HeaderValue::from_static("Bearer"));
        }
        let down = (self.status == StatusCode::SERVICE_UNAVAILABLE).then_some(5);
        if let Some(seconds) = self.again.or(down) {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// What the database says is for the operator; whoever asks is told to come again.
impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the database refused");
        let detail = match error {
            StoreError::Full { .. } => "the server's disk is full: nothing was changed; try again later",
            _ => "the server's database does not answer as it should: nothing was changed; try again later",
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }
}

impl From<IssuerError> for Refusal {
    fn from(error: IssuerError) -> Self {
        match error {
            IssuerError::Store(error) => error.into(),
            IssuerError::Key(why) => Self::new(StatusCode::SERVICE_UNAVAILABLE, why),
        }
    }
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::UnknownBuild { .. } => Self::not_found("build"),
            EngineError::NotOpen { .. } | EngineError::Illegal { .. } | EngineError::Running { .. } => {
                Self::conflict(error.to_string())
            }
            EngineError::Request(detail) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail),
            EngineError::Store(error) => error.into(),
            error => {
                tracing::error!(%error, "the engine refused");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "the server is going down; try again soon")
            }
        }
    }
}
