//! Every key of a build script: what the readers know, and what the reference and the JSON Schema are made from.

/// A key of a map in a script.
#[derive(Debug)]
pub(in crate::script) struct Key {
    /// Its name in kebab-case.
    pub(in crate::script) name: &'static str,
    /// Other names that mean the same, in kebab-case.
    pub(in crate::script) aliases: &'static [&'static str],
    /// What its value may look like, for people.
    pub(in crate::script) shape: &'static str,
    /// What it does.
    pub(in crate::script) about: &'static str,
}

const fn key(name: &'static str, shape: &'static str, about: &'static str) -> Key {
    Key { name, aliases: &[], shape, about }
}

impl Key {
    const fn or(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }
}

/// The keys of a job.
pub(in crate::script) const JOB: &[Key] = &[
    key("id", "text", "Unique within the build; `job-N` by its place in the script when absent"),
    key("type", "`container`", "Taken for MonkeyCI's sake; `action` needs a script that is a program"),
    key("image", "text", "The image of its container; without one it is a plain process"),
    key(
        "script",
        "text or list of texts",
        "Lines, each run by a shell of its own; an entry of several lines is one script",
    ),
    key("command", "list of texts", "A program and its arguments, run with no shell, in place of `script`")
        .or(&["cmd"]),
    key("args", "list of texts", "Arguments put after `command`"),
    key("entrypoint", "text or list of texts", "In place of the image's entrypoint; needs `image` and `command`"),
    key("shell", "text", "The shell of the lines; `/bin/sh` when absent"),
    key("env", "map", "Environment variables by name; a value is text or `{param: NAME}`"),
    key("params", "list of texts", "Params of the build that become environment variables of the same name"),
    key("id-tokens", "map of `{audience}`", "ID tokens that a server gives it, by the variables that hold them"),
    key("work-dir", "path", "The folder that the lines run in, from the root of the checkout"),
    key("dependencies", "list of ids", "The jobs that must end before this one starts").or(&["depends-on", "needs"]),
    key(
        "when",
        "`success`, `failure` or `always`",
        "Which outcome of its dependencies it runs on; `success` when absent",
    ),
    key("if", "condition or list of conditions", "The job is left out of builds that no condition fits").or(&["only"]),
    key("blocked", "true or false", "Waits for a person's approval once its dependencies are done").or(&["approval"]),
    key("allow-failure", "true or false", "Its failure counts as success for its dependents and its build"),
    key("retry", "number, `never` or `{max, on}`", "How often it is started again, and by which causes"),
    key("timeout", "duration", "What one attempt may take, in milliseconds or as `20m`, `1h30m`, `90s`"),
    key("concurrency-group", "text", "Jobs of one group never run at the same time in a repository"),
    key("environment", "text", "The environment that it works on, which a server may protect"),
    key("matrix", "map of lists", "One job for each combination of values"),
    key("save-artifacts", "list of `{id, path, save}`", "Files kept for other jobs and for people").or(&["artifacts"]),
    key("restore-artifacts", "list of ids or `{id, path}`", "Artifacts of other jobs put into the workspace first"),
    key("caches", "list of `{id, path, key, fallbacks, save}`", "Folders that survive from build to build")
        .or(&["cache"]),
    key("reports", "list of paths or `{path, format}`", "Test reports that are read into the result")
        .or(&["test-reports"]),
    key("junit", "`{artifact-id, path}` or `{artifact-id, pattern}`", "MonkeyCI's way to name a test report"),
    key("services", "list or map of services", "Containers beside the job, reached by id and port"),
    key("expose", "list of ports", "Ports of the job that others may reach"),
    key("size", "number", "n processor cores and 2n GB of memory"),
    key("cpus", "number", "Processor cores; a part of one is allowed").or(&["cpu"]),
    key("memory", "number", "GB of memory"),
    key("arch", "`amd` or `arm`", "The processor's architecture"),
    key("platform", "text", "The architecture as `linux/amd64` or `linux/arm64`"),
    key("pull", "`if-missing`, `always` or `never`", "When its images are pulled").or(&["pull-policy"]),
    key("mounts", "map", "Folders of the host by their path there, each with its place in the container"),
    key("privileged", "true or false", "Whether the container gets every privilege"),
    key("labels", "map", "Labels, for workers and for people"),
];

/// Keys of a script that is a map with `jobs`, beside those job keys that may be defaults.
pub(in crate::script) const TOP: &[Key] =
    &[key("jobs", "list of jobs, or map of jobs by id", "The jobs"), key("$schema", "text", "For editors; ignored")];

/// The job keys that may stand beside `jobs`, for every job that does not have them.
pub(in crate::script) const DEFAULTS: &[&str] = &[
    "image", "shell", "env", "params", "work-dir", "timeout", "retry", "size", "cpus", "memory", "arch", "platform",
    "pull", "caches", "labels",
];

/// The keys of an artifact.
pub(in crate::script) const ARTIFACT: &[Key] = &[
    key("id", "text", "Unique within the build"),
    key("path", "path", "A file or folder, from the job's work dir"),
    key("save", "`success`, `failure` or `always`", "After which outcome it is saved; `success` when absent"),
];

/// The keys of a cache.
pub(in crate::script) const CACHE: &[Key] = &[
    key("id", "text", "Unique within the repository"),
    key("path", "path", "A file or folder, from the job's work dir"),
    key(
        "key",
        "text",
        "A cache of the same key is not saved again; `{{ hash \"Cargo.lock\" }}` and others are filled in",
    ),
    key("fallbacks", "list of texts", "Beginnings of keys that serve when `key` is not there").or(&["restore-keys"]),
    key("save", "`success`, `failure` or `always`", "After which outcome it is saved; `success` when absent"),
];

/// The keys of a report.
pub(in crate::script) const REPORT: &[Key] = &[
    key("path", "path or glob", "The files, from the job's work dir"),
    key("format", "`junit`", "How they are written"),
];

/// The keys of MonkeyCI's `junit`.
pub(in crate::script) const JUNIT: &[Key] = &[
    key("artifact-id", "text", "The artifact that holds the report").or(&["id"]),
    key("path", "path", "The file in the artifact"),
    key("pattern", "text", "The files in the artifact, as a glob or a simple regular expression"),
];

/// The keys of a service.
pub(in crate::script) const SERVICE: &[Key] = &[
    key("id", "text", "Unique within the job; its host name"),
    key("image", "text", "Its image"),
    key("ports", "list of ports", "The ports that it listens on").or(&["port", "expose"]),
    key("env", "map", "Environment variables, as for a job"),
    key("command", "list of texts", "Arguments in place of the image's command").or(&["cmd", "args"]),
    key("health", "text or `{command, timeout}`", "Run inside the service; it is ready when this ends with 0"),
];

/// The keys of a service's health check.
pub(in crate::script) const HEALTH: &[Key] = &[
    key("command", "text", "Run inside the service by its shell").or(&["cmd"]),
    key("timeout", "duration", "Until the job fails because the service is not ready; 60 s when absent"),
];

/// The keys of a retry.
pub(in crate::script) const RETRY: &[Key] = &[
    key("max", "number", "Attempts after the first"),
    key(
        "on",
        "cause or list of causes",
        "`failure`, `timeout`, `out-of-memory`, `image`, `service`, `lost`, `infrastructure`",
    ),
];

/// The keys of a variable that comes from a param.
pub(in crate::script) const VALUE: &[Key] = &[key("param", "text", "The param's name")];

/// The keys of an ID token.
pub(in crate::script) const ID_TOKEN: &[Key] =
    &[key("audience", "text or list of texts", "For whom it is good: what the cloud expects in `aud`").or(&["aud"])];

/// The keys of a condition.
pub(in crate::script) const CONDITION: &[Key] = &[
    key("branch", "pattern or list of patterns", "The branch of the build"),
    key("main-branch", "true or false", "Whether the branch is the repository's main branch"),
    key("tag", "pattern or list of patterns, or true or false", "The tag of the build, or whether there is one"),
    key(
        "target",
        "pattern or list of patterns, or true or false",
        "The branch that a pull request is to be merged into, or whether the build is of one",
    ),
    key("paths", "pattern or list of patterns", "A file that changed; holds when changes are not known").or(&["path"]),
    key("event", "event or list of events", "What caused the build").or(&["source"]),
    key("fork", "true or false", "Whether the code comes from somebody who may not push here"),
    key("not", "condition or list of conditions", "Holds when none of these does"),
];
