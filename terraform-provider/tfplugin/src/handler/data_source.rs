//! Data sources.

use super::{Answer, Typed, typed};
use crate::context::Context;
use crate::data_source::DataSource;
use crate::object::Object;
use crate::schema::Schema;
use crate::value::Value;

pub(crate) trait DataSourceHandler<C>: Send + Sync {
    fn schema(&self) -> &Schema;
    fn read<'a>(&'a self, config: Value, cx: &'a Context<C>) -> Answer<'a, Value>;
}

impl<D: DataSource> DataSourceHandler<D::Client> for Typed<D> {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn read<'a>(&'a self, config: Value, cx: &'a Context<D::Client>) -> Answer<'a, Value> {
        Box::pin(async move { Ok(Object::to_value(&typed::<D>(&config)?.read(cx).await?)) })
    }
}
