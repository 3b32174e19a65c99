//! Workspaces of Slack, as integrations saw them.

use monkeyci_core::model::{Millis, OrgId};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::{SlackWorkspace, SlackWorkspaceBody};

use crate::table::declared;

const COLUMNS: &str = "SELECT org, id, body, integration, updated FROM slack_workspace";

fn read(row: &Row) -> Result<SlackWorkspace, StoreError> {
    Ok(SlackWorkspace {
        org: row.word(0)?,
        id: row.text(1)?.to_owned(),
        body: row.json(2)?,
        integration: row.text(3)?.to_owned(),
        updated: row.integer(4)?,
    })
}

/// The one of that id.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, org: &OrgId, id: &str) -> Result<Option<SlackWorkspace>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND id = $2");
    sql.query(&select, values![org, id])?.first().map(read).transpose()
}

/// Up to `limit` of an organisation after `cursor`, by id.
///
/// # Errors
/// When they cannot be read.
pub fn list(
    sql: &mut dyn Sql,
    org: &OrgId,
    cursor: Option<&str>,
    limit: u64,
) -> Result<Vec<SlackWorkspace>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND id > $2 ORDER BY id LIMIT $3");
    sql.query(&select, values![org, cursor.unwrap_or_default(), limit])?.iter().map(read).collect()
}

/// Keeps what an integration says of one; tells whether it is new. What is as it was is not written.
///
/// # Errors
/// When it cannot be written.
pub fn put(
    sql: &mut dyn Sql,
    org: &OrgId,
    id: &str,
    integration: &str,
    body: &SlackWorkspaceBody,
    now: Millis,
) -> Result<bool, StoreError> {
    let json = serde_json::to_string(body).expect("a body is JSON");
    let insert = "INSERT INTO slack_workspace (org, id, integration, body, updated) VALUES ($1, $2, $3, $4, $5)
                  ON CONFLICT (org, id) DO NOTHING";
    let update = "UPDATE slack_workspace SET integration = $3, body = $4, updated = $5
                  WHERE org = $1 AND id = $2 AND (body <> $4 OR integration <> $3)";
    declared::put(sql, insert, update, values![org, id, integration, &json, now])
}

/// Forgets one; tells whether it was there.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, org: &OrgId, id: &str) -> Result<bool, StoreError> {
    Ok(sql.execute("DELETE FROM slack_workspace WHERE org = $1 AND id = $2", values![org, id])? == 1)
}
