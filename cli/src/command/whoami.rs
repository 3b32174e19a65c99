use std::collections::BTreeMap;

use monkeyci_client::rest::Role;
use monkeyci_core::model::{OrgId, RepoId};

use crate::error::{CliError, Exit};
use crate::remote::OutputArgs;
use crate::runtime::Runtime;
use crate::ui::table;

/// Show who you are on the server, and what you may do there
#[derive(Debug, clap::Args)]
pub struct WhoamiArgs {
    #[command(flatten)]
    output: OutputArgs,
}

/// Asks the server who asks.
pub fn run(args: &WhoamiArgs) -> Result<Exit, CliError> {
    let server = args.output.connect()?;
    let me = Runtime::new()?.block_on(server.client.me())?;
    args.output.print(&me, |style| {
        let admin = if me.admin { ", who runs this server" } else { "" };
        let via = me.via.as_deref().map(|via| format!(" via {}", super::safe(via))).unwrap_or_default();
        let mut text = format!("{}{via}{admin}, on {}\n", super::safe(&me.name), server.client.url());
        if !me.orgs.is_empty() {
            let rows: Vec<_> = me.orgs.iter().map(|(org, role)| [org.to_string(), role.as_str().to_owned()]).collect();
            text.push('\n');
            text.push_str(&table::draw(["ORG", "ROLE"], &rows, style));
        }
        let roles = |(org, repos): (&OrgId, &BTreeMap<RepoId, Role>)| {
            let row = |(repo, role): (&RepoId, &Role)| [format!("{org}/{repo}"), role.as_str().to_owned()];
            repos.iter().map(row).collect::<Vec<_>>()
        };
        let rows: Vec<_> = me.repos.iter().flat_map(roles).collect();
        if !rows.is_empty() {
            text.push('\n');
            text.push_str(&table::draw(["REPOSITORY", "ROLE"], &rows, style));
        }
        text
    })
}
