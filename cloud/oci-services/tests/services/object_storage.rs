//! Object Storage against the double.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use oci_services::object_storage::{
    AccessType, Bucket, CreatePreauthenticatedRequest, Listing, ObjectStorage, Only, Put, Range,
};
use oci_services::{Retry, Service};
use oci_signer::{Client, ConfigFile, Principal, Signer};
use oracle_emulator::{Fault, Oracle};

/// The double, a bucket in it, and a folder with the key of a user.
pub struct Place {
    pub oracle: Oracle,
    pub bucket: Bucket,
    _folder: tempfile::TempDir,
}

impl Place {
    pub async fn new() -> Self {
        let oracle = Oracle::start().await;
        let folder = tempfile::tempdir().expect("a folder");
        let config = oracle.user().write(folder.path()).expect("written");
        let profile = ConfigFile::find(Some(&config)).and_then(|file| file.profile("DEFAULT")).expect("a profile");
        let signer = Signer::new(Principal::of_profile(profile).expect("a user"));
        let client = Client::new(signer).expect("a client");
        let retry = Retry { attempts: 4, base: Duration::from_millis(5), ..Retry::default() };
        let service = Service::at(client, &oracle.url(), "").expect("an address").retrying(retry);
        let storage = ObjectStorage::over(service);
        oracle.state().bucket("builds");
        let namespace = storage.namespace().await.expect("a namespace");
        let bucket = storage.bucket(namespace, "builds");
        Self { oracle, bucket, _folder: folder }
    }
}

async fn read(bucket: &Bucket, object: &str, range: Option<Range>) -> Option<String> {
    let found = bucket.get(object, range, None).await.expect("reads")?;
    Some(String::from_utf8(found.bytes(100).await.expect("reads")).expect("text"))
}

#[tokio::test]
async fn what_is_written_is_read_whole_or_in_part_whatever_it_is_called() {
    let Place { bucket, oracle: _oracle, .. } = Place::new().await;
    for name in ["a", "org/repo/build 1/src#1.tgz", "ä/%2F+?&=", "a//b"] {
        let put = bucket.put(name, Bytes::from_static(b"hello world"), Only::Always).await.expect("writes");
        assert!(matches!(put, Put::Written(Some(_))), "{name}");
        assert_eq!(read(&bucket, name, None).await.as_deref(), Some("hello world"), "{name}");
        assert_eq!(read(&bucket, name, Some(Range::Bounded(0, 5))).await.as_deref(), Some("hello"), "{name}");
        assert_eq!(read(&bucket, name, Some(Range::From(6))).await.as_deref(), Some("world"), "{name}");
        assert_eq!(read(&bucket, name, Some(Range::Last(3))).await.as_deref(), Some("rld"), "{name}");
        assert_eq!(bucket.head(name).await.expect("asks").map(|head| head.size), Some(11), "{name}");
        assert!(bucket.delete(name).await.expect("removes"));
        assert!(!bucket.delete(name).await.expect("it is gone"));
        assert_eq!(bucket.head(name).await.expect("asks"), None);
        assert_eq!(read(&bucket, name, None).await, None);
    }
}

#[tokio::test]
async fn what_is_written_only_where_nothing_is_is_written_once() {
    let Place { bucket, oracle, .. } = Place::new().await;
    let write = |text: &'static str, only| bucket.put("a", Bytes::from_static(text.as_bytes()), only);
    let Put::Written(Some(first)) = write("one", Only::Absent).await.expect("writes") else {
        panic!("nothing is there")
    };
    assert_eq!(write("two", Only::Absent).await.expect("answers"), Put::Taken);
    assert_eq!(write("two", Only::Matching("other")).await.expect("answers"), Put::Taken);
    assert!(matches!(write("two", Only::Matching(&first)).await.expect("answers"), Put::Written(_)));
    assert_eq!(read(&bucket, "a", None).await.as_deref(), Some("two"));
    // Done, and sent again since nobody heard of it: it is there, and denied.
    oracle.state().faults.push_back(Fault::lost().on("PUT", "/o/b"));
    let put = bucket.put("b", Bytes::from_static(b"three"), Only::Absent).await.expect("answers");
    assert_eq!(put, Put::Taken);
    assert_eq!(read(&bucket, "b", None).await.as_deref(), Some("three"));
}

#[tokio::test]
async fn many_who_write_one_object_at_once_write_it_once() {
    let Place { bucket, oracle: _oracle, .. } = Place::new().await;
    let write = |n: usize| {
        let bucket = &bucket;
        async move { bucket.put("a", Bytes::from(n.to_string()), Only::Absent).await.expect("answers") }
    };
    let puts = futures::future::join_all((0..20).map(write)).await;
    assert_eq!(puts.iter().filter(|put| matches!(put, Put::Written(_))).count(), 1);
}

#[tokio::test]
async fn a_service_that_is_busy_is_asked_again() {
    let Place { bucket, oracle, .. } = Place::new().await;
    for fault in [Fault::too_many(None).times(2), Fault::from((503, "ServiceUnavailable")), Fault::lost()] {
        oracle.state().faults.push_back(fault);
        bucket.put("a", Bytes::from_static(b"x"), Only::Always).await.expect("at last");
    }
    oracle.state().faults.push_back(Fault::from((403, "NotAllowed")));
    let refused = bucket.put("a", Bytes::new(), Only::Always).await.expect_err("it is refused");
    assert_eq!(refused.status(), Some(403));
}

#[tokio::test]
async fn objects_are_listed_in_order_part_by_part_and_by_folders() {
    let Place { bucket, oracle: _oracle, .. } = Place::new().await;
    for name in ["a/1", "a/2", "a/b/3", "a/b/4", "c"] {
        bucket.put(name, Bytes::from_static(b"x"), Only::Always).await.expect("writes");
    }
    let listing = Listing { prefix: Some("a/"), limit: Some(3), ..Listing::default() };
    let first = bucket.list(listing).await.expect("lists");
    let names = |listed: &[oci_services::object_storage::Summary]| {
        listed.iter().map(|object| object.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&first.objects), ["a/1", "a/2", "a/b/3"]);
    assert_eq!(first.objects[0].size, Some(1));
    let next = first.next_start_with.expect("there are more");
    let rest = bucket.list(Listing { start: Some(&next), ..listing }).await.expect("lists");
    assert_eq!((names(&rest.objects), rest.next_start_with), (vec!["a/b/4".to_owned()], None));
    let listed = bucket.list(Listing { delimiter: Some("/"), limit: None, ..listing }).await.expect("lists");
    assert_eq!((names(&listed.objects).len(), listed.prefixes), (2, vec!["a/b/".to_owned()]));
}

#[tokio::test]
async fn an_object_is_made_of_parts_or_of_none() {
    let Place { bucket, oracle, .. } = Place::new().await;
    let upload = bucket.create_upload("big").await.expect("begins");
    let first = Bytes::from(vec![b'a'; 10 * 1024 * 1024]);
    let second = bucket.upload_part("big", &upload, 2, Bytes::from_static(b"end")).await.expect("takes it");
    let first = bucket.upload_part("big", &upload, 1, first).await.expect("takes it");
    assert_eq!(bucket.head("big").await.expect("asks"), None, "nothing is seen before the end");
    let made = bucket.commit_upload("big", &upload, &[first, second], Only::Absent).await.expect("makes it");
    assert!(matches!(made, Put::Written(_)));
    assert_eq!(bucket.head("big").await.expect("asks").map(|head| head.size), Some(10 * 1024 * 1024 + 3));
    assert_eq!(read(&bucket, "big", Some(Range::Last(4))).await.as_deref(), Some("aend"));

    let given_up = bucket.create_upload("other").await.expect("begins");
    bucket.abort_upload("other", &given_up).await.expect("gives up");
    bucket.abort_upload("other", &given_up).await.expect("it is given up");
    assert_eq!(oracle.state().objects("builds"), ["big"]);
}

#[tokio::test]
async fn whoever_has_an_address_is_let_in_until_it_ends_and_it_is_not_shown() {
    let Place { bucket, oracle, .. } = Place::new().await;
    let wanted = CreatePreauthenticatedRequest {
        name: "a job",
        object_name: Some("jobs/1/"),
        access_type: AccessType::AnyObjectReadWrite,
        expires: SystemTime::now() + Duration::from_secs(600),
        may_list: false,
    };
    let made = bucket.create_preauthenticated(&wanted).await.expect("makes it");
    let address = bucket.address(&made).expect("it is told");
    assert!(!format!("{made:?}").contains(address.path().split('/').nth(2).expect("a token")));
    let http = reqwest::Client::new();
    let object = |name: &str| format!("{address}{name}");
    let put = http.put(object("jobs/1/log")).body("hello").send().await.expect("sends");
    assert!(put.status().is_success(), "{}", put.status());
    assert_eq!(read(&bucket, "jobs/1/log", None).await.as_deref(), Some("hello"));
    let elsewhere = http.put(object("jobs/2/log")).body("hello").send().await.expect("sends");
    assert!(elsewhere.status().is_client_error(), "{}", elsewhere.status());
    let known = bucket.preauthenticated("").await.expect("lists");
    assert_eq!(known.iter().map(|known| &known.id).collect::<Vec<_>>(), [&made.id]);
    assert_eq!(bucket.address(&known[0]), None, "it is told once");
    oracle.clock().advance(Duration::from_secs(3600));
    let late = http.get(object("jobs/1/log")).send().await.expect("sends");
    assert!(late.status().is_client_error(), "{}", late.status());
    bucket.delete_preauthenticated(&made.id).await.expect("takes it back");
    bucket.delete_preauthenticated(&made.id).await.expect("it is taken back");
}
