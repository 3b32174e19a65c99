//! `data.monkeyci_build_artifacts`.

use tfplugin::{Computed, Context, DataSource, Object, Result};

use super::unread;
use crate::server::Server;

/// What jobs of a build have saved.
#[derive(Debug, Object)]
pub struct BuildArtifacts {
    /// The `id` of the repository: `acme/web`.
    repo: String,
    /// The number of the build.
    number: u64,
    /// They.
    artifacts: Computed<Vec<Artifact>>,
}

/// What a job has saved.
#[derive(Clone, Debug, Object)]
pub struct Artifact {
    /// Its id in the build.
    id: Computed<String>,
    /// The job.
    job: Computed<String>,
    /// The file or folder that it is of.
    path: Computed<String>,
    /// Bytes of its archive.
    size: Computed<u64>,
    /// The digest (BLAKE3) of its archive.
    digest: Computed<String>,
}

impl DataSource for BuildArtifacts {
    type Client = Server;
    const NAME: &'static str = "build_artifacts";

    async fn read(self, cx: &Context<Server>) -> Result<Self> {
        let build = cx.client.repo(&self.repo)?.build(self.number);
        let found = build.artifacts().all().await.map_err(unread("build"))?;
        let shown = |artifact: monkeyci_client::rest::Artifact| Artifact {
            id: artifact.id.into(),
            job: artifact.job.to_string().into(),
            path: artifact.path.into(),
            size: artifact.size.into(),
            digest: artifact.digest.into(),
        };
        Ok(Self { artifacts: found.into_iter().map(shown).collect::<Vec<_>>().into(), ..self })
    }
}
