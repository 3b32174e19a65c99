//! As whom containers run, and what they may do.

use serde::Serialize;

/// As whom a container runs, and what it may do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "securityContextType", rename = "LINUX", rename_all = "camelCase")]
pub struct ContainerSecurity {
    /// Its user, in place of the image's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as_user: Option<u32>,
    /// Its group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as_group: Option<u32>,
    /// Whether it is refused where it would run as root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_non_root_user_check_enabled: Option<bool>,
    /// Whether it cannot write to its image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_root_file_system_readonly: Option<bool>,
    /// What its root may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Capabilities>,
}

/// What root in a container may do, by names as `CAP_CHOWN`, and `ALL`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Capabilities {
    /// More than usual.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add_capabilities: Vec<String>,
    /// Less than usual.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drop_capabilities: Vec<String>,
}

/// What holds for all volumes of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "securityContextType", rename = "LINUX", rename_all = "camelCase")]
pub struct InstanceSecurity {
    /// The group that volumes belong to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fs_group: Option<u32>,
    /// When what is on them is given to that group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fs_group_change_policy: Option<FsGroupChange>,
}

/// When what is on a volume is given to its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FsGroupChange {
    /// Each time.
    Always,
    /// Where its root belongs to another.
    OnRootMismatch,
}
