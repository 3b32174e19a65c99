//! How Terraform and a provider find each other: go-plugin's handshake.

use std::env;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

const COOKIE: &str = "TF_PLUGIN_MAGIC_COOKIE";
const COOKIE_VALUE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// What Terraform said in the environment.
pub(super) struct Handshake {
    /// Its certificate, in PEM; none where TLS is switched off.
    pub client_certificate: Option<String>,
    pub socket_dir: Option<PathBuf>,
    pub socket_group: Option<String>,
    asks_for_multiplexing: bool,
}

impl Handshake {
    pub(super) fn from_env() -> Result<Self, String> {
        let text = |name: &str| env::var(name).ok().filter(|text| !text.is_empty());
        if text(COOKIE).as_deref() != Some(COOKIE_VALUE) {
            return Err("This program is a plugin, and is not run by itself. Terraform starts it once a configuration asks for \
                        its provider."
                .to_owned());
        }
        if text("PLUGIN_PROTOCOL_VERSIONS").is_some_and(|versions| !versions.split(',').any(|one| one.trim() == "6")) {
            return Err("This provider speaks plugin protocol 6, which Terraform has since version 1.0.".to_owned());
        }
        Ok(Self {
            client_certificate: text("PLUGIN_CLIENT_CERT"),
            socket_dir: text("PLUGIN_UNIX_SOCKET_DIR").map(PathBuf::from),
            socket_group: text("PLUGIN_UNIX_SOCKET_GROUP"),
            asks_for_multiplexing: text("PLUGIN_MULTIPLEX_GRPC").is_some(),
        })
    }

    /// The one line of the answer. The certificate is in DER.
    pub(super) fn line(&self, socket: &Path, certificate: Option<&[u8]>) -> String {
        let certificate = certificate.map(|der| STANDARD_NO_PAD.encode(der)).unwrap_or_default();
        let multiplexing = if self.asks_for_multiplexing { "|false" } else { "" };
        format!("1|6|unix|{}|grpc|{certificate}{multiplexing}", socket.display())
    }
}
