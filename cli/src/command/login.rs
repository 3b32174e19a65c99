use monkeyci_client::Client;

use crate::error::{CliError, Exit};
use crate::remote::{Known, Login};
use crate::secret;

/// Log in to a server
///
/// Checks the token and keeps it in `~/.config/monkeyci/servers.toml`, which only you can read. From then on this server is
/// the one that is meant.
#[derive(Debug, clap::Args)]
pub struct LoginArgs {
    /// The server's address
    #[arg(value_name = "URL")]
    url: String,
    /// Read the token from standard input, instead of asking for it
    #[arg(long)]
    token_stdin: bool,
}

/// Keeps a token that is good.
pub fn run(args: &LoginArgs) -> Result<Exit, CliError> {
    let known = Known::of_user()?;
    let server = Client::new(&args.url, None)?.url().to_owned();
    let token = if args.token_stdin { Some(secret::piped()?) } else { secret::typed(&format!("Token for {server}")) };
    let none =
        || CliError::usage("there is no terminal to ask for the token").hint("`--token-stdin` reads it from a pipe");
    let token = token.ok_or_else(none)?.trim().to_owned();
    if token.is_empty() {
        return Err(CliError::usage("the token is empty")
            .hint("the server's page makes one, and so does `monkeyci token create`"));
    }
    let me = super::runtime()?.block_on(Client::new(&server, Some(&token))?.me());
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
