//! What is run for a container.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::run::{Mount, Unit};
use crate::world::World;

use super::resource_principal;

/// What is run, and where the token is that must be kept fresh, with the compartment that it names.
pub(super) struct Made {
    pub(super) unit: Unit,
    pub(super) principal: Option<(PathBuf, String)>,
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

/// Makes the volumes of an instance, beneath its folder.
pub(super) fn make_volumes(said: &Value, folder: &Path) -> std::io::Result<()> {
    for volume in said["volumes"].as_array().into_iter().flatten() {
        let place = place_of(folder, volume["name"].as_str().unwrap_or_default());
        std::fs::create_dir_all(&place)?;
        std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o777))?;
        for config in volume["configs"].as_array().into_iter().flatten() {
            let text = |name: &str| config[name].as_str().filter(|text| !text.is_empty());
            let file = place.join(text("path").or(text("fileName")).unwrap_or("file"));
            if let Some(above) = file.parent() {
                std::fs::create_dir_all(above)?;
            }
            std::fs::write(&file, STANDARD.decode(text("data").unwrap_or_default()).unwrap_or_default())?;
        }
    }
    Ok(())
}

/// Where a volume is; its name may be anything.
fn place_of(folder: &Path, volume: &str) -> PathBuf {
    let name: String = volume.bytes().map(|byte| format!("{byte:02x}")).collect();
    folder.join("volumes").join(&name[..name.len().min(200)])
}

/// What is run for a container. `own` is a folder of its own, and `folder` the instance's.
pub(super) fn of(
    world: &mut World,
    id: &str,
    instance: &Value,
    memory: f64,
    own: &Path,
    folder: &Path,
) -> std::io::Result<Made> {
    std::fs::create_dir_all(own)?;
    let container = &world.services.instances.containers[id];
    let (said, log, place) = (container.said.clone(), container.log.clone(), container.place.clone());
    drop(std::fs::remove_file(&log));
    let mut mounts = Vec::new();
    for mount in said["volumeMounts"].as_array().into_iter().flatten() {
        let text = |name: &str| mount[name].as_str().unwrap_or_default();
        let name = text("volumeName");
        let from = place_of(folder, name).join(text("subPath"));
        std::fs::create_dir_all(&from)?;
        let volumes = instance["volumes"].as_array().into_iter().flatten();
        let is_config = volumes.clone().any(|one| one["name"] == name && one["volumeType"] == "CONFIGFILE");
        let is_read_only = mount["isReadOnly"].as_bool().unwrap_or(false) || is_config;
        mounts.push(Mount { from, at: text("mountPath").trim_end_matches('/').to_owned(), is_read_only });
    }
    let variables = said["environmentVariables"].as_object().into_iter().flatten();
    let mut variables: Vec<_> =
        variables.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect();
    let mut principal = None;
    if said["isResourcePrincipalDisabled"] != true {
        let (folder, compartment) = (own.join("principal"), place["compartmentId"].as_str().unwrap_or_default());
        let (mount, more) = resource_principal::give(world, &folder, compartment)?;
        mounts.push(mount);
        variables.extend(more);
        principal = Some((folder, compartment.to_owned()));
    }
    let image = said["imageUrl"].as_str().unwrap_or_default().to_owned();
    let mut command = texts(&said["command"]);
    if command.is_empty() {
        command = world.settings.entrypoints.get(&image).cloned().unwrap_or_default();
    }
    let security = &said["securityContext"];
    let user = security["runAsUser"].as_i64().map(|user| (user, security["runAsGroup"].as_i64().unwrap_or(user)));
    let capability = |is_added: bool, name: &str| {
        texts(&security["capabilities"][name]).into_iter().map(move |name| (is_added, name))
    };
    let capabilities = capability(false, "dropCapabilities").chain(capability(true, "addCapabilities")).collect();
    let limit = said["resourceConfig"]["memoryLimitInGBs"].as_f64().unwrap_or(memory);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few GB, which were checked")]
    let memory = Some((limit * 1024.0 * 1024.0 * 1024.0) as u64);
    let unit = Unit {
        name: format!("oracle-emulator-{}", id.rsplit('.').next().unwrap_or(id)),
        label: world.label(),
        image,
        command,
        arguments: texts(&said["arguments"]),
        variables,
        mounts,
        directory: said["workingDirectory"].as_str().filter(|path| !path.is_empty()).map(str::to_owned),
        user,
        capabilities,
        is_read_only: security["isRootFileSystemReadonly"] == true,
        memory,
        log,
        network: None,
        folder: own.to_owned(),
    };
    Ok(Made { unit, principal })
}
