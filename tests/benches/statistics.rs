//! Statistics of an organisation with very many builds, in both databases.

use std::time::Duration;

use rusqlite::Connection;
use serde_json::json;

use crate::measure::{Goal, Outcome, pairs, rounds, setting, skipped, timed};
use crate::postgres::PostgresServer;
use crate::server::Server;

/// What people wait for at the most.
const WITHIN: Duration = Duration::from_millis(100);

pub fn run() -> Outcome {
    let builds = setting("BUILDS", 100_000);
    let fill = fill(builds);
    let mut sqlite = Server::start()?;
    sqlite.ask("PUT", "/v1/orgs/acme", &json!({}))?;
    sqlite.again(|state| Ok(Connection::open(state.join("monkeyci.db"))?.execute_batch(&fill)?))?;
    measure(&sqlite, &format!("statistics of {builds} builds, SQLite"))?;
    drop(sqlite);

    let Some(postgres) = PostgresServer::start(&[]) else { return skipped("postgres", "there is none here") };
    let database = postgres.database();
    let mut server = Server::configured(&format!("database = \"{}\"\n", database.url()))?;
    server.ask("PUT", "/v1/orgs/acme", &json!({}))?;
    server.again(|_| {
        database.sql(&fill);
        database.sql("ANALYZE");
        Ok(())
    })?;
    measure(&server, &format!("statistics of {builds} builds, PostgreSQL"))
}

/// Beside an answer that needs no database.
fn measure(server: &Server, what: &str) -> Outcome {
    let path = "/v1/orgs/acme/statistics";
    let shown: serde_json::Value = serde_json::from_slice(&server.get_plain(path)?)?;
    if shown["sample"].as_u64() == Some(0) {
        return Err(format!("no build is counted: {shown}").into());
    }
    let floor = || timed(|| server.get("/healthz"));
    pairs(what, rounds(11), &Goal::Within(WITHIN), floor, || timed(|| server.get(path)))?;
    Ok(())
}

/// Builds of the last 29 days, each with three jobs, as the engine leaves them. Both databases understand it.
fn fill(builds: usize) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.as_millis());
    let each = 29 * 24 * 60 * 60 * 1000 / builds.max(1);
    let numbers =
        format!("WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {builds})");
    let status = |of: u32| format!("CASE WHEN i % {of} = 0 THEN 'failure' ELSE 'success' END");
    let created = format!("{now} - ({builds} - i) * {each} - 700000");
    let mut sql = format!(
        "INSERT INTO build (id, org, repo, number, status, open, created, ended, events, reference, cause)
         {numbers} SELECT i, 'acme', 'web', i, {}, 0, {created}, {created} + 1000 * (i % 600), 1,
         'refs/heads/branch-' || (i % 40), '{{\"source\":\"api\"}}' FROM n;",
        status(7)
    );
    for (job, of) in [("compile", 31), ("test", 7), ("lint", 101)] {
        sql.push_str(&format!(
            "INSERT INTO job (build, id, status, attempt, fence, started, ended)
             {numbers} SELECT i, '{job}', {}, 1 + (i % 50) / 49, i, {created} + 900, {created} + 1000 * (i % 500) FROM n;",
            status(of)
        ));
    }
    sql
}
