use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use monkeyci_core::model::OrgId;

use crate::error::{CliError, Exit};
use crate::remote::OutputArgs;
use crate::runtime::Runtime;
use crate::terraform::{self, Written};

/// What is set up on the server, as code for Terraform
#[derive(Debug, clap::Args)]
pub struct TfArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Write resources for what there is, with blocks that import it; secrets become variables
    Export(ExportArgs),
}

#[derive(Debug, clap::Args)]
struct ExportArgs {
    /// Only of this organisation (repeatable) [default: of all that you may see]
    #[arg(short, long, value_name = "ORG")]
    org: Vec<OrgId>,
    /// The folder that the files are written to, which is made where it is not there
    #[arg(long, value_name = "DIR", default_value = "terraform")]
    out: PathBuf,
    /// Where Terraform gets the provider from
    #[arg(long, value_name = "SOURCE", default_value = "ci.example.com/monkeyci/monkeyci")]
    source: String,
    /// Write over files that are there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// Writes the configuration.
pub fn run(args: &TfArgs) -> Result<Exit, CliError> {
    let Command::Export(args) = &args.command;
    Runtime::new()?.block_on(export(args))
}

async fn export(args: &ExportArgs) -> Result<Exit, CliError> {
    let server = args.output.connect()?;
    let orgs = match args.org.is_empty() {
        true => server.client.orgs().all().await?.into_iter().map(|org| org.id).collect(),
        false => args.org.clone(),
    };
    let mut exports = Vec::new();
    for org in &orgs {
        exports.push(server.client.org(org).export().await?);
    }
    let Written { files, count } = terraform::configuration(server.client.url(), &args.source, &exports);
    write(&args.out, &files, args.force)?;
    let has_secrets = files.contains_key("variables.tf");
    let written: Vec<String> = files.into_keys().collect();
    args.output.print(&serde_json::json!({ "folder": args.out, "files": written, "resources": count }), |_| {
        let secrets = if has_secrets { ", give the secrets that `variables.tf` names" } else { "" };
        format!(
            "Wrote {count} resources to `{}`; look at them{secrets}, then `terraform init` and `terraform apply` there\n",
            args.out.display()
        )
    })
}

fn write(folder: &Path, files: &BTreeMap<String, String>, force: bool) -> Result<(), CliError> {
    let refused = |path: &Path, error: &std::io::Error| CliError::usage(format!("`{}`: {error}", path.display()));
    // Before anything is written.
    if let Some(there) = files.keys().map(|name| folder.join(name)).find(|path| !force && path.exists()) {
        let told = CliError::usage(format!("`{}` is there already", there.display()));
        return Err(told.hint("`--out DIR` names another folder, and `--force` writes over it"));
    }
    std::fs::create_dir_all(folder).map_err(|error| refused(folder, &error))?;
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|error| refused(&path, &error))?;
    }
    Ok(())
}
