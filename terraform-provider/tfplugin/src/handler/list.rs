//! Lists of resources.

use tokio::sync::mpsc;

use super::{Answer, Typed, typed};
use crate::context::Context;
use crate::list::{List, Listing};
use crate::schema::Schema;
use crate::value::Value;

pub(crate) trait ListHandler<C>: Send + Sync {
    /// Of the query.
    fn schema(&self) -> &Schema;
    fn list<'a>(&'a self, query: Value, found: mpsc::Sender<(String, Value)>, cx: &'a Context<C>) -> Answer<'a, ()>;
}

/// A resource that can be listed, with the schema of its query made once.
pub(crate) struct Listed<L: List> {
    query: Typed<L::Query>,
}

impl<L: List> Listed<L> {
    pub(crate) fn new() -> Self {
        Self { query: Typed::new() }
    }
}

impl<L: List> ListHandler<L::Client> for Listed<L> {
    fn schema(&self) -> &Schema {
        &self.query.schema
    }

    fn list<'a>(
        &'a self,
        query: Value,
        found: mpsc::Sender<(String, Value)>,
        cx: &'a Context<L::Client>,
    ) -> Answer<'a, ()> {
        Box::pin(async move {
            let listing = Listing::<L>::new(found);
            L::list(typed::<L::Query>(&query)?, &listing, cx).await
        })
    }
}
