//! Who asks, and where: as the environment says it to Oracle's own command line.

use std::path::Path;

use oci_signer::{Client, ConfigFile, Instance, Principal, Resource, Signer, canonical};

use crate::error::Error;
use crate::object_storage::ObjectStorage;

/// Who asks, in which region.
#[derive(Debug, Clone)]
pub struct Login {
    client: Client,
    region: String,
    endpoint: Option<String>,
}

impl Login {
    /// Whoever the environment names: `OCI_CLI_AUTH` is `api_key`, `security_token`, `instance_principal` or
    /// `resource_principal`. Without it that is the container instance or function that this runs in, where it runs in one,
    /// and else the profile `OCI_CLI_PROFILE` of the file `OCI_CLI_CONFIG_FILE`. `OCI_CLI_REGION` and `OCI_CLI_ENDPOINT` say
    /// where other things are meant than those of whoever asks.
    ///
    /// # Errors
    /// When there is no such file, key or token.
    pub async fn from_env() -> Result<Self, oci_signer::Error> {
        let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let (auth, region) = (said("OCI_CLI_AUTH"), said("OCI_CLI_REGION").map(|region| canonical(&region)));
        let is_resource = said("OCI_RESOURCE_PRINCIPAL_VERSION").is_some();
        let (principal, own) = match auth.as_deref() {
            Some("resource_principal") => Self::resource()?,
            None if is_resource => Self::resource()?,
            Some("instance_principal") => {
                let instance = Instance::this()?;
                let own = match &region {
                    Some(region) => region.clone(),
                    None => instance.region().await?,
                };
                (Principal::Instance(instance), own)
            }
            Some("api_key" | "security_token") | None => {
                let file = said("OCI_CLI_CONFIG_FILE");
                let name = said("OCI_CLI_PROFILE").unwrap_or_else(|| "DEFAULT".into());
                let profile = ConfigFile::find(file.as_deref().map(Path::new))?.profile(&name)?;
                let own = match &region {
                    Some(region) => region.clone(),
                    None => profile.region()?,
                };
                (Principal::of_profile(profile)?, own)
            }
            Some(_) => {
                let why = "is one of api_key, security_token, instance_principal and resource_principal".into();
                return Err(oci_signer::Error::Environment { name: "OCI_CLI_AUTH", why });
            }
        };
        let client = Client::new(Signer::new(principal))?;
        Ok(Self { client, region: region.unwrap_or(own), endpoint: said("OCI_CLI_ENDPOINT") })
    }

    fn resource() -> Result<(Principal, String), oci_signer::Error> {
        let resource = Resource::from_env()?;
        let region = resource.region().to_owned();
        Ok((Principal::Resource(resource), region))
    }

    /// What signs and sends.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Object Storage there.
    ///
    /// # Errors
    /// When region or address cannot be those of a service.
    pub fn object_storage(&self) -> Result<ObjectStorage, Error> {
        match &self.endpoint {
            Some(address) => ObjectStorage::at(self.client.clone(), address),
            None => ObjectStorage::in_region(self.client.clone(), &self.region),
        }
    }
}
