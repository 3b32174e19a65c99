//! What happens in builds becomes what forges are to be told.
//!
//! How far the events were looked at is kept beside what became of them, so that a process that ends misses none.

use std::collections::BTreeSet;

use monkeyci_core::model::{BuildId, BuildStatus};
use monkeyci_core::store::{Sql, StoreError};

use super::status::{commit, told};
use crate::state::{State, now};
use crate::table::followed::{self, Reader};
use crate::table::{build, repo, report};

/// Events that are read at once.
const PAGE: usize = 256;

/// Events of which nothing is told that may be looked at again after a restart: to note them costs more.
const AGAIN: u64 = 1000;

/// How far the events were looked at.
pub struct Follower {
    seen: u64,
    kept: u64,
}

/// How a build of a commit stands.
struct News {
    build: BuildId,
    commit: String,
    status: BuildStatus,
}

impl Follower {
    /// One that goes on where the one before it ended.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn begin(state: &State) -> Result<Self, StoreError> {
        let kept = state.tables.read(|sql| followed::position(sql, Reader::Report)).await?;
        Ok(Self { seen: kept, kept })
    }

    /// Looks at all that happened since it last did.
    ///
    /// # Errors
    /// When it cannot be read or noted; the same is then looked at the next time.
    pub async fn follow(&mut self, state: &State) -> Result<(), StoreError> {
        loop {
            let events = state.store.feed(self.seen, PAGE).await?;
            let Some(last) = events.last().map(|event| event.position) else { return Ok(()) };
            let builds: BTreeSet<BuildId> = events.iter().map(|event| event.subject.clone()).collect();
            let news = state.tables.read(move |sql| news(sql, builds)).await?;
            if !news.is_empty() || last - self.kept >= AGAIN {
                let write = state.tables.write(move |sql| {
                    for News { build, commit, status } in news {
                        report::want(sql, &build, &commit, status, now())?;
                    }
                    followed::keep(sql, Reader::Report, last)
                });
                write.await?;
                self.kept = last;
            }
            self.seen = last;
        }
    }
}

/// Those of the builds of which a forge is to be told something that nobody has noted.
fn news(sql: &mut dyn Sql, builds: BTreeSet<BuildId>) -> Result<Vec<News>, StoreError> {
    let mut all = Vec::new();
    for id in builds {
        let reports = repo::find(sql, &id.org, &id.repo)?.is_some_and(|repo| repo.body.report.is_some());
        if !reports {
            continue;
        }
        let Some(build) = build::find(sql, &id.org, &id.repo, id.number)? else { continue };
        let Some(commit) = commit(&build).map(str::to_owned) else { continue };
        let status = told(build.status);
        if report::find(sql, &id)?.is_none_or(|row| row.wanted != status) {
            all.push(News { build: id, commit, status });
        }
    }
    Ok(all)
}
