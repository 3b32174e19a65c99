use monkeyci_client::Client;

use crate::error::{CliError, Exit};
use crate::remote::Known;

/// Forget the token of a server
///
/// The token itself stays good; `monkeyci token revoke` ends it.
#[derive(Debug, clap::Args)]
pub struct LogoutArgs {
    /// The server's address [default: the one that you have logged in to last]
    #[arg(value_name = "URL")]
    url: Option<String>,
}

/// Forgets a login.
pub fn run(args: &LogoutArgs) -> Result<Exit, CliError> {
    let known = Known::of_user()?;
    let server = match &args.url {
        Some(url) => Client::new(url, None)?.url().to_owned(),
        None => known.read()?.default.ok_or_else(|| CliError::usage("you are logged in to no server"))?,
    };
    if !known.remove(&server)? {
        return Err(CliError::usage(format!("you are not logged in to {server}")));
    }
    super::print(&format!("Logged out of {server}; its token is forgotten here, and still good\n"))
}
