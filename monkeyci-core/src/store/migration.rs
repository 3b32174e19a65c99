//! Tables brought up to date: statements that each database sees once.

use super::{Sql, StoreError};

/// Runs the migrations that a component has not seen, each in the words of the database.
pub(super) fn migrate(
    sql: &mut dyn Sql,
    component: &str,
    migrations: &[&str],
    in_its_words: fn(&str) -> String,
) -> Result<(), StoreError> {
    let rows = sql.query("SELECT version FROM migration WHERE component = $1", &[component.into()])?;
    let version = rows.first().map_or(Ok(0), |row| row.count(0))?;
    let seen = usize::try_from(version).unwrap_or(usize::MAX);
    let Some(missing) = migrations.get(seen..) else {
        let known = migrations.len();
        let reason =
            format!("a newer MonkeyCI wrote it (`{component}` {version}, this one knows {known}); use that one");
        return Err(StoreError::Database { what: "cannot open", reason });
    };
    if missing.is_empty() {
        return Ok(());
    }
    for migration in missing {
        let migration = in_its_words(migration);
        for statement in migration.split(";\n").map(str::trim).filter(|statement| !statement.is_empty()) {
            sql.execute(statement, &[])?;
        }
    }
    let known = migrations.len() as u64;
    sql.execute(
        "INSERT INTO migration (component, version) VALUES ($1, $2)
         ON CONFLICT (component) DO UPDATE SET version = excluded.version",
        &[component.into(), known.into()],
    )?;
    Ok(())
}
