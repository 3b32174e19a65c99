//! Pre-authenticated requests: whoever knows the address may do what it is for, and signs nothing.
//!
//! What their refusals are is not documented; they are as people have reported them.

use std::time::SystemTime;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::call::Call;
use crate::cloud::Cloud;
use crate::page;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::shape::{Field, Kind, may, need};
use crate::world::World;
use crate::{time, user};

use super::{Place, bucket_of, list, multipart, object};

/// What stays as it is in the address of an object.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

const ACCESS: &[&str] =
    &["ObjectRead", "ObjectWrite", "ObjectReadWrite", "AnyObjectRead", "AnyObjectWrite", "AnyObjectReadWrite"];

const CREATE: &[Field] = &[
    need("name", Kind::Text(255)),
    need("accessType", Kind::OneOf(ACCESS)),
    need("timeExpires", Kind::Time),
    may("objectName", Kind::Text(1024)),
    may("bucketListingAction", Kind::OneOf(&["Deny", "ListObjects"])),
];

/// One of them.
pub(crate) struct Par {
    id: String,
    pub(super) name: String,
    /// The object, or what the names of objects begin with.
    object: Option<String>,
    access: String,
    may_list: bool,
    created: SystemTime,
    expires: SystemTime,
}

impl Par {
    fn is_for_any(&self) -> bool {
        self.access.starts_with("Any")
    }

    fn may_read(&self) -> bool {
        self.access.contains("Read")
    }

    fn may_write(&self) -> bool {
        self.access.contains("Write")
    }

    /// Whether an object is within what it is for.
    fn reaches(&self, name: &str) -> bool {
        match &self.object {
            Some(prefix) if self.is_for_any() => name.starts_with(prefix.as_str()),
            Some(object) => name == object,
            None => true,
        }
    }

    fn json(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "objectName": self.object, "accessType": self.access,
            "bucketListingAction": if self.may_list { json!("ListObjects") } else { Value::Null },
            "timeCreated": time::text(self.created), "timeExpires": time::text(self.expires),
        })
    }
}

pub(super) fn create(cloud: &Cloud, world: &mut World, call: &Call, place: &Place) -> Answer {
    let said = call.json(CREATE)?;
    let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
    let (access, token) = (text("accessType"), format!("{}{}", user::id(), user::id()));
    let object = said["objectName"].as_str().filter(|name| !name.is_empty()).map(str::to_owned);
    if object.is_none() && !access.starts_with("Any") {
        return Err(Refusal::new(400, "MissingParameter", "objectName must not be null for this accessType."));
    }
    let may_list = text("bucketListingAction") == "ListObjects";
    if may_list && !(access.starts_with("Any") && access.contains("Read")) {
        return Err(Refusal::invalid("bucketListingAction is for requests that read any object."));
    }
    let par = Par {
        id: user::id(),
        name: text("name"),
        object,
        access,
        may_list,
        created: world.clock.now(),
        expires: time::read(&text("timeExpires")).unwrap_or(SystemTime::UNIX_EPOCH),
    };
    let tail = par.object.as_deref().filter(|_| !par.is_for_any()).unwrap_or_default();
    let tail = utf8_percent_encode(tail, PATH);
    let uri = format!("/p/{token}/n/{}/b/{}/o/{tail}", place.namespace, place.bucket);
    let mut said = par.json();
    said["accessUri"] = json!(uri);
    said["fullPath"] = json!(format!("http://{}{uri}", cloud.address));
    bucket_of(world, place)?.pars.insert(token, par);
    Ok(Reply::json(&said))
}

pub(super) fn list(world: &mut World, call: &Call, place: &Place) -> Answer {
    call.only(&["objectNamePrefix", "limit", "page"])?;
    let prefix = call.parameter("objectNamePrefix").unwrap_or_default();
    let bucket = bucket_of(world, place)?;
    let found = bucket.pars.values().filter(|par| par.object.as_deref().unwrap_or_default().starts_with(&prefix));
    let all = found.map(Par::json).collect();
    page::array(call, &world.settings, all)
}

pub(super) fn one(world: &mut World, call: &Call, place: &Place) -> Answer {
    let bucket = bucket_of(world, place)?;
    let found = bucket.pars.iter().find(|(_, par)| par.id == place.name);
    let (token, said) = found.map(|(token, par)| (token.clone(), par.json())).ok_or_else(Refusal::missing)?;
    match call.method.as_str() {
        "GET" => Ok(Reply::json(&said)),
        "DELETE" => {
            bucket.pars.remove(&token);
            Ok(Reply::empty(204))
        }
        _ => Err(Refusal::missing()),
    }
}

/// Does what one is for.
pub(super) fn answer(world: &mut World, call: &Call, token: &str, place: &Place) -> Answer {
    let now = world.clock.now();
    let unknown = |why: &str| Refusal::new(401, "NotAuthenticated", why);
    let bucket = bucket_of(world, place).map_err(|_| unknown("PAR does not exist"))?;
    let par = bucket.pars.get(token).ok_or_else(|| unknown("PAR does not exist"))?;
    if par.expires <= now {
        return Err(unknown("PAR is expired"));
    }
    let (may_read, may_write) = (par.may_read(), par.may_write());
    if place.name.is_empty() && place.what == "o" && call.method == "GET" && par.may_list {
        let within = par.object.clone().unwrap_or_default();
        return list::objects(world, call, place, &within);
    }
    // Uploads are `OBJECT/id/UPLOAD/` and `OBJECT/id/UPLOAD/NUMBER`.
    let (name, upload) = match place.name.rsplit_once("/id/") {
        Some((name, upload)) if place.what == "u" => (name, Some(upload.to_owned())),
        _ => (place.name.as_str(), None),
    };
    if !par.reaches(name) {
        return Err(Refusal::missing());
    }
    let place = &Place {
        namespace: place.namespace.clone(),
        bucket: place.bucket.clone(),
        what: place.what.clone(),
        name: name.to_owned(),
    };
    match (call.method.as_str(), place.what.as_str(), upload) {
        ("GET" | "HEAD", "o", None) if may_read => object::get(world, call, place),
        ("PUT", "o", None) if may_write && call.header("opc-multipart") == Some("true") => {
            let id = multipart::begin_by_headers(world, call, place)?;
            let uri = format!(
                "/p/{token}/n/{}/b/{}/u/{}/id/{id}/",
                place.namespace,
                place.bucket,
                utf8_percent_encode(&place.name, PATH)
            );
            Ok(Reply::json(&json!({ "accessUri": uri })))
        }
        ("PUT", "o", None) if may_write => object::put(world, call, place),
        (method, "u", Some(upload)) if may_write => uploaded(world, call, place, method, &upload),
        _ => Err(Refusal::missing()),
    }
}

/// A part of an upload, or its end.
fn uploaded(world: &mut World, call: &Call, place: &Place, method: &str, upload: &str) -> Answer {
    let (id, number) = upload.split_once('/').unwrap_or((upload, ""));
    match (method, number.parse::<i64>()) {
        ("PUT", Ok(number)) if (1..=10_000).contains(&number) => multipart::put_part(world, call, place, id, number),
        ("POST", Err(_)) => {
            let parts = multipart::every_part(world, place, id)?;
            multipart::commit(world, call, place, id, &parts)
        }
        _ => Err(Refusal::missing()),
    }
}
