//! Things that are done, and leave no object behind. From Terraform 1.14 on.

use tokio::sync::mpsc;

use crate::Result;
use crate::context::Context;
use crate::object::Object;

/// Something that is done and leaves no object behind: how to do it.
pub trait Action: Object {
    /// The client of its [`Provider`](crate::Provider).
    type Client: Send + Sync + 'static;

    /// Its name without the provider's.
    const NAME: &'static str;

    /// Judges it before it is done.
    ///
    /// # Errors
    /// Fails the plan.
    fn plan(self, cx: &Context<Self::Client>) -> impl Future<Output = Result<()>> + Send {
        let _ = cx;
        async { Ok(()) }
    }

    /// Does it.
    ///
    /// # Errors
    /// Says what was not done.
    fn invoke(self, progress: &Progress, cx: &Context<Self::Client>) -> impl Future<Output = Result<()>> + Send;
}

/// Where an action tells how far it got.
#[derive(Debug)]
pub struct Progress(pub(crate) mpsc::Sender<String>);

impl Progress {
    /// Tells the user.
    pub async fn say(&self, message: impl Into<String> + Send) {
        // Nobody listens any more when Terraform is gone; the action goes on.
        let _ = self.0.send(message.into()).await;
    }
}
