//! Who users of chats are here, in each organisation for itself.

use monkeyci_core::model::{Millis, OrgId};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::ChatIdentity;

const COLUMNS: &str = "SELECT org, provider, subject, person, name, integration, created, updated, revision
                       FROM chat_identity";

fn read(row: &Row) -> Result<ChatIdentity, StoreError> {
    Ok(ChatIdentity {
        org: row.word(0)?,
        provider: row.text(1)?.to_owned(),
        subject: row.text(2)?.to_owned(),
        person: row.text(3)?.to_owned(),
        name: row.maybe(4, Row::text)?.map(str::to_owned),
        integration: row.maybe(5, Row::text)?.map(str::to_owned),
        created: row.integer(6)?,
        updated: row.integer(7)?,
        revision: row.count(8)?,
    })
}

/// Who a user of a chat is in an organisation; nobody when they are not linked.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, org: &OrgId, provider: &str, subject: &str) -> Result<Option<ChatIdentity>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND provider = $2 AND subject = $3");
    sql.query(&select, values![org, provider, subject])?.first().map(read).transpose()
}

/// Up to `limit` of an organisation after `cursor`, by provider and subject, which are the cursor with a colon between.
///
/// # Errors
/// When they cannot be read.
pub fn list(sql: &mut dyn Sql, org: &OrgId, cursor: Option<&str>, limit: u64) -> Result<Vec<ChatIdentity>, StoreError> {
    let select = format!(
        "{COLUMNS} WHERE org = $1 AND provider || ':' || subject > $2 ORDER BY provider || ':' || subject LIMIT $3"
    );
    sql.query(&select, values![org, cursor.unwrap_or_default(), limit])?.iter().map(read).collect()
}

/// Those of somebody, in all organisations.
///
/// # Errors
/// When they cannot be read.
pub fn of_person(sql: &mut dyn Sql, person: &str) -> Result<Vec<ChatIdentity>, StoreError> {
    let select = format!("{COLUMNS} WHERE person = $1 ORDER BY org, provider, subject");
    sql.query(&select, values![person])?.iter().map(read).collect()
}

/// Links one, or links it to somebody else; tells whether it is new. The times and the revision are given here.
///
/// # Errors
/// When it cannot be written.
pub fn put(sql: &mut dyn Sql, wanted: &ChatIdentity, now: Millis) -> Result<bool, StoreError> {
    let ChatIdentity { org, provider, subject, person, name, integration, .. } = wanted;
    let (name, integration) = (name.as_deref(), integration.as_deref());
    let insert = "INSERT INTO chat_identity
                  (org, provider, subject, person, name, integration, created, updated, revision)
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 1) ON CONFLICT (org, provider, subject) DO NOTHING";
    if sql.execute(insert, values![org, provider, subject, person, name, integration, now])? == 1 {
        return Ok(true);
    }
    let before = find(sql, org, provider, subject)?;
    let is_same = |before: &ChatIdentity| before.person == *person && before.name.as_deref() == name;
    if !before.as_ref().is_some_and(is_same) {
        let update = "UPDATE chat_identity SET person = $4, name = $5, integration = $6, updated = $7,
                      revision = revision + 1 WHERE org = $1 AND provider = $2 AND subject = $3";
        sql.execute(update, values![org, provider, subject, person, name, integration, now])?;
    }
    Ok(false)
}

/// Takes one away; tells whether it was there.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, org: &OrgId, provider: &str, subject: &str) -> Result<bool, StoreError> {
    let delete = "DELETE FROM chat_identity WHERE org = $1 AND provider = $2 AND subject = $3";
    Ok(sql.execute(delete, values![org, provider, subject])? == 1)
}
