use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Deserialize;

use super::Routes;
use crate::audit::Change;
use crate::extract::At;
use crate::mail::escaped;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::state::{State, now};
use crate::table::correspondent::{self, Correspondence};

/// Which mails are meant.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct CodePath {
    /// What stands in their link.
    code: String,
}

/// Nothing of it acts, and nothing is asked elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'";

pub(super) fn routes(routes: Routes) -> Routes {
    let path = "/v1/unsubscribe/{code}";
    routes
        .add(
            Operation::get(path, "Ask whoever follows the link of a mail whether they want no more").sends("text/html"),
            ask,
        )
        .add(Operation::post(path, "Send no more mails of a subscription to an address").sends("text/html"), end)
}

async fn find(state: &State, code: &str) -> Answer<Correspondence> {
    let code = code.to_owned();
    let found = state.tables.read(move |sql| correspondent::of_code(sql, &code)).await?;
    found.ok_or_else(|| Refusal::not_found("link: the subscription may be gone"))
}

/// Programs that look at mails follow their links: nothing changes before somebody presses the button.
async fn ask(Shared(state): Shared<State>, At(path): At<CodePath>) -> Answer<Response> {
    let Correspondence { org, subscription, address } = find(&state, &path.code).await?;
    let [org, subscription, address] = [org, subscription, address].map(|text| escaped(&text));
    Ok(page(&format!(
        "<p>The subscription <b>{subscription}</b> of <b>{org}</b> writes to <b>{address}</b>.</p>\
         <form method=\"post\"><button>Send no more of these</button></form>"
    )))
}

async fn end(Shared(state): Shared<State>, At(path): At<CodePath>) -> Answer<Response> {
    let Correspondence { org, subscription, address } = find(&state, &path.code).await?;
    let object = format!("/v1/orgs/{org}/subscriptions/{subscription}");
    let change = Change::of(&address, None, &org, "subscription/unsubscribe", object);
    let ended = state.tables.write(move |sql| {
        correspondent::end(sql, &path.code, now())?;
        change.write(sql)
    });
    ended.await?;
    Ok(page(&format!("<p>No more of these are sent to <b>{}</b>.</p>", escaped(&address))))
}

fn page(body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>MonkeyCI</title><style>:root{{color-scheme:light dark}}\
         body{{font:16px/1.5 system-ui,sans-serif;max-width:34em;margin:4em auto;padding:0 1em}}</style></head>\
         <body>{body}</body></html>\n"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (StatusCode::OK, headers, html).into_response()
}
