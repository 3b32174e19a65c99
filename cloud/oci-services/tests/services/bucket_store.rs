//! A bucket as a store of the crate `object_store`: what MonkeyCI relies on, as it is in a folder and in memory.

use std::sync::Arc;

use futures::TryStreamExt as _;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt as _, PutMode, WriteMultipart};
use oci_services::object_storage::BucketStore;
use oracle_emulator::Fault;

use crate::object_storage::Place;

fn path(text: &str) -> Path {
    Path::from(text)
}

/// What every store must do.
async fn holds(name: &str, store: Arc<dyn ObjectStore>) {
    objects_come_and_go(name, &*store).await;
    of_two_who_create_one_does(name, &*store).await;
    a_list_has_what_is_beneath_a_folder(name, &*store).await;
    what_is_written_piece_by_piece_is_seen_at_its_end(name, &*store).await;
}

async fn objects_come_and_go(name: &str, store: &dyn ObjectStore) {
    let place = path("come/and go/ü#1");
    assert!(matches!(store.get(&place).await, Err(Error::NotFound { .. })), "{name}");
    assert!(matches!(store.head(&place).await, Err(Error::NotFound { .. })), "{name}");
    for text in ["", "hello world"] {
        store.put(&place, text.into()).await.expect("writes");
        let found = store.get(&place).await.expect("reads");
        assert_eq!((found.meta.size, found.range.clone()), (text.len() as u64, 0..text.len() as u64), "{name}");
        assert_eq!(found.bytes().await.expect("reads"), text, "{name}");
        assert_eq!(store.head(&place).await.expect("asks").location, place, "{name}");
    }
    assert_eq!(store.get_range(&place, 6..11).await.expect("reads"), "world", "{name}");
    for (range, text) in [(GetRange::Suffix(3), "rld"), (GetRange::Offset(9), "ld"), (GetRange::Bounded(0..2), "he")] {
        let options = GetOptions { range: Some(range), ..GetOptions::default() };
        let found = store.get_opts(&place, options).await.expect("reads");
        assert_eq!(found.meta.size, 11, "{name}");
        assert_eq!(found.bytes().await.expect("reads"), text, "{name}");
    }
    let copy = path("come/copy");
    store.copy(&place, &copy).await.expect("copies");
    assert!(matches!(store.copy_if_not_exists(&place, &copy).await, Err(Error::AlreadyExists { .. })), "{name}");
    assert!(matches!(store.copy(&path("nowhere"), &copy).await, Err(Error::NotFound { .. })), "{name}");
    assert_eq!(store.get(&copy).await.expect("reads").bytes().await.expect("reads"), "hello world", "{name}");
    store.delete(&place).await.expect("removes");
    store.delete(&copy).await.expect("removes");
    assert!(matches!(store.get(&place).await, Err(Error::NotFound { .. })), "{name}");
}

async fn of_two_who_create_one_does(name: &str, store: &dyn ObjectStore) {
    let place = path("fence/1");
    let create = |text: &'static str| store.put_opts(&place, text.into(), PutMode::Create.into());
    let created = futures::future::join_all((0..12).map(|_| create("one"))).await;
    assert_eq!(created.iter().filter(|created| created.is_ok()).count(), 1, "{name}");
    assert!(matches!(create("two").await, Err(Error::AlreadyExists { .. })), "{name}");
    assert_eq!(store.get(&place).await.expect("reads").bytes().await.expect("reads"), "one", "{name}");
}

async fn a_list_has_what_is_beneath_a_folder(name: &str, store: &dyn ObjectStore) {
    for place in ["list/a/1", "list/a/2", "list/a/b/3", "list/ab/4", "list/c"] {
        store.put(&path(place), "x".into()).await.expect("writes");
    }
    let listed = |prefix: Option<&'static str>, after: Option<&'static str>| {
        let prefix = prefix.map(path);
        let list = match after {
            None => store.list(prefix.as_ref()),
            Some(after) => store.list_with_offset(prefix.as_ref(), &path(after)),
        };
        async move {
            let mut names: Vec<_> =
                list.map_ok(|meta| (meta.location.to_string(), meta.size)).try_collect().await.expect("lists");
            names.sort();
            names
                .into_iter()
                .map(|(place, size)| {
                    assert_eq!(size, 1);
                    place
                })
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(listed(Some("list/a"), None).await, ["list/a/1", "list/a/2", "list/a/b/3"], "{name}");
    assert_eq!(listed(Some("list/a"), Some("list/a/1")).await, ["list/a/2", "list/a/b/3"], "{name}");
    assert_eq!(listed(Some("list/a"), Some("list/a/0")).await.len(), 3, "{name}");
    assert!(listed(Some("list/none"), None).await.is_empty(), "{name}");
    let found = store.list_with_delimiter(Some(&path("list"))).await.expect("lists");
    let mut folders: Vec<_> = found.common_prefixes.iter().map(ToString::to_string).collect();
    folders.sort();
    assert_eq!(folders, ["list/a", "list/ab"], "{name}");
    assert_eq!(found.objects.iter().map(|meta| meta.location.to_string()).collect::<Vec<_>>(), ["list/c"], "{name}");
    let none = store.list_with_delimiter(Some(&path("list/none"))).await.expect("lists");
    assert!(none.common_prefixes.is_empty() && none.objects.is_empty(), "{name}");
}

async fn what_is_written_piece_by_piece_is_seen_at_its_end(name: &str, store: &dyn ObjectStore) {
    for size in [0, 5, 8 << 20, (24 << 20) + 7] {
        let place = path("pieces/one");
        let bytes: Vec<u8> = (0..size).map(|n| (n * 7 / 3) as u8).collect();
        let mut upload =
            WriteMultipart::new_with_chunk_size(store.put_multipart(&place).await.expect("begins"), 8 << 20);
        upload.write(&bytes);
        assert!(matches!(store.head(&place).await, Err(Error::NotFound { .. })), "{name}: {size}");
        upload.finish().await.expect("ends");
        assert!(store.get(&place).await.expect("reads").bytes().await.expect("reads") == bytes, "{name}: {size}");
        store.delete(&place).await.expect("removes");
    }
    let place = path("pieces/two");
    let mut upload = WriteMultipart::new_with_chunk_size(store.put_multipart(&place).await.expect("begins"), 8 << 20);
    upload.write(&vec![1; 20 << 20]);
    upload.abort().await.expect("gives up");
    assert!(matches!(store.head(&place).await, Err(Error::NotFound { .. })), "{name}");
}

#[tokio::test]
async fn a_bucket_does_what_a_folder_and_memory_do() {
    let folder = tempfile::tempdir().expect("a folder");
    holds("memory", Arc::new(InMemory::new())).await;
    holds("folder", Arc::new(LocalFileSystem::new_with_prefix(folder.path()).expect("opens"))).await;
    let place = Place::new().await;
    holds("bucket", Arc::new(BucketStore::new(place.bucket.clone()))).await;
    holds("prefix", Arc::new(PrefixStore::new(BucketStore::new(place.bucket.clone()), "ci/one"))).await;
    assert!(place.oracle.state().objects("builds").iter().any(|name| name.starts_with("ci/one/list/")));
}

#[tokio::test]
async fn more_objects_than_one_answer_holds_are_all_listed() {
    let place = Place::new().await;
    let store = BucketStore::new(place.bucket.clone());
    let write = |n: usize| {
        let store = &store;
        async move { store.put(&path(&format!("many/{n:05}")), "x".into()).await }
    };
    let writes = futures::stream::iter((0..1234).map(|n| Ok::<_, Error>(write(n))));
    writes.try_buffer_unordered(16).try_for_each(|_| async { Ok(()) }).await.expect("writes");
    assert_eq!(store.list(Some(&path("many"))).try_collect::<Vec<_>>().await.expect("lists").len(), 1234);
    let rest = store.list_with_offset(Some(&path("many")), &path("many/01000"));
    assert_eq!(rest.try_collect::<Vec<_>>().await.expect("lists").len(), 233);
}

#[tokio::test]
async fn who_may_not_is_told_so() {
    let place = Place::new().await;
    let store = BucketStore::new(place.bucket.clone());
    for (status, code) in [(403, "NotAllowed"), (404, "BucketNotFound"), (500, "InternalServerError")] {
        place.oracle.state().faults.push_back(Fault::from((status, code)).times(4));
        let error = store.put(&path("a"), "x".into()).await.expect_err("it is refused");
        let told = match status {
            403 => matches!(error, Error::PermissionDenied { .. }),
            404 => matches!(error, Error::NotFound { .. }),
            _ => matches!(error, Error::Generic { .. }),
        };
        assert!(told && error.to_string().contains(code), "{error}");
        place.oracle.state().faults.clear();
    }
}
