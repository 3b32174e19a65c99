//! Who a container is to other services: resource principal 2.2.
//!
//! Where Oracle puts the files is not documented; the variables that name them are.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::cloud::Cloud;
use crate::run::Mount;
use crate::user::{self, TENANCY, secretly, token_at};
use crate::world::World;

/// Where a container sees its files.
const AT: &str = "/run/oracle/resource-principal";

/// A key.
pub(super) struct Key {
    pem: String,
    public: Vec<u8>,
}

/// Puts token and key of a container into a folder; how it sees them, and by which variables.
pub(super) fn give(
    world: &mut World,
    folder: &Path,
    compartment: &str,
) -> std::io::Result<(Mount, Vec<(String, String)>)> {
    std::fs::create_dir_all(folder)?;
    let pem = key(world).pem.clone();
    readable(&folder.join("key.pem"), &pem)?;
    renew(world, folder, compartment)?;
    let name = |what: &str| format!("OCI_RESOURCE_PRINCIPAL_{what}");
    let mut variables = vec![
        (name("VERSION"), "2.2".to_owned()),
        (name("RPST"), format!("{AT}/rpst")),
        (name("PRIVATE_PEM"), format!("{AT}/key.pem")),
        (name("REGION"), world.settings.region.clone()),
    ];
    variables.extend(world.settings.variables.clone());
    Ok((Mount { from: folder.to_owned(), at: AT.into(), is_read_only: true }, variables))
}

fn key(world: &mut World) -> &Key {
    world.services.instances.key.get_or_insert_with(|| {
        let (pem, public) = user::key();
        Key { pem, public }
    })
}

/// Writes another token, whole.
fn renew(world: &mut World, folder: &Path, compartment: &str) -> std::io::Result<()> {
    let public = key(world).public.clone();
    world.tokens += 1;
    let lasts = i64::try_from(world.settings.token_seconds).unwrap_or(i64::MAX);
    let token = token_at(world.clock.now(), lasts, &world.tokens.to_string(), TENANCY, compartment);
    readable(&folder.join("rpst.new"), &token)?;
    std::fs::rename(folder.join("rpst.new"), folder.join("rpst"))?;
    world.keys.insert(format!("ST${token}"), public);
    Ok(())
}

/// Writes what the container reads as whoever it runs as. On this machine it lies in a folder that nobody else enters.
fn readable(path: &Path, text: &str) -> std::io::Result<()> {
    secretly(path, text)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))
}

/// Renews the token of a container before it ends, for ever.
pub(super) async fn keep_fresh(cloud: Arc<Cloud>, folder: std::path::PathBuf, compartment: String) {
    loop {
        let lasts = cloud.world().settings.token_seconds;
        cloud.clock.until(cloud.clock.now() + Duration::from_secs(lasts / 2).max(Duration::from_millis(100))).await;
        if renew(&mut cloud.world(), &folder, &compartment).is_err() {
            return;
        }
    }
}
