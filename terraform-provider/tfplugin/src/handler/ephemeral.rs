//! Ephemeral resources.

use std::time::SystemTime;

use super::{Answer, Typed, typed};
use crate::context::Context;
use crate::ephemeral::{Ephemeral, Opened};
use crate::object::Object;
use crate::schema::Schema;
use crate::value::Value;

pub(crate) trait EphemeralHandler<C>: Send + Sync {
    fn schema(&self) -> &Schema;
    fn open<'a>(&'a self, config: Value, cx: &'a Context<C>) -> Answer<'a, Opened<Value>>;
    fn renew<'a>(&'a self, cx: &'a Context<C>) -> Answer<'a, Option<SystemTime>>;
    fn close<'a>(&'a self, cx: &'a Context<C>) -> Answer<'a, ()>;
}

impl<E: Ephemeral> EphemeralHandler<E::Client> for Typed<E> {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn open<'a>(&'a self, config: Value, cx: &'a Context<E::Client>) -> Answer<'a, Opened<Value>> {
        Box::pin(async move {
            let Opened { result, renew_at } = typed::<E>(&config)?.open(cx).await?;
            Ok(Opened { result: Object::to_value(&result), renew_at })
        })
    }

    fn renew<'a>(&'a self, cx: &'a Context<E::Client>) -> Answer<'a, Option<SystemTime>> {
        Box::pin(E::renew(cx))
    }

    fn close<'a>(&'a self, cx: &'a Context<E::Client>) -> Answer<'a, ()> {
        Box::pin(E::close(cx))
    }
}
