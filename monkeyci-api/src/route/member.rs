use axum::extract::State as Shared;
use http::StatusCode;
use monkeyci_rest::{Member, NewMember, Page, Role};

use super::Routes;
use crate::audit::Change;
use crate::extract::{At, Body, MemberPath, OrgPath, Paging, Query};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::state::{State, now};
use crate::table::{member, org, person, service_account};

pub(super) fn routes(routes: Routes) -> Routes {
    let all = "/v1/orgs/{org}/members";
    let one = "/v1/orgs/{org}/members/{name}";
    routes
        .add(Operation::get(all, "Who belongs to it").answers::<Page<Member>>(StatusCode::OK), list_members)
        .add(Operation::put(one, "Give somebody a role").answers::<Member>(StatusCode::OK), put_member)
        .add(Operation::delete(one, "Take somebody's membership away"), delete_member)
}

async fn list_members(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgPath>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Member>>> {
    who.must(&path.org, Role::Viewer)?;
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let found = state.tables.read(move |sql| member::list(sql, &path.org, cursor.as_deref(), limit)).await?;
    Ok(Json(paging.page(found, |member| member.name.clone())))
}

async fn put_member(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<MemberPath>,
    body: Body<NewMember>,
) -> Answer<Json<Member>> {
    let known = who.must(&path.org, Role::Owner)?;
    let body = body.read()?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "._-@+".contains(c);
    if path.name.is_empty() || path.name.len() > 100 || !path.name.chars().all(is_name) {
        return Err(Refusal::bad("the path: a name has up to 100 letters, digits and `._-@+`"));
    }
    let change = Change::by(known, path.org.as_str(), "member/put", url(&path)).with("role", body.role.as_str());
    let put = state.tables.write(move |sql| {
        if org::find(sql, &path.org)?.is_none() {
            return Ok(Err(Refusal::not_found("organisation")));
        }
        if body.role < Role::Owner && !member::has_other_owner(sql, &path.org, &path.name)? {
            return Ok(Err(last_owner(&path)));
        }
        person::add(sql, &path.name, false, now())?;
        member::put(sql, &path.org, &path.name, body.role, now())?;
        change.write(sql)?;
        Ok(Ok(Member { name: path.name, role: body.role, since: now() }))
    });
    put.await?.map(Json)
}

async fn delete_member(Shared(state): Shared<State>, who: Who, At(path): At<MemberPath>) -> Answer<StatusCode> {
    let known = who.must(&path.org, Role::Owner)?;
    let change = Change::by(known, path.org.as_str(), "member/delete", url(&path));
    // A service account is removed as one.
    if service_account::is_one(&path.name) {
        return Err(Refusal::not_found("member"));
    }
    let removed = state.tables.write(move |sql| {
        if !member::has_other_owner(sql, &path.org, &path.name)? {
            return Ok(Err(last_owner(&path)));
        }
        if !member::remove(sql, &path.org, &path.name)? {
            return Ok(Err(Refusal::not_found("member")));
        }
        change.write(sql)?;
        Ok(Ok(StatusCode::NO_CONTENT))
    });
    removed.await?
}

/// Nobody could let anybody in any more.
fn last_owner(path: &MemberPath) -> Refusal {
    let MemberPath { org, name } = path;
    let detail = format!(
        "an organisation has at least one owner, and `{name}` is the last of `{org}`: give somebody else that role first"
    );
    Refusal::conflict(detail).coded("last-owner")
}

fn url(path: &MemberPath) -> String {
    format!("/v1/orgs/{}/members/{}", path.org, path.name)
}
