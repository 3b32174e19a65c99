//! Resources.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::{Answer, Typed, typed};
use crate::Result;
use crate::context::Context;
use crate::object::Object;
use crate::path::Path;
use crate::resource::{Change, Moved, Resource};
use crate::schema::Schema;
use crate::ty::Type;
use crate::value::Value;
use crate::view::View;

pub(crate) trait ResourceHandler<C>: Send + Sync {
    fn schema(&self) -> &Schema;
    fn ty(&self) -> &Type;
    fn is_always_planned(&self) -> bool;
    fn plan<'a>(&'a self, change: Planning, cx: &'a Context<C>) -> Answer<'a, (Value, Vec<Path>)>;
    fn create<'a>(&'a self, planned: Value, cx: &'a Context<C>) -> Answer<'a, Value>;
    fn read<'a>(&'a self, state: Value, cx: &'a Context<C>) -> Answer<'a, Option<Value>>;
    fn update<'a>(&'a self, planned: Value, prior: Value, cx: &'a Context<C>) -> Answer<'a, Value>;
    fn delete<'a>(&'a self, state: Value, cx: &'a Context<C>) -> Answer<'a, ()>;
    fn import<'a>(&'a self, id: &'a str, cx: &'a Context<C>) -> Answer<'a, Value>;
    fn import_id(&self, identity: &Value) -> String;
    fn upgrade(&self, version: i64, state: Map<String, Json>) -> Result<Map<String, Json>>;
    fn moved(&self, source: Moved) -> Result<Option<Value>>;
}

/// A change, before the author has seen it.
pub(crate) struct Planning {
    pub config: Value,
    pub prior: Value,
    pub planned: Value,
    pub replaced: Vec<Path>,
}

impl<R: Resource> ResourceHandler<R::Client> for Typed<R> {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn ty(&self) -> &Type {
        &self.ty
    }

    fn is_always_planned(&self) -> bool {
        R::ALWAYS_PLANNED
    }

    fn plan<'a>(&'a self, change: Planning, cx: &'a Context<R::Client>) -> Answer<'a, (Value, Vec<Path>)> {
        Box::pin(async move {
            let Planning { config, prior, planned, replaced } = change;
            let mut change = Change::<R>::new(Arc::clone(&self.schema), config, prior, planned, replaced);
            R::plan(&mut change, cx).await?;
            Ok((change.planned, change.replaced))
        })
    }

    fn create<'a>(&'a self, planned: Value, cx: &'a Context<R::Client>) -> Answer<'a, Value> {
        Box::pin(async move { Ok(Object::to_value(&typed::<R>(&planned)?.create(cx).await?)) })
    }

    fn read<'a>(&'a self, state: Value, cx: &'a Context<R::Client>) -> Answer<'a, Option<Value>> {
        Box::pin(async move { Ok(typed::<R>(&state)?.read(cx).await?.as_ref().map(Object::to_value)) })
    }

    fn update<'a>(&'a self, planned: Value, prior: Value, cx: &'a Context<R::Client>) -> Answer<'a, Value> {
        Box::pin(async move { Ok(Object::to_value(&typed::<R>(&planned)?.update(typed(&prior)?, cx).await?)) })
    }

    fn delete<'a>(&'a self, state: Value, cx: &'a Context<R::Client>) -> Answer<'a, ()> {
        Box::pin(async move { typed::<R>(&state)?.delete(cx).await })
    }

    fn import<'a>(&'a self, id: &'a str, cx: &'a Context<R::Client>) -> Answer<'a, Value> {
        Box::pin(async move { Ok(Object::to_value(&R::import(id, cx).await?)) })
    }

    fn import_id(&self, identity: &Value) -> String {
        R::import_id(&View::new(identity))
    }

    fn upgrade(&self, version: i64, state: Map<String, Json>) -> Result<Map<String, Json>> {
        R::upgrade(version, state)
    }

    fn moved(&self, source: Moved) -> Result<Option<Value>> {
        Ok(R::moved(source)?.as_ref().map(Object::to_value))
    }
}
