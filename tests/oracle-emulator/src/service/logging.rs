//! Logging, as logs are put: API 20200831.

use crate::call::Call;
use crate::cloud::Cloud;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::shape::{Field, Kind, may, need};

use super::{Service, everything};

const BASE: &str = "/20200831/logs";

pub(crate) const SERVICE: Service = Service {
    name: "logging",
    owns: |path| path.starts_with(BASE),
    covers: everything,
    answer: |cloud, call| answer(cloud, call),
};

const ENTRY: &[Field] = &[need("data", Kind::Text(1024 * 1024)), need("id", Kind::Text(255)), may("time", Kind::Time)];
const BATCH: &[Field] = &[
    need("entries", Kind::List(&Kind::Object(ENTRY), 1, 10_000)),
    need("source", Kind::Text(255)),
    need("type", Kind::Text(255)),
    may("subject", Kind::Text(255)),
    // All in small letters, unlike everything else.
    need("defaultlogentrytime", Kind::Time),
];
const PUT: &[Field] =
    &[need("specversion", Kind::OneOf(&["1.0"])), need("logEntryBatches", Kind::List(&Kind::Object(BATCH), 1, 1000))];

fn answer(_: &Cloud, call: &Call) -> Answer {
    let segments = call.segments(BASE);
    match segments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [id, "actions", "push"] if call.method == "POST" && id.starts_with("ocid1.log.") => {
            call.json(PUT)?;
            Ok(Reply::empty(200))
        }
        _ => Err(Refusal::missing()),
    }
}
