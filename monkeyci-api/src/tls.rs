//! TLS of our own, for servers without a proxy in front of them.
//!
//! The certificate is read again when its files change, so that one that is renewed in its place is served without a
//! restart. One that cannot be read keeps the former in use.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::config;

/// How often is looked whether the files changed.
const LOOK: Duration = Duration::from_secs(30);

/// A certificate that is served, and its files.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    served: Arc<Served>,
}

/// The certificate as it is served now.
#[derive(Debug)]
struct Served {
    files: Files,
    key: RwLock<(Stamp, Arc<CertifiedKey>)>,
}

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// When the files were written: that of the certificate, and that of its key.
type Stamp = [Option<SystemTime>; 2];

impl Tls {
    /// Reads a certificate and its key, where the configuration names them.
    ///
    /// # Errors
    /// What is wrong with which file.
    pub fn open(config: &config::Tls) -> Result<Option<Self>, String> {
        let (Some(certificate), Some(key)) = (config.certificate.clone(), config.key.clone()) else { return Ok(None) };
        let files = Files { certificate, key };
        let read = (files.stamp(), files.read()?);
        let served = Arc::new(Served { files, key: RwLock::new(read) });
        let resolver: Arc<dyn ResolvesServerCert> = Arc::clone(&served) as _;
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        Ok(Some(Self { acceptor: TlsAcceptor::from(Arc::new(config)), served }))
    }

    /// Takes in connections.
    #[must_use]
    pub fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }

    /// Reads the files again whenever they change, until it is stopped.
    pub async fn renew(self, stop: CancellationToken) {
        let mut tick = tokio::time::interval(LOOK);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            self.look();
        }
    }

    fn look(&self) {
        let Served { files, key } = &*self.served;
        let now = files.stamp();
        if key.read().unwrap_or_else(PoisonError::into_inner).0 == now {
            return;
        }
        match files.read() {
            Ok(read) => {
                *key.write().unwrap_or_else(PoisonError::into_inner) = (now, read);
                tracing::info!(certificate = %files.certificate.display(), "another certificate is served");
            }
            Err(error) => tracing::error!(error, "the certificate changed and cannot be used; the former is served"),
        }
    }
}

impl ResolvesServerCert for Served {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.key.read().unwrap_or_else(PoisonError::into_inner).1))
    }
}

impl Files {
    fn stamp(&self) -> Stamp {
        [&self.certificate, &self.key].map(|file| std::fs::metadata(file).and_then(|data| data.modified()).ok())
    }

    fn read(&self) -> Result<Arc<CertifiedKey>, String> {
        let wrong = |file: &Path, why: String| format!("tls: `{}`: {why}", file.display());
        let text = |file: &PathBuf| std::fs::read(file).map_err(|error| wrong(file, error.to_string()));
        let pem = text(&self.certificate)?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let chain = chain.map_err(|error| wrong(&self.certificate, error.to_string()))?;
        if chain.is_empty() {
            return Err(wrong(&self.certificate, "it holds no certificate in PEM".into()));
        }
        let key = PrivateKeyDer::from_pem_slice(&Zeroizing::new(text(&self.key)?));
        let key = key.map_err(|_| wrong(&self.key, "it holds no private key in PEM".into()))?;
        let key = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider());
        key.map(Arc::new).map_err(|error| wrong(&self.key, format!("it does not fit the certificate: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes a certificate and its key in a folder.
    fn made(name: &str, dir: &Path) -> config::Tls {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
        let (certificate, key) = (dir.join("tls.crt"), dir.join("tls.key"));
        std::fs::write(&certificate, made.cert.pem()).expect("writes");
        std::fs::write(&key, made.signing_key.serialize_pem()).expect("writes");
        config::Tls { certificate: Some(certificate), key: Some(key) }
    }

    fn served(tls: &Tls) -> Vec<u8> {
        tls.served.key.read().expect("a key").1.cert[0].to_vec()
    }

    #[test]
    fn a_certificate_that_is_renewed_is_served_and_a_broken_one_keeps_the_former() {
        let dir = tempfile::tempdir().expect("a folder");
        let config = made("one.example.com", dir.path());
        let tls = Tls::open(&config).expect("reads").expect("there is one");
        let first = served(&tls);
        made("two.example.com", dir.path());
        // Whatever the clock of its file system ticks by.
        let later = SystemTime::now() + Duration::from_secs(2);
        let file = std::fs::File::options().write(true).open(dir.path().join("tls.crt")).expect("it is there");
        file.set_modified(later).expect("set");
        tls.look();
        let second = served(&tls);
        assert_ne!(first, second);
        std::fs::write(dir.path().join("tls.key"), "broken").expect("writes");
        tls.look();
        assert_eq!(served(&tls), second);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_file() {
        let dir = tempfile::tempdir().expect("a folder");
        let other = tempfile::tempdir().expect("a folder");
        let config = made("one.example.com", dir.path());
        let told = |config: &config::Tls| Tls::open(config).err().expect("it is refused");
        let another = made("two.example.com", other.path());
        let mixed = config::Tls { key: another.key, ..config.clone() };
        assert!(told(&mixed).contains("does not fit"), "{}", told(&mixed));
        let swapped = config::Tls { certificate: config.key.clone(), key: config.certificate.clone() };
        assert!(told(&swapped).contains("holds no certificate"), "{}", told(&swapped));
        let missing = config::Tls { key: Some(dir.path().join("gone")), ..config };
        assert!(told(&missing).contains("gone"), "{}", told(&missing));
    }
}
