//! A client of the protocol.

use std::path::PathBuf;
use std::sync::Arc;

use http::uri::PathAndQuery;
use hyper_util::rt::TokioIo;
use prost::Message;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore};
use tfplugin::proto::{DynamicValue, configure_provider};
use tfplugin::{Object, Reattach, Type, Value};
use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, Streaming};
use tonic_prost::ProstCodec;

use crate::files::{Files, plugin};

/// What a client shows to be let in.
#[derive(Clone)]
pub struct Identity {
    pub certificate: CertificateDer<'static>,
    pub key: Vec<u8>,
    pub pem: String,
}

impl Identity {
    /// As go-plugin makes them: signed by itself, an authority of its own, on P-521.
    pub fn new() -> Self {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512).expect("a key");
        let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("a name");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate");
        Self { pem: certificate.pem(), certificate: certificate.der().clone(), key: key.serialize_der() }
    }
}

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

    /// With TLS, to the server with this certificate.
    pub async fn secure(socket: PathBuf, server: Vec<u8>, identity: Option<Identity>) -> Result<Self, String> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(server)).expect("a certificate");
        let builder =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
        let builder = builder.with_root_certificates(roots);
        let mut config = match identity {
            Some(identity) => {
                let key = PrivateKeyDer::try_from(identity.key).expect("a key");
                let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).expect("a kind of key");
                // A thief may have a key that does not belong to the certificate.
                let pair = CertifiedKey::new(vec![identity.certificate], key);
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(pair)))
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        let tls = TlsConnector::from(Arc::new(config));
        let connector = tower::service_fn(move |_| {
            let (socket, tls) = (socket.clone(), tls.clone());
            async move {
                let stream = UnixStream::connect(socket).await?;
                let name = ServerName::try_from("localhost").expect("a name");
                tls.connect(name, stream).await.map(TokioIo::new)
            }
        });
        let endpoint = Endpoint::from_static("http://localhost");
        endpoint.connect_with_connector(connector).await.map(Self::over).map_err(|error| format!("{error:?}"))
    }

    fn over(channel: Channel) -> Self {
        Self { grpc: Grpc::new(channel).max_decoding_message_size(256 << 20) }
    }

    /// A provider in this process, and a folder that it is configured with.
    pub async fn in_folder() -> (Self, Reattach, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a folder");
        let provider = Reattach::start(plugin()).expect("it starts");
        let mut client = Self::plain(provider.socket().to_owned()).await;
        client.configure(folder.path().to_str().expect("UTF-8")).await;
        (client, provider, folder)
    }

    pub async fn configure(&mut self, folder: &str) {
        let config = object([("folder", folder.into())]);
        let request = configure_provider::Request { config: wire::<Files>(&config), ..Default::default() };
        let answer: configure_provider::Response = self.ask("ConfigureProvider", request).await;
        assert_eq!(answer.diagnostics, []);
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
