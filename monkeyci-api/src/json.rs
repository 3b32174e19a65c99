use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::problem::Refusal;

/// An answer in JSON. It is written in the way in which columns and requests are: a type has code for one way only.
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        written(serde_json::to_vec(&self.0))
    }
}

fn written(json: serde_json::Result<Vec<u8>>) -> Response {
    match json {
        Ok(json) => ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], json).into_response(),
        Err(error) => {
            tracing::error!(%error, "an answer is no JSON");
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the server has no words for its answer").into_response()
        }
    }
}
