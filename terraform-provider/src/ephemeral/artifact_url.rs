//! `ephemeral.monkeyci_artifact_url`.

use monkeyci_client::ClientError;
use monkeyci_client::rest::NewArtifactLink;
use tfplugin::check::between;
use tfplugin::{Computed, Context, Diagnostics, Ephemeral, Object, Opened, Result};

use crate::server::Server;
use crate::{refusal, time};

/// An address by which whoever has it downloads what a job of a build has saved, and nothing else, for a while.
#[derive(Debug, Object)]
pub struct ArtifactUrl {
    /// The `id` of the repository: `acme/web`.
    repo: String,
    /// The number of the build.
    number: u64,
    /// The id of the artifact in the build.
    artifact: String,
    /// Minutes that it is good; up to a day.
    #[attribute(default = 60, check(between(1..=1440)))]
    minutes: u32,
    /// It.
    #[attribute(sensitive)]
    url: Computed<String>,
    /// When it expires, in RFC 3339.
    expires: Computed<String>,
}

impl Ephemeral for ArtifactUrl {
    type Client = Server;
    const NAME: &'static str = "artifact_url";

    async fn open(self, cx: &Context<Server>) -> Result<Opened<Self>> {
        let build = cx.client.repo(&self.repo)?.build(self.number);
        let made = build.link_artifact(&self.artifact, &NewArtifactLink { minutes: self.minutes }).await;
        let made = made.map_err(|error| refused(&error))?;
        Ok(Self { url: made.url.into(), expires: time::shown(made.expires).into(), ..self }.into())
    }
}

fn refused(error: &ClientError) -> Diagnostics {
    refusal::refused("artifact", &ArtifactUrl::schema(), str::to_owned, error)
}
