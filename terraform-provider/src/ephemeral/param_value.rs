//! `ephemeral.monkeyci_param_value`.

use tfplugin::{Computed, Context, Diagnostic, Ephemeral, Object, Opened, Result};

use crate::server::Server;
use crate::{refusal, scope};

/// The value of a param as it is in each run, in no plan and no state. Those of secret params never come out of the server.
#[derive(Debug, Object)]
pub struct ParamValue {
    /// Whose param: the `id` of an organisation, a repository, an environment or a param set.
    scope: String,
    /// Its name.
    name: String,
    /// Its value.
    #[attribute(sensitive)]
    value: Computed<String>,
    /// Rises with each value that is written.
    version: Computed<u64>,
}

impl Ephemeral for ParamValue {
    type Client = Server;
    const NAME: &'static str = "param_value";

    async fn open(self, cx: &Context<Server>) -> Result<Opened<Self>> {
        let found = scope::param(&cx.client, &self.scope, &self.name)?.get().await;
        let found = found.map_err(|error| refusal::whole("param", &error))?;
        let secret = || {
            let detail =
                "It is secret, and the server lets no secret out: who needs it gets it from where it was taken in.";
            Diagnostic::error("The value of the param does not come out", detail).at("name")
        };
        let value = found.value.ok_or_else(secret)?;
        Ok(Self { value: value.into(), version: found.version.into(), ..self }.into())
    }
}
