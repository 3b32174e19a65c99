//! A client of the protocol, over a socket without TLS. Other crates take this file in by its path.

use std::path::PathBuf;

use http::uri::PathAndQuery;
use hyper_util::rt::TokioIo;
use prost::Message;
use tfplugin::proto::DynamicValue;
use tfplugin::{Object, Type, Value};
use tokio::net::UnixStream;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, Streaming};
use tonic_prost::ProstCodec;

pub struct Client {
    grpc: Grpc<Channel>,
}

impl Client {
    /// Through a socket without TLS.
    pub async fn plain(socket: PathBuf) -> Self {
        let connector = tower::service_fn(move |_| {
            let socket = socket.clone();
            async move { UnixStream::connect(socket).await.map(TokioIo::new) }
        });
        let endpoint = Endpoint::from_static("http://localhost");
        Self::over(endpoint.connect_with_connector(connector).await.expect("it listens"))
    }

    pub fn over(channel: Channel) -> Self {
        Self { grpc: Grpc::new(channel).max_decoding_message_size(256 << 20) }
    }

    /// A call of the protocol.
    pub async fn ask<Q: Message + 'static, A: Message + Default + 'static>(&mut self, call: &str, question: Q) -> A {
        self.try_ask(&format!("/tfplugin6.Provider/{call}"), question).await.expect("it answers")
    }

    pub async fn try_ask<Q: Message + 'static, A: Message + Default + 'static>(
        &mut self,
        path: &str,
        question: Q,
    ) -> Result<A, Status> {
        self.grpc.ready().await.expect("it is there");
        let path = PathAndQuery::try_from(path).expect("a path");
        let codec = ProstCodec::<Q, A>::default();
        Ok(self.grpc.unary(Request::new(question), path, codec).await?.into_inner())
    }

    pub async fn stream<Q: Message + 'static, A: Message + Default + 'static>(
        &mut self,
        path: &str,
        question: Q,
    ) -> Streaming<A> {
        self.grpc.ready().await.expect("it is there");
        let path = PathAndQuery::try_from(path).expect("a path");
        let codec = ProstCodec::<Q, A>::default();
        self.grpc.server_streaming(Request::new(question), path, codec).await.expect("it answers").into_inner()
    }
}

/// An object with these attributes, and null for all others.
pub fn object<const N: usize>(attributes: [(&str, Value); N]) -> Value {
    Value::Map(attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// As it goes over the wire.
pub fn wire<T: Object>(value: &Value) -> Option<DynamicValue> {
    Some(DynamicValue { msgpack: value.to_msgpack(&T::schema().ty()), json: Vec::new() })
}

pub fn unwire(value: Option<DynamicValue>, ty: &Type) -> Value {
    Value::from_msgpack(&value.expect("a value").msgpack, ty).expect("of this type")
}
