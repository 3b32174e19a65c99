//! What a build does.
//!
//! A job is one of three: a [`container`], a [`process`] on the worker itself, or an [`action`], a function of the
//! script. Whatever is said about it returns it, so that a job reads as a sentence.

mod before;

use std::sync::Arc;
use std::time::Duration;

use monkeyci_model::JobResult;
use monkeyci_model::job::{
    Arch, Artifact, Cache, Health, PullPolicy, Report, ReportFormat, Retry, SaveWhen, Service, When,
};
use monkeyci_model::script::act_line;
use monkeyci_model::{JobId, Text};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use before::Before;

use crate::action::{Act, IntoOutcome, Outcome};
use crate::extension::{Hooks, IntoJob};

/// A job of a build.
#[derive(Clone)]
pub struct Job {
    model: monkeyci_model::Job,
    pub(crate) action: Option<Action>,
    pub(crate) hooks: Hooks,
}

/// What an action does.
pub(crate) type Action = Arc<dyn Fn(&Act) -> Outcome + Send + Sync>;

/// A job in a container of this image.
///
/// # Panics
/// When the id is none: letters, digits, `_`, `-` and `.` make one.
#[must_use]
#[track_caller]
pub fn container(id: &str, image: &str) -> Job {
    let mut job = process(id);
    job.model.image = Some(image.to_owned());
    job
}

/// A job without an image: its lines run as processes of the worker.
///
/// # Panics
/// When the id is none: letters, digits, `_`, `-` and `.` make one.
#[must_use]
#[track_caller]
pub fn process(id: &str) -> Job {
    Job::from(monkeyci_model::Job::new(checked(id)))
}

/// A job that is a function of the script. It runs where the script does, in its own copy of the checkout.
///
/// ```
/// use monkeyci_sdk::prelude::*;
///
/// let greet = action("greet", |act: &Act| {
///     let commits = sh("git rev-list --count HEAD").output()?;
///     act.say(&format!("{} has {commits} commits", act.branch().unwrap_or("it")));
///     Ok::<_, monkeyci_sdk::shell::ShellError>(Outcome::success().value("commits", commits))
/// });
/// assert_eq!(greet.id(), "greet");
/// ```
///
/// # Panics
/// When the id is none: letters, digits, `_`, `-` and `.` make one.
#[must_use]
#[track_caller]
pub fn action<R: IntoOutcome>(id: &str, action: impl Fn(&Act) -> R + Send + Sync + 'static) -> Job {
    let mut job = process(id);
    job.model.script.push(act_line(&job.model.id).into());
    job.action = Some(Arc::new(move |act| action(act).into_outcome()));
    job
}

/// Files that a job keeps for others, by an id and a path from its work dir. Saved when the job succeeds.
#[must_use]
pub fn artifact(id: &str, path: &str) -> Artifact {
    Artifact { id: id.to_owned(), path: path.to_owned(), save: SaveWhen::Success }
}

/// A folder that survives from build to build, by an id and a path from the job's work dir. Its key may hold
/// `{{ hash "Cargo.lock" }}`; without one it is its id.
#[must_use]
pub fn cache(id: &str, path: &str) -> Cache {
    Cache { id: id.to_owned(), path: path.to_owned(), key: None, fallbacks: Vec::new(), save: SaveWhen::Success }
}

/// A container beside a job, which reaches it by this id as host name.
///
/// # Panics
/// When the id is none.
#[must_use]
#[track_caller]
pub fn service(id: &str, image: &str, ports: &[u16]) -> Service {
    let (env, command) = Default::default();
    Service { id: checked(id), image: image.to_owned(), ports: ports.to_vec(), env, command, health: None }
}

/// A service that is ready when `command` ends with 0 inside of it.
#[must_use]
pub fn healthy_when(service: Service, command: &str, within: Duration) -> Service {
    Service { health: Some(Health { command: command.to_owned(), timeout: millis(within) }), ..service }
}

#[track_caller]
fn checked(id: &str) -> JobId {
    match JobId::new(id) {
        Ok(id) => id,
        Err(error) => panic!("{error}"),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What it runs.
impl Job {
    /// Adds a line, run by a shell of its own; the first that fails ends the job. A text of several lines is one script.
    #[must_use]
    pub fn run(mut self, line: impl Into<String>) -> Self {
        self.model.script.push(Text::from(line.into()));
        self
    }

    /// Runs a program with these arguments and no shell, in place of lines.
    #[must_use]
    pub fn command(mut self, words: &[&str]) -> Self {
        self.model.command = words.iter().map(|&word| word.into()).collect();
        self
    }

    /// Takes the place of the image's entrypoint.
    #[must_use]
    pub fn entrypoint(mut self, words: &[&str]) -> Self {
        self.model.entrypoint = Some(words.iter().map(|&word| word.to_owned()).collect());
        self
    }

    /// Runs its lines with another shell than `/bin/sh`.
    #[must_use]
    pub fn shell(mut self, path: &str) -> Self {
        self.model.shell = Some(path.to_owned());
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.model.env.insert(name.to_owned(), Text::from(value.into()));
        self
    }

    /// Has a variable with an ID token for this audience, by which clouds know the job. Only a server gives one, and none to
    /// builds of forks. Said again for the same variable, it is for that audience as well.
    #[must_use]
    pub fn id_token(mut self, variable: &str, audience: &str) -> Self {
        self.model.id_tokens.entry(variable.to_owned()).or_default().audience.push(audience.to_owned());
        self
    }

    /// Runs in this folder, from the root of the checkout.
    #[must_use]
    pub fn work_dir(mut self, dir: &str) -> Self {
        self.model.work_dir = Some(dir.to_owned());
        self
    }
}

/// When it runs.
impl Job {
    /// Waits until these have ended.
    #[must_use]
    pub fn after(mut self, before: impl Before) -> Self {
        for id in before.ids() {
            if !self.model.dependencies.contains(&id) {
                self.model.dependencies.push(id);
            }
        }
        self
    }

    /// Runs on this outcome of what it waits for; on success when that is not said.
    #[must_use]
    pub fn when(mut self, when: When) -> Self {
        self.model.when = when;
        self
    }

    /// Waits for a person once its turn has come.
    #[must_use]
    pub fn blocked(mut self) -> Self {
        self.model.blocked = true;
        self
    }

    /// Its failure counts as success for what waits for it, and for the build.
    #[must_use]
    pub fn allow_failure(mut self) -> Self {
        self.model.allow_failure = true;
        self
    }

    /// Which causes start it again, and how often.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.model.retry = retry;
        self
    }

    /// Ends one attempt after so long; after 20 minutes when that is not said.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.model.timeout = Some(millis(timeout));
        self
    }

    /// Never runs at the same time as another job of the group, in any build of the repository.
    #[must_use]
    pub fn alone_in(mut self, group: &str) -> Self {
        self.model.concurrency_group = Some(group.to_owned());
        self
    }

    /// Works on an environment: a server says from which refs that may be, who approves it, and what more it is given.
    #[must_use]
    pub fn environment(mut self, name: &str) -> Self {
        self.model.environment = Some(name.to_owned());
        self
    }
}

/// What it takes and leaves.
impl Job {
    /// Keeps files for other jobs and for people.
    #[must_use]
    pub fn save(mut self, artifact: &Artifact) -> Self {
        self.model.save_artifacts.push(artifact.clone());
        self
    }

    /// Begins with files that another job kept. That it waits for that job is said by [`after`](Self::after).
    #[must_use]
    pub fn restore(mut self, artifact: &Artifact) -> Self {
        self.model.restore_artifacts.push(artifact.clone());
        self
    }

    /// Has a folder that survives from build to build.
    #[must_use]
    pub fn cache(mut self, cache: &Cache) -> Self {
        self.model.caches.push(cache.clone());
        self
    }

    /// Reads test reports in JUnit's XML into its result: a path or glob from its work dir.
    #[must_use]
    pub fn junit(mut self, path: &str) -> Self {
        self.model.reports.push(Report { format: ReportFormat::Junit, path: path.to_owned() });
        self
    }

    /// Has this container beside it.
    #[must_use]
    pub fn service(mut self, service: Service) -> Self {
        self.model.services.push(service);
        self
    }

    /// Lets others reach this port.
    #[must_use]
    pub fn expose(mut self, port: u16) -> Self {
        self.model.expose.push(port);
        self
    }

    /// May use so many processor cores, and twice as many GB of memory, as MonkeyCI's `size`.
    #[must_use]
    pub fn size(self, cores: u32) -> Self {
        self.cpus(cores.into()).memory(f64::from(cores) * 2.0)
    }

    /// May use so many processor cores; a part of one is allowed.
    #[must_use]
    pub fn cpus(mut self, cores: f64) -> Self {
        self.model.resources.cpus = Some(cores);
        self
    }

    /// May use so many GB of memory, of 2^30 bytes.
    #[must_use]
    pub fn memory(mut self, gb: f64) -> Self {
        self.model.resources.memory = Some(gb);
        self
    }

    /// Runs on this architecture.
    #[must_use]
    pub fn arch(mut self, arch: Arch) -> Self {
        self.model.resources.arch = Some(arch);
        self
    }

    /// When its images are pulled.
    #[must_use]
    pub fn pull(mut self, policy: PullPolicy) -> Self {
        self.model.pull = policy;
        self
    }

    /// Has a folder of the host at a place in its container. On a server only what the operator allows.
    #[must_use]
    pub fn mount(mut self, host: &str, container: &str) -> Self {
        self.model.mounts.insert(container.to_owned(), host.to_owned());
        self
    }

    /// Has every privilege in its container. On a server only where the operator allows it.
    #[must_use]
    pub fn privileged(mut self) -> Self {
        self.model.privileged = true;
        self
    }

    /// Carries a label, for workers and for people.
    #[must_use]
    pub fn label(mut self, name: &str, value: &str) -> Self {
        self.model.labels.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Is changed by this just before it starts: all but what decides when it runs. An error keeps it from running, and
    /// fails it.
    #[must_use]
    pub fn prepared_by<R: IntoJob>(mut self, change: impl Fn(&Act, Job) -> R + Send + Sync + 'static) -> Self {
        self.hooks.preparing(change);
        self
    }

    /// Is looked at by this just after it has run, with its result, to which the outcome is added; it fails the job when
    /// it is a failure.
    #[must_use]
    pub fn judged_by<R: IntoOutcome>(mut self, look: impl Fn(&Act, &JobResult) -> R + Send + Sync + 'static) -> Self {
        self.hooks.concluding(look);
        self
    }

    /// Carries a property for a plugin.
    #[must_use]
    pub fn extension(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.model.extensions.insert(key.to_owned(), value.into());
        self
    }
}

/// What a test asks, and a plugin changes.
impl Job {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.model.id.as_str()
    }

    /// The ids of the jobs that it waits for.
    #[must_use]
    pub fn dependencies(&self) -> Vec<&str> {
        self.model.dependencies.iter().map(JobId::as_str).collect()
    }

    /// Its lines.
    #[must_use]
    pub fn lines(&self) -> Vec<&str> {
        self.model.script.iter().filter_map(Text::as_plain).collect()
    }

    /// Whether it is a function of the script.
    #[must_use]
    pub fn is_action(&self) -> bool {
        self.action.is_some()
    }

    /// A property for a plugin.
    ///
    /// # Errors
    /// A sentence that says what is wrong when it is not there, or no such value.
    pub fn config<T: DeserializeOwned>(&self, key: &str) -> Result<T, String> {
        let value = self.model.extensions.get(key).ok_or_else(|| format!("job `{}` has no `{key}`", self.id()))?;
        T::deserialize(value).map_err(|error| format!("`{key}` of job `{}`: {error}", self.id()))
    }

    /// The job with all its properties, as MonkeyCI reads it.
    #[must_use]
    pub fn model(&self) -> &monkeyci_model::Job {
        &self.model
    }

    /// The same, to be changed in ways for which there is no word above.
    pub fn model_mut(&mut self) -> &mut monkeyci_model::Job {
        &mut self.model
    }
}

/// A job that is known by its properties alone, as one of a file beside the script is.
impl From<monkeyci_model::Job> for Job {
    fn from(model: monkeyci_model::Job) -> Self {
        Self { model, action: None, hooks: Hooks::default() }
    }
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = if self.is_action() { "action" } else { "job" };
        f.debug_tuple(kind).field(&self.model).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_reads_as_a_sentence() {
        let jar = artifact("jar", "target/app.jar");
        let build = container("build", "docker.io/maven").run("mvn package").save(&jar).size(2);
        let checks: Vec<_> = ["lint", "audit"].iter().map(|id| process(id).run("make")).collect();
        let deploy =
            process("deploy").restore(&jar).after(&build).after(&checks).after(None::<Job>).after(&build).blocked();
        assert_eq!(
            deploy.dependencies(),
            ["build", "lint", "audit"],
            "once each, and none for a job that is not there"
        );
        assert_eq!(build.model().resources.memory, Some(4.0));
        let json = serde_json::to_string(deploy.model()).expect("serializes");
        assert_eq!(
            json,
            r#"{"id":"deploy","dependencies":["build","lint","audit"],"blocked":true,"restoreArtifacts":[{"id":"jar","path":"target/app.jar"}]}"#
        );
    }

    #[test]
    fn an_id_token_is_for_every_audience_that_is_said() {
        let ship =
            process("ship").id_token("VAULT", "vault").id_token("VAULT", "bao").id_token("AWS", "sts.amazonaws.com");
        let tokens = serde_json::to_value(&ship.model().id_tokens).expect("serializes");
        let expected =
            serde_json::json!({"AWS": {"audience": ["sts.amazonaws.com"]}, "VAULT": {"audience": ["vault", "bao"]}});
        assert_eq!(tokens, expected);
    }

    #[test]
    fn an_action_is_a_line_of_a_job() {
        let greet = action("greet", |_: &Act| {}).run("echo after");
        assert_eq!(greet.lines(), [r#""$MONKEYCI_SCRIPT" act greet"#, "echo after"]);
    }

    #[test]
    #[should_panic(expected = "holds ` `")]
    fn an_id_that_is_none_is_refused_where_it_stands() {
        drop(process("my job"));
    }
}
