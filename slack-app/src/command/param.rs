//! What builds are given. Secret values are never said in a channel: they go through a modal.

use monkeyci_client::rest::{Param as Shown, ParamBody};
use monkeyci_grammar::{Param, RepoName};

use super::{Answer, Asking, Refusal};
use crate::message::text::{clip, code};

impl Asking<'_> {
    pub(super) async fn param(&self, param: Param, repo: Option<RepoName>, org: bool) -> Result<Answer, Refusal> {
        let repo = if org { None } else { Some(self.repo(repo.as_ref()).await?) };
        let of = code(repo.as_deref().unwrap_or(&self.house.org), 60);
        match param {
            Param::List => {
                let found = match &repo {
                    Some(repo) => self.at(repo).params().all().await?,
                    None => self.org().params().all().await?,
                };
                let lines: Vec<String> = found.iter().map(in_a_line).collect();
                let words = if lines.is_empty() {
                    format!("{of} has no params.")
                } else {
                    format!("{of}\n{}", lines.join("\n"))
                };
                Ok(Answer::said(&clip(&words, 3000)))
            }
            Param::Set { name, value: Some(value) } => {
                let there = self.find(repo.as_deref(), &name).await?;
                if there.is_some_and(|there| there.secret) {
                    return Err(Refusal::Told(format!(
                        ":lock: {} is secret: its value is not to be said here. `{} params set {name}` asks for it where nobody else sees it. \
                         If what you typed is a real secret, change it: Slack has seen it.",
                        code(&name, 60),
                        self.house.command
                    )));
                }
                let body = ParamBody { value: Some(value), ..ParamBody::default() };
                self.put_param(repo.as_deref(), &name, &body).await?;
                Ok(Answer::said(&format!(":white_check_mark: {} of {of} is set.", code(&name, 60))))
            }
            // The modal was opened where there was something that opens it.
            Param::Set { name, value: None } => Err(Refusal::Told(format!(
                "To what? `{0} params set {name} VALUE`; without a value, `{0}` as a slash command asks for a secret one.",
                self.house.command
            ))),
            Param::Unset { name } => {
                match &repo {
                    Some(repo) => self.at(repo).param(&name).delete().await?,
                    None => self.org().param(&name).delete().await?,
                }
                Ok(Answer::said(&format!(":wastebasket: {} of {of} is removed.", code(&name, 60))))
            }
        }
    }

    async fn find(&self, repo: Option<&str>, name: &str) -> Result<Option<Shown>, Refusal> {
        let found = match repo {
            Some(repo) => self.at(repo).params().all().await?,
            None => self.org().params().all().await?,
        };
        Ok(found.into_iter().find(|param| param.name == name))
    }

    /// Sets a param, of a repository or of the organisation.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn put_param(&self, repo: Option<&str>, name: &str, body: &ParamBody) -> Result<(), Refusal> {
        match repo {
            Some(repo) => self.at(repo).param(name).put(body).await?,
            None => self.org().param(name).put(body).await?,
        };
        Ok(())
    }

    /// The repository of a param that is to be set, where one is.
    ///
    /// # Errors
    /// When it is not clear which.
    pub async fn param_place(&self, repo: Option<&RepoName>, org: bool) -> Result<Option<String>, Refusal> {
        if org { Ok(None) } else { self.repo(repo).await.map(Some) }
    }
}

fn in_a_line(param: &Shown) -> String {
    let value = match &param.value {
        Some(value) => code(value, 80),
        None => format!(":lock: version {}", param.version),
    };
    format!("• {} {value}", code(&param.name, 60))
}
