use monkeyci_client::rest::{ChatIdentity, LinkRequest};

use crate::error::{CliError, Exit};
use crate::remote::OutputArgs;
use crate::runtime::Runtime;
use crate::ui::{table, when};

/// Say who you are in a chat, with the code that was told to you there
///
/// From then on the chat's integration may do what you ask it to, as you. Without a code, the users of chats are listed that
/// you are.
#[derive(Debug, clap::Args)]
pub struct LinkArgs {
    /// The code
    #[arg(value_name = "CODE")]
    code: Option<String>,
    /// Only show what the code asks
    #[arg(long, requires = "code")]
    dry_run: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// Let nobody act as you by a user of a chat any more
#[derive(Debug, clap::Args)]
pub struct UnlinkArgs {
    /// The organisation
    #[arg(value_name = "ORG")]
    org: String,
    /// The user of the chat, as `slack:T123/U456`
    #[arg(value_name = "USER", value_parser = user)]
    user: (String, String),
    #[command(flatten)]
    output: OutputArgs,
}

/// Links a chat, or lists those that are.
pub fn link(args: &LinkArgs) -> Result<Exit, CliError> {
    let client = args.output.connect()?.client;
    Runtime::new()?.block_on(async {
        let Some(code) = &args.code else {
            let found = client.own_chat_identities().all().await?;
            return args.output.print(&found, |style| {
                let now = when::now();
                let rows: Vec<_> = found.iter().map(|found| row(found, now)).collect();
                table::list("You are nobody in any chat", ["ORG", "USER", "CALLED", "LINKED", "BY"], &rows, style)
            });
        };
        if args.dry_run {
            let asked = client.preview_link(code).await?;
            return args.output.print(&asked, |_| format!("{}\n", super::safe(&sentence(&asked))));
        }
        let linked = client.confirm_link(code).await?;
        args.output.print(&linked, |_| {
            let ChatIdentity { org, provider, subject, .. } = &linked;
            super::safe(&format!("{provider}:{subject} is you in `{org}` from now on")) + "\n"
        })
    })
}

/// Takes a link away.
pub fn unlink(args: &UnlinkArgs) -> Result<Exit, CliError> {
    let client = args.output.connect()?.client;
    let (provider, subject) = &args.user;
    Runtime::new()?.block_on(client.unlink_chat(&args.org, provider, subject))?;
    super::print(&format!("{provider}:{subject} is you no more in `{}`\n", args.org))
}

fn user(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once(':').map(|(provider, subject)| (provider.to_owned(), subject.to_owned()));
    parts.ok_or_else(|| "a user of a chat is written as `slack:T123/U456`".to_owned())
}

/// What a code asks.
fn sentence(LinkRequest { org, integration, provider, subject, name }: &LinkRequest) -> String {
    let called = name.as_ref().map(|name| format!(", who is called {name} there,")).unwrap_or_default();
    format!("`{integration}` asks whether {provider}:{subject}{called} is you in `{org}`")
}

fn row(found: &ChatIdentity, now: i64) -> [String; 5] {
    let ChatIdentity { org, provider, subject, name, integration, created, .. } = found;
    let by = integration.clone().unwrap_or_else(|| "an owner".into());
    let name = name.clone().unwrap_or_default();
    [org.to_string(), format!("{provider}:{subject}"), name, when::about(*created, now), by]
}
