//! What a sidecar is told to do.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use bytes::Bytes;
use monkeyci_model::job::Arch;
use serde::{Deserialize, Serialize};

use super::depot::DepotError;
use super::error::SidecarError;
use super::pace::Pace;
use crate::executor::CONTAINER_WORK;
use crate::job_dir::Program;

/// The version of the objects in a depot. A sidecar follows orders of its own version only.
pub const PROTOCOL: u32 = 1;

/// The object that holds the order.
pub const ORDER: &str = "order.json";

/// Bytes of an order, at most.
pub(super) const MOST: usize = 1024 * 1024;

/// How long a job's container has to begin, in milliseconds: its image may have to be pulled.
const BEGIN_MS: u64 = 10 * 60 * 1000;

/// What a sidecar is told to do.
///
/// It holds the depot's address, which is as good as a key: it is kept where secrets are, and `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Order {
    /// [`PROTOCOL`].
    pub protocol: u32,
    /// The depot's address, with `/` at its end.
    pub depot: String,
    /// Where the volume's job directory is for the sidecar and for the job alike.
    pub job_dir: PathBuf,
    /// Where the workspace is for the sidecar and for the job alike.
    pub work: PathBuf,
    /// The processor that the job runs on, where that is not the sidecar's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arch: Option<Arch>,
    /// User and group that the workspace and the report are given to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<(u32, u32)>,
    /// Whether everybody may write to the workspace and the report: for an image whose user is not known.
    #[serde(default)]
    pub open: bool,
    /// Files and folders, from the root of the workspace, that are sent back once the job has run.
    #[serde(default)]
    pub collect: Vec<String>,
    /// Milliseconds that the job's container has to begin.
    pub begin_ms: u64,
    /// Milliseconds that the job may go on when nothing is heard of the host.
    pub lease_ms: u64,
    /// Milliseconds between asking the job to end and killing it.
    pub grace_ms: u64,
}

impl std::fmt::Debug for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Order")
            .field("job_dir", &self.job_dir)
            .field("work", &self.work)
            .field("arch", &self.arch)
            .field("owner", &self.owner)
            .field("open", &self.open)
            .field("collect", &self.collect)
            .finish_non_exhaustive()
    }
}

impl Order {
    /// The order for a container that has the volume at the usual places, and lets whoever its user is write to the workspace.
    /// `program` is what it runs.
    #[must_use]
    pub fn new(depot: impl Into<String>, program: &Program, collect: Vec<String>) -> Self {
        Self {
            protocol: PROTOCOL,
            depot: depot.into(),
            job_dir: super::entry::JOB_DIR.into(),
            work: CONTAINER_WORK.into(),
            arch: None,
            owner: None,
            open: true,
            collect,
            begin_ms: BEGIN_MS,
            lease_ms: program.lease_ms,
            grace_ms: program.grace_ms,
        }
    }

    /// The order as it is put into a file, a secret or a depot.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("plain data")
    }

    /// The order that `look` finds, now or within `wait`: a sidecar may be there before its order is.
    ///
    /// # Errors
    /// When there is none by then, or it cannot be followed; or when the depot fails for as long.
    pub async fn wait_for<Looking>(look: impl Fn(usize) -> Looking, wait: Duration) -> Result<Self, SidecarError>
    where
        Looking: Future<Output = Result<Option<Bytes>, DepotError>>,
    {
        let began = Instant::now();
        let mut pace = Pace::between(Duration::from_millis(200), Duration::from_secs(2));
        loop {
            let late = began.elapsed() >= wait;
            match look(MOST).await {
                Ok(Some(bytes)) => return Self::from_json(&bytes),
                Ok(None) | Err(DepotError::Away { .. }) if !late => pace.wait().await,
                Ok(None) => return Err(SidecarError::Order(format!("there was none for {} s", wait.as_secs()))),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Reads an order.
    ///
    /// # Errors
    /// When it is none, or one of another version. What stands in it is not shown.
    pub fn from_json(bytes: &[u8]) -> Result<Self, SidecarError> {
        #[derive(Deserialize)]
        struct Version {
            protocol: u32,
        }
        let unfit = |why: String| Err(SidecarError::Order(why));
        if bytes.len() > MOST {
            return unfit(format!("it has more than {MOST} bytes"));
        }
        // Where it is wrong, and not what stands there: it may be a key.
        let at = |error: &serde_json::Error| format!("line {}, column {}", error.line(), error.column());
        match serde_json::from_slice::<Version>(bytes) {
            Ok(Version { protocol: PROTOCOL }) => {}
            Ok(Version { protocol }) => {
                return unfit(format!(
                    "it is of version {protocol}, and this sidecar follows version {PROTOCOL}: take the sidecar's image of \
                     the version that gives the order"
                ));
            }
            Err(error) => return unfit(format!("it is no order of a sidecar ({})", at(&error))),
        }
        let order: Self = match serde_json::from_slice(bytes) {
            Ok(order) => order,
            Err(error) => return unfit(format!("it lacks something, or says it in another way ({})", at(&error))),
        };
        for (name, path) in [("jobDir", &order.job_dir), ("work", &order.work)] {
            if !path.is_absolute() || path.parent().is_none() {
                return unfit(format!("`{name}` is no absolute path of a folder"));
            }
        }
        Ok(order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_comes_back_and_its_address_is_not_shown() {
        let order = Order::new("https://example.com/s3cr3t/", &Program::default(), vec!["target".into()]);
        assert_eq!(Order::from_json(&order.to_json()).expect("an order"), order);
        assert!(!format!("{order:?}").contains("s3cr3t"));
    }

    #[test]
    fn what_is_no_order_is_refused_without_being_shown() {
        let order = Order::new("https://example.com/s3cr3t/", &Program::default(), Vec::new());
        let json = String::from_utf8(order.to_json()).expect("text");
        for (bytes, why) in [
            (json.replace("\"protocol\":1", "\"protocol\":2"), "version 2"),
            (json.replace("\"protocol\":1,", ""), "no order"),
            (json.replace("leaseMs", "s3cr3t"), "lacks something"),
            (json.replace("/opt/monkeyci", "opt"), "`jobDir` is no absolute path"),
            (json.replace("/opt/monkeyci", "/"), "`jobDir` is no absolute path"),
            (format!("{json}s3cr3t"), "no order"),
            (" ".repeat(MOST + 1), "more than"),
        ] {
            let error = Order::from_json(bytes.as_bytes()).expect_err("refused").to_string();
            assert!(error.contains(why) && !error.contains("s3cr3t"), "{error}");
        }
    }
}
