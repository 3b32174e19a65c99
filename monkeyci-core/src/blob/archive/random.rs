//! Archives and trees that nobody thought of.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use tar::{EntryType, Header};

use super::tests::{Ground, Hostile, STRANGERS};
use super::*;

/// What names and targets are made of: enough to meet each other.
const NAMES: [&[u8]; 6] = [b"a", b"b", b"c", b"d", b"\xff\xfe", "é".as_bytes()];

/// What tries to get out, or to be what it is not.
const TRICKS: [&[u8]; 8] = [b"..", b"out", b"outside", b"canary", b".", b"", b"C:\\x", b"..\\x"];

/// What stands beside the folder that is unpacked into, or does not yet.
const BESIDE: [&[u8]; 3] = [b"outside", b"canary", b"new"];

/// Mostly files, folders and links: what is refused hides what comes after it.
const KINDS: &[u8] = b"0000000000000000555555552222221346gxLKSV7\0A";

/// One entry as it stands in a tar.
#[derive(Debug, Clone)]
struct One {
    kind: u8,
    name: Vec<u8>,
    target: Vec<u8>,
    content: Vec<u8>,
    /// What its header says instead of the content's length.
    size: Option<u64>,
}

fn path() -> impl Strategy<Value = Vec<u8>> {
    let plain = vec(prop::sample::select(&NAMES[..]), 1..4);
    let tricky = vec(prop_oneof![prop::sample::select(&TRICKS[..]), prop::sample::select(&NAMES[..])], 1..5);
    let out = (1..4_usize, prop::sample::select(&BESIDE[..]))
        .prop_map(|(climbs, name)| [&vec![&b".."[..]; climbs][..], &[name]].concat());
    prop_oneof![8 => plain, 1 => tricky, 1 => out].prop_map(|names| names.join(&b'/'))
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    let record = (prop::sample::select(&["path", "linkpath", "size", "comment", "GNU.sparse.map", "x"][..]), path());
    let pax = record.prop_map(|(key, value)| {
        // Its length counts itself; two digits are enough for all of them.
        let length = key.len() + value.len() + 5;
        [format!("{length} {key}=").as_bytes(), &value, b"\n"].concat()
    });
    prop_oneof![vec(any::<u8>(), 0..600), pax, path()]
}

fn entry() -> impl Strategy<Value = One> {
    let size = prop_oneof![15 => Just(None), 1 => prop_oneof![0..2000_u64, any::<u64>()].prop_map(Some)];
    (prop::sample::select(KINDS), path(), path(), content(), size).prop_map(|(kind, name, target, content, size)| One {
        kind,
        name,
        target,
        content,
        size,
    })
}

fn tar(entries: Vec<One>) -> Hostile {
    let first = Hostile::default().sized(EntryType::Directory, b"./", b"", b"", 0);
    entries.into_iter().fold(first, |tar, one| {
        // Content only where it belongs, most of the time: an entry that is refused hides what comes after it.
        let content = if b"0\0xLK".contains(&one.kind) { &one.content[..] } else { b"" };
        let size = one.size.unwrap_or(content.len() as u64);
        tar.sized(EntryType::new(one.kind), &one.name, &one.target, content, size)
    })
}

/// Bytes of all files beneath, and how many names there are.
fn weigh(folder: &Path) -> (u64, usize) {
    fs::read_dir(folder).expect("reads").fold((0, 0), |(bytes, names), entry| {
        let entry = entry.expect("reads");
        let metadata = entry.metadata().expect("there");
        let (inner, within) = if metadata.is_dir() { weigh(&entry.path()) } else { (metadata.len(), 0) };
        (bytes + inner, names + 1 + within)
    })
}

/// Unpacks where a link leads out already and a folder is there; what is beside the root stays as it is.
fn unpack_somewhere(archive: &[u8], path: &str) -> Result<Unpacked, ArchiveError> {
    let ground = Ground::new();
    symlink("../outside", ground.root.join("out")).expect("links");
    fs::create_dir(ground.root.join("a")).expect("makes");
    let unpacked = ground.unpack(archive, path);
    let (bytes, names) = weigh(&ground.root);
    assert!(bytes <= STRANGERS.bytes, "{bytes} bytes came out of {}", archive.len());
    // Each entry may bring the folders that lead to it.
    assert!(names <= 2 + 8 * (1 + archive.len()), "{names} names came out of {}", archive.len());
    unpacked
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_archive_gets_out_and_none_makes_the_reader_break(
        entries in vec(entry(), 0..8),
        place in prop::sample::select(&["back", "back/", ".", ".", "a", "out", "a/*.x", "new/way"][..]),
        flips in prop_oneof![3 => Just(Vec::new()), 1 => vec((any::<prop::sample::Index>(), any::<u8>()), 1..3)],
        ends in any::<bool>(),
    ) {
        let mut tar = tar(entries).0;
        for (at, byte) in &flips {
            let at = at.index(tar.len());
            tar[at] ^= byte;
            // A header whose sum is wrong is not even looked at.
            let start = at / 512 * 512;
            let mut header = Header::new_old();
            header.as_mut_bytes().copy_from_slice(&tar[start..start + 512]);
            header.set_cksum();
            tar[start..start + 512].copy_from_slice(header.as_bytes());
        }
        if ends {
            tar.resize(tar.len() + 1024, 0);
        }
        let _outcome = unpack_somewhere(&zstd::encode_all(&tar[..], 1).expect("compresses"), place);
    }

    #[test]
    fn bytes_that_are_no_archive_are_an_error_or_nothing(
        bytes in vec(any::<u8>(), 0..2000),
        cut in any::<prop::sample::Index>(),
        flip in (any::<prop::sample::Index>(), 1..=255_u8),
    ) {
        let _outcome = unpack_somewhere(&bytes, "back");
        let _outcome = unpack_somewhere(&zstd::encode_all(&bytes[..], 1).expect("compresses"), "back");
        let from = tempfile::tempdir().expect("a folder");
        fs::write(from.path().join("file"), &bytes).expect("writes");
        let mut archive = Vec::new();
        pack(from.path(), ".", &STRANGERS, &mut archive).expect("packs");
        prop_assert!(unpack_somewhere(&archive[..cut.index(archive.len())], "back").is_err(), "a cut went unnoticed");
        let at = flip.0.index(archive.len());
        archive[at] ^= flip.1;
        let _outcome = unpack_somewhere(&archive, "back");
    }

    #[test]
    fn what_is_packed_comes_back_whatever_its_names_are(
        files in vec((vec("[^/\\\\\\x00]{1,30}", 1..4), vec(any::<u8>(), 0..100), any::<bool>()), 0..12),
    ) {
        let ground = Ground::new();
        let from = tempfile::tempdir().expect("a folder");
        let saved = from.path().join("saved");
        fs::create_dir(&saved).expect("makes");
        let mut made = Vec::new();
        for (names, content, is_text) in files {
            // Half of them end in a byte that no text has.
            let mut path = names.join("/").into_bytes();
            path.extend_from_slice(if is_text { b"" } else { b"\xff" });
            let path = Path::new(OsStr::from_bytes(&path)).to_owned();
            if path.components().any(|part| part.as_os_str().len() > 255 || part.as_os_str() == "..") {
                continue;
            }
            let parent = saved.join(&path).parent().expect("beneath the folder").to_owned();
            // One may be in the way of another.
            if fs::create_dir_all(parent).is_ok() && fs::write(saved.join(&path), &content).is_ok() {
                made.retain(|(other, _)| *other != path);
                made.push((path, content));
            }
        }
        let mut archive = Vec::new();
        let packed = pack(from.path(), "saved", &STRANGERS, &mut archive).expect("packs");
        let unpacked = ground.unpack(&archive, "back").expect("unpacks");
        prop_assert_eq!((unpacked.entries, unpacked.bytes), (packed.entries, packed.bytes));
        for (path, content) in made {
            prop_assert_eq!(fs::read(ground.root.join("back").join(path)).expect("is back"), content);
        }
    }
}
