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
                Ok(link_offer(self.house, self.by, false).await)
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn unlink(&self) -> Result<Answer, Refusal> {
        let me = self.client.me().await?;
        let subject = format!("{}/{}", self.by.place.team, self.by.user);
        self.client.unlink_chat(&self.house.org, "slack", &subject).await?;
        Ok(Answer::said(&format!(
            "You were {} here, and are nobody now. `{} link` asks who you are.",
            code(&me.name, 60),
            self.house.command
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
