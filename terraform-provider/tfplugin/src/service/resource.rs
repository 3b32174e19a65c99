//! Resources.

use std::sync::Arc;

use super::{Service, clear_unknown, guarded, no_such, take_unknown};
use crate::Result;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::handler::{Planning, ResourceHandler, unfit};
use crate::identity;
use crate::plan;
use crate::proto::*;
use crate::provider::Provider;
use crate::resource::Moved;
use crate::ty::Type;
use crate::validate::validate;
use crate::value::Value;

type Handler<P> = Arc<dyn ResourceHandler<<P as Provider>::Client>>;

impl<P: Provider> Service<P> {
    fn resource(&self, name: &str) -> Result<&Handler<P>> {
        self.plugin.resources.get(name).ok_or_else(|| no_such("resource", name))
    }

    pub(super) async fn validate_resource_config(
        &self,
        request: validate_resource_config::Request,
    ) -> Result<validate_resource_config::Response> {
        let handler = self.resource(&request.type_name)?;
        let schema = handler.schema();
        let config = value(request.config.as_ref(), handler.ty())?;
        let write_only = request.client_capabilities.is_some_and(|client| client.write_only_attributes_allowed);
        Ok(validate_resource_config::Response { diagnostics: validate(schema, &config, write_only).to_proto() })
    }

    pub(super) async fn upgrade_resource_state(
        &self,
        request: upgrade_resource_state::Request,
    ) -> Result<upgrade_resource_state::Response> {
        let handler = self.resource(&request.type_name)?;
        let schema = handler.schema();
        let raw = request.raw_state.unwrap_or_default();
        let state = if request.version > schema.version {
            let detail = format!(
                "It is of version {}, and this provider knows {}. Use a newer one.",
                request.version, schema.version
            );
            return Err(Diagnostic::error("State of a newer provider", detail).into());
        } else if request.version < schema.version {
            let upgraded = handler.upgrade(request.version, json(&raw)?)?;
            serde_json::Value::Object(upgraded).to_string().into_bytes()
        } else {
            raw.json
        };
        let mut state = Value::from_json(&state, handler.ty()).map_err(unfit)?;
        plan::settle_answer(schema, &mut state, &Value::Null);
        Ok(upgrade_resource_state::Response { upgraded_state: state.to_proto(handler.ty()), diagnostics: Vec::new() })
    }

    pub(super) async fn read_resource(&self, request: read_resource::Request) -> Result<read_resource::Response> {
        let handler = self.resource(&request.type_name)?;
        let schema = handler.schema();
        let defers = request.client_capabilities.is_some_and(|client| client.deferral_allowed);
        if defers && self.is_open() {
            let reason = deferred::Reason::ProviderConfigUnknown.into();
            return Ok(read_resource::Response {
                new_state: request.current_state,
                private: request.private,
                deferred: Some(Deferred { reason }),
                ..Default::default()
            });
        }
        let state = value(request.current_state.as_ref(), handler.ty())?;
        let cx = self.context(&request.private)?;
        let read = self.unless_stopped(handler.read(state.clone(), &cx)).await;
        let (private, mut said) = cx.finish();
        let (state, error) = match read {
            Ok(None) => (Value::Null, Diagnostics::new()),
            Ok(Some(mut read)) => {
                plan::settle_answer(schema, &mut read, &state);
                let open = take_unknown(schema, &mut read);
                (read, open)
            }
            Err(error) => (state, error),
        };
        said.extend(error);
        let new_identity = identity::of(schema, &state).or(request.current_identity);
        let new_state = state.to_proto(handler.ty());
        Ok(read_resource::Response { new_state, diagnostics: said.to_proto(), private, deferred: None, new_identity })
    }

    pub(super) async fn plan_resource_change(
        &self,
        request: plan_resource_change::Request,
    ) -> Result<plan_resource_change::Response> {
        let handler = self.resource(&request.type_name)?;
        let schema = handler.schema();
        let prior = value(request.prior_state.as_ref(), handler.ty())?;
        let proposed = value(request.proposed_new_state.as_ref(), handler.ty())?;
        let config = value(request.config.as_ref(), handler.ty())?;
        let (planned, replaced) = if proposed.is_null() {
            (Value::Null, Vec::new())
        } else {
            let planned = plan::plan(schema, &prior, &config, &proposed);
            let replaced = plan::replaced(schema, &prior, &planned);
            (planned, replaced)
        };
        let mut response = plan_resource_change::Response {
            planned_state: planned.to_proto(handler.ty()),
            planned_private: request.prior_private,
            requires_replace: replaced.iter().map(crate::path::Path::to_proto).collect(),
            planned_identity: request.prior_identity.or_else(|| identity::of(schema, &planned)),
            ..Default::default()
        };
        if planned == prior && !handler.is_always_planned() || self.is_open() {
            return Ok(response);
        }
        let cx = self.context(&response.planned_private)?;
        let answer = self.unless_stopped(handler.plan(Planning { config, prior, planned, replaced }, &cx)).await;
        let (private, mut said) = cx.finish();
        match answer {
            Ok((planned, mut replaced)) => {
                replaced.sort();
                replaced.dedup();
                response.planned_state = planned.to_proto(handler.ty());
                response.planned_private = private;
                response.requires_replace = replaced.iter().map(crate::path::Path::to_proto).collect();
            }
            Err(error) => said.extend(error),
        }
        response.diagnostics = said.to_proto();
        Ok(response)
    }

    pub(super) async fn apply_resource_change(
        &self,
        request: apply_resource_change::Request,
    ) -> Result<apply_resource_change::Response> {
        let handler = self.resource(&request.type_name)?;
        let schema = handler.schema();
        let prior = value(request.prior_state.as_ref(), handler.ty())?;
        let planned = value(request.planned_state.as_ref(), handler.ty())?;
        let config = value(request.config.as_ref(), handler.ty())?;
        let cx = self.context(&request.planned_private)?;
        let wanted = plan::with_write_only(schema, &planned, &config);
        let answer = guarded(async {
            if planned.is_null() {
                handler.delete(prior.clone(), &cx).await.map(|()| Value::Null)
            } else if prior.is_null() {
                handler.create(wanted, &cx).await
            } else {
                handler.update(wanted, prior.clone(), &cx).await
            }
        })
        .await;
        let (private, mut said) = cx.finish();
        let state = match answer {
            Ok(mut state) => {
                plan::settle_answer(schema, &mut state, &planned);
                let open = take_unknown(schema, &mut state);
                // Where an error was said already, what is missing is no news.
                if !said.has_error() {
                    said.extend(open);
                }
                state
            }
            Err(error) => {
                said.extend(error);
                prior
            }
        };
        Ok(apply_resource_change::Response {
            new_state: state.to_proto(handler.ty()),
            private,
            diagnostics: said.to_proto(),
            legacy_type_system: false,
            new_identity: identity::of(schema, &state).or(request.planned_identity),
        })
    }

    pub(super) async fn import_resource_state(
        &self,
        request: import_resource_state::Request,
    ) -> Result<import_resource_state::Response> {
        let handler = self.resource(&request.type_name)?;
        let schema = handler.schema();
        let id = match &request.identity {
            Some(identity) if request.id.is_empty() => {
                handler.import_id(&identity::read(schema, identity).map_err(unfit)?)
            }
            _ => request.id,
        };
        let cx = self.context(&[])?;
        let imported = self.unless_stopped(handler.import(&id, &cx)).await;
        let (private, mut said) = cx.finish();
        let mut imported_resources = Vec::new();
        match imported {
            Ok(mut state) => {
                plan::settle_answer(schema, &mut state, &Value::Null);
                // What is missing is read next.
                clear_unknown(&mut state);
                imported_resources.push(import_resource_state::ImportedResource {
                    type_name: request.type_name,
                    state: state.to_proto(handler.ty()),
                    private,
                    identity: identity::of(schema, &state).or(request.identity),
                });
            }
            Err(error) => said.extend(error),
        }
        Ok(import_resource_state::Response { imported_resources, diagnostics: said.to_proto(), deferred: None })
    }

    pub(super) async fn move_resource_state(
        &self,
        request: move_resource_state::Request,
    ) -> Result<move_resource_state::Response> {
        let handler = self.resource(&request.target_type_name)?;
        let schema = handler.schema();
        let from = request.source_type_name.clone();
        let moved = handler.moved(Moved {
            provider: request.source_provider_address,
            type_name: request.source_type_name,
            version: request.source_schema_version,
            state: json(&request.source_state.unwrap_or_default())?,
        })?;
        let Some(mut state) = moved else {
            let detail = format!("{} cannot take over objects of {from}.", request.target_type_name);
            return Err(Diagnostic::error("Move is not possible", detail).into());
        };
        plan::settle_answer(schema, &mut state, &Value::Null);
        clear_unknown(&mut state);
        Ok(move_resource_state::Response {
            target_state: state.to_proto(handler.ty()),
            target_identity: identity::of(schema, &state),
            ..Default::default()
        })
    }

    pub(super) async fn generate_resource_config(
        &self,
        request: generate_resource_config::Request,
    ) -> Result<generate_resource_config::Response> {
        let handler = self.resource(&request.type_name)?;
        let schema = handler.schema();
        let state = value(request.state.as_ref(), handler.ty())?;
        let config = plan::written(schema, &state).to_proto(handler.ty());
        Ok(generate_resource_config::Response { config, diagnostics: Vec::new() })
    }

    pub(super) async fn get_resource_identity_schemas(
        &self,
        _: get_resource_identity_schemas::Request,
    ) -> Result<get_resource_identity_schemas::Response> {
        let of = |(name, handler): (&String, &Handler<P>)| Some((name.clone(), handler.schema().identity_to_proto()?));
        let identity_schemas = self.plugin.resources.iter().filter_map(of).collect();
        Ok(get_resource_identity_schemas::Response { identity_schemas, diagnostics: Vec::new() })
    }

    pub(super) async fn upgrade_resource_identity(
        &self,
        request: upgrade_resource_identity::Request,
    ) -> Result<upgrade_resource_identity::Response> {
        let schema = self.resource(&request.type_name)?.schema();
        let no_identity = || Diagnostic::error("No identity", format!("{} has no identity.", request.type_name));
        let ty = identity::ty(schema).ok_or_else(no_identity)?;
        let identity = Value::from_json(&request.raw_identity.unwrap_or_default().json, &ty).map_err(unfit)?;
        let upgraded_identity = Some(ResourceIdentityData { identity_data: identity.to_proto(&ty) });
        Ok(upgrade_resource_identity::Response { upgraded_identity, diagnostics: Vec::new() })
    }
}

fn value(wire: Option<&DynamicValue>, ty: &Type) -> Result<Value> {
    Value::from_proto(wire, ty).map_err(unfit)
}

fn json(raw: &RawState) -> Result<serde_json::Map<String, serde_json::Value>> {
    serde_json::from_slice(&raw.json).map_err(|error| {
        let detail = format!(
            "It is no JSON object ({error}). States of Terraform 0.11 and before must be upgraded by 0.12 first."
        );
        Diagnostic::error("Unreadable state", detail).into()
    })
}
