//! Why an image cannot be had, for people: who needs it, what the engine answered, what to do.

use std::fmt;

use bollard::errors::Error;
use monkeyci_model::job::PullPolicy;

use super::image::Wanted;
use super::said;

/// The most characters of an engine's answer that are shown.
const ANSWER: usize = 240;

/// Words of registries and engines for "you may not", in lower case.
const FORBIDDEN: [&str; 5] = ["unauthorized", "denied", "authentication required", "no basic auth", "forbidden"];
/// And for "there is no way to it".
const UNREACHABLE: [&str; 7] =
    ["dial tcp", "no such host", "connection refused", "timeout", "deadline exceeded", "x509", "tls"];

/// An engine's refusal to have an image.
pub(super) struct Refusal<'a> {
    /// Who wanted which image.
    pub wanted: &'a Wanted<'a>,
    /// The engine's name.
    pub engine: &'static str,
    /// What did not succeed, as in "cannot …".
    pub what: &'static str,
    /// What the engine answered.
    pub answer: String,
}

impl fmt::Display for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wanted, engine, what, answer } = self;
        write!(f, "{} needs it, but {engine} cannot {what} it: {}; ", wanted.by, self.short())?;
        let (full, host) = (wanted.full_name(), wanted.host());
        let (known, answer) = (wanted.credentials().is_some(), answer.to_lowercase());
        let says = |words: &[&str]| words.iter().any(|word| answer.contains(word));
        if wanted.pull == PullPolicy::Never {
            write!(
                f,
                "its pull policy is `never`: run `{engine} pull {full}` on the engine's host, or change the policy"
            )
        } else if says(&FORBIDDEN) && known {
            write!(f, "check the name, and the user and password for `{host}`, which the registry did not accept")
        } else if says(&FORBIDDEN) {
            write!(
                f,
                "check the name; if the image is private, give credentials for `{host}`, or pull it yourself \
                 (`{engine} login {host}`, `{engine} pull {full}`) and let the pull policy be `if-missing`"
            )
        } else if says(&UNREACHABLE) {
            write!(f, "see on the engine's host whether `{engine} pull {full}` reaches `{host}`")
        } else if answer.contains("toomanyrequests") {
            write!(f, "`{host}` limits how often is pulled: wait, or give credentials for it")
        } else {
            write!(f, "check the name and the tag, and whether `{engine} pull {full}` works on the engine's host")
        }
    }
}

impl Refusal<'_> {
    /// The answer without what is of no use, and never with a password.
    fn short(&self) -> String {
        let line = self.answer.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it did not say why");
        let line = line.trim_start_matches("Error response from daemon: ").trim_end_matches('.');
        let password = self.wanted.credentials().map(|known| known.password.as_str()).filter(|word| !word.is_empty());
        // A registry that repeats what it was given would have it shown.
        let line = password.map_or_else(|| line.to_owned(), |password| line.replace(password, "***"));
        match line.char_indices().nth(ANSWER) {
            Some((end, _)) => format!("{} …", &line[..end]),
            None => line,
        }
    }
}

/// Whether it is the engine's answer about the image, and not that the engine could not be asked.
pub(super) fn is_answer(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { .. } | Error::DockerStreamError { .. })
}

/// The engine's own words of such an answer.
pub(super) fn answer(error: &Error) -> String {
    match error {
        Error::DockerStreamError { error } => error.trim().to_owned(),
        error => said(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::RegistryAuth;

    fn told(image: &str, pull: PullPolicy, registries: &[RegistryAuth], answer: &str) -> String {
        let wanted = Wanted { image, by: "job `test`".into(), arch: None, pull, registries };
        Refusal { wanted: &wanted, engine: "docker", what: "pull", answer: answer.into() }.to_string()
    }

    #[test]
    fn the_advice_fits_the_answer() {
        let always = |image, answer| told(image, PullPolicy::Always, &[], answer);
        assert_eq!(
            always("nowhere", "pull access denied for nowhere, repository does not exist\nmore"),
            "job `test` needs it, but docker cannot pull it: pull access denied for nowhere, repository does not \
             exist; check the name; if the image is private, give credentials for `docker.io`, or pull it yourself \
             (`docker login docker.io`, `docker pull docker.io/library/nowhere:latest`) and let the pull policy be \
             `if-missing`"
        );
        let text = always("acme/web:9", "manifest for acme/web:9 not found: manifest unknown");
        assert!(
            text.ends_with(
                "check the name and the tag, and whether `docker pull docker.io/acme/web:9` works on the engine's host"
            ),
            "{text}"
        );
        let text =
            always("registry.example.com/web", "Get \"https://registry.example.com/v2/\": dial tcp: lookup failed");
        assert!(text.contains("reaches `registry.example.com`"), "{text}");
        let text = told("web", PullPolicy::Never, &[], "No such image");
        assert!(text.contains("pull policy is `never`"), "{text}");
    }

    #[test]
    fn credentials_that_were_refused_are_named_and_never_shown() {
        let known =
            RegistryAuth { host: "registry.example.com".into(), username: "ann".into(), password: "p4ss".into() };
        let image = "registry.example.com/web";
        let text = told(image, PullPolicy::Always, &[known], &format!("unauthorized: p4ss {}", "x".repeat(900)));
        assert!(!text.contains("p4ss") && text.contains("unauthorized: *** xxx"), "{text}");
        assert!(text.contains("the user and password for `registry.example.com`") && text.len() < 500, "{text}");
    }
}
