use std::io::IsTerminal as _;

use monkeyci_client::Client;
use monkeyci_client::rest::{Role, Scope};
use monkeyci_core::model::OrgId;

use crate::authorize;
use crate::error::{CliError, Exit};
use crate::remote::{Known, Login};
use crate::runtime::Runtime;
use crate::secret;

/// Log in to a server
///
/// Opens your browser, where you allow it. The token is kept in `~/.config/monkeyci/servers.toml`, which only you can read.
/// From then on this server is the one that is meant.
#[derive(Debug, clap::Args)]
pub struct LoginArgs {
    /// The server's address
    #[arg(value_name = "URL")]
    url: String,
    /// Open no browser here: print the address, and ask for the code that it shows
    #[arg(long)]
    no_browser: bool,
    /// Ask for a token that you have, instead
    #[arg(long, conflicts_with = "no_browser")]
    token: bool,
    /// Read that from standard input
    #[arg(long, conflicts_with_all = ["no_browser", "token"])]
    token_stdin: bool,
    /// Be good for this organisation only
    #[arg(long, value_name = "ORG", requires = "role", conflicts_with_all = ["token", "token_stdin"])]
    org: Option<OrgId>,
    /// What it may do there, at the most
    #[arg(long, value_name = "ROLE", value_parser = super::token::role, requires = "org")]
    role: Option<Role>,
}

/// Keeps a token that is good.
pub fn run(args: &LoginArgs) -> Result<Exit, CliError> {
    let known = Known::of_user()?;
    let server = Client::new(&args.url, None)?.url().to_owned();
    let token = token(args, &server)?;
    if token.is_empty() {
        return Err(CliError::usage("the token is empty")
            .hint("the server's page makes one, and so does `monkeyci token create`"));
    }
    let me = Runtime::new()?.block_on(Client::new(&server, Some(&token))?.me());
    let me = me.map_err(|error| match error.status() {
        Some(401) => CliError::failed(format!("the server at {server} does not know this token"))
            .hint("it may be mistyped, revoked, expired, or one of another server"),
        _ => error.into(),
    })?;
    known.add(&server, Login { name: me.name.clone(), token })?;
    let admin = if me.admin { ", who runs this server" } else { "" };
    let file = known.path().display();
    let mut text = format!("Logged in to {server} as {}{admin}; kept in `{file}`\n", super::safe(&me.name));
    if server.starts_with("http://") && !is_loopback(&server) {
        text.push_str("warning: the token goes over the network in clear text; `https://` would hide it\n");
    }
    super::print(&text)
}

fn is_loopback(server: &str) -> bool {
    let host = server.trim_start_matches("http://");
    ["localhost", "127.", "[::1]"].iter().any(|local| host.starts_with(local))
}

/// The token that is to be kept.
fn token(args: &LoginArgs, server: &str) -> Result<String, CliError> {
    if args.token_stdin {
        return Ok(secret::piped()?.trim().to_owned());
    }
    let is_terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if !is_terminal && (args.token || !(args.no_browser || authorize::has_browser())) {
        return Err(CliError::usage("there is no terminal to ask on")
            .hint("`--token-stdin` reads a token from a pipe")
            .hint("`--no-browser` prints an address, and reads the code that it shows from a pipe"));
    }
    if args.token {
        return Ok(secret::typed(&format!("Token for {server}")).unwrap_or_default().trim().to_owned());
    }
    let scope = args.org.clone().zip(args.role).map(|(org, role)| Scope { org, role });
    let made = Runtime::new()?.block_on(async {
        match args.no_browser {
            true => authorize::by_code(server, scope.as_ref()).await,
            false => authorize::by_browser(server, scope.as_ref()).await,
        }
    });
    Ok(made?.secret)
}
