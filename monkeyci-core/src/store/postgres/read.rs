use std::sync::Arc;

use monkeyci_model::{BuildId, Event};

use crate::store::{BuildRow, JobRow, Row, Sql, StoreError, Value};
use crate::values;

const BUILD: &str = "SELECT org, repo, number, status, message, request, created, ended, events, cause FROM build";
const EVENT: &str =
    "SELECT position, seq, time, kind, org, repo, number FROM event JOIN build ON build.id = event.build";

pub(super) fn events(
    sql: &mut dyn Sql,
    build: &BuildId,
    after: u64,
    limit: usize,
) -> Result<Vec<Arc<Event>>, StoreError> {
    let select = format!("{EVENT} WHERE org = $1 AND repo = $2 AND number = $3 AND seq > $4 ORDER BY seq LIMIT $5");
    rows(sql, &select, values![&build.org, &build.repo, build.number, after, limit as u64], event)
}

pub(super) fn feed(sql: &mut dyn Sql, position: u64, limit: usize) -> Result<Vec<Arc<Event>>, StoreError> {
    let select = format!("{EVENT} WHERE position > $1 ORDER BY position LIMIT $2");
    rows(sql, &select, values![position, limit as u64], event)
}

pub(super) fn open_builds(sql: &mut dyn Sql) -> Result<Vec<BuildRow>, StoreError> {
    rows(sql, &format!("{BUILD} WHERE open = 1 ORDER BY id"), &[], build_row)
}

pub(super) fn builds(sql: &mut dyn Sql, limit: usize) -> Result<Vec<BuildRow>, StoreError> {
    rows(sql, &format!("{BUILD} ORDER BY id DESC LIMIT $1"), values![limit as u64], build_row)
}

pub(super) fn build(sql: &mut dyn Sql, build: &BuildId) -> Result<Option<BuildRow>, StoreError> {
    let select = format!("{BUILD} WHERE org = $1 AND repo = $2 AND number = $3");
    Ok(rows(sql, &select, values![&build.org, &build.repo, build.number], build_row)?.pop())
}

pub(super) fn jobs(sql: &mut dyn Sql, build: &BuildId) -> Result<Vec<JobRow>, StoreError> {
    let select = "SELECT job.id, job.status, attempt, fence, started, job.ended FROM job
                  JOIN build ON build.id = job.build WHERE org = $1 AND repo = $2 AND number = $3 ORDER BY place";
    rows(sql, select, values![&build.org, &build.repo, build.number], job_row)
}

fn rows<T>(
    sql: &mut dyn Sql,
    select: &str,
    parameters: &[Value],
    read: impl Fn(&Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    sql.query(select, parameters)?.iter().map(read).collect()
}

fn event(row: &Row) -> Result<Arc<Event>, StoreError> {
    let subject = BuildId::new(row.word(4)?, row.word(5)?, row.count(6)?);
    let (position, seq) = (row.count(0)?, row.count(1)?);
    Ok(Arc::new(Event { position, subject, seq, time: row.integer(2)?, kind: row.json(3)? }))
}

fn build_row(row: &Row) -> Result<BuildRow, StoreError> {
    let text = |column| row.maybe(column, Row::text).map(|text| text.map(str::to_owned));
    Ok(BuildRow {
        build: BuildId::new(row.word(0)?, row.word(1)?, row.count(2)?),
        status: row.word(3)?,
        message: text(4)?,
        request: text(5)?,
        trigger: row.maybe(9, Row::json)?,
        created: row.maybe(6, Row::integer)?,
        ended: row.maybe(7, Row::integer)?,
        events: row.count(8)?,
    })
}

fn job_row(row: &Row) -> Result<JobRow, StoreError> {
    let attempt = row.count(2)?;
    Ok(JobRow {
        job: row.word(0)?,
        status: row.word(1)?,
        attempt: attempt.try_into().unwrap_or(u32::MAX),
        fence: row.count(3)?,
        started: row.maybe(4, Row::integer)?,
        ended: row.maybe(5, Row::integer)?,
    })
}
