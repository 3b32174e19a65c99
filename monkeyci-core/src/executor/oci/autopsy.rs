//! Why an instance ended without a report: the only place where that is told is the service's own words.

use std::fmt::Write as _;

use oci_services::container_instances::{Container, ContainerInstance, Lifecycle};
use oci_services::work_request::WorkRequestError;

use super::record::Record;
use super::{Oci, instance, place, service};
use crate::executor::{ExecutorError, Exit, Order, registry};

/// Bytes of a log's end that a message shows.
const SHOWN: usize = 500;
/// What was being done.
const WAITING: &str = "waiting for the job";
/// The code of a process that the kernel killed.
const KILLED: i32 = 128 + 9;

/// All that is known of an instance that ended.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The instance; none when it is gone.
    pub instance: Option<ContainerInstance>,
    /// Its containers, as far as they are shown.
    pub containers: Vec<Container>,
    /// Why it could not be made.
    pub errors: Vec<WorkRequestError>,
    /// The last words of its sidecar, where they matter.
    pub sidecar_log: Vec<u8>,
}

impl Oci {
    /// Asks for all that is known of an instance.
    pub(super) async fn examine(&self, record: &Record) -> Result<Found, ExecutorError> {
        let broke = |error| Self::broke("asking how a container instance ended", &error);
        let Some(id) = &record.id else { return Ok(Found::default()) };
        let instance = match self.instances.get(id).await {
            Ok(instance) => instance,
            Err(error) if error.is_not_found() => return Ok(Found::default()),
            Err(error) => return Err(broke(error)),
        };
        let mut found = Found::default();
        for name in &instance.containers {
            match self.instances.container(&name.container_id).await {
                Ok(container) => found.containers.push(container),
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(broke(error)),
            }
        }
        if instance.lifecycle_state == Lifecycle::Failed
            && let Some(work_request) = &record.work_request
        {
            // Best effort: what it says is an addition.
            found.errors = self.instances.work_request_errors(work_request).await.unwrap_or_default();
        }
        found.instance = Some(instance);
        if let Some(sidecar) = found.container(instance::SIDECAR).filter(|sidecar| sidecar.exit_code != Some(0)) {
            found.sidecar_log = self.instances.log(&sidecar.id.clone()).await.unwrap_or_default();
        }
        Ok(found)
    }

    /// The logs of a job's services, as far as they can be had: the last 256 KB.
    pub(super) async fn service_logs(&self, order: &Order, record: &Record) -> Vec<(String, Vec<u8>)> {
        let mut logs = Vec::new();
        if order.job.services.is_empty() {
            return logs;
        }
        let Some(id) = &record.id else { return logs };
        let names = self.instances.get(id).await.map(|instance| instance.containers).unwrap_or_default();
        for wanted in &order.job.services {
            let name = service::container_name(wanted);
            let container = names.iter().find(|container| container.display_name.as_deref() == Some(&name));
            let log = match container {
                Some(container) => self.instances.log(&container.container_id).await.unwrap_or_default(),
                None => Vec::new(),
            };
            logs.push((wanted.id.to_string(), log));
        }
        logs
    }
}

impl Found {
    /// Whether the service believes that it runs.
    pub(super) fn is_running(&self) -> bool {
        self.instance.as_ref().is_some_and(|instance| !instance.lifecycle_state.is_over())
    }

    fn container(&self, name: &str) -> Option<&Container> {
        self.containers.iter().find(|container| container.display_name.as_deref() == Some(name))
    }

    /// What it means for a job that has no result.
    ///
    /// # Errors
    /// Always but when the job ended for want of memory: whatever else happened, it was not the job's doing, and above all
    /// it is no success.
    pub(super) fn judge(&self, order: &Order) -> Result<Exit, ExecutorError> {
        let Some(instance) = &self.instance else {
            return Err(ExecutorError::Lost(format!(
                "the container instance of `{}` is gone: something else than MonkeyCI deleted it",
                order.attempt.name()
            )));
        };
        if self.is_out_of_memory() {
            return Ok(Exit { out_of_memory: true, ..Exit::default() });
        }
        let said = self.said();
        if let Some(error) = self.of_image(order, &said) {
            return Err(error);
        }
        if says(&said, &["no space left", "ephemeral storage", "disk"]) {
            return Err(broke(format!(
                "the disk of its container instance is full, which has 15 GB for images and workspace together: {said}"
            )));
        }
        if let Some(error) = self.of_code(order) {
            return Err(error);
        }
        Err(match instance.lifecycle_state {
            Lifecycle::Failed => ExecutorError::Lost(format!("its container instance failed: {}", or_nothing(&said))),
            Lifecycle::Deleting | Lifecycle::Deleted => {
                ExecutorError::Lost("its container instance was deleted by something else than MonkeyCI".into())
            }
            state => self.of_end(state, or_nothing(&said)),
        })
    }

    /// Why there is no result of an instance that did as it was told: one of its containers did not.
    fn of_end(&self, state: Lifecycle, said: &str) -> ExecutorError {
        let code = |name| self.container(name).and_then(|container| container.exit_code);
        match (code(instance::JOB), code(instance::SIDECAR)) {
            (Some(KILLED), _) => ExecutorError::Lost(format!(
                "something killed its container (code {KILLED}) before it had a result: {said}"
            )),
            (_, Some(KILLED)) => ExecutorError::Lost(format!(
                "something killed its sidecar (code {KILLED}) before all was sent that the job said and left: {said}"
            )),
            (_, Some(code)) if code != 0 => broke(format!(
                "its sidecar ended with code {code} before all was sent that the job said and left: {said}{}",
                self.last_words()
            )),
            (code, _) => {
                let code = code.map(|code| format!(" with code {code}")).unwrap_or_default();
                let (state, words) = (state.name(), self.last_words());
                ExecutorError::Lost(format!(
                    "its container ended{code} and without a result, its instance is {state}: {said}{words}"
                ))
            }
        }
    }

    /// Whether the job's container ended for want of memory.
    fn is_out_of_memory(&self) -> bool {
        let Some(job) = self.container(instance::JOB) else { return false };
        let details = job.lifecycle_details.as_deref().unwrap_or_default();
        says(details, &["oom", "out of memory", "memory limit"]) && job.exit_code.is_none_or(|code| code == KILLED)
    }

    /// What the codes of the job's container say that are ours.
    fn of_code(&self, order: &Order) -> Option<ExecutorError> {
        let code = self.container(instance::JOB)?.exit_code?;
        if code == place::NO_SUPERVISOR {
            return Some(broke(format!(
                "its sidecar did not bring it its supervisor{}; see that `sidecar-image` is right, that the dynamic group of \
                 container instances may read the bucket, and that the subnet reaches Object Storage",
                self.last_words()
            )));
        }
        let index = usize::try_from(code - place::NO_SERVICE).ok().filter(|index| *index < place::SERVICES);
        if let Some(service) = index.and_then(|index| order.job.services.get(index)) {
            let ports: Vec<_> = service.ports.iter().map(u16::to_string).collect();
            let container = self.container(&service::container_name(service));
            let ended = container.and_then(|container| container.exit_code);
            let reason = match ended {
                Some(code) => format!("it ended with code {code} before it was ready"),
                None => format!("port {} did not accept connections in time", ports.join(" or ")),
            };
            return Some(ExecutorError::Service { service: service.id.to_string(), reason });
        }
        let image = order.job.image.as_deref().unwrap_or_default();
        matches!(code, 126..=128).then(|| ExecutorError::Image {
            image: image.to_owned(),
            reason: format!(
                "its `/bin/sh` cannot be run (code {code}), which begins every job in Oracle Cloud; run it in an image that \
                 has a shell, or on another executor"
            ),
        })
    }

    /// An image that could not be pulled.
    fn of_image(&self, order: &Order, said: &str) -> Option<ExecutorError> {
        let pulled = ["imagepull", "pull image", "pulling image", "image pull", "manifest", "image not found"];
        if !says(said, &pulled) {
            return None;
        }
        let ours = order.job.image.iter().chain(order.job.services.iter().map(|service| &service.image));
        let named = ours.clone().find(|image| {
            let full = registry::full_name(image);
            said.contains(image.as_str()) || said.contains(&full)
        });
        let failed = |name: &str| {
            let failed = self.container(name)?;
            (failed.lifecycle_state == Lifecycle::Failed).then_some(failed)
        };
        if named.is_none() && failed(instance::SIDECAR).is_some() {
            return Some(broke(format!("the image of the sidecar cannot be pulled: {said}")));
        }
        let image = named.or_else(|| ours.clone().next())?;
        let host = registry::host_of(image);
        Some(ExecutorError::Image {
            image: image.clone(),
            reason: format!(
                "Oracle Cloud cannot pull it: {said}; check the name and the tag, the credentials for `{host}`, and that the \
                 subnet reaches it"
            ),
        })
    }

    /// All that the service says of what happened, each thing once.
    fn said(&self) -> String {
        let instance = self.instance.iter().filter_map(|instance| instance.lifecycle_details.clone());
        let containers = self.containers.iter().filter_map(|container| {
            let details = container.lifecycle_details.as_deref().filter(|details| !details.trim().is_empty())?;
            Some(format!("container `{}`: {details}", container.display_name.as_deref().unwrap_or("?")))
        });
        let errors = self.errors.iter().map(|error| format!("{}: {}", error.code, error.message));
        let mut said = String::new();
        for text in errors.chain(containers).chain(instance) {
            let text = text.trim();
            if text.is_empty() || said.contains(text) {
                continue;
            }
            if !said.is_empty() {
                said.push_str("; ");
            }
            said.push_str(text);
        }
        said
    }

    /// The end of what the sidecar wrote.
    fn last_words(&self) -> String {
        let log = String::from_utf8_lossy(&self.sidecar_log);
        let log = log.trim();
        let from = log.ceil_char_boundary(log.len().saturating_sub(SHOWN));
        let mut words = String::new();
        if !log.is_empty() {
            let _ = write!(words, "; its sidecar's log ends with: {}", &log[from..]);
        }
        words
    }
}

fn broke(reason: String) -> ExecutorError {
    ExecutorError::Engine { what: WAITING, reason }
}

fn or_nothing(said: &str) -> &str {
    if said.is_empty() { "Oracle Cloud does not say why" } else { said }
}

fn says(text: &str, words: &[&str]) -> bool {
    let text = text.to_lowercase();
    words.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use monkeyci_model::job::Service;
    use monkeyci_model::{Cause, JobId};
    use serde_json::{Value, json};

    use super::super::instance::tests::order as order_of_instance;
    use super::*;

    fn order() -> Order {
        let mut order = order_of_instance();
        order.job.services = vec![Service {
            id: JobId::new("db").expect("an id"),
            image: "postgres:17".into(),
            ports: vec![5432],
            env: Default::default(),
            command: Vec::new(),
            health: None,
        }];
        order
    }

    /// What is told of an instance of this state, with these containers and errors.
    fn told(
        state: &str,
        details: &str,
        containers: &[(&str, Value)],
        errors: &[&str],
    ) -> Result<Exit, (Cause, String)> {
        let instance = json!({ "id": "i", "compartmentId": "c", "lifecycleState": state, "lifecycleDetails": details });
        let containers = containers.iter().map(|(name, more)| {
            let mut container = json!({ "id": "c", "displayName": name, "lifecycleState": "INACTIVE" });
            let fields = more.as_object().expect("fields").clone();
            container.as_object_mut().expect("fields").extend(fields);
            serde_json::from_value(container).expect("a container")
        });
        let error = |message: &&str| WorkRequestError {
            code: "InternalError".into(),
            message: (*message).to_owned(),
            timestamp: None,
        };
        let found = Found {
            instance: Some(serde_json::from_value(instance).expect("an instance")),
            containers: containers.collect(),
            errors: errors.iter().map(error).collect(),
            sidecar_log: b"the bucket is not there\n".to_vec(),
        };
        found.judge(&order()).map_err(|error| (error.cause(), error.to_string()))
    }

    #[test]
    fn an_instance_that_is_gone_is_an_error_and_never_success() {
        let error = Found::default().judge(&order()).expect_err("gone");
        assert!(error.to_string().contains("`mci-ci-42` is gone"), "{error}");
        for state in ["DELETED", "DELETING", "INACTIVE", "FAILED", "TOMORROW"] {
            let exit = json!({ "exitCode": 0 });
            let (cause, text) = told(state, "", &[("job", exit.clone()), ("sidecar", exit)], &[]).expect_err(state);
            assert_eq!(cause, Cause::Lost, "{text}");
        }
    }

    #[test]
    fn want_of_memory_is_told_apart_from_a_kill() {
        let killed = |details: &str| json!({ "exitCode": 137, "lifecycleDetails": details });
        let exit = told("INACTIVE", "", &[("job", killed("OOMKilled"))], &[]).expect("it ended");
        assert!(exit.out_of_memory);
        let (cause, text) = told("INACTIVE", "", &[("job", killed(""))], &[]).expect_err("killed");
        assert_eq!(cause, Cause::Lost);
        assert!(text.starts_with("something killed its container (code 137) before"), "{text}");
    }

    #[test]
    fn a_sidecar_that_ended_too_early_is_told_with_its_last_words() {
        let code = |code: i32| json!({ "exitCode": code });
        let (cause, text) = told("ACTIVE", "", &[("job", json!({})), ("sidecar", code(137))], &[]).expect_err("killed");
        assert_eq!(cause, Cause::Lost);
        assert!(text.starts_with("something killed its sidecar (code 137) before"), "{text}");
        // How the job ended does not matter where its result did not come.
        let (cause, text) = told("INACTIVE", "", &[("job", code(1)), ("sidecar", code(4))], &[]).expect_err("broke");
        assert_eq!(cause, Cause::Infrastructure);
        assert!(text.contains("its sidecar ended with code 4") && text.ends_with("the bucket is not there"), "{text}");
        let (_, text) = told("INACTIVE", "", &[("job", code(137)), ("sidecar", code(4))], &[]).expect_err("killed");
        assert!(text.contains("its container"), "the job's own is what was killed: {text}");
    }

    #[test]
    fn an_image_that_cannot_be_pulled_is_named() {
        let errors = ["Failed to pull image fra.ocir.io/acme/web:1: manifest unknown"];
        let (cause, text) = told("FAILED", "", &[], &errors).expect_err("no image");
        assert_eq!(cause, Cause::Image);
        assert!(
            text.starts_with("image `fra.ocir.io/acme/web:1`: Oracle Cloud cannot pull it: InternalError: Failed"),
            "{text}"
        );
        let errors = ["Failed to pull image docker.io/library/postgres:17: unauthorized"];
        let (_, text) = told("FAILED", "", &[], &errors).expect_err("no image");
        assert!(text.starts_with("image `postgres:17`") && text.contains("credentials for `docker.io`"), "{text}");
        let failed = json!({ "lifecycleState": "FAILED", "lifecycleDetails": "ImagePullFailed" });
        let (cause, text) = told("FAILED", "", &[("sidecar", failed)], &[]).expect_err("no image");
        assert_eq!(cause, Cause::Infrastructure);
        assert!(text.contains("the image of the sidecar cannot be pulled"), "{text}");
    }

    #[test]
    fn codes_of_ours_are_understood() {
        let ended = |code: i32| [("job", json!({ "exitCode": code })), ("service-db", json!({ "exitCode": 1 }))];
        let (cause, text) = told("INACTIVE", "", &ended(75), &[]).expect_err("no supervisor");
        assert_eq!(cause, Cause::Infrastructure);
        assert!(text.contains("did not bring") && text.contains("the bucket is not there"), "{text}");
        let (cause, text) = told("INACTIVE", "", &ended(180), &[]).expect_err("no service");
        assert_eq!((cause, text.as_str()), (Cause::Service, "service `db`: it ended with code 1 before it was ready"));
        let (cause, text) = told("INACTIVE", "", &ended(128), &[]).expect_err("no shell");
        assert_eq!(cause, Cause::Image);
        assert!(text.contains("`/bin/sh` cannot be run"), "{text}");
        let (cause, _) = told("INACTIVE", "", &ended(181), &[]).expect_err("no such service");
        assert_eq!(cause, Cause::Lost);
    }

    #[test]
    fn a_full_disk_and_what_else_is_said_are_told_once() {
        let full = json!({ "exitCode": 1, "lifecycleDetails": "Evicted: ephemeral storage exceeds 15 GB" });
        let (_, text) =
            told("FAILED", "Evicted: ephemeral storage exceeds 15 GB", &[("job", full)], &[]).expect_err("full");
        assert!(text.contains("the disk of its container instance is full"), "{text}");
        assert_eq!(text.matches("exceeds 15 GB").count(), 1, "{text}");
        let (_, text) = told("FAILED", "The host failed", &[], &["Host maintenance"]).expect_err("failed");
        assert!(text.ends_with("failed: InternalError: Host maintenance; The host failed"), "{text}");
    }
}
