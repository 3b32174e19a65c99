//! Data sources, ephemeral resources and functions.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Service, guarded, no_such, take_unknown};
use crate::Result;
use crate::diagnostic::Diagnostics;
use crate::handler::{DataSourceHandler, EphemeralHandler, argument_type, arguments, parameters, unfit};
use crate::path::Path;
use crate::plan;
use crate::proto::*;
use crate::provider::Provider;
use crate::validate::validate;
use crate::value::Value;

impl<P: Provider> Service<P> {
    fn data_source(&self, name: &str) -> Result<&Arc<dyn DataSourceHandler<P::Client>>> {
        self.plugin.data_sources.get(name).ok_or_else(|| no_such("data source", name))
    }

    fn ephemeral(&self, name: &str) -> Result<&Arc<dyn EphemeralHandler<P::Client>>> {
        self.plugin.ephemerals.get(name).ok_or_else(|| no_such("ephemeral resource", name))
    }

    pub(super) async fn validate_data_resource_config(
        &self,
        request: validate_data_resource_config::Request,
    ) -> Result<validate_data_resource_config::Response> {
        let schema = self.data_source(&request.type_name)?.schema();
        let config = Value::from_proto(request.config.as_ref(), &schema.ty()).map_err(unfit)?;
        Ok(validate_data_resource_config::Response { diagnostics: validate(schema, &config, true).to_proto() })
    }

    pub(super) async fn read_data_source(
        &self,
        request: read_data_source::Request,
    ) -> Result<read_data_source::Response> {
        let handler = self.data_source(&request.type_name)?;
        let schema = handler.schema();
        let config = Value::from_proto(request.config.as_ref(), &schema.ty()).map_err(unfit)?;
        if self.is_open() && request.client_capabilities.is_some_and(|client| client.deferral_allowed) {
            let reason = deferred::Reason::ProviderConfigUnknown.into();
            let deferred = Some(Deferred { reason });
            return Ok(read_data_source::Response {
                state: config.to_proto(&schema.ty()),
                deferred,
                ..Default::default()
            });
        }
        let cx = self.context(&[])?;
        let filled = plan::fill(schema, &config);
        let mut state = self.unless_stopped(handler.read(filled.clone(), &cx)).await?;
        let (_, mut said) = cx.finish();
        plan::settle_answer(schema, &mut state, &filled);
        said.extend(take_unknown(schema, &mut state));
        Ok(read_data_source::Response {
            state: state.to_proto(&schema.ty()),
            diagnostics: said.to_proto(),
            deferred: None,
        })
    }

    pub(super) async fn validate_ephemeral_resource_config(
        &self,
        request: validate_ephemeral_resource_config::Request,
    ) -> Result<validate_ephemeral_resource_config::Response> {
        let schema = self.ephemeral(&request.type_name)?.schema();
        let config = Value::from_proto(request.config.as_ref(), &schema.ty()).map_err(unfit)?;
        Ok(validate_ephemeral_resource_config::Response { diagnostics: validate(schema, &config, true).to_proto() })
    }

    pub(super) async fn open_ephemeral_resource(
        &self,
        request: open_ephemeral_resource::Request,
    ) -> Result<open_ephemeral_resource::Response> {
        let handler = self.ephemeral(&request.type_name)?;
        let schema = handler.schema();
        let config = Value::from_proto(request.config.as_ref(), &schema.ty()).map_err(unfit)?;
        let cx = self.context(&[])?;
        let filled = plan::fill(schema, &config);
        let mut opened = guarded(handler.open(filled.clone(), &cx)).await?;
        let (private, mut said) = cx.finish();
        plan::settle_answer(schema, &mut opened.result, &filled);
        said.extend(take_unknown(schema, &mut opened.result));
        Ok(open_ephemeral_resource::Response {
            diagnostics: said.to_proto(),
            renew_at: opened.renew_at.map(timestamp),
            result: opened.result.to_proto(&schema.ty()),
            private: Some(private),
            deferred: None,
        })
    }

    pub(super) async fn renew_ephemeral_resource(
        &self,
        request: renew_ephemeral_resource::Request,
    ) -> Result<renew_ephemeral_resource::Response> {
        let handler = self.ephemeral(&request.type_name)?;
        let cx = self.context(&request.private.unwrap_or_default())?;
        let renew_at = guarded(handler.renew(&cx)).await?.map(timestamp);
        let (private, said) = cx.finish();
        Ok(renew_ephemeral_resource::Response { diagnostics: said.to_proto(), renew_at, private: Some(private) })
    }

    pub(super) async fn close_ephemeral_resource(
        &self,
        request: close_ephemeral_resource::Request,
    ) -> Result<close_ephemeral_resource::Response> {
        let handler = self.ephemeral(&request.type_name)?;
        let cx = self.context(&request.private.unwrap_or_default())?;
        guarded(handler.close(&cx)).await?;
        Ok(close_ephemeral_resource::Response { diagnostics: cx.finish().1.to_proto() })
    }

    pub(super) async fn call_function(&self, request: call_function::Request) -> Result<call_function::Response> {
        let function = self.plugin.functions.get(&request.name).ok_or_else(|| no_such("function", &request.name))?;
        let schema = function.schema();
        let (fixed, variadic) = parameters(schema);
        let of = |index: usize| fixed.get(index).or(variadic);
        let mut given = Vec::new();
        for (index, argument) in request.arguments.iter().enumerate() {
            let Some(parameter) = of(index) else { return Ok(refused("There are too many arguments.".into(), None)) };
            let argument = match Value::from_proto(Some(argument), &argument_type(parameter)) {
                Ok(argument) => argument,
                Err(mismatch) => return Ok(refused(mismatch.to_string(), Some(index))),
            };
            let mut found = Diagnostics::new();
            if !parameter.variadic {
                parameter
                    .checks
                    .iter()
                    .for_each(|check| check.judge(&argument, &Path::from(parameter.name.as_str()), &mut found));
            }
            if let Some(problem) = found.iter().next() {
                return Ok(refused(problem.detail().to_owned(), Some(index)));
            }
            given.push(argument);
        }
        let answer = function.call(Value::Map(arguments(schema, given)));
        Ok(match answer {
            Ok(result) => call_function::Response { result: result.to_proto(&function.output()), error: None },
            Err(error) => {
                let place = error.argument.as_deref();
                let index = place.and_then(|name| schema.attributes.iter().position(|one| one.name == name));
                refused(error.text, index)
            }
        })
    }
}

fn refused(text: String, argument: Option<usize>) -> call_function::Response {
    let function_argument = argument.and_then(|index| i64::try_from(index).ok());
    call_function::Response { result: None, error: Some(FunctionError { text, function_argument }) }
}

fn timestamp(time: SystemTime) -> Timestamp {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let nanos = i32::try_from(since.subsec_nanos()).unwrap_or_default();
    Timestamp { seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX), nanos }
}
