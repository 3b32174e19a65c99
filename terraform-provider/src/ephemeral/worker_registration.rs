//! `ephemeral.monkeyci_worker_registration`.

use monkeyci_client::ClientError;
use monkeyci_client::model::OrgId;
use monkeyci_client::rest::NewRegistration;
use tfplugin::check::between;
use tfplugin::{Computed, Context, Diagnostic, Diagnostics, Ephemeral, Object, Opened, Result};

use crate::server::Server;
use crate::{refusal, time};

/// A code by which machines register as workers when they begin: `monkeyci worker --register`. It is good for as many as come
/// in its time, also after this run; who runs the server alone may have it made.
#[derive(Debug, Object)]
pub struct WorkerRegistration {
    /// The organisation whose jobs alone they run; those of all when it is not set.
    org: Option<String>,
    /// Minutes that it is good; up to a week.
    #[attribute(default = 60, check(between(1..=10_080)))]
    minutes: u32,
    /// It.
    #[attribute(sensitive)]
    code: Computed<String>,
    /// When it expires, in RFC 3339.
    expires: Computed<String>,
}

impl Ephemeral for WorkerRegistration {
    type Client = Server;
    const NAME: &'static str = "worker_registration";

    async fn open(self, cx: &Context<Server>) -> Result<Opened<Self>> {
        let wrong = |error| Diagnostic::error("Invalid organisation", format!("{error}.")).at("org");
        let org = self.org.as_deref().map(OrgId::new).transpose().map_err(wrong)?;
        let made = cx.client.client.make_registration(&NewRegistration { org, minutes: self.minutes }).await;
        let made = made.map_err(|error| refused(&error))?;
        Ok(Self { code: made.code.into(), expires: time::shown(made.expires).into(), ..self }.into())
    }
}

fn refused(error: &ClientError) -> Diagnostics {
    refusal::refused("registration", &WorkerRegistration::schema(), str::to_owned, error)
}
