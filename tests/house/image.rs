//! Images that are made of the programs of this machine, so that tests need no registry.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::program::{has, is_on_path};

/// An image of Docker, removed at the end when it was made here.
pub struct Image {
    name: String,
    made: bool,
}

/// An image with nothing but a busybox.
pub struct Busybox;

impl Busybox {
    /// Makes one with a name of its own. `None` when this machine has no busybox.
    pub fn import() -> Option<Image> {
        Self::with(&[])
    }

    /// One that also has these programs, by their paths and texts.
    pub fn with(programs: &[(&str, &str)]) -> Option<Image> {
        if !has("busybox", is_on_path("busybox"), "no such program") {
            return None;
        }
        let root = tempfile::tempdir().expect("a folder");
        busybox(root.path());
        for (path, text) in programs {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(&path, text).expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("its own");
        }
        let unique = root.path().file_name().expect("a name").to_string_lossy().to_lowercase().replace('.', "");
        Some(import(root.path(), format!("localhost/monkeyci-test/house-{unique}:1"), "CMD [\"sh\"]"))
    }
}

impl Image {
    /// What jobs call it.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        if self.made {
            let _gone = Command::new("docker").args(["rmi", "-f", &self.name]).output();
        }
    }
}

/// An image of that name with the programs and their libraries, as they are on this machine, and a busybox; by itself it
/// runs `command`, a list in JSON. The one that is there already serves as well. `None` when a program is missing.
pub fn with_programs(name: &str, programs: &[&str], command: &str) -> Option<Image> {
    let there = Command::new("docker").args(["image", "inspect", name]).output().expect("docker runs");
    if there.status.success() {
        return Some(Image { name: name.to_owned(), made: false });
    }
    let root = tempfile::tempdir().expect("a folder");
    busybox(root.path());
    for program in programs {
        let found = which(program)?;
        for file in libraries(&found) {
            copy(&file, root.path());
        }
        let to = root.path().join("usr/bin").join(program);
        std::fs::create_dir_all(to.parent().expect("a parent")).expect("a folder");
        std::fs::copy(found, to).expect("copied");
    }
    Some(import(root.path(), name.to_owned(), &format!("CMD {command}")))
}

fn busybox(root: &Path) {
    let bin = root.join("bin");
    std::fs::create_dir_all(&bin).expect("a folder");
    std::fs::create_dir_all(root.join("tmp")).expect("a folder");
    let busybox = which("busybox").expect("it was looked for");
    for library in libraries(&busybox) {
        copy(&library, root);
    }
    std::fs::copy(busybox, bin.join("busybox")).expect("copied");
    let listed = Command::new("busybox").arg("--list").output().expect("busybox runs");
    for name in String::from_utf8_lossy(&listed.stdout).lines().filter(|name| *name != "busybox") {
        std::os::unix::fs::symlink("busybox", bin.join(name)).expect("a link");
    }
}

fn which(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// The libraries that a program is linked with: none when it is linked whole.
fn libraries(program: &Path) -> BTreeSet<PathBuf> {
    let listed = Command::new("ldd").arg(program).output().expect("ldd runs");
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    text.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
}

fn copy(file: &Path, root: &Path) {
    let to = root.join(file.strip_prefix("/").expect("an absolute path"));
    std::fs::create_dir_all(to.parent().expect("a parent")).expect("a folder");
    std::fs::copy(file, to).expect("copied");
}

fn import(root: &Path, name: String, command: &str) -> Image {
    let mut tar = Command::new("tar");
    let mut tar = tar.arg("-C").arg(root).args(["-c", "."]).stdout(Stdio::piped()).spawn().expect("tar runs");
    let path = "ENV PATH=/usr/local/bin:/usr/bin:/bin";
    let mut import = Command::new("docker");
    import
        .args(["import", "--change", path, "--change", command, "-", &name])
        .stdin(tar.stdout.take().expect("a pipe"));
    let imported = import.output().expect("docker runs");
    tar.wait().expect("tar ends");
    assert!(imported.status.success(), "docker import: {}", String::from_utf8_lossy(&imported.stderr));
    Image { name, made: true }
}
