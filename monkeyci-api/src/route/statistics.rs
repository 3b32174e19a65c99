use axum::extract::State as Shared;
use http::StatusCode;
use monkeyci_core::model::Millis;
use monkeyci_rest::{Role, Statistics};
use serde::Deserialize;

use super::Routes;
use crate::extract::{At, OrgPath, Query, RepoPath};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::state::{State, now};
use crate::statistics;
use crate::table::org;
use crate::table::statistics::{DAY, Window};

/// Days when that is not said.
const DAYS: u64 = 30;

/// Days at the most.
const MOST: u64 = 366;

/// Which time is meant.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Time {
    /// So many days, the last of which is that of `until`: 1 to 366, and 30 when it is not said.
    days: Option<u64>,
    /// The first moment after them, in milliseconds since 1970; now when it is not said.
    until: Option<Millis>,
}

impl Time {
    /// The first moment of that time, and the first after it. Its days are whole, but for the last.
    fn bounds(&self) -> Answer<(Millis, Millis)> {
        let days = self.days.unwrap_or(DAYS);
        if !(1..=MOST).contains(&days) {
            return Err(Refusal::bad(format!("the query: `days` is 1 to {MOST}")));
        }
        let until = self.until.unwrap_or_else(now);
        if !(1..=now() + DAY).contains(&until) {
            return Err(Refusal::bad("the query: `until` is in milliseconds since 1970, and not in the future"));
        }
        let last = (until - 1).div_euclid(DAY);
        Ok(((last + 1 - Millis::try_from(days).unwrap_or(1)) * DAY, until))
    }
}

pub(super) fn routes(routes: Routes) -> Routes {
    let (of_org, of_repo) = ("/v1/orgs/{org}/statistics", "/v1/orgs/{org}/repos/{repo}/statistics");
    routes
        .add(
            Operation::get(of_org, "How the builds of an organisation went").answers::<Statistics>(StatusCode::OK),
            show_of_org,
        )
        .add(
            Operation::get(of_repo, "How the builds of a repository went").answers::<Statistics>(StatusCode::OK),
            show_of_repo,
        )
}

async fn show_of_org(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgPath>,
    Query(time): Query<Time>,
) -> Answer<Json<Statistics>> {
    who.must(&path.org, Role::Viewer)?;
    let (from, until) = time.bounds()?;
    let window = Window { org: path.org, repo: None, from, until };
    let found = state.tables.read(move |sql| match org::find(sql, &window.org)? {
        Some(_) => statistics::statistics(sql, &window).map(Some),
        None => Ok(None),
    });
    found.await?.map(Json).ok_or_else(|| Refusal::not_found("organisation"))
}

async fn show_of_repo(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<RepoPath>,
    Query(time): Query<Time>,
) -> Answer<Json<Statistics>> {
    who.may_see(&state, &path).await?;
    let (from, until) = time.bounds()?;
    let window = Window { org: path.org, repo: Some(path.repo), from, until };
    Ok(Json(state.tables.read(move |sql| statistics::statistics(sql, &window)).await?))
}
