//! The `provider` block.

use std::path::Path;

use monkeyci_client::Client;
use tfplugin::{Diagnostic, Object, Provider, Result, Secret};

use crate::server::Server;

/// Sets up a MonkeyCI server.
#[derive(Debug, Object)]
#[object(at_most_one_of(["token", "token_file"]))]
pub struct MonkeyCi {
    /// The server's address, as `https://ci.example.com`. The variable `MONKEYCI_SERVER` when it is not set.
    url: Option<String>,
    /// The API token to ask with. The variable `MONKEYCI_TOKEN` when it is not set.
    token: Option<Secret>,
    /// A file that holds the token, and nothing else.
    token_file: Option<String>,
    /// The organisation of objects that do not name theirs. The variable `MONKEYCI_ORG` when it is not set.
    org: Option<String>,
    /// A file with certificates in PEM of authorities that may have signed the server's, beside those that the system trusts.
    authorities: Option<String>,
}

impl Provider for MonkeyCi {
    type Client = Server;
    const NAME: &'static str = "monkeyci";

    async fn configure(self) -> Result<Server> {
        let url = self.url.or_else(|| variable("MONKEYCI_SERVER")).ok_or_else(|| {
            let detail = "Set `url`, or the variable MONKEYCI_SERVER, to the address of your MonkeyCI server.";
            Diagnostic::error("No server", detail).at("url")
        })?;
        let token = match (self.token, &self.token_file) {
            (Some(token), _) => Some(token),
            (None, Some(file)) => Some(Secret::new(read("token_file", file)?.trim())),
            (None, None) => variable("MONKEYCI_TOKEN").map(Secret::new),
        };
        let authorities = self.authorities.as_deref().map(|file| read("authorities", file)).transpose()?;
        let authorities = authorities.as_ref().map(String::as_bytes);
        // Its errors repeat neither the address, which may hold a password, nor the token.
        let client = Client::trusting(&url, token.as_ref().map(Secret::expose), authorities)
            .map_err(|error| Diagnostic::error("Provider cannot be configured", format!("{error}.")))?;
        Ok(Server::new(client, self.org.or_else(|| variable("MONKEYCI_ORG"))))
    }
}

/// A variable of the environment that is set to something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What a file holds that an attribute names.
fn read(attribute: &str, file: &str) -> Result<String> {
    let unreadable = |error| {
        Diagnostic::error("File cannot be read", format!("`{attribute}` names {file:?}: {error}.")).at(attribute)
    };
    Ok(std::fs::read_to_string(Path::new(file)).map_err(unreadable)?)
}
