//! Numbers that rise and never repeat, and those that were given for keys.

use monkeyci_model::{OrgId, RepoId};
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::Objects;
use super::bucket::repo_key;
use crate::store::{Sequence, StoreError};

/// Numbers that somebody took; the first is the key.
#[derive(Serialize, Deserialize)]
struct Taken {
    /// As of a batch of facts.
    writer: String,
    /// The last of them.
    last: u64,
}

/// The number that was given for a key.
#[derive(Serialize, Deserialize)]
struct Claim {
    /// The key, for people: it is known by its hash.
    key: String,
    number: u64,
}

impl Objects {
    /// Takes numbers where nobody has: those after the last that are taken.
    pub(super) async fn take(&self, sequence: Sequence, count: u64) -> Result<u64, StoreError> {
        let name = match &sequence {
            Sequence::Fence => "fences".to_owned(),
            Sequence::Build(org, repo) => repo_key("builds", org, repo),
        };
        let known = self.know(|memory| memory.ends.get(&sequence).copied());
        let mut end = match known {
            Some(end) => end,
            None => self.end(&name).await?,
        };
        loop {
            let key = format!("numbers/{name}/{:020}", end + 1);
            let mine = Taken { writer: Ulid::new().to_string(), last: end + count };
            let taken = if self.bucket.create_json(&key, &mine).await? {
                mine
            } else {
                match self.bucket.get_json::<Taken>(&key).await? {
                    Some(there) if there.writer == mine.writer => mine,
                    Some(there) => {
                        end = there.last;
                        continue;
                    }
                    None => continue,
                }
            };
            self.know(|memory| memory.ends.insert(sequence, taken.last));
            if let Err(error) = self.bucket.put_json(&format!("last/{name}"), &taken.last).await {
                // The next who asks has more to read.
                tracing::debug!(%error, "where a sequence ends is not noted");
            }
            return Ok(end + 1);
        }
    }

    /// The last number that is taken. The hint was true once, so that only what came after it is listed.
    async fn end(&self, name: &str) -> Result<u64, StoreError> {
        let hint: u64 = self.bucket.get_json(&format!("last/{name}")).await.ok().flatten().unwrap_or(0);
        let above = format!("numbers/{name}");
        let keys = self.bucket.list_after(&above, &format!("{hint:020}")).await?;
        match keys.last() {
            None => Ok(hint),
            Some(key) => Ok(self.bucket.get_json::<Taken>(key).await?.map_or(hint, |taken| taken.last)),
        }
    }

    /// The number that is given for a key: who asks for one that has none takes one, and of two who do so at once, one
    /// gives it.
    pub(super) async fn claimed(&self, key: &str, org: &OrgId, repo: &RepoId) -> Result<u64, StoreError> {
        let object = format!("claims/{}", blake3::hash(key.as_bytes()).to_hex());
        loop {
            if let Some(claim) = self.bucket.get_json::<Claim>(&object).await? {
                return Ok(claim.number);
            }
            let number = self.take(Sequence::Build(org.clone(), repo.clone()), 1).await?;
            // Where another was first, this number is nobody's.
            self.bucket.create_json(&object, &Claim { key: key.to_owned(), number }).await?;
        }
    }
}
