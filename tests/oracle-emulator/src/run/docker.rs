//! Containers of Docker, by its command line.

use std::fs::File;
use std::path::Path;
use std::process::{Output, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use tokio::process::Command;
use tokio::sync::watch;

use super::{Credentials, Ended, Stop, Unit, code_of, told};

pub(super) async fn pull(image: &str, credentials: &[Credentials]) -> Result<(), String> {
    if docker(&["image", "inspect", image]).await?.status.success() {
        return Ok(());
    }
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let logins: Map<String, Value> = credentials
        .iter()
        .map(|known| {
            let login = STANDARD.encode(format!("{}:{}", known.username, known.password));
            (known.registry.clone(), json!({ "auth": login }))
        })
        .collect();
    let config = json!({ "auths": logins }).to_string();
    crate::user::secretly(&folder.path().join("config.json"), &config).map_err(|error| error.to_string())?;
    let config = folder.path().display().to_string();
    told_of(&docker(&["--config", &config, "pull", "--quiet", image]).await?).map(drop)
}

pub(super) async fn run(unit: &Unit, mut stop: watch::Receiver<Stop>) -> Result<Ended, String> {
    let arguments = create(unit);
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    told_of(&docker(&arguments).await?)?;
    let result = attended(unit, &mut stop).await;
    drop(docker(&["rm", "--force", &unit.name]).await);
    result
}

async fn attended(unit: &Unit, stop: &mut watch::Receiver<Stop>) -> Result<Ended, String> {
    let failed = |error: std::io::Error| format!("failed to start docker: {error}");
    let log = File::options().create(true).append(true).open(&unit.log).map_err(failed)?;
    let mut command = Command::new("docker");
    command.args(["start", "--attach", &unit.name]).stdin(Stdio::null());
    command.stdout(log.try_clone().map_err(failed)?).stderr(log).kill_on_drop(true);
    let mut child = command.spawn().map_err(failed)?;
    let status = tokio::select! {
        ended = child.wait() => ended,
        grace = told(stop) => {
            if grace.is_zero() {
                drop(docker(&["kill", &unit.name]).await);
            } else {
                drop(docker(&["stop", "--time", &grace.as_secs().max(1).to_string(), &unit.name]).await);
            }
            child.wait().await
        }
    };
    let status = status.map_err(failed)?;
    // What the client says is not how the container ended.
    let found = told_of(&docker(&["inspect", "--format", "{{json .State}}", &unit.name]).await?)?;
    let state: Value = serde_json::from_str(&found).map_err(|error| error.to_string())?;
    if let Some(error) = state["Error"].as_str().filter(|error| !error.is_empty()) {
        return Err(error.to_owned());
    }
    let code = state["ExitCode"].as_i64().and_then(|code| i32::try_from(code).ok()).unwrap_or_else(|| code_of(status));
    let details =
        (state["OOMKilled"] == true).then(|| "OOMKilled: the container used more memory than it has.".to_owned());
    Ok(Ended { code, details })
}

fn create(unit: &Unit) -> Vec<String> {
    let mut said = vec!["create".to_owned(), "--pull=never".into(), "--network=host".into()];
    let mut option = |name: &str, value: String| said.extend([name.to_owned(), value]);
    option("--name", unit.name.clone());
    option("--label", unit.label.clone());
    for (name, value) in &unit.variables {
        option("--env", format!("{name}={value}"));
    }
    for mount in &unit.mounts {
        let mode = if mount.is_read_only { "ro" } else { "rw" };
        option("--volume", format!("{}:{}:{mode}", mount.from.display(), mount.at));
    }
    if let Some(directory) = &unit.directory {
        option("--workdir", directory.clone());
    }
    if let Some((user, group)) = unit.user {
        option("--user", format!("{user}:{group}"));
    }
    for (is_added, capability) in &unit.capabilities {
        option(if *is_added { "--cap-add" } else { "--cap-drop" }, capability.clone());
    }
    if let Some(bytes) = unit.memory {
        option("--memory", bytes.to_string());
    }
    if let Some(program) = unit.command.first() {
        option("--entrypoint", program.clone());
    }
    if unit.is_read_only {
        said.push("--read-only".into());
    }
    said.push(unit.image.clone());
    said.extend(unit.command.iter().skip(1).cloned());
    said.extend(unit.arguments.iter().cloned());
    said
}

/// Removes all containers with a label, whatever they do.
pub(crate) fn remove_all(label: &str) {
    let docker = |arguments: &[&str]| {
        std::process::Command::new("docker").args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output()
    };
    let filter = format!("label={label}");
    let Ok(found) = docker(&["ps", "--all", "--quiet", "--filter", &filter]) else { return };
    let ids = String::from_utf8_lossy(&found.stdout).into_owned();
    let ids: Vec<_> = ids.split_whitespace().collect();
    if !ids.is_empty() {
        drop(docker(&[&["rm", "--force"], ids.as_slice()].concat()));
    }
}

async fn docker(arguments: &[&str]) -> Result<Output, String> {
    let mut command = Command::new("docker");
    command.args(arguments).stdin(Stdio::null()).current_dir(Path::new("/")).kill_on_drop(true);
    command.output().await.map_err(|error| format!("failed to run docker: {error}"))
}

/// What docker said, or why it did not do it.
fn told_of(output: &Output) -> Result<String, String> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().chars().take(1000).collect())
}
