//! Objects that live as long as one command of Terraform.

use std::time::SystemTime;

use crate::Result;
use crate::context::Context;
use crate::object::Object;

/// An object that lives as long as one command of Terraform and is in no plan and no state: a token that is given out and
/// revoked again, a secret that is read when it is needed.
///
/// What [`renew`](Ephemeral::renew) and [`close`](Ephemeral::close) need to know, [`open`](Ephemeral::open) leaves with
/// [`Context::set_private`], which is not written to any state here.
pub trait Ephemeral: Object {
    /// The client of its [`Provider`](crate::Provider).
    type Client: Send + Sync + 'static;

    /// Its name without the provider's.
    const NAME: &'static str;

    /// Opens it.
    ///
    /// # Errors
    /// Says why it cannot be opened.
    fn open(self, cx: &Context<Self::Client>) -> impl Future<Output = Result<Opened<Self>>> + Send;

    /// Makes it live longer, at the time that was asked for; answers when to do so again.
    ///
    /// # Errors
    /// Says why it cannot live longer.
    fn renew(cx: &Context<Self::Client>) -> impl Future<Output = Result<Option<SystemTime>>> + Send {
        let _ = cx;
        async { Ok(None) }
    }

    /// Ends it.
    ///
    /// # Errors
    /// Says what may be left.
    fn close(cx: &Context<Self::Client>) -> impl Future<Output = Result<()>> + Send {
        let _ = cx;
        async { Ok(()) }
    }
}

/// An ephemeral object that is open.
#[derive(Clone, Debug)]
pub struct Opened<T> {
    /// It.
    pub result: T,
    /// When it has to be renewed, if ever.
    pub renew_at: Option<SystemTime>,
}

impl<T> From<T> for Opened<T> {
    fn from(result: T) -> Self {
        Self { result, renew_at: None }
    }
}
