//! Container instances and their containers, as they are known and shown.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::run::Stop;
use crate::{time, user};

/// An instance.
pub(super) struct Instance {
    pub(super) id: String,
    /// The first, the second …
    pub(super) number: u64,
    /// What it was created from.
    pub(super) said: Value,
    pub(super) name: String,
    pub(super) state: &'static str,
    pub(super) details: Option<String>,
    pub(super) ocpus: f64,
    pub(super) memory: f64,
    pub(super) created: SystemTime,
    pub(super) updated: SystemTime,
    pub(super) deleted: Option<SystemTime>,
    pub(super) containers: Vec<(String, String)>,
    pub(super) version: u64,
    /// Tells its containers to end.
    pub(super) stop: watch::Sender<Stop>,
    /// What becomes of it once they have.
    pub(super) end: End,
    /// Somebody looks after its containers.
    pub(super) is_attended: bool,
}

/// What becomes of an instance whose containers have ended.
#[derive(Debug, Clone)]
pub(super) enum End {
    /// They ended by themselves.
    Done,
    Stop,
    Restart,
    Delete,
    Fail(String),
    /// It is gone, and nobody has deleted it.
    Vanish,
}

/// A container.
pub(super) struct Container {
    pub(super) id: String,
    pub(super) instance: String,
    /// What it was created from.
    pub(super) said: Value,
    /// The same of its instance: compartment and domains.
    pub(super) place: Value,
    pub(super) name: String,
    pub(super) state: &'static str,
    pub(super) details: Option<String>,
    pub(super) exit_code: Option<i32>,
    pub(super) terminated: Option<SystemTime>,
    pub(super) created: SystemTime,
    pub(super) updated: SystemTime,
    pub(super) restarts: u32,
    pub(super) version: u64,
    /// Where its output is, and where that of the run before.
    pub(super) log: std::path::PathBuf,
}

impl Instance {
    pub(super) fn etag(&self) -> String {
        format!("{}-{}", self.version, &self.id[self.id.len() - 8..])
    }

    pub(super) fn to(&mut self, state: &'static str, now: SystemTime) {
        (self.state, self.updated) = (state, now);
        self.version += 1;
    }

    /// Seconds from asking its containers to end until they are killed; none where nobody said.
    pub(super) fn grace(&self) -> Duration {
        Duration::from_secs(self.said["gracefulShutdownTimeoutInSeconds"].as_u64().unwrap_or(0))
    }

    /// When containers are started again: always, where nobody said.
    pub(super) fn policy(&self) -> &str {
        self.said["containerRestartPolicy"].as_str().unwrap_or("ALWAYS")
    }

    /// As a list shows it.
    pub(super) fn summary(&self) -> Value {
        let said = &self.said;
        let domain = said["faultDomain"].as_str().unwrap_or("FAULT-DOMAIN-1");
        json!({
            "id": self.id, "displayName": self.name, "compartmentId": said["compartmentId"],
            "freeformTags": object(&said["freeformTags"]), "definedTags": object(&said["definedTags"]), "systemTags": {},
            "availabilityDomain": said["availabilityDomain"], "faultDomain": domain,
            "lifecycleState": self.state, "lifecycleDetails": self.details,
            "timeCreated": time::text(self.created), "timeUpdated": time::text(self.updated),
            "shape": said["shape"],
            "shapeConfig": {
                "ocpus": self.ocpus, "memoryInGBs": self.memory, "processorDescription": null,
                "networkingBandwidthInGbps": self.ocpus,
            },
            "containerCount": self.containers.len(),
            "gracefulShutdownTimeoutInSeconds": self.grace().as_secs(),
            "volumeCount": said["volumes"].as_array().map_or(0, Vec::len),
            "containerRestartPolicy": self.policy(), "securityContext": said["securityContext"],
        })
    }

    pub(super) fn json(&self) -> Value {
        let mut shown = self.summary();
        let containers = self.containers.iter();
        shown["containers"] = containers.map(|(id, name)| json!({ "containerId": id, "displayName": name })).collect();
        shown["tenantId"] = json!(user::TENANCY);
        // Volumes are shown with all that is in them, and secrets without.
        shown["volumes"] = self.said["volumes"].as_array().map_or_else(|| json!([]), |volumes| json!(volumes));
        shown["vnics"] =
            json!([{ "vnicId": format!("ocid1.vnic.oc1.eu-frankfurt-1.{}", &self.id[self.id.len() - 32..]) }]);
        shown["dnsConfig"] = self.said["dnsConfig"].clone();
        let secrets = self.said["imagePullSecrets"].as_array().into_iter().flatten();
        let secrets = secrets.map(|secret| {
            let mut shown = secret.clone();
            if let Some(shown) = shown.as_object_mut() {
                shown.remove("username");
                shown.remove("password");
            }
            shown
        });
        shown["imagePullSecrets"] = secrets.collect();
        shown
    }
}

impl Container {
    pub(super) fn etag(&self) -> String {
        format!("{}-{}", self.version, &self.id[self.id.len() - 8..])
    }

    pub(super) fn to(&mut self, state: &'static str, now: SystemTime) {
        (self.state, self.updated) = (state, now);
        self.version += 1;
    }

    /// Where the output of the run before is.
    pub(super) fn previous_log(&self) -> std::path::PathBuf {
        self.log.with_extension("previous")
    }

    /// As a list shows it.
    pub(super) fn summary(&self) -> Value {
        let (said, place) = (&self.said, &self.place);
        json!({
            "id": self.id, "displayName": self.name, "compartmentId": place["compartmentId"],
            "freeformTags": object(&said["freeformTags"]), "definedTags": object(&said["definedTags"]), "systemTags": {},
            "availabilityDomain": place["availabilityDomain"], "faultDomain": place["faultDomain"],
            "lifecycleState": self.state, "lifecycleDetails": self.details,
            "timeCreated": time::text(self.created), "timeUpdated": time::text(self.updated),
            "containerInstanceId": self.instance, "resourceConfig": said["resourceConfig"], "imageUrl": said["imageUrl"],
            "isResourcePrincipalDisabled": said["isResourcePrincipalDisabled"].as_bool().unwrap_or(false),
            "securityContext": said["securityContext"],
        })
    }

    pub(super) fn json(&self) -> Value {
        let mut shown = self.summary();
        for name in ["command", "arguments", "workingDirectory", "environmentVariables", "volumeMounts"] {
            shown[name] = self.said[name].clone();
        }
        let checks = self.said["healthChecks"].as_array().into_iter().flatten();
        let checks = checks.map(|check| {
            let mut shown = check.clone();
            shown["status"] = json!("UNKNOWN");
            shown
        });
        shown["healthChecks"] = checks.collect();
        shown["exitCode"] = json!(self.exit_code);
        shown["timeTerminated"] = json!(self.terminated.map(time::text));
        shown["containerRestartAttemptCount"] = json!(self.restarts);
        shown
    }
}

/// An object, also where there is none.
fn object(value: &Value) -> Value {
    if value.is_object() { value.clone() } else { json!({}) }
}
