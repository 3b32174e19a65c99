//! Under `/echo` everything that is signed well is answered by its own body. Oracle has no such service.

use crate::reply::Reply;

use super::{Covers, Service};

pub(crate) const SERVICE: Service = Service {
    name: "echo",
    owns: |path| path.starts_with("/echo"),
    covers: |call| match call.method.as_str() {
        "PUT" if call.path().contains("/o/") => Covers::Head,
        _ => Covers::Everything,
    },
    answer: |_, call| Ok(Reply::bytes(call.body.clone())),
};
