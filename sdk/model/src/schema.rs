//! JSON Schemas (2020-12) of what crosses a process boundary. They lie in `schemas/`, where a test puts them and programs take
//! them from.

use schemars::{Schema, schema_for};

use crate::script::api::{Build, JobView, Place, Problem, Restored};
use crate::script::{Answer, Prepared, Question};
use crate::{Event, Job, JobResult, Plan, Trigger};

/// Every schema by its name, in the order a reader meets them.
#[must_use]
pub fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        ("trigger", schema_for!(Trigger)),
        ("plan", schema_for!(Plan)),
        ("job", schema_for!(Job)),
        ("result", schema_for!(JobResult)),
        ("event", schema_for!(Event)),
        ("question", schema_for!(Question)),
        ("answer", schema_for!(Answer)),
        ("prepared", schema_for!(Prepared)),
        ("api-build", schema_for!(Build)),
        ("api-job", schema_for!(JobView)),
        ("api-place", schema_for!(Place)),
        ("api-restored", schema_for!(Restored)),
        ("api-problem", schema_for!(Problem)),
    ]
}
