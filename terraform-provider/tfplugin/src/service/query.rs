//! List resources and actions.

use std::pin::Pin;
use std::sync::Arc;

use futures::Stream;
use futures::stream;
use tokio::sync::mpsc;
use tonic::Status;

use super::{Service, guarded, no_such};
use crate::Result;
use crate::action::Progress;
use crate::diagnostic::Diagnostics;
use crate::handler::{ActionHandler, ListHandler, unfit};
use crate::identity;
use crate::plan;
use crate::proto::*;
use crate::provider::Provider;
use crate::validate::validate;
use crate::value::Value;

/// What comes one by one.
pub(super) type Events<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// So many events wait at most for Terraform to take them.
const WAITING: usize = 16;

impl<P: Provider> Service<P> {
    fn list(&self, name: &str) -> Result<&Arc<dyn ListHandler<P::Client>>> {
        self.plugin.lists.get(name).ok_or_else(|| no_such("list resource", name))
    }

    fn action(&self, name: &str) -> Result<&Arc<dyn ActionHandler<P::Client>>> {
        self.plugin.actions.get(name).ok_or_else(|| no_such("action", name))
    }

    pub(super) async fn validate_list_resource_config(
        &self,
        request: validate_list_resource_config::Request,
    ) -> Result<validate_list_resource_config::Response> {
        let schema = self.list(&request.type_name)?.schema();
        let config = Value::from_proto(request.config.as_ref(), &schema.ty()).map_err(unfit)?;
        Ok(validate_list_resource_config::Response { diagnostics: validate(schema, &config, true).to_proto() })
    }

    pub(super) async fn validate_action_config(
        &self,
        request: validate_action_config::Request,
    ) -> Result<validate_action_config::Response> {
        let schema = self.action(&request.type_name)?.schema();
        let config = Value::from_proto(request.config.as_ref(), &schema.ty()).map_err(unfit)?;
        Ok(validate_action_config::Response { diagnostics: validate(schema, &config, true).to_proto() })
    }

    pub(super) async fn plan_action(&self, request: plan_action::Request) -> Result<plan_action::Response> {
        let handler = self.action(&request.action_type)?;
        let schema = handler.schema();
        let config = Value::from_proto(request.config.as_ref(), &schema.ty()).map_err(unfit)?;
        if config.has_unknown() || self.is_open() {
            return Ok(plan_action::Response::default());
        }
        let cx = self.context(&[])?;
        self.unless_stopped(handler.plan(plan::fill(schema, &config), &cx)).await?;
        Ok(plan_action::Response { diagnostics: cx.finish().1.to_proto(), deferred: None })
    }

    pub(super) fn list_resource(self: Arc<Self>, request: list_resource::Request) -> Events<list_resource::Event> {
        let (events, received) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            let mut said = Diagnostics::new();
            if let Err(error) = self.list_into(request, &events, &mut said).await {
                said.extend(error);
            }
            if said.iter().next().is_some() {
                let event = list_resource::Event { diagnostic: said.to_proto(), ..Default::default() };
                // Nobody listens any more when Terraform is gone.
                let _ = events.send(event).await;
            }
        });
        streamed(received)
    }

    async fn list_into(
        &self,
        request: list_resource::Request,
        events: &mpsc::Sender<list_resource::Event>,
        said: &mut Diagnostics,
    ) -> Result<()> {
        let handler = self.list(&request.type_name)?;
        let resource =
            self.plugin.resources.get(&request.type_name).ok_or_else(|| no_such("resource", &request.type_name))?;
        let (schema, ty) = (resource.schema(), resource.schema().ty());
        let query = Value::from_proto(request.config.as_ref(), &handler.schema().ty()).map_err(unfit)?;
        let cx = self.context(&[])?;
        let (sender, mut found) = mpsc::channel(1);
        let work = self.unless_stopped(handler.list(plan::fill(handler.schema(), &query), sender, &cx));
        let limit = usize::try_from(request.limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
        // The author's listing has enough once this has ended and its receiver is gone.
        let forward = async move {
            for _ in 0..limit {
                let Some((display_name, mut object)) = found.recv().await else { break };
                plan::settle_answer(schema, &mut object, &Value::Null);
                super::clear_unknown(&mut object);
                let event = list_resource::Event {
                    identity: identity::of(schema, &object),
                    display_name,
                    resource_object: request.include_resource_object.then(|| object.to_proto(&ty)).flatten(),
                    diagnostic: Vec::new(),
                };
                if events.send(event).await.is_err() {
                    break;
                }
            }
        };
        let (answer, ()) = tokio::join!(work, forward);
        said.extend(cx.finish().1);
        answer
    }

    pub(super) fn invoke_action(self: Arc<Self>, request: invoke_action::Request) -> Events<invoke_action::Event> {
        let (events, received) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            let mut said = Diagnostics::new();
            if let Err(error) = self.invoke_into(request, &events, &mut said).await {
                said.extend(error);
            }
            let completed = invoke_action::event::Completed { diagnostics: said.to_proto() };
            let event = invoke_action::Event { r#type: Some(invoke_action::event::Type::Completed(completed)) };
            // Nobody listens any more when Terraform is gone.
            let _ = events.send(event).await;
        });
        streamed(received)
    }

    async fn invoke_into(
        &self,
        request: invoke_action::Request,
        events: &mpsc::Sender<invoke_action::Event>,
        said: &mut Diagnostics,
    ) -> Result<()> {
        let handler = self.action(&request.action_type)?;
        let schema = handler.schema();
        let config = Value::from_proto(request.config.as_ref(), &schema.ty()).map_err(unfit)?;
        let cx = self.context(&[])?;
        let (sender, mut messages) = mpsc::channel(1);
        let work = async {
            let progress = Progress(sender);
            guarded(handler.invoke(plan::fill(schema, &config), &progress, &cx)).await
        };
        let forward = async {
            while let Some(message) = messages.recv().await {
                let progress = invoke_action::event::Type::Progress(invoke_action::event::Progress { message });
                // The action goes on, whoever listens.
                let _ = events.send(invoke_action::Event { r#type: Some(progress) }).await;
            }
        };
        let (answer, ()) = tokio::join!(work, forward);
        said.extend(cx.finish().1);
        answer
    }
}

fn streamed<T: Send + 'static>(received: mpsc::Receiver<T>) -> Events<T> {
    Box::pin(stream::unfold(received, async |mut received| received.recv().await.map(|event| (Ok(event), received))))
}
