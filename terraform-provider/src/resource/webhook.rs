//! `monkeyci_webhook`.

use monkeyci_client::rest::{Hook, NewHook};
use monkeyci_client::{ClientError, HookRef};
use tfplugin::{Change, Computed, Context, Diagnostic, Diagnostics, Moved, Object, Resource, Result, Secret, View};

use crate::address;
use crate::moved::{self, is_placed};
use crate::refusal;
use crate::secret;
use crate::server::Server;
use crate::snapshot;

/// A webhook that a forge calls: what is pushed there is built. The secret that the forge signs with is the caller's, for
/// example of the ephemeral resource `monkeyci_secret`, and is given to the forge in the same run. It is imported by its
/// path: `acme/web/webhook/github`.
#[derive(Clone, Debug, Default, Object)]
#[object(requires("secret_wo", "secret_wo_version"))]
pub struct Webhook {
    /// The `id` of the repository: `acme/web`.
    #[attribute(replaces_if(is_placed), identity)]
    repo: String,
    /// Its name in the repository; that of the forge when it is not set.
    #[attribute(optional, replaces, keeps, identity)]
    name: Computed<String>,
    /// `github`, `gitlab`, `bitbucket`, `bitbucket-server`, `gitea` or `forgejo`.
    #[attribute(replaces)]
    forge: String,
    /// The secret that the forge signs with, of at least 16 bytes. The server draws one that nobody is told when it is not
    /// set; `monkeyci webhook rotate` tells another.
    #[attribute(write_only)]
    secret_wo: Option<Secret>,
    /// Count it up to have `secret_wo` written. The former secret stays good until the forge has signed with the new one.
    secret_wo_version: Option<i64>,
    /// What to enter at the forge.
    #[attribute(keeps)]
    url: Computed<String>,
    /// What it is called: `acme/web/webhook/github`.
    #[attribute(keeps)]
    id: Computed<String>,
}

impl Webhook {
    fn place(&mut self) -> String {
        let name = self.name.known().unwrap_or(&self.forge).clone();
        self.id = format!("{}/webhook/{name}", self.repo).into();
        self.name = name.clone().into();
        name
    }

    fn at(&self, server: &Server) -> Result<HookRef> {
        Ok(server.repo(&self.repo)?.hook(self.name.known().unwrap_or(&self.forge)))
    }

    fn filled(mut self, hook: Hook) -> Self {
        (self.forge, self.url) = (hook.forge, hook.url.into());
        self.place();
        self
    }

    /// One of a repository.
    pub(crate) fn of(repo: &str, hook: Hook) -> Self {
        Self { repo: repo.to_owned(), name: hook.name.clone().into(), ..Self::default() }.filled(hook)
    }

    /// Its secret, where it has a version.
    fn secret(&self) -> Result<Option<&str>> {
        if self.secret_wo.is_none() && self.secret_wo_version.is_some() {
            return Err(secret::missing("secret_wo").into());
        }
        Ok(self.secret_wo.as_ref().map(Secret::expose))
    }

    fn refused(error: &ClientError) -> Diagnostics {
        let attribute = |pointer: &str| pointer.replace("/secret", "/secret_wo");
        refusal::refused("webhook", &Self::schema(), attribute, error)
    }
}

impl Resource for Webhook {
    type Client = Server;
    const NAME: &'static str = "webhook";

    async fn plan(change: &mut Change<Self>, _: &Context<Server>) -> Result<()> {
        let is_open = change.config().is_unknown("name");
        if let Some(mut planned) = change.planned().filter(|_| !is_open) {
            address::read::<2>("repo", "ORG/REPO", &planned.repo)?;
            change.set("name", planned.place());
            change.set("id", planned.id);
            if change.prior().is_some_and(|prior| prior.repo.is_empty()) {
                change.set("url", Computed::<String>::Unknown);
            }
        }
        Ok(())
    }

    async fn create(mut self, cx: &Context<Server>) -> Result<Self> {
        let secret = self.secret()?.map(str::to_owned);
        let new = NewHook { name: Some(self.place()), forge: self.forge.clone(), secret };
        let made = cx.client.repo(&self.repo)?.make_hook(&new).await;
        cx.client.snapshots.forget();
        let made = made.map_err(|error| Self::refused(&error))?;
        Ok(self.filled(made.hook))
    }

    async fn read(self, cx: &Context<Server>) -> Result<Option<Self>> {
        if self.repo.is_empty() {
            return Ok(Some(self));
        }
        let org = self.repo.split('/').next().unwrap_or_default();
        let export = cx.client.snapshots.of(&cx.client.client, org).await;
        if let Some(repo) = export.as_deref().and_then(|export| snapshot::repo(export, &self.repo)) {
            let name = self.name.known().unwrap_or(&self.forge);
            let found = repo.hooks.iter().find(|hook| hook.name == *name).cloned();
            return Ok(found.map(|hook| self.filled(hook)));
        }
        match self.at(&cx.client)?.get().await {
            Ok(hook) => Ok(Some(self.filled(hook))),
            Err(ClientError::NotFound(_)) => Ok(None),
            Err(error) => Err(Self::refused(&error)),
        }
    }

    /// One that was imported is told its secret, and one that was another provider's is made.
    async fn update(self, prior: Self, cx: &Context<Server>) -> Result<Self> {
        if prior.repo.is_empty() {
            return self.create(cx).await;
        }
        if let Some(secret) = self.secret()?.filter(|_| prior.secret_wo_version != self.secret_wo_version) {
            let told = self.at(&cx.client)?.rotate_to(secret).await;
            cx.client.snapshots.forget();
            told.map_err(|error| Self::refused(&error))?;
        }
        Ok(self)
    }

    fn moved(source: Moved) -> Result<Option<Self>> {
        let own = |forge: &str, repo: String| {
            let mut own = Self { repo, forge: forge.to_owned(), url: String::new().into(), ..Self::default() };
            own.place();
            own
        };
        Ok(match source.type_name.as_str() {
            // Its owner stands in the address of the hook in GitHub's API: https://api.github.com/repos/acme/web/hooks/1.
            "github_repository_webhook" => {
                let url = moved::text(&source, "url");
                let path = url.split_once("/repos/").map(|(_, path)| path.split('/').take(2).collect::<Vec<_>>());
                Some(own("github", path.filter(|path| path.len() == 2).unwrap_or_default().join("/")))
            }
            "gitlab_project_hook" => Some(own("gitlab", moved::repo(&source, "project"))),
            _ => None,
        })
    }

    async fn delete(self, cx: &Context<Server>) -> Result<()> {
        let deleted = self.at(&cx.client)?.delete().await;
        cx.client.snapshots.forget();
        match deleted {
            Ok(()) | Err(ClientError::NotFound(_)) => Ok(()),
            Err(error) => Err(Self::refused(&error)),
        }
    }

    async fn import(id: &str, cx: &Context<Server>) -> Result<Self> {
        let [org, repo, name] = address::imported("ORG/REPO/webhook/NAME", id)?;
        let own = Self { repo: format!("{org}/{repo}"), name: name.into(), ..Self::default() };
        let missing = || Diagnostic::error("There is no such webhook", format!("{id:?} is not on the server."));
        Ok(own.read(cx).await?.ok_or_else(missing)?)
    }

    fn import_id(identity: &View<'_>) -> String {
        let part = |name| identity.get::<String>(name).unwrap_or_default();
        format!("{}/webhook/{}", part("repo"), part("name"))
    }
}
