//! The metadata of the compute instance that a program runs on, version 2.

use bytes::Bytes;

use crate::call::Call;
use crate::cloud::Cloud;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};

use super::{Covers, Service};

pub(crate) const SERVICE: Service = Service {
    name: "metadata",
    owns: |path| path.starts_with("/opc/v2/"),
    covers: |_| Covers::Nothing,
    answer: |cloud, call| answer(cloud, call),
};

fn answer(cloud: &Cloud, call: &Call) -> Answer {
    let what = call.path().strip_prefix("/opc/v2/").unwrap_or_default();
    let is_known = call.header("authorization") == Some("Bearer Oracle");
    let found = cloud.world().metadata.get(what).filter(|_| is_known).cloned();
    found.map(|text| Reply::bytes(Bytes::from(text))).ok_or_else(|| Refusal::new(404, "NotFound", "none"))
}
