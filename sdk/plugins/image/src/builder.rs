use monkeyci_sdk::job::{Job, container, process};

use crate::Image;

/// The maintained fork of Kaniko, in the variant that has a shell.
const KANIKO: &str = "ghcr.io/osscontainertools/kaniko:v1.27.6-debug";

const BUILDAH: &str = "quay.io/buildah/stable:v1.41";

/// The program that builds. ADR 10 tells what was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Builder {
    /// Kaniko in a container of its image. It needs no privileges: it unpacks and runs everything in its own container,
    /// which therefore is good for nothing else. What a Dockerfile puts below `/home/monkeyci` or `/opt/monkeyci` does not
    /// come into the image, and what it runs can read the registry's password.
    Kaniko,
    /// Buildah in a privileged container, which a server runs only where its operator allows that.
    Buildah,
    /// Buildah as a process of the worker, where it is installed.
    BuildahOnWorker,
}

impl Builder {
    /// A job in which it runs.
    #[track_caller]
    pub(crate) fn job(self, id: &str, image: Option<&str>) -> Job {
        match self {
            Self::Kaniko => container(id, image.unwrap_or(KANIKO)).env("DOCKER_CONFIG", "/kaniko/.docker"),
            Self::Buildah => container(id, image.unwrap_or(BUILDAH)).privileged(),
            Self::BuildahOnWorker => process(id),
        }
    }

    /// The script that builds and pushes an image by a tag, and leaves its digest in a file.
    ///
    /// It is one text, so that one shell runs it: Kaniko may have removed the shell's file by the time it has built.
    pub(crate) fn script(self, image: &Image<'_>, tag: &str, digest: &str) -> String {
        let to = quoted(&format!("{}:{tag}", image.name));
        let mut lines = vec!["set -eu".to_owned()];
        let file = match self {
            Self::Kaniko => "\"$DOCKER_CONFIG/config.json\"",
            Self::Buildah | Self::BuildahOnWorker => {
                lines.push("state=$(mktemp -d)".to_owned());
                // What an ordinary user unpacked belongs to other users, whom only Buildah can be.
                lines.push(r#"trap 'rm -rf "$state" 2>/dev/null || buildah unshare rm -rf "$state"' EXIT"#.to_owned());
                "\"$state/auth.json\""
            }
        };
        if let Some((user, password)) = &image.login {
            for (variable, param) in [("REGISTRY_USER", user), ("REGISTRY_PASSWORD", password)] {
                let missing = quoted(&format!("this build has no param {param}: the registry asks for it"));
                lines.push(format!("[ -n \"${{{variable}:-}}\" ] || {{ echo {missing}; exit 1; }}"));
            }
            lines.push(login(image.name.login(), file));
        }
        match self {
            Self::Kaniko => lines.push(kaniko(image, &to, digest)),
            Self::Buildah | Self::BuildahOnWorker => lines.extend(buildah(image, &to, digest)),
        }
        lines.push(format!("echo \"pushed \"{to}\"@$(cat {})\"", quoted(digest)));
        lines.join("\n")
    }
}

/// Writes the file of passwords that all of Docker's relatives read. The shell's own `printf` writes it, so that the
/// password is on no command line.
fn login(registry: &str, file: &str) -> String {
    let auth = r#"$(printf '%s:%s' "$REGISTRY_USER" "$REGISTRY_PASSWORD" | base64 | tr -d '\n')"#;
    let json = r#"{"auths":{"%s":{"auth":"%s"}}}"#;
    format!("(umask 077; mkdir -p \"$(dirname {file})\"; printf '{json}' {} \"{auth}\" > {file})", quoted(registry))
}

/// Kaniko's flags: its README, "Additional Flags". It must not touch what is ours while it takes its container apart:
/// the checkout, and the supervisor's folder.
fn kaniko(image: &Image<'_>, to: &str, digest: &str) -> String {
    let context = inside(&image.context);
    let mut words = vec![
        "/kaniko/executor --force".to_owned(),
        format!("--context dir://{context}"),
        format!("--dockerfile {context}/{}", quoted(&image.dockerfile)),
        format!("--destination {to}"),
        format!("--digest-file \"$PWD\"/{}", quoted(digest)),
        "--ignore-path \"$PWD\" --ignore-path /opt/monkeyci".to_owned(),
    ];
    words.extend(shared(image));
    words.extend(image.cache.iter().map(|cache| format!("--cache=true --cache-repo {}", quoted(cache))));
    words.extend(image.insecure.then(|| "--insecure --insecure-pull".to_owned()));
    words.join(" \\\n  ")
}

/// Buildah's options: buildah-build(1), buildah-push(1). Its storage is a folder of the job's own, as plain files, which
/// need no file system of a special kind.
fn buildah(image: &Image<'_>, to: &str, digest: &str) -> Vec<String> {
    let context = inside(&image.context);
    let program = "buildah --storage-driver vfs --root \"$state/root\" --runroot \"$state/run\"";
    let mut words = vec![
        format!("{program} bud --isolation chroot --iidfile \"$state/id\""),
        format!("--file {context}/{}", quoted(&image.dockerfile)),
    ];
    words.extend(shared(image));
    let (auth, tls) = (
        if image.login.is_some() { " --authfile \"$state/auth.json\"" } else { "" },
        if image.insecure { " --tls-verify=false" } else { "" },
    );
    vec![
        format!("{}{auth}{tls} \\\n  {context}", words.join(" \\\n  ")),
        format!("{program} push{auth}{tls} --digestfile {} \"$(cat \"$state/id\")\" docker://{to}", quoted(digest)),
    ]
}

/// The flags that both have.
fn shared(image: &Image<'_>) -> Vec<String> {
    let target = image.target.iter().map(|target| format!("--target {}", quoted(target)));
    let args = (0..image.args.len()).map(|number| format!("--build-arg \"$BUILD_ARG_{number}\""));
    target.chain(args).collect()
}

/// A folder of the checkout, as a word of the shell.
fn inside(dir: &str) -> String {
    match dir.trim_end_matches('/') {
        "" | "." => "\"$PWD\"".to_owned(),
        dir => format!("\"$PWD\"/{}", quoted(dir.trim_start_matches("./"))),
    }
}

/// A text as one word of the shell.
fn quoted(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@=+,".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
