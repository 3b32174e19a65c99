//! Objects that there are, listed. From Terraform 1.14 on.

use tokio::sync::mpsc;

use crate::Result;
use crate::context::Context;
use crate::object::Object;
use crate::resource::Resource;
use crate::value::Value;

/// A resource whose objects can be listed, for `terraform query`. It needs attributes that are its
/// [`identity`](crate::Attribute::identity).
pub trait List: Resource {
    /// Which objects.
    type Query: Object;

    /// Lists them, and ends early when the listing has enough.
    ///
    /// # Errors
    /// Says why the rest is missing.
    fn list(
        query: Self::Query,
        listing: &Listing<Self>,
        cx: &Context<Self::Client>,
    ) -> impl Future<Output = Result<()>> + Send;
}

/// Where listed objects go.
#[derive(Debug)]
pub struct Listing<R> {
    sender: mpsc::Sender<(String, Value)>,
    of: std::marker::PhantomData<fn() -> R>,
}

impl<R: Resource> Listing<R> {
    pub(crate) fn new(sender: mpsc::Sender<(String, Value)>) -> Self {
        Self { sender, of: std::marker::PhantomData }
    }

    /// Adds an object with a name for people. `false` says that it has enough.
    pub async fn add(&self, name: impl Into<String> + Send, object: &R) -> bool {
        let object = Object::to_value(object);
        self.sender.send((name.into(), object)).await.is_ok()
    }
}
