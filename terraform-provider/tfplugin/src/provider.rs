//! What configures a provider.

use crate::Result;
use crate::object::Object;

/// A provider. It is the struct that its block in the configuration fills.
pub trait Provider: Object {
    /// What the provider's resources talk through.
    type Client: Send + Sync + 'static;

    /// Its name, which the names of its resources begin with.
    const NAME: &'static str;

    /// Makes the client. It should not talk to anybody yet: this runs several times in each command of Terraform.
    ///
    /// # Errors
    /// Says what is wrong with the configuration.
    fn configure(self) -> impl Future<Output = Result<Self::Client>> + Send;

    /// The user has interrupted Terraform: the client need not wait for anything any longer, such as to try once more. Calls
    /// that change something go on, and answer with what there is then.
    fn stop(client: &Self::Client) {
        let _ = client;
    }
}
