//! Who somebody is.

use super::{Answer, Asking, Refusal, link_offer};
use crate::message::text::code;

impl Asking<'_> {
    pub(super) async fn link(&self) -> Result<Answer, Refusal> {
        match self.client.me().await {
            Ok(me) => Ok(Answer::said(&format!(
                "You are {} already. `{} unlink` ends that.",
                code(&me.name, 60),
                self.house.command
            ))),
            Err(error) if error.problem().and_then(|problem| problem.code.as_deref()) == Some("not-linked") => {
                Ok(link_offer(self.house, self.by).await)
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn unlink(&self) -> Result<Answer, Refusal> {
        let me = self.client.me().await?;
        // What is a person's own is theirs alone: also this is not done for them.
        let (org, subject) = (&self.house.org, format!("slack:{}/{}", self.by.place.team, self.by.user));
        Ok(Answer::said(&format!(
            "You are {} here. That is ended by yourself, not by an app: `monkeyci unlink {org} {subject}` at your terminal, or \
             your account's page at {}.",
            code(&me.name, 60),
            self.client.url()
        )))
    }

    pub(super) async fn whoami(&self) -> Result<Answer, Refusal> {
        let me = self.client.me().await?;
        let role =
            me.orgs.iter().find(|(org, _)| org.as_str() == self.house.org).map_or("nothing", |(_, role)| role.as_str());
        Ok(Answer::said(&format!(
            "You are {}, and here you may do what a `{role}` of `{}` may.",
            code(&me.name, 60),
            self.house.org
        )))
    }
}
