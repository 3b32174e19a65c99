//! Which call is for whom.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use hyper::body::Incoming;
use prost::Message;
use tonic::body::Body;
use tonic::server::Grpc;
use tonic::{Code, Request, Response, Status};
use tonic_prost::ProstCodec;

use super::failed::Failed;
use super::query::Events;
use super::{Service, panicked};
use crate::Result;
use crate::proto::{ConnInfo, Empty, HealthCheckRequest, HealthCheckResponse, ServingStatus, StdioData};
use crate::provider::Provider;

/// Schemas and states of real use are larger than the 4 MB that gRPC has by default; Terraform itself takes 64.
const LARGEST_MESSAGE: usize = 256 << 20;

type Reply = http::Response<Body>;

/// Leads each call to the function that answers it.
pub(crate) struct Router<P: Provider>(pub(crate) Arc<Service<P>>);

impl<P: Provider> Clone for Router<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P: Provider> tower::Service<http::Request<Incoming>> for Router<P> {
    type Response = Reply;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Reply, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Incoming>) -> Self::Future {
        let service = Arc::clone(&self.0);
        Box::pin(async move {
            let path = request.uri().path().to_owned();
            Ok(match path.strip_prefix("/tfplugin6.Provider/") {
                Some(call) => provider(service, call, request).await,
                None => plugin(service, &path, request).await,
            })
        })
    }
}

async fn provider<P: Provider>(service: Arc<Service<P>>, call: &str, request: http::Request<Incoming>) -> Reply {
    macro_rules! calls {
        ($($name:literal => $method:ident),* $(,)?) => {
            match call {
                $($name => unary(request, async move |message| service.$method(message).await).await,)*
                "ListResource" => streaming(request, |message| service.list_resource(message)).await,
                "InvokeAction" => streaming(request, |message| service.invoke_action(message)).await,
                _ => unimplemented(),
            }
        };
    }
    calls! {
        "GetMetadata" => get_metadata,
        "GetProviderSchema" => get_provider_schema,
        "GetResourceIdentitySchemas" => get_resource_identity_schemas,
        "ValidateProviderConfig" => validate_provider_config,
        "ConfigureProvider" => configure_provider,
        "StopProvider" => stop_provider,
        "ValidateResourceConfig" => validate_resource_config,
        "UpgradeResourceState" => upgrade_resource_state,
        "UpgradeResourceIdentity" => upgrade_resource_identity,
        "ReadResource" => read_resource,
        "PlanResourceChange" => plan_resource_change,
        "ApplyResourceChange" => apply_resource_change,
        "ImportResourceState" => import_resource_state,
        "MoveResourceState" => move_resource_state,
        "GenerateResourceConfig" => generate_resource_config,
        "ValidateDataResourceConfig" => validate_data_resource_config,
        "ReadDataSource" => read_data_source,
        "ValidateEphemeralResourceConfig" => validate_ephemeral_resource_config,
        "OpenEphemeralResource" => open_ephemeral_resource,
        "RenewEphemeralResource" => renew_ephemeral_resource,
        "CloseEphemeralResource" => close_ephemeral_resource,
        "GetFunctions" => get_functions,
        "CallFunction" => call_function,
        "ValidateListResourceConfig" => validate_list_resource_config,
        "ValidateActionConfig" => validate_action_config,
        "PlanAction" => plan_action,
    }
}

/// What go-plugin, which Terraform starts its providers with, asks of any plugin.
async fn plugin<P: Provider>(service: Arc<Service<P>>, path: &str, request: http::Request<Incoming>) -> Reply {
    let shutdown = service.shutdown.clone();
    match path {
        // Without it each process costs the two seconds after which Terraform kills it.
        "/plugin.GRPCController/Shutdown" => {
            answer(request, async move |_: Empty| {
                shutdown.cancel();
                Ok(Empty {})
            })
            .await
        }
        "/grpc.health.v1.Health/Check" => answer(request, async |asked: HealthCheckRequest| healthy(&asked)).await,
        // Standard output is the handshake's, and logs go to standard error: nothing ever comes here, and the stream has to stay
        // open all the same.
        "/plugin.GRPCStdio/StreamStdio" => {
            let ended = async move { shutdown.cancelled().await }.into_stream();
            let nothing = futures::StreamExt::filter_map(ended, |()| std::future::ready(None));
            streaming(request, |_: Empty| -> Events<StdioData> { Box::pin(nothing) }).await
        }
        // Nothing of Terraform's is called back.
        "/plugin.GRPCBroker/StartStream" => {
            let ended = async move { shutdown.cancelled().await }.into_stream();
            let nothing = futures::StreamExt::filter_map(ended, |()| std::future::ready(None));
            let open = move |_: Request<tonic::Streaming<ConnInfo>>| {
                let nothing: Events<ConnInfo> = Box::pin(nothing);
                std::future::ready(Ok::<_, Status>(Response::new(nothing)))
            };
            grpc().streaming(once(open), request).await
        }
        _ => unimplemented(),
    }
}

fn healthy(asked: &HealthCheckRequest) -> Result<HealthCheckResponse, Status> {
    match asked.service.as_str() {
        "" | "plugin" | "tfplugin6.Provider" => Ok(HealthCheckResponse { status: ServingStatus::Serving.into() }),
        other => Err(Status::not_found(format!("no service {other:?}"))),
    }
}

fn grpc<Answer: Message + 'static, Question: Message + Default + 'static>() -> Grpc<ProstCodec<Answer, Question>> {
    Grpc::new(ProstCodec::default())
        .max_decoding_message_size(LARGEST_MESSAGE)
        .max_encoding_message_size(LARGEST_MESSAGE)
}

/// A service of one call.
fn once<Q, F, Fut, A>(
    call: F,
) -> impl tower::Service<
    Request<Q>,
    Response = Response<A>,
    Error = Status,
    Future = BoxFuture<'static, Result<Response<A>, Status>>,
> + Clone
where
    F: FnOnce(Request<Q>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<Response<A>, Status>> + Send + 'static,
{
    let call = Arc::new(std::sync::Mutex::new(Some(call)));
    tower::service_fn(move |request| {
        let call = call.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        match call {
            Some(call) => call(request).boxed(),
            None => async { Err(Status::internal("called twice")) }.boxed(),
        }
    })
}

async fn answer<Q, A, F, Fut>(request: http::Request<Incoming>, call: F) -> Reply
where
    Q: Message + Default + 'static,
    A: Message + 'static,
    F: FnOnce(Q) -> Fut + Send + 'static,
    Fut: Future<Output = Result<A, Status>> + Send + 'static,
{
    let call = move |request: Request<Q>| call(request.into_inner()).map(|answer| answer.map(Response::new));
    grpc().unary(once(call), request).await
}

/// A call of the protocol: what goes wrong in it is said in its answer.
async fn unary<Q, A, F, Fut>(request: http::Request<Incoming>, call: F) -> Reply
where
    Q: Message + Default + 'static,
    A: Message + Failed + 'static,
    F: FnOnce(Q) -> Fut + Send + 'static,
    Fut: Future<Output = Result<A>> + Send + 'static,
{
    answer(request, move |question| {
        let answer = AssertUnwindSafe(call(question)).catch_unwind();
        answer.map(|answer| {
            let answer = answer.unwrap_or_else(|_| Err(panicked()));
            Ok(answer.unwrap_or_else(|diagnostics| A::failed(&diagnostics)))
        })
    })
    .await
}

async fn streaming<Q, A, F>(request: http::Request<Incoming>, call: F) -> Reply
where
    Q: Message + Default + 'static,
    A: Message + 'static,
    F: FnOnce(Q) -> Events<A> + Send + 'static,
{
    let call =
        move |request: Request<Q>| std::future::ready(Ok::<_, Status>(Response::new(call(request.into_inner()))));
    grpc().server_streaming(once(call), request).await
}

fn unimplemented() -> Reply {
    let mut reply = http::Response::new(Body::empty());
    let headers = reply.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", http::HeaderValue::from(Code::Unimplemented as i32));
    reply
}
