//! Images for the stories, made without any registry from the host's static busybox.

use std::io;

use bollard::query_parameters::{CreateImageOptions, TagImageOptionsBuilder};
use futures::StreamExt;

/// A shell and its tools.
pub const BUSYBOX: &str = "localhost/monkeyci-test/busybox:1";
/// The same, for a user who is not root.
pub const USER: &str = "localhost/monkeyci-test/user:1";
/// The same as the first, with a volume at `/data`.
pub const VOLUME: &str = "localhost/monkeyci-test/volume:1";
/// Nothing but `/echo`.
pub const BARE: &str = "localhost/monkeyci-test/bare:1";

/// What the images are made of.
pub const PROGRAM: &str = "/bin/busybox";

/// Makes the images that an engine does not have yet; why not, when they cannot be made.
pub async fn make(api: &bollard::Docker) -> Result<(), String> {
    let system = system()?;
    let bare = tree(&busybox()?, "echo", []).into_inner().map_err(|error| error.to_string())?;
    let images = [
        (BUSYBOX, &system, None),
        (USER, &system, Some("USER 1000")),
        (VOLUME, &system, Some("VOLUME /data")),
        (BARE, &bare, None),
    ];
    for (name, archive, change) in images {
        if api.inspect_image(name).await.is_err() {
            import(api, name, archive.clone(), change).await.map_err(|error| format!("{name}: {error}"))?;
        }
    }
    Ok(())
}

/// The files of a small system, as an archive.
pub fn system() -> Result<Vec<u8>, String> {
    let applets = std::process::Command::new(PROGRAM).arg("--list").output().map_err(|error| error.to_string())?;
    let applets = String::from_utf8_lossy(&applets.stdout).into_owned();
    let mut system = tree(&busybox()?, "bin/busybox", applets.lines().filter(|applet| *applet != "busybox"));
    add_folder(&mut system, "tmp/", 0o1777);
    system.into_inner().map_err(|error| error.to_string())
}

fn busybox() -> Result<Vec<u8>, String> {
    std::fs::read(PROGRAM).map_err(|error| format!("{PROGRAM}: {error}; install busybox-static"))
}

fn tree<'a>(busybox: &[u8], path: &str, links: impl IntoIterator<Item = &'a str>) -> tar::Builder<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o755);
    header.set_size(busybox.len() as u64);
    tar.append_data(&mut header, path, busybox).expect("memory takes it");
    for link in links {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_mode(0o777);
        header.set_size(0);
        tar.append_link(&mut header, format!("bin/{link}"), "busybox").expect("memory takes it");
    }
    tar
}

fn add_folder(tar: &mut tar::Builder<Vec<u8>>, path: &str, mode: u32) {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Directory);
    header.set_mode(mode);
    header.set_size(0);
    tar.append_data(&mut header, path, io::empty()).expect("memory takes it");
}

async fn import(
    api: &bollard::Docker,
    name: &str,
    archive: Vec<u8>,
    change: Option<&str>,
) -> Result<(), bollard::errors::Error> {
    let options = CreateImageOptions {
        from_src: Some("-".into()),
        changes: change.map(String::from).into_iter().collect(),
        ..CreateImageOptions::default()
    };
    let mut steps = api.create_image(Some(options), Some(bollard::body_full(archive.into())), None);
    let mut id = String::new();
    while let Some(step) = steps.next().await {
        id = step?.status.unwrap_or(id);
    }
    // Named apart, because Podman's import takes no name.
    let (repo, tag) = name.rsplit_once(':').expect("a name with a tag");
    api.tag_image(id.trim(), Some(TagImageOptionsBuilder::default().repo(repo).tag(tag).build())).await
}
