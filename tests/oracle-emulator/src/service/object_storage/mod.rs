//! Object Storage.

mod bucket;
mod condition;
mod list;
mod multipart;
mod object;
mod par;

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::json;

use crate::call::Call;
use crate::cloud::Cloud;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::world::World;

use super::{Covers, Service};
use bucket::Bucket;

pub(crate) const SERVICE: Service = Service {
    name: "object storage",
    owns: |path| path == "/n" || path.starts_with("/n/") || path.starts_with("/p/"),
    covers,
    answer: |cloud, call| answer(cloud, call),
};

/// Its buckets by name.
#[derive(Default)]
pub(crate) struct State {
    buckets: BTreeMap<String, Bucket>,
}

/// Contents are not signed, and who has a pre-authenticated request signs nothing.
fn covers(call: &Call) -> Covers {
    if call.path().starts_with("/p/") {
        return Covers::Nothing;
    }
    match Place::of(call.path()).what.as_str() {
        "o" | "u" if call.method == "PUT" => Covers::Head,
        _ => Covers::Everything,
    }
}

/// What a path names: `/n/NAMESPACE/b/BUCKET/WHAT/NAME`.
#[derive(Default)]
struct Place {
    namespace: String,
    bucket: String,
    /// Objects `o`, uploads `u`, pre-authenticated requests `p`, or nothing.
    what: String,
    /// Slashes may be in it, and may be encoded.
    name: String,
}

impl Place {
    fn of(path: &str) -> Self {
        let mut parts = path.split('/').skip(1);
        let mut next = || parts.next().map(decoded).unwrap_or_default();
        let (_n, namespace, _b, bucket, what) = (next(), next(), next(), next(), next());
        let name = path.splitn(7, '/').nth(6).map(decoded).unwrap_or_default();
        Self { namespace, bucket, what, name }
    }
}

fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}

fn answer(cloud: &Cloud, call: &Call) -> Answer {
    let mut world = cloud.world();
    if let Some(rest) = call.path().strip_prefix("/p/") {
        let (token, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        return par::answer(&mut world, call, &decoded(token), &Place::of(path));
    }
    if call.path() == "/n" && call.method == "GET" {
        return Ok(Reply::json(&json!(world.settings.namespace)));
    }
    let place = Place::of(call.path());
    if place.namespace != world.settings.namespace {
        let message = format!(
            "You do not have authorization to perform this request, or the requested namespace '{}' could not be found.",
            place.namespace
        );
        return Err(Refusal::new(404, "NamespaceNotFound", message));
    }
    let method = call.method.as_str();
    match (method, place.what.as_str(), place.name.is_empty()) {
        _ if place.bucket.is_empty() => bucket::all(&mut world, call),
        (_, "", _) => bucket::one(&mut world, call, &place.bucket),
        ("GET", "o", true) => list::objects(&mut world, call, &place, ""),
        ("PUT", "o", false) => object::put(&mut world, call, &place),
        ("GET" | "HEAD", "o", false) => object::get(&mut world, call, &place),
        ("DELETE", "o", false) => object::delete(&mut world, call, &place),
        ("POST", "u", true) => multipart::create(&mut world, call, &place),
        ("GET", "u", true) => multipart::uploads(&mut world, call, &place),
        (_, "u", false) => {
            let id = call.required("uploadId")?;
            multipart::one(&mut world, call, &place, &id)
        }
        ("POST", "p", true) => par::create(cloud, &mut world, call, &place),
        ("GET", "p", true) => par::list(&mut world, call, &place),
        (_, "p", false) => par::one(&mut world, call, &place),
        _ => Err(Refusal::missing()),
    }
}

/// The bucket of a place.
fn bucket_of<'a>(world: &'a mut World, place: &Place) -> Result<&'a mut Bucket, Refusal> {
    let namespace = &world.settings.namespace;
    let name = &place.bucket;
    let missing = format!(
        "Either the bucket named '{name}' does not exist in the namespace '{namespace}' or you are not authorized to access it"
    );
    let found = if &place.namespace == namespace { world.services.storage.buckets.get_mut(name) } else { None };
    found.ok_or_else(|| Refusal::new(404, "BucketNotFound", missing))
}

impl World {
    /// Makes a bucket, where there is none of this name.
    pub fn bucket(&mut self, name: &str) {
        let now = self.clock.now();
        self.services.storage.buckets.entry(name.into()).or_insert_with(|| Bucket::new(now));
    }

    /// Writes an object into a bucket, which is made where it is not there.
    pub fn put_object(&mut self, bucket: &str, name: &str, content: &[u8]) {
        self.bucket(bucket);
        let object = object::Object::new(bytes::Bytes::copy_from_slice(content), Vec::new(), self.clock.now());
        if let Some(bucket) = self.services.storage.buckets.get_mut(bucket) {
            bucket.objects.insert(name.into(), object);
        }
    }

    /// The content of an object, if it is there.
    #[must_use]
    pub fn object(&self, bucket: &str, name: &str) -> Option<Vec<u8>> {
        Some(self.services.storage.buckets.get(bucket)?.objects.get(name)?.bytes.to_vec())
    }

    /// The names of the objects of a bucket, in order.
    #[must_use]
    pub fn objects(&self, bucket: &str) -> Vec<String> {
        let bucket = self.services.storage.buckets.get(bucket);
        bucket.into_iter().flat_map(|bucket| bucket.objects.keys().cloned()).collect()
    }

    /// The names of the pre-authenticated requests of a bucket.
    #[must_use]
    pub fn preauthenticated(&self, bucket: &str) -> Vec<String> {
        let bucket = self.services.storage.buckets.get(bucket);
        bucket.into_iter().flat_map(|bucket| bucket.pars.values().map(|par| par.name.clone())).collect()
    }
}
