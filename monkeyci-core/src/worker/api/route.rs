use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{Method, Request, Response, StatusCode};
use monkeyci_model::script::api::BODY_BYTES;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::refusal::Refusal;
use super::session::Session;

type Answer = Result<Response<Full<Bytes>>, Refusal>;

/// Answers one request. Whatever is wrong with it is told in the answer.
pub(super) async fn answer(
    session: &Session,
    token: &str,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let answer = match authorized(&request, token) {
        true => route(session, request).await,
        false => Err(Refusal::new(StatusCode::UNAUTHORIZED, "the token is not that of a running job")),
    };
    Ok(answer.unwrap_or_else(Refusal::response))
}

fn authorized(request: &Request<Incoming>, token: &str) -> bool {
    let header = request.headers().get(AUTHORIZATION).and_then(|header| header.to_str().ok());
    let given = header.and_then(|header| header.strip_prefix("Bearer ")).unwrap_or_default();
    // Compared by their hashes, in a time that tells nothing of the token.
    blake3::hash(given.as_bytes()) == blake3::hash(token.as_bytes())
}

async fn route(session: &Session, request: Request<Incoming>) -> Answer {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let words: Vec<String> =
        path.trim_start_matches('/').split('/').map(decoded).collect::<Option<_>>().ok_or_else(|| {
            Refusal::new(StatusCode::BAD_REQUEST, format!("`{path}` is no path: `%` comes before two hex digits"))
        })?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ["v1", words @ ..] = words.as_slice() else { return Err(unknown(&path)) };
    let (get, post) = (method == Method::GET, method == Method::POST);
    match words {
        ["build"] if get => json(&session.build()),
        ["params"] if get => json(&session.params()),
        ["jobs"] if get => json(&session.jobs().await?),
        ["jobs", id] if get => json(&session.job(id).await?),
        ["jobs", id, "log"] if get => {
            let offset = offset(request.uri().query())?;
            let mut response = Response::new(Full::new(session.log(id, offset).await?));
            response.headers_mut().insert(CONTENT_TYPE, "application/octet-stream".parse().expect("a media type"));
            Ok(response)
        }
        ["artifacts", id, "save"] if post => json(&session.save(id, body(request).await?).await?),
        ["artifacts", id, "restore"] if post => nothing(session.restore(id, body(request).await?).await),
        ["caches", id, "save"] if post => nothing(session.save_cache(id, body(request).await?).await),
        ["caches", id, "restore"] if post => json(&session.restore_cache(id, body(request).await?).await?),
        ["result"] if post => nothing(session.tell(body(request).await?).await),
        ["build" | "params" | "jobs" | "result"]
        | ["jobs", _]
        | ["jobs", _, "log"]
        | ["artifacts" | "caches", _, "save" | "restore"] => {
            Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, format!("`{path}` is not to be asked by {method}")))
        }
        _ => Err(unknown(&path)),
    }
}

fn unknown(path: &str) -> Refusal {
    Refusal::not_there(format!("the API of a build has no `{path}`"))
}

fn json(value: &impl Serialize) -> Answer {
    let body = serde_json::to_vec(value).map_err(Refusal::failed)?;
    let mut response = Response::new(Full::from(body));
    response.headers_mut().insert(CONTENT_TYPE, "application/json".parse().expect("a media type"));
    Ok(response)
}

fn nothing(done: Result<(), Refusal>) -> Answer {
    done?;
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

async fn body<T: DeserializeOwned>(request: Request<Incoming>) -> Result<T, Refusal> {
    let read = Limited::new(request.into_body(), BODY_BYTES).collect().await;
    let bytes = read.map_err(|error| match error.downcast::<http_body_util::LengthLimitError>() {
        Ok(_) => {
            let detail = format!("the body has more than {BODY_BYTES} bytes");
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
        }
        Err(error) => Refusal::new(StatusCode::BAD_REQUEST, format!("the body: {error}")),
    })?;
    let wrong = |error| Refusal::new(StatusCode::BAD_REQUEST, format!("the body: {error}"));
    serde_json::from_slice(&bytes.to_bytes()).map_err(wrong)
}

/// What `offset=N` says; 0 without it.
fn offset(query: Option<&str>) -> Result<u64, Refusal> {
    let given = query.into_iter().flat_map(|query| query.split('&')).find_map(|pair| pair.strip_prefix("offset="));
    let wrong = |_| Refusal::new(StatusCode::BAD_REQUEST, "`offset` is a number of bytes");
    given.map_or(Ok(0), |offset| offset.parse().map_err(wrong))
}

/// A part of a path without its `%`.
fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        bytes.push(match byte {
            b'%' => u8::try_from(digit(rest.next())? * 16 + digit(rest.next())?).ok()?,
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_path_may_hold_any_character() {
        assert_eq!(decoded("a%2Fb%20c").as_deref(), Some("a/b c"));
        for wrong in ["%", "%2", "%zz", "%ff"] {
            assert_eq!(decoded(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_offset_is_a_number_or_left_out() {
        assert_eq!(offset(None).expect("none"), 0);
        assert_eq!(offset(Some("x=1&offset=12")).expect("a number"), 12);
        offset(Some("offset=-1")).expect_err("no number");
    }
}
