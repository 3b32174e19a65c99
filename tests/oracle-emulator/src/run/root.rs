//! The root that a container sees which is a process of this machine.
//!
//! Where one may mount so, it is all that the machine has with a layer above it, as an image has one: what the container writes
//! there is gone with it. Else it is made of what the machine has, folder by folder, and what is written there is written on
//! the machine; only the folders on the way to a volume are its own, so that a volume can be where the machine has nothing.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::Unit;

/// What mounts itself, or belongs to containers of others.
const NOT_SEEN: [&str; 6] =
    ["/proc", "/run/docker", "/run/netns", "/var/lib/docker", "/var/lib/containers", "/var/lib/kubelet"];

/// Lines of a shell that make a root at a place, and call it `$root`.
pub(super) fn script(unit: &Unit, place: &Path) -> String {
    let mut script = String::new();
    let mut line = |text: String| writeln!(script, "{text}").expect("text takes in text");
    line(format!("set -e\nplace={}\nmount -t tmpfs -o mode=755 none \"$place\"", path_quoted(place)));
    line("mkdir \"$place/up\" \"$place/work\" \"$place/root\"\nroot=\"$place/root\"".into());
    line("layers=lowerdir=/,upperdir=\"$place/up\",workdir=\"$place/work\"".into());
    line("if mount -t overlay -o \"$layers\" none \"$root\" 2>/dev/null; then".into());
    for point in mounted() {
        let name = path_quoted(&point);
        line(format!("mount {} {name} \"$root\"{name} || true", way(place, &point)));
    }
    line("else".into());
    mirrored(unit, place, &mut line);
    line("mkdir -p \"$root/proc\"\nfi".into());
    line("mount -t proc proc \"$root/proc\" || mount --rbind /proc \"$root/proc\"".into());
    // A container has names of its own.
    let hosts = path_quoted(&unit.folder.join("hosts"));
    line(format!("if [ -f /etc/hosts ]; then cp /etc/hosts {hosts}; mount --bind {hosts} \"$root/etc/hosts\"; fi"));
    let mut mounts: Vec<_> = unit.mounts.iter().collect();
    mounts.sort_by_key(|mount| mount.at.len());
    for mount in mounts {
        let (from, at) = (path_quoted(&mount.from), quoted(&mount.at));
        line(format!("mkdir -p \"$root\"{at}; mount --bind {from} \"$root\"{at}"));
        if mount.is_read_only {
            line(format!("mount -o remount,bind,ro \"$root\"{at}"));
        }
    }
    line(format!("mkdir -p \"$root\"{}", quoted(unit.directory.as_deref().unwrap_or("/"))));
    script
}

/// A root made of what the machine has.
fn mirrored(unit: &Unit, place: &Path, line: &mut impl FnMut(String)) {
    let ours = own(unit);
    let points: BTreeSet<PathBuf> = unit.mounts.iter().map(|mount| PathBuf::from(&mount.at)).collect();
    for folder in &ours {
        line(format!("mkdir -p \"$root\"{}", path_quoted(folder)));
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if ours.contains(&path) || points.contains(&path) || path == Path::new("/proc") {
                continue;
            }
            let (name, way) = (path_quoted(&path), way(place, &path));
            match entry.file_type() {
                Ok(kind) if kind.is_symlink() => line(format!("cp -P {name} \"$root\"{name}")),
                Ok(kind) if kind.is_dir() => line(format!("mkdir \"$root\"{name}; mount {way} {name} \"$root\"{name}")),
                Ok(_) => line(format!(": >\"$root\"{name}; mount --bind {name} \"$root\"{name}")),
                Err(_) => {}
            }
        }
    }
}

/// How a folder is seen at another place: with all that is mounted in it, but not beneath itself.
fn way(place: &Path, folder: &Path) -> &'static str {
    if place.starts_with(folder) { "--bind" } else { "--rbind" }
}

/// The folders that are made of what they hold: those on the way to a volume, or to a folder that is not there.
fn own(unit: &Unit) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::from([PathBuf::from("/")]);
    let directory = unit.directory.as_deref().map(Path::new).filter(|path| !path.is_dir());
    let inside = |path: &Path| unit.mounts.iter().any(|mount| path.starts_with(&mount.at));
    for path in unit.mounts.iter().map(|mount| Path::new(&mount.at)).chain(directory) {
        found.extend(path.ancestors().skip(1).filter(|path| !inside(path)).map(Path::to_path_buf));
    }
    found
}

/// Where something is mounted on this machine that a layer above its root does not show.
fn mounted() -> BTreeSet<PathBuf> {
    let table = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let points: BTreeSet<PathBuf> =
        table.lines().filter_map(|line| line.split(' ').nth(4)).map(PathBuf::from).collect();
    let is_seen = |point: &&PathBuf| {
        point.as_path() != Path::new("/") && point.is_dir() && !NOT_SEEN.iter().any(|hidden| point.starts_with(hidden))
    };
    let is_beneath =
        |point: &Path| point.ancestors().skip(1).any(|above| above != Path::new("/") && points.contains(above));
    points.iter().filter(is_seen).filter(|point| !is_beneath(point)).cloned().collect()
}

fn path_quoted(path: &Path) -> String {
    quoted(&path.display().to_string())
}

pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
