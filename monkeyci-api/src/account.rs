//! As whom something is asked of Oracle Cloud.

use std::path::PathBuf;

use oci_signer::{Client, ConfigFile, Instance, Principal, Resource, Signer, canonical};
use serde::{Deserialize, Serialize};

/// As whom something is asked of Oracle Cloud, and in which region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Account {
    /// As whom: `config-file` (a profile of Oracle's tools, with an API key or a session), `instance-principal` or
    /// `resource-principal`.
    pub auth: Auth,
    /// The configuration file of Oracle's tools; `~/.oci/config`, or the one that `OCI_CONFIG_FILE` names, when that is not
    /// said.
    #[cfg_attr(feature = "schema", schemars(example = "/etc/monkeyci/oci.config"))]
    pub config_file: Option<PathBuf>,
    /// The profile in that file.
    pub profile: String,
    /// The region; that of whoever asks when that is not said.
    #[cfg_attr(feature = "schema", schemars(example = "eu-frankfurt-1"))]
    pub region: Option<String>,
}

/// As whom a program asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// As a profile of a configuration file says.
    #[default]
    ConfigFile,
    /// As the compute instance that it runs on.
    InstancePrincipal,
    /// As the container instance or the function that it runs in.
    ResourcePrincipal,
}

impl Default for Account {
    fn default() -> Self {
        Self { auth: Auth::default(), config_file: None, profile: "DEFAULT".into(), region: None }
    }
}

impl Account {
    /// Who asks, and in which region.
    ///
    /// # Errors
    /// When there is nobody of that kind, or what says who it is cannot be used.
    pub async fn principal(&self) -> Result<(Principal, String), oci_signer::Error> {
        let said = self.region.as_deref().map(canonical);
        Ok(match self.auth {
            Auth::ConfigFile => {
                let profile = ConfigFile::find(self.config_file.as_deref())?.profile(&self.profile)?;
                let region = match said {
                    Some(region) => region,
                    None => profile.region()?,
                };
                (Principal::of_profile(profile)?, region)
            }
            Auth::InstancePrincipal => {
                let instance = Instance::this()?;
                let region = match said {
                    Some(region) => region,
                    None => instance.region().await?,
                };
                (Principal::Instance(instance), region)
            }
            Auth::ResourcePrincipal => {
                let resource = Resource::from_env()?;
                let region = said.unwrap_or_else(|| resource.region().to_owned());
                (Principal::Resource(resource), region)
            }
        })
    }

    /// A client that signs so, and the region.
    ///
    /// # Errors
    /// As [`Account::principal`].
    pub async fn client(&self) -> Result<(Client, String), oci_signer::Error> {
        let (principal, region) = self.principal().await?;
        Ok((Client::new(Signer::new(principal))?, region))
    }

    /// The tenancy of whoever asks, where that is known.
    ///
    /// # Errors
    /// As [`Account::principal`].
    pub async fn tenancy(&self) -> Result<Option<String>, oci_signer::Error> {
        match self.auth {
            Auth::ConfigFile => {
                let profile = ConfigFile::find(self.config_file.as_deref())?.profile(&self.profile)?;
                Ok(profile.get("tenancy").map(str::to_owned))
            }
            Auth::InstancePrincipal => Instance::this()?.tenancy().await.map(Some),
            Auth::ResourcePrincipal => Resource::from_env()?.claim("res_tenant"),
        }
    }
}
