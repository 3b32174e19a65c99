//! An organisation.

use std::ops::Deref;

use monkeyci_rest::{
    AuditRow, Build, ChatIdentity, ChatIdentityBody, Export, Member, NewMember, Org, OrgBody, Param, ParamBody,
    ParamSet, Pipeline, PipelineBody, RegistryCredential, RegistryCredentialBody, Repo, RoleBinding, RoleBindingBody,
    ServiceAccount, SlackWorkspace, SlackWorkspaceBody, SshKey, SshKeyBody, Statistics, Subscription,
};
use reqwest::Method;

use crate::place::Place;
use crate::{
    ClientError, Events, IntegrationRef, Object, Pages, ParamSetRef, RepoRef, ServiceAccountRef, SubscriptionRef,
    events,
};

/// An organisation, which is had, set and removed as an [`Object`].
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before an answer is awaited"]
pub struct OrgRef {
    place: Place,
    object: Object<Org, OrgBody>,
}

/// A member of an organisation.
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before an answer is awaited"]
pub struct MemberRef {
    place: Place,
}

impl Deref for OrgRef {
    type Target = Object<Org, OrgBody>;
    fn deref(&self) -> &Self::Target {
        &self.object
    }
}

impl OrgRef {
    pub(crate) fn new(place: Place) -> Self {
        Self { object: Object::new(place.clone()), place }
    }

    /// One of its repositories.
    pub fn repo(&self, repo: impl AsRef<str>) -> RepoRef {
        RepoRef::new(self.place.at("repos").at(repo.as_ref()))
    }

    /// Its repositories.
    pub fn repos(&self) -> Pages<Repo> {
        Pages::new(self.place.at("repos"))
    }

    /// The newest builds of all its repositories.
    pub fn builds(&self) -> Pages<Build> {
        Pages::new(self.place.at("builds"))
    }

    /// Who belongs to it.
    pub fn members(&self) -> Pages<Member> {
        Pages::new(self.place.at("members"))
    }

    /// One who belongs to it, or shall.
    pub fn member(&self, name: &str) -> MemberRef {
        MemberRef { place: self.place.at("members").at(name) }
    }

    /// What some who belong to it may do besides in some of its repositories.
    pub fn role_bindings(&self) -> Pages<RoleBinding> {
        Pages::new(self.place.at("role-bindings"))
    }

    /// One of these.
    pub fn role_binding(&self, name: &str) -> Object<RoleBinding, RoleBindingBody> {
        Object::new(self.place.at("role-bindings").at(name))
    }

    /// Its accounts of programs.
    pub fn service_accounts(&self) -> Pages<ServiceAccount> {
        Pages::new(self.place.at("service-accounts"))
    }

    /// One of them.
    pub fn service_account(&self, name: &str) -> ServiceAccountRef {
        ServiceAccountRef::new(self.place.at("service-accounts").at(name))
    }

    /// Who users of chats are in it.
    pub fn chat_identities(&self) -> Pages<ChatIdentity> {
        Pages::new(self.place.at("chat-identities"))
    }

    /// One of them: `slack` and `T123/U456`.
    pub fn chat_identity(&self, provider: &str, subject: &str) -> Object<ChatIdentity, ChatIdentityBody> {
        Object::new(self.place.at("chat-identities").at(provider).at(subject))
    }

    /// The workspaces of Slack that its integrations are in.
    pub fn slack_workspaces(&self) -> Pages<SlackWorkspace> {
        Pages::new(self.place.at("slack-workspaces"))
    }

    /// One of them by its id, which its integration says anew.
    pub fn slack_workspace(&self, id: &str) -> Object<SlackWorkspace, SlackWorkspaceBody> {
        Object::new(self.place.at("slack-workspaces").at(id))
    }

    /// One of its service accounts as an integration.
    pub fn integration(&self, name: &str) -> IntegrationRef {
        IntegrationRef::new(self.place.at("integrations").at(name))
    }

    /// Params of all its repositories.
    pub fn params(&self) -> Pages<Param> {
        Pages::new(self.place.at("params"))
    }

    /// One of them.
    pub fn param(&self, name: &str) -> Object<Param, ParamBody> {
        Object::new(self.place.at("params").at(name))
    }

    /// Its sets of params, each for some of its repositories.
    pub fn param_sets(&self) -> Pages<ParamSet> {
        Pages::new(self.place.at("param-sets"))
    }

    /// One of them.
    pub fn param_set(&self, name: &str) -> ParamSetRef {
        ParamSetRef::new(self.place.at("param-sets").at(name))
    }

    /// The keys by which its repositories are read over SSH.
    pub fn ssh_keys(&self) -> Pages<SshKey> {
        Pages::new(self.place.at("ssh-keys"))
    }

    /// One of them.
    pub fn ssh_key(&self, name: &str) -> Object<SshKey, SshKeyBody> {
        Object::new(self.place.at("ssh-keys").at(name))
    }

    /// Who its builds are at private registries.
    pub fn registry_credentials(&self) -> Pages<RegistryCredential> {
        Pages::new(self.place.at("registry-credentials"))
    }

    /// Those of one registry.
    pub fn registry_credential(&self, name: &str) -> Object<RegistryCredential, RegistryCredentialBody> {
        Object::new(self.place.at("registry-credentials").at(name))
    }

    /// Its pipelines, for repositories that have no script of their own.
    pub fn pipelines(&self) -> Pages<Pipeline> {
        Pages::new(self.place.at("pipelines"))
    }

    /// One of them.
    pub fn pipeline(&self, name: &str) -> Object<Pipeline, PipelineBody> {
        Object::new(self.place.at("pipelines").at(name))
    }

    /// Who is told of what happens in its builds.
    pub fn subscriptions(&self) -> Pages<Subscription> {
        Pages::new(self.place.at("subscriptions"))
    }

    /// One of these.
    pub fn subscription(&self, name: &str) -> SubscriptionRef {
        SubscriptionRef::new(self.place.at("subscriptions").at(name))
    }

    /// Everything that is set up in it, without secrets.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn export(&self) -> Result<Export, ClientError> {
        self.place.at("export").get().await
    }

    /// How its builds went in the last `days`: 30 when that is not said, 366 at the most.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn statistics(&self, days: Option<u64>) -> Result<Statistics, ClientError> {
        statistics(&self.place, days).await
    }

    /// Who changed what.
    pub fn audit(&self) -> Pages<AuditRow> {
        Pages::new(self.place.at("audit"))
    }

    /// What happens in all its builds, from now on, or after the event at position `after`. It never ends by itself.
    pub fn events(&self, after: Option<u64>) -> Events {
        events::by_position(self.place.at("events"), after)
    }
}

/// How the builds of a place went.
pub(crate) async fn statistics(place: &Place, days: Option<u64>) -> Result<Statistics, ClientError> {
    let call = place.at("statistics").call(Method::GET);
    match days {
        Some(days) => call.query("days", days).json().await,
        None => call.json().await,
    }
}

impl MemberRef {
    /// Makes them a member, or gives them another role.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn put(&self, member: &NewMember) -> Result<Member, ClientError> {
        self.place.put(member).await
    }

    /// Takes their role away.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when they have none.
    pub async fn delete(&self) -> Result<(), ClientError> {
        self.place.delete(None).await
    }
}
