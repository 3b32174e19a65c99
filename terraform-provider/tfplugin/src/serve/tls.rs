//! Both sides know each other: AutoMTLS, as go-plugin has it.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme};
use tokio_rustls::TlsAcceptor;

/// Lets in the one client whose certificate this is, and gives the certificate that it will find, in DER.
pub(super) fn mutual(client: &str) -> Result<(TlsAcceptor, Vec<u8>), String> {
    let client = CertificateDer::from_pem_slice(client.as_bytes())
        .map_err(|error| format!("PLUGIN_CLIENT_CERT is no certificate: {error}"))?;
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()])
        .map_err(|error| format!("the provider cannot make its certificate: {error}"))?;
    let certificate = own.cert.der().clone();
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der())
        .map_err(|error| format!("the provider cannot make its key: {error}"))?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let only = Arc::new(OnlyThis { certificate: client, provider: Arc::clone(&provider) });
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map(|builder| builder.with_client_cert_verifier(only))
        .and_then(|builder| builder.with_single_cert(vec![certificate.clone()], key))
        .map_err(|error| format!("the provider cannot set up TLS: {error}"))?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok((TlsAcceptor::from(Arc::new(config)), certificate.to_vec()))
}

/// Lets in whoever has this very certificate, and its key. It signs itself and says of itself that it is an authority, so
/// rules for chains of certificates refuse it.
#[derive(Debug)]
struct OnlyThis {
    certificate: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for OnlyThis {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        presented: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if *presented == self.certificate {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
