//! Work requests: how far something is that takes a while, and why it failed.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::call::Call;
use crate::page;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::world::World;
use crate::{time, user};

/// A work request.
pub(super) struct WorkRequest {
    pub(super) id: String,
    operation: &'static str,
    action: &'static str,
    instance: String,
    compartment: Value,
    status: &'static str,
    accepted: SystemTime,
    started: Option<SystemTime>,
    finished: Option<SystemTime>,
    errors: Vec<Value>,
    logs: Vec<Value>,
}

impl WorkRequest {
    pub(super) fn new(
        operation: &'static str,
        action: &'static str,
        instance: &str,
        compartment: &Value,
        now: SystemTime,
    ) -> Self {
        Self {
            id: format!("ocid1.computecontainerworkrequest.oc1.eu-frankfurt-1.{}", user::id()),
            operation,
            action,
            instance: instance.into(),
            compartment: compartment.clone(),
            status: "ACCEPTED",
            accepted: now,
            started: None,
            finished: None,
            errors: Vec::new(),
            logs: Vec::new(),
        }
    }

    pub(super) fn begin(&mut self, now: SystemTime) {
        (self.status, self.started) = ("IN_PROGRESS", Some(now));
        self.logs.push(json!({ "message": format!("{} has begun", self.operation), "timestamp": time::text(now) }));
    }

    /// It is done, unless it has failed.
    pub(super) fn succeed(&mut self, now: SystemTime) {
        if self.status == "FAILED" {
            return;
        }
        (self.status, self.finished) = ("SUCCEEDED", Some(now));
        self.logs.push(json!({ "message": format!("{} is done", self.operation), "timestamp": time::text(now) }));
    }

    pub(super) fn fail(&mut self, code: &str, message: &str, now: SystemTime) {
        (self.status, self.finished) = ("FAILED", Some(now));
        self.errors.push(json!({ "code": code, "message": message, "timestamp": time::text(now) }));
    }

    /// Whether it is about an instance, and not over.
    pub(super) fn is_open_for(&self, instance: &str) -> bool {
        self.instance == instance && self.finished.is_none()
    }

    fn json(&self) -> Value {
        let (percent, action) = match self.status {
            "SUCCEEDED" => (100.0, self.action),
            "FAILED" => (100.0, "FAILED"),
            "IN_PROGRESS" => (50.0, "IN_PROGRESS"),
            _ => (0.0, "IN_PROGRESS"),
        };
        json!({
            "id": self.id, "operationType": self.operation, "status": self.status, "compartmentId": self.compartment,
            "resources": [{
                "entityType": "containerInstance", "actionType": action, "identifier": self.instance,
                "entityUri": format!("/20210415/containerInstances/{}", self.instance),
            }],
            "percentComplete": percent, "timeAccepted": time::text(self.accepted),
            "timeStarted": self.started.map(time::text), "timeFinished": self.finished.map(time::text),
        })
    }
}

pub(super) fn list(world: &World, call: &Call) -> Answer {
    call.only(&[
        "compartmentId",
        "workRequestId",
        "resourceId",
        "status",
        "availabilityDomain",
        "limit",
        "page",
        "sortBy",
        "sortOrder",
    ])?;
    let compartment = json!(call.required("compartmentId")?);
    let (resource, status) = (call.parameter("resourceId"), call.parameter("status"));
    let mut all: Vec<_> = world.services.instances.work.values().collect();
    all.retain(|work| work.compartment == compartment);
    all.retain(|work| resource.as_ref().is_none_or(|id| &work.instance == id));
    all.retain(|work| status.as_ref().is_none_or(|status| work.status == status));
    all.sort_by_key(|work| std::cmp::Reverse(work.accepted));
    page::items(call, &world.settings, all.into_iter().map(WorkRequest::json).collect())
}

pub(super) fn get(world: &World, id: &str) -> Answer {
    let work = world.services.instances.work.get(id).ok_or_else(Refusal::missing)?;
    Ok(Reply::json(&work.json()).header("retry-after", "1").header("etag", work.status))
}

/// The errors or the log of one.
pub(super) fn said(world: &World, call: &Call, id: &str, what: &str) -> Answer {
    let work = world.services.instances.work.get(id).ok_or_else(Refusal::missing)?;
    page::items(call, &world.settings, if what == "errors" { work.errors.clone() } else { work.logs.clone() })
}
