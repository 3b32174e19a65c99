//! Where in Oracle Cloud this machine's builds run their jobs: the same keys that a server has under `[executor.oci]`.

use std::path::PathBuf;

use monkeyci_api::config::ContainerInstances;
use monkeyci_core::executor::Oci;
use monkeyci_core::executor::route::Connect;

use crate::error::CliError;
use crate::state;

/// Holds the settings themselves, for a container that has no files.
const SETTINGS: &str = "MONKEYCI_OCI_SETTINGS";
/// Names their file.
const FILE: &str = "MONKEYCI_OCI_CONFIG";

/// The executor of container instances.
pub async fn open() -> Result<Oci, CliError> {
    let (settings, place) = settings()?;
    settings.open().await.map_err(|why| CliError::ours(format!("{place}: {why}")))
}

/// The same once the first job needs it.
pub fn lazily() -> Result<Connect, CliError> {
    Ok(settings()?.0.lazily())
}

/// The settings, and where they are from.
fn settings() -> Result<(ContainerInstances, String), CliError> {
    let said = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let (text, place) = match (said(SETTINGS), said(FILE)) {
        (Some(text), _) => (text, format!("the variable `{SETTINGS}`")),
        (None, named) => {
            let path = match &named {
                Some(path) => PathBuf::from(path),
                None => {
                    let folder = state::config(|name| std::env::var_os(name));
                    folder.map_err(|error| CliError::usage(error.to_string()))?.join("oci.toml")
                }
            };
            let text = std::fs::read_to_string(&path).map_err(|error| {
                CliError::usage(format!("`{}`: {error}", path.display())).hint(format!(
                    "write there where in Oracle Cloud jobs run, or name another file in `{FILE}`: the keys are those of \
                     `[executor.oci]` in `monkeyci config show`"
                ))
            })?;
            (text, format!("`{}`", path.display()))
        }
    };
    let settings = ContainerInstances::from_toml(&text);
    Ok((settings.map_err(|why| CliError::usage(format!("{place}: {why}")))?, place))
}
