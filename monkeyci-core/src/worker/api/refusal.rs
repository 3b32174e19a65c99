use bytes::Bytes;
use http_body_util::Full;
use hyper::header::CONTENT_TYPE;
use hyper::{Response, StatusCode};
use monkeyci_model::script::api::Problem;

/// Why a request is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    detail: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into() }
    }

    /// There is nothing of that name.
    pub(super) fn not_there(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// The attempt is over.
    pub(super) fn over() -> Self {
        Self::new(StatusCode::CONFLICT, "this attempt of the job is over; another one may have taken its place")
    }

    /// Something that should have been done could not be.
    pub(super) fn failed(why: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, why.to_string())
    }

    pub(super) fn response(self) -> Response<Full<Bytes>> {
        let title = self.status.canonical_reason().unwrap_or_default().to_owned();
        let problem = Problem { title, status: self.status.as_u16(), detail: self.detail };
        let body = serde_json::to_vec(&problem).expect("plain data can be JSON");
        let mut response = Response::new(Full::from(body));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, "application/problem+json".parse().expect("a media type"));
        response
    }
}
