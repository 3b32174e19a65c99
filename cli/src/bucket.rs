//! Objects of Oracle's Object Storage, read as the resource that this program runs in.

use bytes::{Bytes, BytesMut};
use monkeyci_core::sidecar::DepotError;
use oci_signer::{Client, Principal, Resource, Signer, realm_domain};
use tokio::sync::OnceCell;

use crate::error::CliError;

/// Bytes of a refusal that are shown.
const SHOWN: usize = 300;

/// A prefix of a bucket.
pub struct Bucket {
    client: Client,
    endpoint: String,
    namespace: OnceCell<String>,
    bucket: String,
    prefix: String,
}

impl Bucket {
    /// The `BUCKET/PREFIX` of this resource's region, or at another address.
    pub fn open(place: &str, endpoint: Option<&str>) -> Result<Self, CliError> {
        let plain = |text: &str| text.chars().all(|sign| sign.is_ascii_alphanumeric() || "._-/".contains(sign));
        let Some((bucket, prefix)) = place.split_once('/').filter(|(bucket, _)| !bucket.is_empty() && plain(place))
        else {
            let error = CliError::usage(format!("`{}` names no bucket and prefix", place.escape_debug()));
            return Err(error.hint("say it as `--oci BUCKET/PREFIX`: letters, digits, `.`, `_`, `-` and `/`"));
        };
        let failed = |error: oci_signer::Error| CliError::ours(error.to_string());
        let resource = Resource::from_env().map_err(failed)?;
        let usual = format!("https://objectstorage.{}.{}", resource.region(), realm_domain(resource.region()));
        let client = Client::new(Signer::new(Principal::Resource(resource))).map_err(failed)?;
        Ok(Self {
            client,
            endpoint: endpoint.unwrap_or(&usual).trim_end_matches('/').to_owned(),
            namespace: OnceCell::new(),
            bucket: bucket.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
        })
    }

    /// An object under the prefix, of at most so many bytes.
    pub async fn get(&self, name: &str, most: usize) -> Result<Option<Bytes>, DepotError> {
        let namespace = self.namespace.get_or_try_init(|| self.find_namespace()).await?;
        let Self { endpoint, bucket, prefix, .. } = self;
        self.fetch(name, &format!("{endpoint}/n/{namespace}/b/{bucket}/o/{prefix}/{name}"), most).await
    }

    async fn find_namespace(&self) -> Result<String, DepotError> {
        let name = "the namespace";
        let refused = |why: &str| DepotError::Refused { name: name.into(), why: why.into() };
        let found = self.fetch(name, &format!("{}/n", self.endpoint), 1024).await?;
        let found = found.ok_or_else(|| refused("there is no Object Storage at its address"))?;
        serde_json::from_slice(&found).map_err(|_| refused("what Object Storage answers is no namespace"))
    }

    async fn fetch(&self, name: &str, url: &str, most: usize) -> Result<Option<Bytes>, DepotError> {
        let away = |why: String| DepotError::Away { name: name.into(), why };
        let refused = |why: String| DepotError::Refused { name: name.into(), why };
        let request = self.client.http().get(url).build().map_err(|error| refused(error.to_string()))?;
        let mut answer = self.client.send(request).await.map_err(|error| away(error.to_string()))?;
        let status = answer.status();
        let mut bytes = BytesMut::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| away(error.to_string()))? {
            if bytes.len() + piece.len() > most {
                return Err(DepotError::TooLong { name: name.into(), most });
            }
            bytes.extend_from_slice(&piece);
        }
        if status.is_success() {
            return Ok(Some(bytes.freeze()));
        }
        let text = String::from_utf8_lossy(&bytes);
        let text: String = text.chars().filter(|sign| !sign.is_control()).take(SHOWN).collect();
        match status.as_u16() {
            // Also said to whoever may not read it: the order may come, or the right to.
            404 => Ok(None),
            408 | 429 | 500.. => Err(away(format!("{status} {text}"))),
            _ => Err(refused(format!("{status} {text}"))),
        }
    }
}
