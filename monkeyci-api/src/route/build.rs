use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use monkeyci_core::engine::BuildRequest;
use monkeyci_core::model::trigger::{self, Git, ScriptOf, Source};
use monkeyci_core::model::{BuildStatus, JobStatus, RepoId, Text, Trigger};
use monkeyci_core::source::{CommitId, GitRef};
use monkeyci_rest::{Build, BuildDetail, NewBuild, Page, Reason, Repo, Retry, Role};
use serde::Deserialize;

use super::Routes;
use crate::audit::Change;
use crate::extract::{At, Body, BuildPath, OrgPath, Paging, Query, RepoPath};
use crate::given::{self, Given};
use crate::identity::{Known, Who};
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::state::{State, now};
use crate::table::build::{self, Filter};
use crate::table::script_approval;
use crate::{launch, shell, view};

/// Which builds of a list are wanted.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Wanted {
    /// Those that stand so.
    status: Option<BuildStatus>,
    /// Those of this branch.
    branch: Option<String>,
}

pub(super) fn routes(routes: Routes) -> Routes {
    let all = "/v1/orgs/{org}/repos/{repo}/builds";
    let one = "/v1/orgs/{org}/repos/{repo}/builds/{number}";
    routes
        .add(
            Operation::get("/v1/orgs/{org}/builds", "Builds of all its repositories, newest first")
                .answers::<Page<Build>>(StatusCode::OK),
            list_of_org,
        )
        .add(Operation::get(all, "Builds, newest first").answers::<Page<Build>>(StatusCode::OK), list_builds)
        .add(Operation::post(all, "Build something").answers::<BuildDetail>(StatusCode::CREATED), create_build)
        .add(Operation::get(one, "A build with its jobs").answers::<BuildDetail>(StatusCode::OK), show_build)
        .add(
            Operation::post("/v1/orgs/{org}/repos/{repo}/builds/{number}/cancel", "Stop a build")
                .answers::<BuildDetail>(StatusCode::ACCEPTED),
            cancel_build,
        )
        .add(
            Operation::post("/v1/orgs/{org}/repos/{repo}/builds/{number}/retry", "Do an ended build again")
                .answers::<BuildDetail>(StatusCode::CREATED),
            retry_build,
        )
        .add(
            Operation::post(
                "/v1/orgs/{org}/repos/{repo}/builds/{number}/approve-script",
                "Let the script of a fork run at this very commit, in a new build",
            )
            .answers::<BuildDetail>(StatusCode::CREATED),
            approve_script,
        )
}

async fn list_of_org(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgPath>,
    Query(wanted): Query<Wanted>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Build>>> {
    who.must(&path.org, Role::Viewer)?;
    list(&state, path, None, wanted, &paging).await
}

async fn list_builds(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<RepoPath>,
    Query(wanted): Query<Wanted>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Build>>> {
    who.may_see(&state, &path).await?;
    list(&state, OrgPath { org: path.org }, Some(path.repo), wanted, &paging).await
}

async fn list(
    state: &State,
    path: OrgPath,
    repo: Option<RepoId>,
    wanted: Wanted,
    paging: &Paging,
) -> Answer<Json<Page<Build>>> {
    let reference = wanted.branch.map(|branch| format!("refs/heads/{branch}"));
    let filter = Filter { repo, status: wanted.status, reference };
    let (cursor, limit) = (paging.number()?, paging.limit() + 1);
    let found = state.tables.read(move |sql| build::list(sql, &path.org, &filter, cursor, limit)).await?;
    let page = paging.page(found, |(cursor, _)| cursor.to_string());
    Ok(Json(Page { items: page.items.into_iter().map(|(_, build)| build).collect(), next: page.next }))
}

async fn show_build(Shared(state): Shared<State>, who: Who, At(path): At<BuildPath>) -> Answer<Json<BuildDetail>> {
    who.may_see(&state, &path.repo()).await?;
    view::build(&state, &path).await.map(Json)
}

async fn create_build(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<RepoPath>,
    headers: HeaderMap,
    body: Body<NewBuild>,
) -> Answer<Response> {
    let (repo, known) = who.must_in(&state, &path, Role::Developer).await?;
    let body = body.read()?;
    check(&body)?;
    let reference = match (&body.branch, &body.tag) {
        (Some(branch), _) => Some(format!("refs/heads/{branch}")),
        (None, Some(tag)) => Some(format!("refs/tags/{tag}")),
        (None, None) => None,
    };
    let trigger = Trigger {
        source: Source::Api,
        actor: Some(known.name.clone()),
        via: known.via.clone(),
        git: Some(Git { reference, commit_id: body.commit, ..Git::default() }),
        params: body.params.into_iter().map(|(name, value)| (name, Text::from(value))).collect(),
        ..Trigger::default()
    };
    let is_named = trigger.git.as_ref().is_some_and(|git| git.commit_id.is_some());
    let request = request(&state, &repo, trigger, is_named).await?;
    begin(&state, known, &path, "build/create", keyed(request, known, &path, &headers)).await
}

/// What is wrong with a wish for a build before anything is looked up.
pub(super) fn check(body: &NewBuild) -> Answer<()> {
    if body.branch.is_some() && body.tag.is_some() {
        return Err(Refusal::field("/tag", "a branch or a tag, not both"));
    }
    if let Some(Err(error)) = body.branch.as_deref().map(GitRef::branch) {
        return Err(Refusal::field("/branch", error.to_string()));
    }
    if let Some(Err(error)) = body.tag.as_deref().map(GitRef::tag) {
        return Err(Refusal::field("/tag", error.to_string()));
    }
    if let Some(Err(error)) = body.commit.as_deref().map(str::parse::<CommitId>) {
        return Err(Refusal::field("/commit", error.to_string()));
    }
    Ok(())
}

async fn cancel_build(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<BuildPath>,
    body: Body<Reason>,
) -> Answer<(StatusCode, Json<BuildDetail>)> {
    let (_, known) = who.must_in(&state, &path.repo(), Role::Developer).await?;
    let body = body.read()?;
    let handle = state.engine.handle(&path.id()).await?;
    handle.cancel_as(Some(known.actor()), body.reason.as_deref().unwrap_or("canceled")).await?;
    let change = Change::by(known, path.org.as_str(), "build/cancel", view::url(&path));
    state.tables.write(move |sql| change.write(sql)).await?;
    Ok((StatusCode::ACCEPTED, Json(view::build(&state, &path).await?)))
}

async fn retry_build(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<BuildPath>,
    headers: HeaderMap,
    body: Body<Retry>,
) -> Answer<Response> {
    let (repo, known) = who.must_in(&state, &path.repo(), Role::Developer).await?;
    let body = body.read()?;
    if body.hold.is_some() {
        shell::must_be_let_in(&state, &who, &path.repo()).await?;
    }
    let most = state.shells.hold_minutes;
    if body.hold.is_some_and(|minutes| minutes == 0 || minutes > most) {
        return Err(Refusal::field("/hold", format!("from 1 to {most} minutes")));
    }
    let before = state.engine.snapshot(&path.id()).await?;
    if body.hold.is_some() {
        shell::must_be_ours(&before)?;
    }
    if !before.status().is_terminal() {
        return Err(Refusal::conflict(format!("build {} has not ended; cancel it first", path.number)));
    }
    let trigger = before.trigger().map(|trigger| (**trigger).clone()).unwrap_or_default();
    let hold = body.hold.map(|minutes| u64::from(minutes) * 60_000);
    if body.failed && !before.jobs().is_empty() && !view::is_not_well(&before) {
        return Err(Refusal::conflict(format!("every job of build {} ended well", path.number)));
    }
    if let Some(job) = &body.job {
        let known = before.job(job.as_str()).ok_or_else(|| Refusal::field("/job", "the build has no such job"))?;
        if !matches!(known.status(), JobStatus::Success | JobStatus::Failure | JobStatus::Error) {
            let detail = format!("job `{job}` was {}; retry what did not end well", known.status());
            return Err(Refusal::conflict(detail));
        }
        if body.failed {
            return Err(Refusal::field("/job", "one job, or all that did not end well: not both"));
        }
    }
    let retry = Some(trigger::Retry { of: path.id(), failed: body.failed, job: body.job.clone() });
    let trigger = Trigger { actor: Some(known.name.clone()), via: known.via.clone(), hold, retry, ..trigger };
    let id = path.id();
    let memo = state.tables.read(move |sql| build::request(sql, &id)).await?;
    let request = request(&state, &repo, trigger, launch::is_named(memo.as_deref())).await?;
    begin(&state, known, &path.repo(), "build/retry", keyed(request, known, &path.repo(), &headers)).await
}

async fn approve_script(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<BuildPath>,
    headers: HeaderMap,
    body: Body<Reason>,
) -> Answer<Response> {
    let (repo, known) = who.must_in(&state, &path.repo(), Role::Maintainer).await?;
    body.read()?;
    let before = state.engine.snapshot(&path.id()).await?;
    let trigger = before.trigger().map(|trigger| (**trigger).clone()).unwrap_or_default();
    // Where the fork's is the same, there is nothing to approve.
    if !matches!(trigger.script, Some(ScriptOf::Base { .. })) {
        let number = path.number;
        return Err(Refusal::conflict(format!("build {number} does not run another script than that of its commit")));
    }
    let commit = trigger.git.as_ref().and_then(|git| git.commit_id.clone());
    let commit =
        commit.ok_or_else(|| Refusal::conflict(format!("the commit of build {} is not known", path.number)))?;
    let change = Change::by(known, path.org.as_str(), "script/approve", format!("{} {commit}", view::url(&path)));
    let (org, id, actor, now) = (repo.org.clone(), repo.id.clone(), known.name.clone(), now());
    let noted = state.tables.write(move |sql| {
        script_approval::put(sql, &org, &id, &commit, &actor, now)?;
        change.write(sql)
    });
    noted.await?;
    let trigger =
        Trigger { actor: Some(known.name.clone()), via: known.via.clone(), hold: None, retry: None, ..trigger };
    let request = request(&state, &repo, trigger, true).await?;
    begin(&state, known, &path.repo(), "build/create", keyed(request, known, &path.repo(), &headers)).await
}

async fn request(state: &State, repo: &Repo, mut trigger: Trigger, is_named: bool) -> Answer<BuildRequest> {
    let (org, id) = (repo.org.clone(), repo.id.clone());
    let prepared = state.tables.read(move |sql| {
        script_approval::decide(sql, &org, &id, &mut trigger)?;
        Ok((given::of(sql, &org, &id)?, trigger))
    });
    let (given, trigger) = prepared.await?;
    let given = Given { named: is_named, ..given };
    state.launcher.request(repo, trigger, given).map_err(|why| Refusal::field("", why))
}

/// Who sends the same `Idempotency-Key` again gets the same build.
fn keyed(request: BuildRequest, known: &Known, path: &RepoPath, headers: &HeaderMap) -> BuildRequest {
    match headers.get("idempotency-key").and_then(|key| key.to_str().ok()) {
        Some(key) => request.key(format!("api/{}/{}/{}/{key}", known.name, path.org, path.repo)),
        None => request,
    }
}

async fn begin(state: &State, known: &Known, path: &RepoPath, action: &str, request: BuildRequest) -> Answer<Response> {
    let number = state.engine.build(request).await?.id().number;
    let path = BuildPath { org: path.org.clone(), repo: path.repo.clone(), number };
    let url = view::url(&path);
    let change = Change::by(known, path.org.as_str(), action, &url);
    state.tables.write(move |sql| change.write(sql)).await?;
    let detail = view::build(state, &path).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, url)], Json(detail)).into_response())
}
