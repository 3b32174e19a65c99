//! Where objects are kept, as people write it down.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
#[cfg(feature = "oci")]
use object_store::prefix::PrefixStore;

/// Where objects are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder of this machine, or one that it mounts: `file:///srv/builds`.
    Folder(PathBuf),
    /// A bucket of Oracle's Object Storage, or a folder in it: `oci://NAMESPACE/BUCKET/PREFIX`.
    Oracle {
        /// The namespace of the tenancy.
        namespace: String,
        /// The bucket.
        bucket: String,
        /// What the names of objects begin with, without slashes at its ends; empty for all of the bucket.
        prefix: String,
    },
}

/// Why objects cannot be kept there.
#[derive(Debug, thiserror::Error)]
#[error("`{place}` cannot be used: {source}")]
pub struct PlaceError {
    place: Place,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl Place {
    /// Opens it; a folder is made where there is none. Of a bucket nothing is asked yet.
    ///
    /// Who asks Oracle Cloud is said by the environment, as its own command line understands it: `OCI_CLI_AUTH`,
    /// `OCI_CLI_PROFILE`, `OCI_CLI_CONFIG_FILE`, `OCI_CLI_REGION`, `OCI_CLI_ENDPOINT`. In a container instance or a function
    /// that is the instance or the function itself.
    ///
    /// # Errors
    /// When the folder cannot be made, or nobody is known to ask as.
    pub async fn open(&self) -> Result<Arc<dyn ObjectStore>, PlaceError> {
        self.opened().await.map_err(|source| PlaceError { place: self.clone(), source })
    }

    async fn opened(&self) -> Result<Arc<dyn ObjectStore>, Box<dyn std::error::Error + Send + Sync>> {
        match self {
            Self::Folder(folder) => {
                tokio::fs::create_dir_all(folder).await?;
                Ok(Arc::new(LocalFileSystem::new_with_prefix(folder)?.with_fsync(true)))
            }
            #[cfg(feature = "oci")]
            Self::Oracle { namespace, bucket, prefix } => {
                use oci_services::Login;
                use oci_services::object_storage::BucketStore;

                let storage = Login::from_env().await?.object_storage()?;
                let bucket = BucketStore::new(storage.bucket(namespace, bucket));
                Ok(match prefix.as_str() {
                    "" => Arc::new(bucket),
                    prefix => Arc::new(PrefixStore::new(bucket, prefix)),
                })
            }
            #[cfg(not(feature = "oci"))]
            Self::Oracle { .. } => Err("this program was built without Oracle Cloud".into()),
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = |why: &str| {
            format!("`{text}` {why}: objects are kept at `oci://NAMESPACE/BUCKET/PREFIX` or in `file:///FOLDER`")
        };
        if let Some(folder) = text.strip_prefix("file://") {
            let folder = PathBuf::from(folder);
            return if folder.is_absolute() {
                Ok(Self::Folder(folder))
            } else {
                Err(refused("names no folder from the root of the machine on"))
            };
        }
        let Some(rest) = text.strip_prefix("oci://") else { return Err(refused("is no such place")) };
        let mut parts = rest.trim_end_matches('/').splitn(3, '/');
        let is_name = |name: &&str| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        let (namespace, bucket) = (parts.next().filter(is_name), parts.next().filter(is_name));
        let (Some(namespace), Some(bucket)) = (namespace, bucket) else {
            return Err(refused("names no namespace and bucket"));
        };
        let prefix = parts.next().unwrap_or_default();
        if !prefix.is_empty() && !prefix.split('/').all(|part| is_name(&part) && part != "." && part != "..") {
            return Err(refused("has a folder that cannot be one"));
        }
        Ok(Self::Oracle { namespace: namespace.into(), bucket: bucket.into(), prefix: prefix.into() })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "file://{}", folder.display()),
            Self::Oracle { namespace, bucket, prefix } if prefix.is_empty() => write!(f, "oci://{namespace}/{bucket}"),
            Self::Oracle { namespace, bucket, prefix } => write!(f, "oci://{namespace}/{bucket}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_folder_or_a_bucket_and_written_as_it_is_read() {
        for text in ["file:///srv/builds", "oci://acme/builds", "oci://acme/builds/ci/one"] {
            assert_eq!(text.parse::<Place>().expect("a place").to_string(), text);
        }
        assert_eq!("oci://acme/builds/".parse::<Place>().expect("a place").to_string(), "oci://acme/builds");
        for wrong in [
            "",
            "builds",
            "file://builds",
            "s3://builds",
            "oci://builds",
            "oci:///builds",
            "oci://a/b/../c",
            "oci://a/b//c",
        ] {
            let told = wrong.parse::<Place>().expect_err("no place");
            assert!(told.contains("oci://NAMESPACE/BUCKET/PREFIX"), "{told}");
        }
    }

    #[tokio::test]
    async fn a_folder_is_made_and_what_cannot_be_one_is_named() {
        let root = tempfile::tempdir().expect("a folder");
        let place = Place::Folder(root.path().join("a/b"));
        place.open().await.expect("opens");
        std::fs::write(root.path().join("file"), "").expect("written");
        let file = root.path().join("file/c");
        let told = Place::Folder(file.clone()).open().await.map(drop).expect_err("a file is no folder").to_string();
        assert!(told.contains(&file.display().to_string()), "{told}");
    }
}
