//! `monkeyci_slack_user_link`.

use monkeyci_client::{Object, rest};
use rest::validate::Kind;
use tfplugin::{Computed, Result};

use crate::address;
use crate::declared::{Declared, declared};
use crate::server::Server;

/// Says who a user of Slack is on the server, so that the Slack app may act for them in the organisation. It is imported by
/// its path: `acme/slack/T0123ABCD/U0123ABCD`.
#[derive(Clone, Debug, Default, tfplugin::Object)]
pub struct SlackUserLink {
    /// The organisation that it is for; that of the provider when it is not set.
    #[attribute(optional, replaces, keeps, identity)]
    org: Computed<String>,
    /// The id of the workspace: `T0123ABCD`.
    #[attribute(replaces, identity)]
    workspace: String,
    /// The id of the user there: `U0123ABCD`.
    #[attribute(replaces, identity)]
    user: String,
    /// Who they are on the server: the name of a member of the organisation.
    person: String,
    /// What they are called in Slack, for people.
    name: Option<String>,
    /// What it is called: `acme/slack/T0123ABCD/U0123ABCD`.
    #[attribute(keeps)]
    id: Computed<String>,
    /// Rises with each change.
    revision: Computed<u64>,
}

impl Declared for SlackUserLink {
    type Answer = rest::ChatIdentity;
    type Body = rest::ChatIdentityBody;
    const NOUN: &'static str = "link of a user of Slack";
    const KIND: Kind = Kind::ChatIdentity;
    const ADDRESS: &'static str = "{org}/slack/{workspace}/{user}";

    fn place(&mut self, server: &Server) -> Result<()> {
        self.id = format!("{}/slack/{}/{}", server.fill_org(&mut self.org)?, self.workspace, self.user).into();
        Ok(())
    }

    fn at(&self, server: &Server) -> Result<Object<rest::ChatIdentity, rest::ChatIdentityBody>> {
        let org = server.fill_org(&mut self.org.clone())?;
        let _form = address::read::<2>("user", "WORKSPACE/USER", &format!("{}/{}", self.workspace, self.user))?;
        Ok(server.org(&org).chat_identity("slack", &format!("{}/{}", self.workspace, self.user)))
    }

    fn name(&self) -> &str {
        &self.user
    }

    fn body(&self, _: Option<&Self>) -> Result<rest::ChatIdentityBody> {
        Ok(rest::ChatIdentityBody { person: self.person.clone(), name: self.name.clone() })
    }

    fn filled(self, answer: rest::ChatIdentity) -> Self {
        Self { person: answer.person, name: answer.name, revision: answer.revision.into(), ..self }
    }

    fn exported(&self, export: &rest::Export) -> Option<Option<rest::ChatIdentity>> {
        let subject = format!("{}/{}", self.workspace, self.user);
        let mut all = export.chat_identities.iter();
        Some(all.find(|found| found.provider == "slack" && found.subject == subject).cloned())
    }

    fn of_address(address: &str) -> Result<Self> {
        let [org, workspace, user] = address::imported("ORG/slack/WORKSPACE/USER", address)?;
        Ok(Self { org: org.into(), workspace: workspace.to_owned(), user: user.to_owned(), ..Self::default() })
    }

    fn revision(&self) -> Option<u64> {
        self.revision.known().copied()
    }
}

declared!(SlackUserLink, "slack_user_link");
