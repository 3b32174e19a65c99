use axum::extract::State as Shared;
use http::StatusCode;
use monkeyci_rest::{AuditRow, Page, Role};

use super::Routes;
use crate::extract::{At, OrgPath, Paging, Query};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::Answer;
use crate::state::State;
use crate::table::audit;

pub(super) fn routes(routes: Routes) -> Routes {
    let all = Operation::get("/v1/orgs/{org}/audit", "Who changed what, newest first");
    routes.add(all.answers::<Page<AuditRow>>(StatusCode::OK), list_audit)
}

async fn list_audit(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgPath>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<AuditRow>>> {
    who.must(&path.org, Role::Owner)?;
    let (cursor, limit) = (paging.number()?, paging.limit() + 1);
    let found = state.tables.read(move |sql| audit::list(sql, &path.org, cursor, limit)).await?;
    Ok(Json(paging.page(found, |row| row.position.to_string())))
}
