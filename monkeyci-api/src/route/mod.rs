//! The routes: one file for each kind of thing, and the list of them here.

mod artifact;
mod audit;
mod badge;
mod build;
mod chat_identity;
mod environment;
mod event;
mod exchange;
mod export;
mod health;
mod hook;
mod id_token;
mod identity;
mod integration;
mod job;
mod lease;
mod link;
mod log;
mod member;
mod metrics;
mod notice;
mod openid;
mod org;
mod page;
mod param;
mod param_set;
mod people;
mod pipeline;
mod registration;
mod registry_credential;
mod repo;
mod role_binding;
mod schedule;
mod service_account;
mod session;
mod shell;
mod sign_in;
mod signing_key;
mod slack_workspace;
mod ssh_key;
mod statistics;
mod store;
mod subscription;
mod supply;
mod terraform;
mod token;
mod trigger;
mod trust;
mod unsubscribe;
mod validate;
mod webhook;
mod worker;

use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::response::Response;
use axum::routing::{MethodFilter, on};

use crate::openapi::{Inputs, Operation};
use crate::state::State;

/// An answer on its way.
type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

/// A handler whose type is forgotten, so that what axum wraps around one is compiled once, and not for each of them.
#[derive(Clone)]
struct Endpoint(Arc<dyn Fn(Request, State) -> Answering + Send + Sync>);

impl Handler<(), State> for Endpoint {
    type Future = Answering;

    fn call(self, request: Request, state: State) -> Answering {
        (self.0)(request, state)
    }
}

/// Routes, and what is said of them in the OpenAPI document.
#[derive(Default)]
pub struct Routes {
    router: Router<State>,
    operations: Vec<Operation>,
}

impl Routes {
    /// Every route there is.
    #[must_use]
    pub fn all() -> Self {
        let parts: &[fn(Self) -> Self] = &[
            health::routes,
            metrics::routes,
            openid::routes,
            session::routes,
            sign_in::routes,
            identity::routes,
            token::routes,
            org::routes,
            member::routes,
            people::routes,
            role_binding::routes,
            service_account::routes,
            trust::routes,
            exchange::routes,
            id_token::routes,
            chat_identity::routes,
            link::routes,
            store::routes,
            slack_workspace::routes,
            audit::routes,
            repo::routes,
            param::routes,
            param_set::routes,
            ssh_key::routes,
            registry_credential::routes,
            pipeline::routes,
            validate::routes,
            export::routes,
            schedule::routes,
            trigger::routes,
            hook::routes,
            webhook::routes,
            subscription::routes,
            notice::routes,
            unsubscribe::routes,
            build::routes,
            job::routes,
            shell::routes,
            log::routes,
            artifact::routes,
            environment::routes,
            event::routes,
            badge::routes,
            statistics::routes,
            signing_key::routes,
            worker::routes,
            registration::routes,
            lease::routes,
            supply::routes,
            terraform::routes,
            page::routes,
        ];
        parts.iter().fold(Self::default(), |routes, part| part(routes))
    }

    /// Adds an operation; what its handler takes goes into the document.
    fn add<H, T>(self, mut operation: Operation, handler: H) -> Self
    where
        H: Handler<T, State, Future = Answering>,
        T: Inputs + 'static,
    {
        T::describe(&mut operation);
        self.add_endpoint(operation, Endpoint(Arc::new(move |request, state| handler.clone().call(request, state))))
    }

    fn add_endpoint(mut self, operation: Operation, endpoint: Endpoint) -> Self {
        let filter = MethodFilter::try_from(operation.method().clone()).expect("a method of HTTP");
        self.router = self.router.route(operation.path(), on(filter, endpoint));
        self.operations.push(operation);
        self
    }

    /// Adds routes that are no part of the API.
    fn beside(mut self, router: Router<State>) -> Self {
        self.router = self.router.merge(router);
        self
    }

    /// The router of all of them.
    pub fn finish(self) -> Router<State> {
        self.router
    }

    /// What they do, for the document of the API.
    #[cfg(feature = "schema")]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }
}
