//! Objects that are declared: had, set and removed by their names.

use monkeyci_client::rest::Export;
use monkeyci_client::rest::validate::Kind;
use monkeyci_client::{ClientError, Object};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tfplugin::{Change, Context, Diagnostic, Diagnostics, Moved, Result, Value, View};

use crate::refusal;
use crate::server::Server;

/// An object that is declared: what it is called, what is said of it, and what the server answers. The functions here do
/// the rest, and [`declared!`](crate::declared::declared) makes a resource of it.
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

    /// Whether what the server has there is one of these, where it has others by the same names.
    fn is_one(answer: &Self::Answer) -> bool {
        let _ = answer;
        true
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

/// Plans it: says what it will be called, and asks the server whether it would take it.
pub(crate) async fn plan<D: Declared>(change: &mut Change<D>, cx: &Context<Server>) -> Result<()> {
    if change.is_delete() {
        return match change.prior() {
            Some(prior) => unprotected(&prior),
            None => Ok(()),
        };
    }
    D::follow(change, &cx.client)?;
    if change.is_none() {
        return Ok(());
    }
    let Some(mut planned) = change.planned() else { return Ok(()) };
    if !change.config().is_unknown("org") {
        planned.place(&cx.client)?;
        // An address that is wrong is wrong now.
        let _object = planned.at(&cx.client)?;
        let mut attributes = planned.to_object();
        for name in ["org", "id"] {
            if let (true, Some(Value::String(text))) =
                (change.schema().attribute(name).is_some(), attributes.remove(name))
            {
                change.set(name, text);
            }
        }
    }
    let draft = planned.draft()?;
    let looked = cx.client.looks.look(&cx.client.client, D::KIND, planned.name(), &draft).await;
    looked.map_err(|error| planned.refused(&error))
}

/// Makes it where there is none yet. What is there already just so is it: somebody was killed who had just made it.
pub(crate) async fn create<D: Declared>(mut own: D, resource: &str, cx: &Context<Server>) -> Result<D> {
    own.place(&cx.client)?;
    cx.client.looks.end();
    let made = own.at(&cx.client)?.make(&own.body(None)?).await;
    cx.client.snapshots.forget();
    match made {
        Ok(answer) => {
            let answer = own.tell(None, answer, &cx.client).await?;
            Ok(own.filled(answer))
        }
        Err(error) if error.status() == Some(412) => Err(taken(&own, resource)),
        Err(error) => Err(own.refused(&error)),
    }
}

/// What it is called.
fn id<D: Declared>(own: &D) -> String {
    match own.to_object().remove("id") {
        Some(Value::String(id)) => id,
        _ => String::new(),
    }
}

/// That others made something else by its name.
fn taken<D: Declared>(own: &D, resource: &str) -> Diagnostics {
    let id = id(own);
    let block = format!("import {{\n  to = monkeyci_{resource}.NAME\n  id = {id:?}\n}}");
    let detail = format!("It is not what is declared here. To have Terraform look after it, write:\n\n{block}");
    Diagnostic::error(format!("There is a {} {id:?} already", D::NOUN), detail).into()
}

/// Reads it anew; nothing where it is gone.
pub(crate) async fn read<D: Declared>(mut own: D, cx: &Context<Server>) -> Result<Option<D>> {
    if !own.is_placed() {
        return Ok(Some(own));
    }
    own.place(&cx.client)?;
    let object = own.at(&cx.client)?;
    let id = id(&own);
    let org = id.split('/').next().unwrap_or_default();
    let export = cx.client.snapshots.of(&cx.client.client, org).await;
    if let Some(answer) = export.and_then(|export| own.exported(&export)) {
        return Ok(answer.map(|answer| own.filled(answer)));
    }
    match object.get().await {
        Ok(answer) => Ok(Some(own.filled(answer))),
        Err(ClientError::NotFound(_)) => Ok(None),
        Err(error) => Err(own.refused(&error)),
    }
}

/// Changes it where nobody else has done so since it was read.
pub(crate) async fn update<D: Declared>(mut own: D, prior: D, cx: &Context<Server>) -> Result<D> {
    own.place(&cx.client)?;
    cx.client.looks.end();
    let (object, body) = (own.at(&cx.client)?, own.body(Some(&prior))?);
    let put = match prior.revision() {
        Some(revision) => object.put_if(&body, revision).await,
        None => object.put(&body).await,
    };
    cx.client.snapshots.forget();
    let answer = put.map_err(|error| own.refused(&error))?;
    let answer = own.tell(Some(&prior), answer, &cx.client).await?;
    Ok(own.filled(answer))
}

/// Removes it.
pub(crate) async fn delete<D: Declared>(own: D, cx: &Context<Server>) -> Result<()> {
    unprotected(&own)?;
    let deleted = own.at(&cx.client)?.delete().await;
    cx.client.snapshots.forget();
    match deleted {
        Ok(()) | Err(ClientError::NotFound(_)) => Ok(()),
        Err(error) => Err(own.refused(&error)),
    }
}

/// Finds one that others made.
pub(crate) async fn import<D: Declared>(address: &str, cx: &Context<Server>) -> Result<D> {
    let found = read(D::of_address(address)?, cx).await?;
    let missing =
        || Diagnostic::error(format!("There is no such {}", D::NOUN), format!("{address:?} is not on the server."));
    Ok(found.ok_or_else(missing)?.imported(&cx.client))
}

/// What it is called that has this identity.
pub(crate) fn import_id<D: Declared>(identity: &View<'_>) -> String {
    let part = |part: &str| match part.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
        Some(name) => identity.get::<String>(name).unwrap_or_default(),
        None => part.to_owned(),
    };
    D::ADDRESS.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn unprotected<D: Declared>(own: &D) -> Result<()> {
    if !own.is_protected() {
        return Ok(());
    }
    let detail = "What is in it would be lost. To remove it all the same, set `deletion_protection = false` and apply that first.";
    Err(Diagnostic::error(format!("The {} is protected", D::NOUN), detail).into())
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
                $crate::declared::plan(change, cx).await
            }

            async fn create(self, cx: &::tfplugin::Context<Self::Client>) -> ::tfplugin::Result<Self> {
                $crate::declared::create(self, $name, cx).await
            }

            async fn read(self, cx: &::tfplugin::Context<Self::Client>) -> ::tfplugin::Result<Option<Self>> {
                $crate::declared::read(self, cx).await
            }

            async fn update(self, prior: Self, cx: &::tfplugin::Context<Self::Client>) -> ::tfplugin::Result<Self> {
                $crate::declared::update(self, prior, cx).await
            }

            async fn delete(self, cx: &::tfplugin::Context<Self::Client>) -> ::tfplugin::Result<()> {
                $crate::declared::delete(self, cx).await
            }

            fn moved(source: ::tfplugin::Moved) -> ::tfplugin::Result<Option<Self>> {
                Ok(<Self as $crate::declared::Declared>::of_other(&source))
            }

            async fn import(address: &str, cx: &::tfplugin::Context<Self::Client>) -> ::tfplugin::Result<Self> {
                $crate::declared::import(address, cx).await
            }

            fn import_id(identity: &::tfplugin::View<'_>) -> String {
                $crate::declared::import_id::<Self>(identity)
            }
        }
    };
}
pub(crate) use declared;
