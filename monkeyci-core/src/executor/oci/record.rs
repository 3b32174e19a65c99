//! What is kept of an attempt, so that whoever takes it up again makes no second instance of it.

use serde::{Deserialize, Serialize};

use crate::executor::ExecutorError;
use crate::job_dir::JobDir;

/// The name that it is kept under, beside the halves of the job directory.
const FILE: &str = "oci-instance";

/// What is kept of an attempt. It is written before anything is asked for, and again once that is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    /// By this the signed address of its depot is taken back.
    #[serde(default)]
    pub address: Option<String>,
    /// Where an instance was asked for last: the number of the candidate.
    #[serde(default)]
    pub candidate: Option<usize>,
    /// The instance, once there is one.
    #[serde(default)]
    pub id: Option<String>,
    /// What the service does because of it.
    #[serde(default)]
    pub work_request: Option<String>,
    /// All that the job made has been fetched, and only the instance was still to be deleted.
    #[serde(default)]
    pub fetched: bool,
    /// Nothing is there of it any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cleared: bool,
}

impl Record {
    /// What was kept; nothing was asked for yet where there is none.
    pub(super) fn of(dir: &JobDir) -> Result<Self, ExecutorError> {
        let io = |source| ExecutorError::Io { what: "reading which instance the job has", source };
        let Some(bytes) = dir.kept(FILE).map_err(io)? else { return Ok(Self::default()) };
        Self::from_json(&bytes)
    }

    /// What was kept elsewhere.
    pub(super) fn from_json(bytes: &[u8]) -> Result<Self, ExecutorError> {
        let io = |source| ExecutorError::Io { what: "reading which instance the job has", source };
        serde_json::from_slice(bytes).map_err(|error| io(error.into()))
    }

    /// As it is kept.
    pub(super) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a record is JSON")
    }

    /// Keeps it.
    pub(super) fn keep(&self, dir: &JobDir) -> Result<(), ExecutorError> {
        let io = |source| ExecutorError::Io { what: "writing which instance the job has", source };
        dir.keep(FILE, &self.to_json()).map_err(io)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_back_and_what_is_damaged_is_told() {
        let home = tempfile::tempdir().expect("a folder");
        let dir = JobDir::create(home.path().join("job")).expect("created");
        assert_eq!(Record::of(&dir).expect("nothing"), Record::default());
        let record = Record { candidate: Some(3), id: Some("ocid1.x".into()), ..Record::default() };
        record.keep(&dir).expect("kept");
        assert_eq!(Record::of(&dir).expect("kept"), record);
        dir.keep(FILE, b"{").expect("kept");
        assert!(Record::of(&dir).expect_err("damaged").to_string().contains("which instance"));
    }
}
