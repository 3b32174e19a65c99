use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use monkeyci_core::model::BuildStatus;
use serde::Deserialize;

use super::Routes;
use crate::extract::{At, Query, RepoPath};
use crate::identity::Who;
use crate::openapi::Operation;
use crate::problem::Answer;
use crate::state::State;
use crate::table::build::{self, Filter};

/// Which branch is meant.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Of {
    /// The branch; the default one when it is not said.
    branch: Option<String>,
}

pub(super) fn routes(routes: Routes) -> Routes {
    let badge = Operation::get("/v1/orgs/{org}/repos/{repo}/badge.svg", "How a branch stands, as a picture");
    routes.add(badge.sends("image/svg+xml"), show_badge)
}

async fn show_badge(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<RepoPath>,
    Query(of): Query<Of>,
) -> Answer<Response> {
    let repo = who.may_see(&state, &path).await?;
    let branch = of.branch.unwrap_or(repo.body.default_branch);
    let filter = Filter { repo: Some(path.repo), reference: Some(format!("refs/heads/{branch}")), status: None };
    let found = state.tables.read(move |sql| build::list(sql, &path.org, &filter, None, 1)).await?;
    let (word, colour) = match found.first().map(|(_, build)| build.status) {
        None => ("no builds", "#737373"),
        Some(BuildStatus::Success) => ("passing", "#15803d"),
        Some(BuildStatus::Failure | BuildStatus::Error) => ("failing", "#b91c1c"),
        Some(BuildStatus::Canceled) => ("canceled", "#737373"),
        Some(BuildStatus::Blocked) => ("waiting", "#b45309"),
        Some(_) => ("running", "#1d4ed8"),
    };
    let headers = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "no-cache, max-age=0")];
    Ok((StatusCode::OK, headers, svg(word, colour)).into_response())
}

/// Letters of 11 pixels are about 6.6 wide.
fn svg(word: &str, colour: &str) -> String {
    let (left, right) = (70, 14 + word.len() * 13 / 2);
    let (width, middle) = (left + right, left + right / 2);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="MonkeyCI: {word}">
<title>MonkeyCI: {word}</title>
<rect width="{width}" height="20" rx="3" fill="#404040"/>
<path d="M{left} 0h{inner}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H{left}z" fill="{colour}"/>
<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="35" y="14">MonkeyCI</text><text x="{middle}" y="14">{word}</text></g>
</svg>
"##,
        inner = right - 3
    )
}
