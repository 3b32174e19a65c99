//! Objects that are declared: had, set and removed by their names.

pub(crate) mod steps;

use monkeyci_client::rest::Export;
use monkeyci_client::rest::validate::Kind;
use monkeyci_client::{ClientError, Object};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tfplugin::{Change, Diagnostics, Moved, Result};

use crate::refusal;
use crate::server::Server;

/// An object that is declared: what it is called, what is said of it, and what the server answers. What Terraform does with
/// it are the [`steps`], and [`declared!`](crate::declared::declared) makes a resource of it.
pub(crate) trait Declared: tfplugin::Object + Clone + Send + Sync + 'static {
    /// What the server answers.
    type Answer: DeserializeOwned + Send + 'static;
    /// What the server is told.
    type Body: Serialize + Send + Sync + 'static;

    /// Whether something of it follows from the provider's configuration.
    const FOLLOWS_PROVIDER: bool = false;
    /// What it is, for people.
    const NOUN: &'static str;
    /// By what word the server looks at it before it is written.
    const KIND: Kind;
    /// What it is called, from attributes in braces.
    const ADDRESS: &'static str = "{org}/{name}";

    /// Fills in what it is called: its `id`, and its `org` where it has one.
    ///
    /// # Errors
    /// Says what of that is missing or wrong.
    fn place(&mut self, server: &Server) -> Result<()>;

    /// Fills in what follows from the provider's configuration.
    ///
    /// # Errors
    /// Says what of that is wrong.
    fn follow(change: &mut Change<Self>, server: &Server) -> Result<()> {
        let _ = (change, server);
        Ok(())
    }

    /// It, as somebody writes it who has this provider's configuration.
    #[must_use]
    fn imported(self, server: &Server) -> Self {
        let _ = server;
        self
    }

    /// Where it is on the server.
    ///
    /// # Errors
    /// Says which name is wrong.
    fn at(&self, server: &Server) -> Result<Object<Self::Answer, Self::Body>>;

    /// Its name in its collection.
    fn name(&self) -> &str;

    /// What the server is told, to make it or to change it from what it was.
    ///
    /// # Errors
    /// Says what is missing.
    fn body(&self, prior: Option<&Self>) -> Result<Self::Body>;

    /// What the server looks at while it is planned, which need not hold secrets.
    ///
    /// # Errors
    /// Says what is missing.
    fn draft(&self) -> Result<Self::Body> {
        self.body(None)
    }

    /// Tells the server what is no part of the body, once that was taken; what the server answers at last.
    ///
    /// # Errors
    /// What the server refuses.
    fn tell(
        &self,
        prior: Option<&Self>,
        answer: Self::Answer,
        server: &Server,
    ) -> impl Future<Output = Result<Self::Answer>> + Send {
        let _ = (prior, server);
        std::future::ready(Ok(answer))
    }

    /// The resource that looks after what the server has there, where that is another one.
    fn other(answer: &Self::Answer) -> Option<&'static str> {
        let _ = answer;
        None
    }

    /// It, as the server has it.
    #[must_use]
    fn filled(self, answer: Self::Answer) -> Self;

    /// It in everything that is set up in its organisation, by its `id`; nothing where that does not hold such objects, and
    /// nothing inside where it is not there.
    fn exported(&self, export: &Export) -> Option<Option<Self::Answer>>;

    /// The one that this address names, of which nothing else is known.
    ///
    /// # Errors
    /// Says how an address is written.
    fn of_address(address: &str) -> Result<Self>;

    /// One of what another provider had of this type, from a `moved` block.
    fn of_other(source: &Moved) -> Option<Self> {
        let _ = source;
        None
    }

    /// Whether all of its name is known: of one that was another provider's it may not be.
    fn is_placed(&self) -> bool {
        true
    }

    /// The revision that Terraform knows, where the object counts them.
    fn revision(&self) -> Option<u64> {
        None
    }

    /// Whether it may not be removed.
    fn is_protected(&self) -> bool {
        false
    }

    /// By what pointer the schema knows a pointer into the body.
    fn attribute(&self, pointer: &str) -> String {
        pointer.to_owned()
    }

    /// What the server refuses.
    fn refused(&self, error: &ClientError) -> Diagnostics {
        refusal::refused(Self::NOUN, &Self::schema(), |pointer| self.attribute(pointer), error)
    }
}

/// What the server has, where nothing of it and nothing said of it are the same.
pub(crate) fn or_unset<C: Default + PartialEq>(own: Option<C>, answer: C) -> Option<C> {
    if answer == C::default() { own.filter(|own| *own == C::default()) } else { Some(answer) }
}

/// Makes a resource of what is declared.
macro_rules! declared {
    ($resource:ty, $name:literal) => {
        impl ::tfplugin::Resource for $resource {
            type Client = $crate::server::Server;
            const NAME: &'static str = $name;
            const ALWAYS_PLANNED: bool = <Self as $crate::declared::Declared>::FOLLOWS_PROVIDER;

            async fn plan(
                change: &mut ::tfplugin::Change<Self>,
                cx: &::tfplugin::Context<Self::Client>,
            ) -> ::tfplugin::Result<()> {
                $crate::declared::steps::plan(change, cx).await
            }

            async fn create(self, cx: &::tfplugin::Context<Self::Client>) -> ::tfplugin::Result<Self> {
                $crate::declared::steps::create(self, $name, cx).await
            }

            async fn read(self, cx: &::tfplugin::Context<Self::Client>) -> ::tfplugin::Result<Option<Self>> {
                $crate::declared::steps::read(self, cx).await
            }

            async fn update(self, prior: Self, cx: &::tfplugin::Context<Self::Client>) -> ::tfplugin::Result<Self> {
                $crate::declared::steps::update(self, prior, cx).await
            }

            async fn delete(self, cx: &::tfplugin::Context<Self::Client>) -> ::tfplugin::Result<()> {
                $crate::declared::steps::delete(self, cx).await
            }

            fn moved(source: ::tfplugin::Moved) -> ::tfplugin::Result<Option<Self>> {
                Ok(<Self as $crate::declared::Declared>::of_other(&source))
            }

            async fn import(address: &str, cx: &::tfplugin::Context<Self::Client>) -> ::tfplugin::Result<Self> {
                $crate::declared::steps::import(address, cx).await
            }

            fn import_id(identity: &::tfplugin::View<'_>) -> String {
                $crate::declared::steps::import_id::<Self>(identity)
            }
        }
    };
}
pub(crate) use declared;
