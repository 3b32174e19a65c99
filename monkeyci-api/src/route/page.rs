use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::Routes;
use crate::page::{self, File};
use crate::state::State;

/// What a page may load: our own files and nothing else, and nobody may put it into a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A browser keeps what never changes at its address.
const KEEP: &str = "public, max-age=31536000, immutable";

/// It asks again for everything else, and mostly it is not sent again.
const ASK: &str = "no-cache";

pub(super) fn routes(routes: Routes) -> Routes {
    let router: Router<State> = Router::new()
        .route("/", get(shell))
        .route("/login", get(shell))
        .route("/account", get(shell))
        .route("/grant", get(shell))
        .route("/link", get(shell))
        .route("/api", get(shell))
        .route("/o/{*rest}", get(shell))
        .route("/v1/openapi.json", get(openapi))
        .route("/-/{*path}", get(asset));
    routes.beside(router)
}

/// Every page is the same file; its scripts draw what the address names.
async fn shell(headers: HeaderMap) -> Response {
    send(page::shell(), ASK, &headers)
}

async fn openapi(headers: HeaderMap) -> Response {
    send(page::openapi(), ASK, &headers)
}

async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    match page::find(&path) {
        Some((file, forever)) => send(file, if forever { KEEP } else { ASK }, &headers),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn send(file: &'static File, keep: &'static str, headers: &HeaderMap) -> Response {
    let fixed = [
        (header::CONTENT_TYPE, file.kind),
        (header::CACHE_CONTROL, keep),
        (header::VARY, "accept-encoding"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    let tag = HeaderValue::from_str(&file.tag).expect("a tag of hex digits");
    let is_known = headers.get(header::IF_NONE_MATCH) == Some(&tag);
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let mut response = if is_known {
        (StatusCode::NOT_MODIFIED, fixed).into_response()
    } else if accepts.split(',').any(|kind| kind.trim() == "gzip") {
        (fixed, [(header::CONTENT_ENCODING, "gzip")], &*file.gzip).into_response()
    } else {
        (fixed, file.unpacked()).into_response()
    };
    response.headers_mut().insert(header::ETAG, tag);
    response
}
