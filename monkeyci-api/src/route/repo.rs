use axum::extract::State as Shared;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use monkeyci_core::store::{Sql, StoreError};
use monkeyci_rest::{Page, Repo, RepoBody, Role};

use super::Routes;
use crate::audit::Change;
use crate::extract::{At, Body, OrgPath, Paging, Query, RepoPath};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::report::{Place, Wrong};
use crate::revision::{already, remove, tagged};
use crate::state::{State, now};
use crate::table::{build, org, repo, report};

/// The fewest seconds between two looks for new commits.
const POLL: u64 = 30;

pub(super) fn routes(routes: Routes) -> Routes {
    let one = "/v1/orgs/{org}/repos/{repo}";
    routes
        .add(
            Operation::get("/v1/orgs/{org}/repos", "Repositories, with their newest builds")
                .answers::<Page<Repo>>(StatusCode::OK),
            list_repos,
        )
        .add(Operation::get(one, "A repository, with its newest builds").answers::<Repo>(StatusCode::OK), show_repo)
        .add(Operation::put(one, "Make or change a repository").keeps::<Repo>(), put_repo)
        .add(Operation::delete(one, "Remove a repository; its builds stay"), delete_repo)
}

/// Adds what was built of it.
fn with_builds(sql: &mut dyn Sql, repo: Repo) -> Result<Repo, StoreError> {
    let latest = build::latest(sql, &repo.org, &repo.id)?.map(Box::new);
    let branches = build::branches(sql, &repo.org, &repo.id)?;
    Ok(Repo { latest, branches, ..repo })
}

async fn list_repos(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgPath>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Repo>>> {
    who.must(&path.org, Role::Viewer)?;
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let found = state.tables.read(move |sql| {
        let found = repo::list(sql, &path.org, cursor.as_deref(), limit)?;
        found.into_iter().map(|repo| with_builds(sql, repo)).collect::<Result<Vec<_>, _>>()
    });
    Ok(Json(paging.page(found.await?, |repo| repo.id.to_string())))
}

async fn show_repo(Shared(state): Shared<State>, who: Who, At(path): At<RepoPath>) -> Answer<Response> {
    let found = who.may_see(&state, &path).await?;
    let repo = state.tables.read(move |sql| with_builds(sql, found)).await?;
    Ok(tagged(StatusCode::OK, repo.revision, repo))
}

async fn put_repo(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<RepoPath>,
    headers: HeaderMap,
    body: Body<RepoBody>,
) -> Answer<Response> {
    let known = who.must(&path.org, Role::Maintainer)?.clone();
    let body = body.read()?;
    check(&state, &body)?;
    let (there, id) = (path.clone(), path.clone());
    let there = state.tables.read(move |sql| repo::find(sql, &there.org, &there.repo)).await?;
    let action = if there.is_none() { "repo/create" } else { "repo/update" };
    if let Some(repo) = already(&headers, there, |repo| repo.revision, |repo| repo.body == body)? {
        let repo = state.tables.read(move |sql| with_builds(sql, repo)).await?;
        return Ok(tagged(StatusCode::OK, repo.revision, repo));
    }
    let change = Change::by(&known, path.org.as_str(), action, path.url()).with("url", &body.url);
    let put = state.tables.write(move |sql| {
        if org::find(sql, &id.org)?.is_none() {
            return Ok(None);
        }
        let is_new = repo::put(sql, &id.org, &id.repo, &body, now())?;
        change.write(sql)?;
        report::again(sql, &id.org, Some(&id.repo), now())?;
        Ok(repo::find(sql, &id.org, &id.repo)?.map(|repo| (is_new, repo)))
    });
    let (is_new, repo) = put.await?.ok_or_else(|| Refusal::not_found("organisation"))?;
    state.mended.notify_one();
    let repo = state.tables.read(move |sql| with_builds(sql, repo)).await?;
    Ok(tagged(if is_new { StatusCode::CREATED } else { StatusCode::OK }, repo.revision, repo))
}

/// What is wrong with a repository before anything is looked up.
pub(super) fn check(state: &State, body: &RepoBody) -> Answer<()> {
    state.launcher.check_url(&body.url).map_err(|why| Refusal::field("/url", why))?;
    if let Err(error) = monkeyci_core::source::GitRef::branch(&body.default_branch) {
        return Err(Refusal::field("/defaultBranch", error.to_string()));
    }
    if body.poll.is_some_and(|seconds| seconds < POLL) {
        return Err(Refusal::field("/poll", format!("at least {POLL} seconds")));
    }
    if let Some(report) = &body.report {
        let wrong = |Wrong { field, why }: Wrong| Refusal::field(&format!("/report/{field}"), why);
        Place::of(report, state.launcher.sources()).map_err(wrong)?;
    }
    let is_label = |text: &str| !text.is_empty() && text.len() <= 100;
    if body.labels.len() > 50 || body.labels.iter().any(|(name, value)| !is_label(name) || !is_label(value)) {
        return Err(Refusal::field("/labels", "up to 50 labels, with names and values of 1 to 100 bytes"));
    }
    Ok(())
}

async fn delete_repo(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<RepoPath>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    // Whoever looks after some repositories sets up what is in them, and makes them neither others nor none.
    who.must(&path.org, Role::Maintainer)?;
    let (_, known) = who.must_in(&state, &path, Role::Maintainer).await?;
    let change = Change::by(known, path.org.as_str(), "repo/delete", path.url());
    let removed = state.tables.write(move |sql| {
        let found = repo::find(sql, &path.org, &path.repo)?.map(|found| found.revision);
        remove(&headers, found, "repository", || {
            change.write(sql)?;
            repo::remove(sql, &path.org, &path.repo)
        })
    });
    let status = removed.await??;
    state.hooks.forget();
    Ok(status)
}
