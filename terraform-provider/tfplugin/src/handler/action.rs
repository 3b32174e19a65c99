//! Actions.

use super::{Answer, Typed, typed};
use crate::action::{Action, Progress};
use crate::context::Context;
use crate::schema::Schema;
use crate::value::Value;

pub(crate) trait ActionHandler<C>: Send + Sync {
    fn schema(&self) -> &Schema;
    fn plan<'a>(&'a self, config: Value, cx: &'a Context<C>) -> Answer<'a, ()>;
    fn invoke<'a>(&'a self, config: Value, progress: &'a Progress, cx: &'a Context<C>) -> Answer<'a, ()>;
}

impl<A: Action> ActionHandler<A::Client> for Typed<A> {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn plan<'a>(&'a self, config: Value, cx: &'a Context<A::Client>) -> Answer<'a, ()> {
        Box::pin(async move { typed::<A>(&config)?.plan(cx).await })
    }

    fn invoke<'a>(&'a self, config: Value, progress: &'a Progress, cx: &'a Context<A::Client>) -> Answer<'a, ()> {
        Box::pin(async move { typed::<A>(&config)?.invoke(progress, cx).await })
    }
}
