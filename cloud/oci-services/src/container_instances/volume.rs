//! What containers of an instance share.

use serde::Serialize;

/// What containers of an instance share.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "volumeType")]
pub enum Volume {
    /// An empty folder, which goes with the instance.
    #[serde(rename = "EMPTYDIR", rename_all = "camelCase")]
    EmptyDir {
        /// Its name in the instance.
        name: String,
        /// What it is kept on.
        #[serde(skip_serializing_if = "Option::is_none")]
        backing_store: Option<BackingStore>,
    },
    /// Files that are given with the instance. Whoever may read the instance may read them.
    #[serde(rename = "CONFIGFILE")]
    ConfigFile {
        /// Its name in the instance.
        name: String,
        /// The files.
        configs: Vec<ConfigFile>,
    },
}

/// What an empty folder is kept on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BackingStore {
    /// The disk of the instance: 15 GB, with the images.
    EphemeralStorage,
    /// Its memory.
    Memory,
}

/// A file that is given with the instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigFile {
    /// Its name.
    pub file_name: String,
    /// What is in it, in base64.
    pub data: String,
    /// Where it is in the volume, in place of its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// A volume in a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeMount {
    /// Where.
    pub mount_path: String,
    /// Which.
    pub volume_name: String,
    /// What of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_path: Option<String>,
    /// Whether the container cannot write to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_read_only: Option<bool>,
}
