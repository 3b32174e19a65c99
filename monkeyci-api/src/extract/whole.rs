use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::StatusCode;

use crate::problem::Refusal;
use crate::state::State;

/// A body that has come whole, and in time: whoever sends a byte now and then would keep a connection for days.
pub struct Whole(pub Bytes);

impl FromRequest<State> for Whole {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &State) -> Result<Self, Refusal> {
        let limit = state.body;
        match tokio::time::timeout(limit, Bytes::from_request(request, state)).await {
            Ok(Ok(bytes)) => Ok(Self(bytes)),
            Ok(Err(rejection)) => Err(Refusal::new(rejection.status(), format!("the body: {}", rejection.body_text()))),
            Err(_late) => {
                let detail = format!("the body: it did not come within {} s", limit.as_secs());
                Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, detail))
            }
        }
    }
}
