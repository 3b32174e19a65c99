//! Buckets.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::call::Call;
use crate::page;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::shape::{Field, Kind, may, need};
use crate::world::World;
use crate::{time, user};

use super::Place;
use super::bucket_of;
use super::multipart::Upload;
use super::object::Object;
use super::par::Par;

/// A bucket.
pub(crate) struct Bucket {
    pub(super) objects: BTreeMap<String, Object>,
    /// Uploads that are not committed, by id.
    pub(super) uploads: BTreeMap<String, Upload>,
    /// Pre-authenticated requests by token.
    pub(super) pars: BTreeMap<String, Par>,
    created: SystemTime,
    compartment: String,
    etag: String,
    freeform_tags: Value,
}

const CREATE: &[Field] = &[
    need("name", Kind::Text(256)),
    need("compartmentId", Kind::Text(255)),
    may("metadata", Kind::Texts),
    may("publicAccessType", Kind::OneOf(&["NoPublicAccess", "ObjectRead", "ObjectReadWithoutList"])),
    may("storageTier", Kind::OneOf(&["Standard", "Archive"])),
    may("objectEventsEnabled", Kind::Flag),
    may("versioning", Kind::OneOf(&["Enabled", "Disabled"])),
    may("autoTiering", Kind::OneOf(&["Disabled", "InfrequentAccess"])),
    may("kmsKeyId", Kind::Text(255)),
    may("freeformTags", Kind::Texts),
    may("definedTags", Kind::Any),
];

impl Bucket {
    pub(super) fn new(created: SystemTime) -> Self {
        Self {
            objects: BTreeMap::new(),
            uploads: BTreeMap::new(),
            pars: BTreeMap::new(),
            created,
            compartment: user::TENANCY.into(),
            etag: user::id(),
            freeform_tags: json!({}),
        }
    }

    fn json(&self, namespace: &str, name: &str) -> Value {
        json!({
            "namespace": namespace, "name": name, "compartmentId": self.compartment, "metadata": {},
            "createdBy": user::TENANCY, "timeCreated": time::text(self.created), "etag": self.etag,
            "publicAccessType": "NoPublicAccess", "storageTier": "Standard", "objectEventsEnabled": false,
            "freeformTags": self.freeform_tags, "definedTags": {}, "kmsKeyId": null, "versioning": "Disabled",
        })
    }
}

/// All buckets, or a new one.
pub(super) fn all(world: &mut World, call: &Call) -> Answer {
    let namespace = world.settings.namespace.clone();
    match call.method.as_str() {
        "GET" => {
            let compartment = call.required("compartmentId")?;
            let buckets = world.services.storage.buckets.iter();
            let found = buckets.filter(|(_, bucket)| bucket.compartment == compartment);
            let all = found.map(|(name, bucket)| bucket.json(&namespace, name)).collect();
            page::array(call, &world.settings, all)
        }
        "POST" => {
            let said = call.json(CREATE)?;
            let name = said["name"].as_str().unwrap_or_default().to_owned();
            let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
            if name.is_empty() || !is_name {
                return Err(Refusal::new(400, "InvalidBucketName", format!("The bucket name '{name}' is invalid")));
            }
            if world.services.storage.buckets.contains_key(&name) {
                let message = format!(
                    "Either the bucket '{name}' in namespace '{namespace}' already exists or you are not authorized to create it"
                );
                return Err(Refusal::new(409, "BucketAlreadyExists", message));
            }
            let mut bucket = Bucket::new(world.clock.now());
            bucket.compartment = said["compartmentId"].as_str().unwrap_or_default().to_owned();
            if said["freeformTags"].is_object() {
                bucket.freeform_tags = said["freeformTags"].clone();
            }
            let reply = Reply::json(&bucket.json(&namespace, &name)).header("etag", bucket.etag.clone());
            world.services.storage.buckets.insert(name, bucket);
            Ok(reply)
        }
        _ => Err(Refusal::missing()),
    }
}

/// A bucket is looked at or removed.
pub(super) fn one(world: &mut World, call: &Call, name: &str) -> Answer {
    let namespace = world.settings.namespace.clone();
    let place = Place { namespace: namespace.clone(), bucket: name.into(), ..Place::default() };
    let bucket = bucket_of(world, &place)?;
    match call.method.as_str() {
        "GET" | "HEAD" => Ok(Reply::json(&bucket.json(&namespace, name)).header("etag", bucket.etag.clone())),
        "DELETE" if bucket.objects.is_empty() && bucket.uploads.is_empty() => {
            world.services.storage.buckets.remove(name);
            Ok(Reply::empty(204))
        }
        "DELETE" => Err(Refusal::new(
            409,
            "BucketNotEmpty",
            format!("Bucket named '{name}' is not empty. Delete all objects first."),
        )),
        _ => Err(Refusal::missing()),
    }
}
