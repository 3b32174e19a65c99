//! Objects that Terraform only reads.

use crate::Result;
use crate::context::Context;
use crate::object::Object;

/// An object that Terraform only reads: what to look for, and what was found.
pub trait DataSource: Object {
    /// The client of its [`Provider`](crate::Provider).
    type Client: Send + Sync + 'static;

    /// Its name without the provider's.
    const NAME: &'static str;

    /// Fills in what is computed.
    ///
    /// # Errors
    /// Says why there is nothing to read.
    fn read(self, cx: &Context<Self::Client>) -> impl Future<Output = Result<Self>> + Send;
}
