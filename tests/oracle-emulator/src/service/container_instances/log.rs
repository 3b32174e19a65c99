//! What containers have written.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use bytes::Bytes;

use crate::call::Call;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::world::World;

use super::find_container;

/// The newest of what a container has written; of its run before, where that is asked for.
pub(super) fn retrieve(world: &mut World, call: &Call, id: &str) -> Answer {
    call.only(&["isPrevious"])?;
    let is_previous = match call.parameter("isPrevious").as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => return Err(Refusal::invalid(format!("isPrevious must be true or false, and is '{other}'."))),
    };
    let most = world.settings.log_bytes;
    let container = find_container(world, id)?;
    if matches!(container.state, "CREATING" | "DELETED") {
        return Err(Refusal::state(format!("The container is {}: it has no logs.", container.state)));
    }
    let path = if is_previous { container.previous_log() } else { container.log.clone() };
    if is_previous && !path.exists() {
        return Err(Refusal::missing());
    }
    let failed = |error: std::io::Error| Refusal::new(500, "InternalServerError", error.to_string());
    let bytes = newest(&path, most).map_err(failed)?;
    Ok(Reply::bytes(Bytes::from(bytes)).header("content-type", "text/plain;charset=utf-8"))
}

fn newest(path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    // Nothing was written yet.
    let Ok(mut file) = File::open(path) else { return Ok(Vec::new()) };
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
