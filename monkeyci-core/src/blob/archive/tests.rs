use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

use super::*;

pub(super) const STRANGERS: Limits = Limits { ratio: Some(200), ..Limits::of(10 * 1024 * 1024) };

/// A folder `root` to unpack into, and beside it a canary that nothing may touch.
pub(super) struct Ground {
    pub(super) dir: TempDir,
    pub(super) root: PathBuf,
}

impl Ground {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().join("root");
        fs::create_dir(&root).expect("makes");
        fs::create_dir(dir.path().join("outside")).expect("makes");
        fs::write(dir.path().join("outside/canary"), "alive").expect("writes");
        Self { dir, root }
    }

    pub(super) fn unpack(&self, archive: &[u8], path: &str) -> Result<Unpacked, ArchiveError> {
        let result = unpack(archive, archive.len() as u64, &self.root, path, &STRANGERS);
        self.check();
        result
    }

    fn check(&self) {
        let names = |path: &Path| {
            let mut names: Vec<_> =
                fs::read_dir(path).expect("reads").map(|entry| entry.expect("reads").file_name()).collect();
            names.sort();
            names
        };
        assert_eq!(names(self.dir.path()), ["outside", "root"], "something was written beside the root");
        assert_eq!(names(&self.dir.path().join("outside")), ["canary"], "something was written outside");
        assert_eq!(fs::read(self.dir.path().join("outside/canary")).expect("reads"), b"alive");
    }
}

/// An archive made by hand, so that it can hold what no library writes.
#[derive(Default)]
pub(super) struct Hostile(pub(super) Vec<u8>);

impl Hostile {
    fn folder() -> Self {
        Self::default().entry(EntryType::Directory, b"./", b"", b"")
    }

    fn entry(self, kind: EntryType, name: &[u8], target: &[u8], content: &[u8]) -> Self {
        self.sized(kind, name, target, content, content.len() as u64)
    }

    fn file(self, name: &str, content: &str) -> Self {
        self.entry(EntryType::Regular, name.as_bytes(), b"", content.as_bytes())
    }

    fn link(self, name: &str, target: &str) -> Self {
        self.entry(EntryType::Symlink, name.as_bytes(), target.as_bytes(), b"")
    }

    pub(super) fn sized(mut self, kind: EntryType, name: &[u8], target: &[u8], content: &[u8], size: u64) -> Self {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.as_old_mut().linkname[..target.len()].copy_from_slice(target);
        header.set_entry_type(kind);
        header.set_mode(0o6755);
        header.set_size(size);
        header.set_mtime(1_000_000_000);
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    fn pax(self, key: &str, value: &str) -> Self {
        let record = |len: usize| format!("{len} {key}={value}\n");
        let mut len = key.len() + value.len() + 3;
        while record(len).len() != len {
            len = record(len).len();
        }
        self.entry(EntryType::XHeader, b"pax", b"", record(len).as_bytes())
    }

    fn zst(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 1024, 0);
        zstd::encode_all(self.0.as_slice(), 3).expect("compresses")
    }
}

fn refusal(result: Result<Unpacked, ArchiveError>) -> Refusal {
    match result {
        Err(ArchiveError::Refused { refusal, .. }) => refusal,
        other => panic!("was not refused: {other:?}"),
    }
}

#[test]
fn a_folder_comes_back_as_it_was() {
    let ground = Ground::new();
    let from = ground.dir.path().join("outside");
    let (deep, long) = ("d/".repeat(10), "n".repeat(200));
    let from = tempfile::tempdir_in(&from).expect("a folder");
    let saved = from.path().join("saved");
    fs::create_dir_all(saved.join(&deep)).expect("makes");
    fs::create_dir(saved.join("empty")).expect("makes");
    fs::write(saved.join(&deep).join(&long), "long").expect("writes");
    fs::write(saved.join("run.sh"), "#!/bin/sh").expect("writes");
    fs::set_permissions(saved.join("run.sh"), fs::Permissions::from_mode(0o4755)).expect("sets");
    fs::set_permissions(saved.join("empty"), fs::Permissions::from_mode(0o500)).expect("sets");
    symlink("d/../run.sh", saved.join("unsure")).expect("links");
    symlink("run.sh", saved.join("inside")).expect("links");
    symlink("../sibling", saved.join("in-the-root")).expect("links");
    symlink("../../outside", saved.join("out")).expect("links");
    symlink("/etc/passwd", saved.join("absolute")).expect("links");

    let mut archive = Vec::new();
    let packed = pack(from.path(), "saved", &Limits::of(1000), &mut archive).expect("packs");
    assert_eq!(packed.stored, archive.len() as u64);
    let mut left_out: Vec<_> = packed.left_out.iter().map(|left| left.path.as_str()).collect();
    left_out.sort_unstable();
    assert_eq!(left_out, ["absolute", "out", "unsure"]);
    drop(from);

    let unpacked = ground.unpack(&archive, "back").expect("unpacks");
    assert_eq!((unpacked.entries, unpacked.bytes), (packed.entries, packed.bytes));
    let back = ground.root.join("back");
    assert_eq!(fs::read(back.join(&deep).join(&long)).expect("reads"), b"long");
    assert_eq!(fs::read_link(back.join("inside")).expect("a link"), Path::new("run.sh"));
    assert_eq!(fs::read_link(back.join("in-the-root")).expect("a link"), Path::new("../sibling"));
    let mode = |name| fs::metadata(back.join(name)).expect("there").permissions().mode() & 0o7777;
    // Case T23: a program that becomes root
    assert_eq!((mode("run.sh"), mode("empty")), (0o755, 0o500), "setuid survived, or rights did not");
}

/// Case T24: an artifact whose path is a link out.
#[test]
fn a_path_that_is_a_link_is_not_followed() {
    let ground = Ground::new();
    symlink("../outside", ground.root.join("out")).expect("links");
    for path in ["out/canary", "out/*"] {
        let error = pack(&ground.root, path, &Limits::of(1000), std::io::sink()).expect_err("leads out");
        assert!(matches!(error, ArchiveError::Refused { refusal: Refusal::InTheWay, .. }), "{error}");
    }
    let packed = pack(&ground.root, "out", &Limits::of(1000), std::io::sink()).expect("packs nothing");
    assert_eq!(packed.left_out.len(), 1);
    for path in ["out", "out/x", "out/"] {
        let archive = Hostile::folder().file("canary", "dead").zst();
        assert_eq!(refusal(ground.unpack(&archive, path)), Refusal::InTheWay);
    }
}

#[test]
fn names_that_lead_out_are_refused() {
    let ground = Ground::new();
    for (name, expected) in [
        // Case T1: `../`, at the beginning and within
        ("../outside/canary", Refusal::Parent),
        ("a/../../outside/canary", Refusal::Parent),
        ("..", Refusal::Parent),
        // Case T2: `..\` of Windows
        ("..\\outside\\canary", Refusal::Parent),
        // Case T3: an absolute name
        ("/etc/canary", Refusal::Absolute),
        ("C:\\canary", Refusal::Absolute),
        (&"d/".repeat(45), Refusal::Name),
    ] {
        let deep = Hostile::folder().file(name, "dead").zst();
        let refused = ground.unpack(&deep, "back");
        // A file whose name ends in `/` is a file all the same.
        if expected != Refusal::Name {
            assert_eq!(refusal(refused), expected, "{name}");
        }
    }
    // Case T4: a name that leads out in an extended header
    let pax = Hostile::folder().pax("path", "../outside/canary").file("harmless", "dead").zst();
    assert_eq!(refusal(ground.unpack(&pax, "back")), Refusal::Parent);
    // Case T5: a name of 5000 bytes
    let long = Hostile::folder().pax("path", &"n".repeat(5000)).file("harmless", "dead").zst();
    assert_eq!(refusal(ground.unpack(&long, "back")), Refusal::TooLong(4096));
    let gnu = Hostile::folder().entry(EntryType::GNULongName, b"l", b"", &[b'n'; 5000]).file("harmless", "").zst();
    assert_eq!(refusal(ground.unpack(&gnu, "back")), Refusal::TooLong(4096));
    // Case T6: folders in folders without end
    let deep = Hostile::folder().pax("path", &"d/".repeat(65)).file("harmless", "dead").zst();
    assert_eq!(refusal(ground.unpack(&deep, "back")), Refusal::TooDeep(64));
}

#[test]
fn links_cannot_be_written_through() {
    let ground = Ground::new();
    for archive in [
        // Case T7: a link out, and a file written through it
        Hostile::folder().link("out", "../../outside").file("out/canary", "dead"),
        Hostile::folder().link("out", "/etc").file("out/canary", "dead"),
        // Case T8: a chain of links, each of which is harmless
        // A chain: each link is harmless for itself, but not where the one before leads.
        Hostile::folder().link("a", ".").link("b", "a/..").link("c", "b/../outside").file("c/canary", "dead"),
        Hostile::folder().link("a/b/up", "../..").link("out", "a/b/up/../../outside").file("out/canary", "dead"),
    ] {
        assert_eq!(refusal(ground.unpack(&archive.zst(), "back")), Refusal::LinkOut);
    }
    // Case T9: a file beneath a link
    // Inside, but a folder by the time links are made.
    let archive = Hostile::folder().link("in", ".").file("in/file", "x").zst();
    assert_eq!(refusal(ground.unpack(&archive, "back")), Refusal::InTheWay);
    // Case T10: a folder that a link replaces
    let archive = Hostile::folder().entry(EntryType::Directory, b"d/", b"", b"").link("d", "../..").zst();
    assert_eq!(refusal(ground.unpack(&archive, "back")), Refusal::Twice);
}

#[test]
fn what_is_no_file_folder_or_link_is_refused() {
    let ground = Ground::new();
    for (kind, expected) in [
        // Case T11: a hard link
        (EntryType::Link, Refusal::HardLink),
        // Case T12: devices
        (EntryType::Char, Refusal::Special),
        (EntryType::Block, Refusal::Special),
        // Case T13: a pipe
        (EntryType::Fifo, Refusal::Special),
        // Case T14: a sparse file, larger than any disk
        (EntryType::GNUSparse, Refusal::Sparse),
    ] {
        let archive = Hostile::folder().entry(kind, b"canary", b"../../outside/canary", b"").zst();
        assert_eq!(refusal(ground.unpack(&archive, "back")), expected);
    }
    let sparse = Hostile::folder().pax("GNU.sparse.realsize", "999999999999").file("holes", "").zst();
    assert_eq!(refusal(ground.unpack(&sparse, "back")), Refusal::Sparse);
}

#[test]
fn headers_that_disagree_are_refused() {
    let ground = Ground::new();
    // Case T15: two sizes, so that two readers see different files
    let sizes = Hostile::folder().pax("size", "512").file("outer", "").file("../canary", "inner").zst();
    assert_eq!(refusal(ground.unpack(&sizes, "back")), Refusal::Header("gives it two sizes"));
    // Case T16: one name twice
    let twice = Hostile::folder().file("a", "one").file("./a", "two").zst();
    assert_eq!(refusal(ground.unpack(&twice, "back")), Refusal::Twice);
    // Case T17: attributes that give rights
    let unknown = Hostile::folder().pax("SCHILY.xattr.security.capability", "x").file("a", "").zst();
    assert!(matches!(refusal(ground.unpack(&unknown, "back")), Refusal::Header(_)));
    // Case T18: files behind the end
    let mut trailing = Hostile::folder().file("a", "one");
    trailing.0.resize(trailing.0.len() + 1024, 0);
    assert_eq!(refusal(ground.unpack(&trailing.file("b", "hidden").zst(), "back")), Refusal::Trailing);
    // Case T19: bytes behind the end
    let mut after = Hostile::folder().file("a", "one").zst();
    after.extend_from_slice(b"more");
    assert!(matches!(ground.unpack(&after, "back"), Err(ArchiveError::Broken { .. })));
    let whole = Hostile::folder().file("a", "one").zst();
    assert!(matches!(ground.unpack(&whole[..whole.len() - 8], "back"), Err(ArchiveError::Broken { .. })));
}

#[test]
fn bombs_are_refused_before_they_burst() {
    let ground = Ground::new();
    // Case T20: 100 MB of zeros in a few kB
    // 1 : 10^5 and more, and none of it reaches the disk: its own header betrays it.
    let mut zstd = zstd::Encoder::new(Vec::new(), 3).expect("compresses");
    zstd.write_all(&Hostile::folder().sized(EntryType::Regular, b"zeros", b"", b"", 9_000_000).0).expect("writes");
    std::io::copy(&mut std::io::Read::take(std::io::repeat(0), 100_000_000), &mut zstd).expect("writes");
    let bomb = zstd.finish().expect("ends");
    assert!(bomb.len() < 20_000);
    assert_eq!(refusal(ground.unpack(&bomb, "back")), Refusal::Swells(200));
    assert!(!ground.root.join("back/zeros").exists());

    // Case T21: a file that says to be larger than any disk
    let large = Hostile::folder().sized(EntryType::Regular, b"large", b"", b"", u64::MAX / 4).zst();
    assert_eq!(refusal(ground.unpack(&large, "back")), Refusal::TooBig(10 * 1024 * 1024));

    // Case T22: 100 001 links
    let mut many = Builder::new(zstd::Encoder::new(Vec::new(), 1).expect("compresses"));
    for number in 0..=100_000 {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Symlink);
        header.set_size(0);
        header.set_mode(0o777);
        many.append_link(&mut header, format!("{number}"), "x").expect("writes");
    }
    let many = many.into_inner().expect("ends").finish().expect("ends");
    assert_eq!(refusal(ground.unpack(&many, "back/")), Refusal::TooMany(100_000));
    assert_eq!(fs::read_dir(ground.root.join("back")).expect("reads").count(), 0, "links were made before the end");
}

#[test]
fn what_could_not_be_unpacked_is_not_packed() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("zeros"), vec![0; 8_000_000]).expect("writes");
    for (limits, expected) in [
        (Limits { ratio: Some(200), ..Limits::of(10_000_000) }, Refusal::Swells(200)),
        (Limits::of(1_000_000), Refusal::TooBig(1_000_000)),
        (Limits { entries: 1, ..Limits::of(10_000_000) }, Refusal::TooMany(1)),
    ] {
        match pack(dir.path(), ".", &limits, std::io::sink()) {
            Err(ArchiveError::Refused { refusal, .. }) => assert_eq!(refusal, expected),
            other => panic!("was packed: {other:?}"),
        }
    }
}

/// Case T25: a link where a file is to be written.
#[test]
fn an_existing_file_is_replaced_and_a_link_in_its_place_is_not_followed() {
    let ground = Ground::new();
    fs::create_dir(ground.root.join("back")).expect("makes");
    symlink("../../outside/canary", ground.root.join("back/canary")).expect("links");
    fs::write(ground.root.join("back/old"), "old").expect("writes");
    ground.unpack(&Hostile::folder().file("canary", "new").file("old", "new").zst(), "back").expect("unpacks");
    assert_eq!(fs::read(ground.root.join("back/canary")).expect("reads"), b"new");
    assert_eq!(fs::read(ground.root.join("back/old")).expect("reads"), b"new");
}

#[test]
fn a_full_disk_is_told_from_other_errors() {
    let error = std::io::Error::from(std::io::ErrorKind::StorageFull);
    let error = ArchiveError::at(b"dist/app.js", error);
    assert!(matches!(error, ArchiveError::DiskFull { .. }));
    assert!(error.to_string().contains("`dist/app.js`"));
}
