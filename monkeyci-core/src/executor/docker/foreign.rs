//! Files that a container's root left and that we, an ordinary user, could neither read nor remove.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use bollard::models::{ContainerCreateBody, HostConfig, HostConfigLogConfig};
use bollard::query_parameters::{CreateContainerOptionsBuilder, StartContainerOptions};

use super::{Docker, ExecutorError, container, image::Image, place};
use crate::executor::Order;

impl Docker {
    /// Gives what others own in the job directory to its owner, by the hand of a container's root.
    ///
    /// Costs a walk through the workspace where we are an ordinary user, and a container where something was found.
    pub(super) async fn take_over(&self, order: &Order, image: &Image) -> Result<(), ExecutorError> {
        let io = |source| ExecutorError::Io { what: "looking through the job directory", source };
        let owner = order.dir.root().metadata().map_err(io)?;
        if owner.uid() == 0 {
            return Ok(());
        }
        let dirs = [order.dir.work(), order.dir.report()];
        if !dirs.iter().try_fold(false, |found, dir| Ok(found || any_foreign(dir, owner.uid())?)).map_err(io)? {
            return Ok(());
        }
        // Where the engine itself runs as the user, root inside is the user outside.
        let (uid, gid) = if self.facts.rootless { (0, 0) } else { (owner.uid(), owner.gid()) };
        let owner = format!("{uid}:{gid}");
        let command = [place::SUPERVISOR, "own", &owner, place::WORK, place::REPORT].map(String::from);
        let host = HostConfig {
            mounts: Some(place::mounts(&order.dir, &self.program(image.arch)?)),
            network_mode: Some("none".into()),
            log_config: Some(HostConfigLogConfig { typ: Some("none".into()), config: None }),
            ..container::hardened(&self.facts, false)
        };
        let body = ContainerCreateBody {
            image: Some(image.name.clone()),
            entrypoint: Some(command.to_vec()),
            cmd: Some(Vec::new()),
            user: Some("0".into()),
            working_dir: Some("/".into()),
            labels: Some(container::labels(&order.attempt)),
            host_config: Some(host),
            ..ContainerCreateBody::default()
        };
        let name = format!("{}-owner", order.attempt.name());
        let options = CreateContainerOptionsBuilder::default().name(&name).build();
        let broke = |error| self.broke("taking over the job's files", &error);
        self.api.create_container(Some(options), body).await.map_err(broke)?;
        let done = match self.api.start_container(&name, None::<StartContainerOptions>).await {
            Ok(()) => self.ended(&name).await,
            Err(error) => Err(broke(error)),
        };
        self.remove_container(&name).await.and(done)
    }
}

/// Whether something under `top` belongs to another user than `owner`.
fn any_foreign(top: &Path, owner: u32) -> io::Result<bool> {
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            // Closed to us though it is ours: what is in it cannot be known.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(true),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.uid() != owner {
                return Ok(true);
            }
            if metadata.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_files_are_found_at_any_depth_and_links_are_not_followed() {
        let home = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(home.path().join("a/b")).expect("folders");
        std::fs::write(home.path().join("a/b/file"), "").expect("a file");
        std::os::unix::fs::symlink("/", home.path().join("a/link")).expect("a link");
        let us = home.path().metadata().expect("there").uid();
        assert!(!any_foreign(home.path(), us).expect("looked through"));
        assert!(any_foreign(home.path(), us + 1).expect("looked through"));
    }
}
