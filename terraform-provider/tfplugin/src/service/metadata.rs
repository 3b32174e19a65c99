//! What the provider has, and how it is configured.

use std::sync::{Arc, PoisonError};

use super::{Client, Service, guarded};
use crate::Result;
use crate::diagnostic::Diagnostic;
use crate::handler::{function_to_proto, unfit};
use crate::plan;
use crate::proto::*;
use crate::provider::Provider;
use crate::validate::validate;
use crate::value::Value;
use crate::view::View;

/// `get_provider_schema_optional`: one command of Terraform starts several processes, and asks one of them for the schema.
const CAPABILITIES: ServerCapabilities = ServerCapabilities {
    plan_destroy: true,
    get_provider_schema_optional: true,
    move_resource_state: true,
    generate_resource_config: true,
};

impl<P: Provider> Service<P> {
    pub(super) async fn get_metadata(&self, _: get_metadata::Request) -> Result<get_metadata::Response> {
        use get_metadata::*;
        let plugin = &self.plugin;
        let type_name = String::clone;
        Ok(Response {
            server_capabilities: Some(CAPABILITIES),
            diagnostics: Vec::new(),
            data_sources: plugin
                .data_sources
                .keys()
                .map(type_name)
                .map(|type_name| DataSourceMetadata { type_name })
                .collect(),
            resources: plugin.resources.keys().map(type_name).map(|type_name| ResourceMetadata { type_name }).collect(),
            functions: plugin.functions.keys().cloned().map(|name| FunctionMetadata { name }).collect(),
            ephemeral_resources: plugin
                .ephemerals
                .keys()
                .map(type_name)
                .map(|type_name| EphemeralMetadata { type_name })
                .collect(),
            list_resources: plugin
                .lists
                .keys()
                .map(type_name)
                .map(|type_name| ListResourceMetadata { type_name })
                .collect(),
            state_stores: Vec::new(),
            actions: plugin.actions.keys().map(type_name).map(|type_name| ActionMetadata { type_name }).collect(),
        })
    }

    pub(super) async fn get_provider_schema(
        &self,
        _: get_provider_schema::Request,
    ) -> Result<get_provider_schema::Response> {
        let plugin = &self.plugin;
        let faults: Vec<_> =
            plugin.faults().into_iter().map(|fault| Diagnostic::error("Faulty schema", fault)).collect();
        if !faults.is_empty() {
            let mut diagnostics = crate::Diagnostics::new();
            diagnostics.extend(faults);
            return Err(diagnostics);
        }
        let action = |schema: &crate::Schema| ActionSchema { schema: Some(schema.to_proto_config()) };
        Ok(get_provider_schema::Response {
            provider: Some(plugin.provider.to_proto_config()),
            resource_schemas: plugin
                .resources
                .iter()
                .map(|(name, one)| (name.clone(), one.schema().to_proto()))
                .collect(),
            data_source_schemas: plugin
                .data_sources
                .iter()
                .map(|(name, one)| (name.clone(), one.schema().to_proto()))
                .collect(),
            functions: plugin
                .functions
                .iter()
                .map(|(name, one)| (name.clone(), function_to_proto(one.as_ref())))
                .collect(),
            ephemeral_resource_schemas: plugin
                .ephemerals
                .iter()
                .map(|(name, one)| (name.clone(), one.schema().to_proto()))
                .collect(),
            list_resource_schemas: plugin
                .lists
                .iter()
                .map(|(name, one)| (name.clone(), one.schema().to_proto_config()))
                .collect(),
            state_store_schemas: Default::default(),
            action_schemas: plugin.actions.iter().map(|(name, one)| (name.clone(), action(one.schema()))).collect(),
            diagnostics: Vec::new(),
            provider_meta: None,
            server_capabilities: Some(CAPABILITIES),
        })
    }

    pub(super) async fn validate_provider_config(
        &self,
        request: validate_provider_config::Request,
    ) -> Result<validate_provider_config::Response> {
        let schema = &self.plugin.provider;
        let config = Value::from_proto(request.config.as_ref(), &schema.ty()).map_err(unfit)?;
        Ok(validate_provider_config::Response { diagnostics: validate(schema, &config, true).to_proto() })
    }

    pub(super) async fn configure_provider(
        &self,
        request: configure_provider::Request,
    ) -> Result<configure_provider::Response> {
        let schema = &self.plugin.provider;
        let config = Value::from_proto(request.config.as_ref(), &schema.ty()).map_err(unfit)?;
        tracing::debug!(terraform = %request.terraform_version, unknown = config.has_unknown(), "configured");
        let client = if config.has_unknown() {
            Client::Unknown
        } else {
            let provider = P::from_object(&View::new(&plan::fill(schema, &config))).map_err(unfit)?;
            Client::Ready(guarded(provider.configure()).await?.into())
        };
        self.begin(client);
        Ok(configure_provider::Response::default())
    }

    pub(super) async fn stop_provider(&self, _: stop_provider::Request) -> Result<stop_provider::Response> {
        tracing::info!("stopped");
        let client = {
            let run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
            run.stop.cancel();
            if let Client::Ready(client) = &run.client { Some(Arc::clone(client)) } else { None }
        };
        if let Some(client) = client {
            P::stop(&client);
        }
        Ok(stop_provider::Response::default())
    }

    pub(super) async fn get_functions(&self, _: get_functions::Request) -> Result<get_functions::Response> {
        let functions = &self.plugin.functions;
        Ok(get_functions::Response {
            functions: functions.iter().map(|(name, one)| (name.clone(), function_to_proto(one.as_ref()))).collect(),
            diagnostics: Vec::new(),
        })
    }
}
