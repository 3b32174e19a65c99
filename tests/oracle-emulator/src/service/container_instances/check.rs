//! What must hold between the fields of a container instance.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::refusal::Refusal;
use crate::settings::Settings;

use super::shapes::{self, PER_OCPU};

/// Bytes of the arguments, and of the variables, of a container.
const MOST_BYTES: usize = 64 * 1024;

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// Refuses what cannot be; the OCPUs and GB of memory that it gets.
pub(super) fn check(said: &Value, settings: &Settings) -> Result<(f64, f64), Refusal> {
    let id = text(said, "compartmentId");
    if !id.starts_with("ocid1.compartment.") && !id.starts_with("ocid1.tenancy.") {
        return Err(Refusal::missing());
    }
    let domain = text(said, "availabilityDomain");
    if !settings.availability_domains.iter().any(|known| known == domain) {
        return Err(Refusal::invalid(format!("Invalid availabilityDomain '{domain}'.")));
    }
    let size = check_shape(said)?;
    let names = check_volumes(said)?;
    for (index, container) in list(said, "containers").enumerate() {
        let wrong = |why: String| Refusal::invalid(format!("containers[{index}]: {why}"));
        check_container(container, &names, size, shapes::find(text(said, "shape")).map_or(1.0, |shape| shape.vcpus))
            .map_err(wrong)?;
    }
    Ok(size)
}

fn check_shape(said: &Value) -> Result<(f64, f64), Refusal> {
    let name = text(said, "shape");
    let shape = shapes::find(name).ok_or_else(|| Refusal::invalid(format!("Invalid shape '{name}'.")))?;
    let ocpus = said["shapeConfig"]["ocpus"].as_f64().unwrap_or_default();
    if !(1.0..=shape.most_ocpus).contains(&ocpus) {
        return Err(Refusal::invalid(format!("shapeConfig.ocpus of {name} must be from 1 to {}.", shape.most_ocpus)));
    }
    let (least, most) = (PER_OCPU.0 * ocpus, (PER_OCPU.1 * ocpus).min(shape.most_memory));
    let memory = said["shapeConfig"]["memoryInGBs"].as_f64().unwrap_or((shape.default_memory * ocpus).min(most));
    if !(least..=most).contains(&memory) {
        let message = format!("shapeConfig.memoryInGBs of {name} with {ocpus} OCPUs must be from {least} to {most}.");
        return Err(Refusal::invalid(message));
    }
    Ok((ocpus, memory))
}

fn check_volumes(said: &Value) -> Result<BTreeSet<&str>, Refusal> {
    let mut names = BTreeSet::new();
    for volume in list(said, "volumes") {
        let name = text(volume, "name");
        if !names.insert(name) {
            return Err(Refusal::invalid(format!("The volume name '{name}' is not unique.")));
        }
        if text(volume, "volumeType") == "OCI_FSS_FILE_SYSTEM" {
            return Err(Refusal::invalid("This double of Oracle Cloud has no file systems."));
        }
        for config in list(volume, "configs") {
            let (file, path) = (text(config, "fileName"), text(config, "path"));
            if file.is_empty()
                || file.contains('/')
                || path.starts_with('/')
                || path.split('/').any(|part| part == "..")
            {
                return Err(Refusal::invalid(format!(
                    "The file '{file}' of the volume '{name}' cannot be at '{path}'."
                )));
            }
        }
    }
    Ok(names)
}

fn check_container(container: &Value, volumes: &BTreeSet<&str>, size: (f64, f64), vcpus: f64) -> Result<(), String> {
    let image = text(container, "imageUrl");
    let name = image.split('@').next().unwrap_or_default();
    let name = name.rsplit_once('/').map_or(name, |(_, last)| last).split(':').next().unwrap_or_default();
    let is_name = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte));
    if name.is_empty() || !is_name || image.contains(char::is_whitespace) || image.contains("://") {
        return Err(format!("imageUrl '{image}' is no reference to an image."));
    }
    let bytes = |name: &str| list(container, name).filter_map(Value::as_str).map(str::len).sum::<usize>();
    if bytes("command") + bytes("arguments") > MOST_BYTES {
        return Err(format!("command and arguments have {MOST_BYTES} bytes at most."));
    }
    let variables = || container["environmentVariables"].as_object().into_iter().flatten();
    let total: usize = variables().map(|(name, value)| name.len() + value.as_str().map_or(0, str::len)).sum();
    if total > MOST_BYTES {
        return Err(format!("environmentVariables have {MOST_BYTES} bytes at most."));
    }
    if let Some((name, _)) = variables().find(|(name, _)| name.is_empty() || name.contains(['=', '\0'])) {
        return Err(format!("environmentVariables: '{name}' is no name of a variable."));
    }
    check_mounts(container, volumes)?;
    let directory = text(container, "workingDirectory");
    if !directory.is_empty() && !directory.starts_with('/') {
        return Err(format!("workingDirectory '{directory}' must be absolute."));
    }
    let limits = &container["resourceConfig"];
    if limits["vcpusLimit"].as_f64().is_some_and(|limit| limit > size.0 * vcpus) {
        return Err(format!("resourceConfig.vcpusLimit is more than the {} of the instance.", size.0 * vcpus));
    }
    if limits["memoryLimitInGBs"].as_f64().is_some_and(|limit| limit > size.1) {
        return Err(format!("resourceConfig.memoryLimitInGBs is more than the {} of the instance.", size.1));
    }
    let capabilities = &container["securityContext"]["capabilities"];
    for name in list(capabilities, "addCapabilities").chain(list(capabilities, "dropCapabilities")) {
        let name = name.as_str().unwrap_or_default();
        if name != "ALL" && !name.starts_with("CAP_") {
            return Err(format!("securityContext.capabilities: unknown capability '{name}'."));
        }
    }
    Ok(())
}

fn check_mounts(container: &Value, volumes: &BTreeSet<&str>) -> Result<(), String> {
    let mut paths = BTreeSet::new();
    for mount in list(container, "volumeMounts") {
        let (path, volume) = (text(mount, "mountPath"), text(mount, "volumeName"));
        if !volumes.contains(volume) {
            return Err(format!("volumeMounts: there is no volume '{volume}'."));
        }
        let is_path =
            path.starts_with('/') && path.len() > 1 && !path.contains(':') && !path.split('/').any(|part| part == "..");
        if !is_path || !paths.insert(path.trim_end_matches('/')) {
            return Err(format!("volumeMounts: mountPath '{path}' must be absolute, and not used twice."));
        }
        let within = text(mount, "subPath");
        if within.starts_with('/') || within.split('/').any(|part| part == "..") {
            return Err(format!("volumeMounts: subPath '{within}' leaves the volume."));
        }
    }
    Ok(())
}
