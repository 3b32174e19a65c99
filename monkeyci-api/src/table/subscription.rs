//! Subscriptions: who is told of what happens in builds.

use monkeyci_core::model::{Millis, OrgId};
use monkeyci_core::store::{Row, Sql, StoreError};
use monkeyci_core::values;
use monkeyci_rest::{Subscription, SubscriptionBody};

/// Milliseconds for which a former secret signs beside the one after it.
const ROTATION: Millis = 24 * 60 * 60 * 1000;

/// A subscription as it is kept: its secrets are sealed.
#[derive(Debug, Clone)]
pub struct SubscriptionRow {
    /// What never changes of it.
    pub id: String,
    /// The organisation.
    pub org: OrgId,
    /// Its name.
    pub name: String,
    /// What was said of it.
    pub body: SubscriptionBody,
    /// What its webhook is signed with.
    pub secret: Option<Vec<u8>>,
    /// The secret before, and since when it is that.
    pub former: Option<(Vec<u8>, Millis)>,
    /// When it was made.
    pub created: Millis,
    /// When it was last changed.
    pub updated: Millis,
    /// Rises with each change.
    pub revision: u64,
}

const COLUMNS: &str =
    "SELECT id, org, name, body, secret, former, rotated, created, updated, revision FROM subscription";

fn read(row: &Row) -> Result<SubscriptionRow, StoreError> {
    let former = row.maybe(5, Row::bytes)?.map(<[u8]>::to_vec);
    Ok(SubscriptionRow {
        id: row.text(0)?.to_owned(),
        org: row.word(1)?,
        name: row.text(2)?.to_owned(),
        body: row.json(3)?,
        secret: row.maybe(4, Row::bytes)?.map(<[u8]>::to_vec),
        former: former.zip(row.maybe(6, Row::integer)?),
        created: row.integer(7)?,
        updated: row.integer(8)?,
        revision: row.count(9)?,
    })
}

impl SubscriptionRow {
    /// The former secret, while it signs as well.
    #[must_use]
    pub fn former(&self, now: Millis) -> Option<&[u8]> {
        self.former.as_ref().filter(|(_, since)| now - since < ROTATION).map(|(secret, _)| secret.as_slice())
    }

    /// It as the API shows it; with its secret where that was just made.
    #[must_use]
    pub fn shown(self, secret: Option<String>, now: Millis) -> Subscription {
        let rotating = self.former(now).is_some();
        let Self { name, body, created, updated, revision, .. } = self;
        Subscription { name, body, rotating, secret, created, updated, revision }
    }
}

/// What the sealed secret of a subscription is bound to.
#[must_use]
pub fn place(id: &str) -> String {
    format!("subscription/{id}")
}

/// The subscription of that name.
///
/// # Errors
/// When it cannot be read.
pub fn find(sql: &mut dyn Sql, org: &OrgId, name: &str) -> Result<Option<SubscriptionRow>, StoreError> {
    sql.query(&format!("{COLUMNS} WHERE org = $1 AND name = $2"), values![org, name])?.first().map(read).transpose()
}

/// The subscription of that id.
///
/// # Errors
/// When it cannot be read.
pub fn by_id(sql: &mut dyn Sql, id: &str) -> Result<Option<SubscriptionRow>, StoreError> {
    sql.query(&format!("{COLUMNS} WHERE id = $1"), values![id])?.first().map(read).transpose()
}

/// Up to `limit` subscriptions of an organisation after `cursor`, by name.
///
/// # Errors
/// When they cannot be read.
pub fn list(
    sql: &mut dyn Sql,
    org: &OrgId,
    cursor: Option<&str>,
    limit: u64,
) -> Result<Vec<SubscriptionRow>, StoreError> {
    let select = format!("{COLUMNS} WHERE org = $1 AND name > $2 ORDER BY name LIMIT $3");
    sql.query(&select, values![org, cursor.unwrap_or_default(), limit])?.iter().map(read).collect()
}

/// How many subscriptions an organisation has.
///
/// # Errors
/// When they cannot be counted.
pub fn count(sql: &mut dyn Sql, org: &OrgId) -> Result<u64, StoreError> {
    let rows = sql.query("SELECT count(*) FROM subscription WHERE org = $1", values![org])?;
    rows.first().map_or(Ok(0), |row| row.count(0))
}

/// Keeps a new subscription, or what is said of one now, with its secrets.
///
/// # Errors
/// When it cannot be written.
pub fn put(sql: &mut dyn Sql, row: &SubscriptionRow) -> Result<(), StoreError> {
    let upsert = "INSERT INTO subscription
                  (id, org, name, body, secret, former, rotated, created, updated, revision)
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (org, name) DO UPDATE SET
                  body = excluded.body, secret = excluded.secret, former = excluded.former,
                  rotated = excluded.rotated, updated = excluded.updated, revision = excluded.revision";
    let body = serde_json::to_string(&row.body).expect("a body is JSON");
    let SubscriptionRow { id, org, name, secret, former, created, updated, revision, .. } = row;
    let (former, rotated) = former.as_ref().map(|(secret, since)| (secret.as_slice(), *since)).unzip();
    let secret = secret.as_deref();
    let parameters = values![id, org, name, body, secret, former, rotated, *created, *updated, *revision];
    sql.execute(upsert, parameters).map(drop)
}

/// Removes a subscription with what it was told.
///
/// # Errors
/// When it cannot be written.
pub fn remove(sql: &mut dyn Sql, id: &str) -> Result<(), StoreError> {
    for table in ["notice", "correspondent"] {
        sql.execute(&format!("DELETE FROM {table} WHERE subscription = $1"), values![id])?;
    }
    sql.execute("DELETE FROM subscription WHERE id = $1", values![id]).map(drop)
}
