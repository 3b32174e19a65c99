//! What Terraform does with an object that is declared.

use monkeyci_client::ClientError;
use tfplugin::{Change, Context, Diagnostic, Diagnostics, Result, Value, View};

use super::Declared;
use crate::server::Server;

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
    let found = find(&mut own, cx).await?;
    Ok(found.map(|answer| own.filled(answer)))
}

/// What the server has in its place.
async fn find<D: Declared>(own: &mut D, cx: &Context<Server>) -> Result<Option<D::Answer>> {
    own.place(&cx.client)?;
    let object = own.at(&cx.client)?;
    let id = id(own);
    let org = id.split('/').next().unwrap_or_default();
    let export = cx.client.snapshots.of(&cx.client.client, org).await;
    if let Some(answer) = export.and_then(|export| own.exported(&export)) {
        return Ok(answer);
    }
    match object.get().await {
        Ok(answer) => Ok(Some(answer)),
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
    let mut own = D::of_address(address)?;
    let missing =
        || Diagnostic::error(format!("There is no such {}", D::NOUN), format!("{address:?} is not on the server."));
    let found = find(&mut own, cx).await?.ok_or_else(missing)?;
    if let Some(other) = D::other(&found) {
        let detail = format!("{address:?} is looked after by `{other}`: import it as one.");
        return Err(Diagnostic::error(format!("There is another kind of {}", D::NOUN), detail).into());
    }
    Ok(own.filled(found).imported(&cx.client))
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
