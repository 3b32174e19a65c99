use std::io::IsTerminal as _;
use std::path::PathBuf;

use monkeyci_api::Config;
use monkeyci_api::account::{Account, Auth};
use monkeyci_api::doctor::tenancy::{self, Tenancy};
use monkeyci_api::doctor::{Finding, Health, examine, oci};
use monkeyci_api::master_key::oci::OciVault;

use crate::error::{CliError, Exit};
use crate::hook::settings::{Settings, Start};
use crate::runtime::Runtime;
use crate::ui::style::Tone;
use crate::ui::table;

/// Look at what a server stands on: configuration, disk, database, keys, git, containers, addresses
///
/// The server may run meanwhile. A database that none uses is opened as a server would, which makes its tables or brings
/// them up to date; nothing else is changed. The exit code is 1 where something keeps the server from working.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct DoctorArgs {
    #[command(subcommand)]
    other: Option<Other>,
    /// The configuration of the server
    #[arg(short, long, value_name = "FILE", env = "MONKEYCI_SERVER_CONFIG")]
    config: Option<PathBuf>,
    /// The folder that it keeps everything in [default: monkeyci-server]
    #[arg(long, value_name = "DIR", env = "MONKEYCI_SERVER_STATE")]
    state: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What else is looked at.
#[derive(Debug, clap::Subcommand)]
enum Other {
    /// Look whether Oracle Cloud knows you, and lets builds run: key, clock, policies, room, network, queue, bucket
    ///
    /// With `--config`, as the server's `[oci-vault]` says, and for its secret too; with `--hook`, as the settings of a front
    /// door say, and for all that it uses. Nothing is changed.
    Oci(Box<OciArgs>),
}

#[derive(Debug, clap::Args)]
struct OciArgs {
    /// The configuration of the server
    #[arg(short, long, value_name = "FILE", env = "MONKEYCI_SERVER_CONFIG")]
    config: Option<PathBuf>,
    /// The settings of a front door (`monkeyci hook`)
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    hook: Option<PathBuf>,
    /// The compartment of container instances: may they be made, and is there room?
    #[arg(long, value_name = "ID")]
    compartment: Option<String>,
    /// The subnet of jobs: do they reach what they need?
    #[arg(long, value_name = "ID")]
    subnet: Option<String>,
    /// The queue of triggers: may it be used, and what waits?
    #[arg(long, value_name = "ID")]
    queue: Option<String>,
    /// The bucket of builds: may it be used, and is it nobody else's?
    #[arg(long, value_name = "NAME")]
    bucket: Option<String>,
    /// Where all services are, for a private endpoint [default: those of the region]
    #[arg(long, value_name = "URL", hide = true)]
    endpoint: Option<String>,
    /// The profile of the configuration file [default: DEFAULT]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The configuration file of Oracle's tools [default: ~/.oci/config]
    #[arg(long, value_name = "FILE")]
    config_file: Option<PathBuf>,
    /// As whom to ask: config-file, instance-principal, resource-principal [default: config-file]
    #[arg(long, value_name = "WHO", value_parser = auth)]
    auth: Option<Auth>,
    /// The region [default: that of whoever asks]
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn auth(text: &str) -> Result<Auth, String> {
    let known = "it is config-file, instance-principal or resource-principal";
    serde_json::from_value(text.into()).map_err(|_| known.to_owned())
}

impl OciArgs {
    fn cloud(&self) -> Result<OciVault, CliError> {
        let mut cloud = match &self.config {
            Some(path) => Config::read(path).map_err(|error| CliError::usage(error.to_string()))?.oci_vault,
            None => OciVault::default(),
        };
        if let Some(profile) = &self.profile {
            cloud.profile.clone_from(profile);
        }
        cloud.auth = self.auth.unwrap_or(cloud.auth);
        cloud.region = self.region.clone().or(cloud.region);
        cloud.config_file = self.config_file.clone().or(cloud.config_file);
        cloud.endpoint = self.endpoint.clone().or(cloud.endpoint);
        Ok(cloud)
    }

    /// What else is to be looked at, and as whom.
    fn tenancy(&self, cloud: &mut OciVault) -> Result<Tenancy, CliError> {
        let mut tenancy = Tenancy::default();
        if let Some(path) = &self.hook {
            let settings = Settings::read(Some(path)).map_err(CliError::usage)?;
            tenancy.queue = Some(settings.to).filter(|to| to.starts_with("ocid1.queue."));
            if let Some(Start::Container(container)) = settings.start {
                (tenancy.compartment, tenancy.subnet) = (Some(container.compartment), Some(container.subnet));
            }
            let Account { auth, config_file, profile, region } = settings.oci;
            cloud.auth = self.auth.unwrap_or(auth);
            cloud.config_file = self.config_file.clone().or(config_file);
            cloud.profile = self.profile.clone().unwrap_or(profile);
            cloud.region = self.region.clone().or(region);
        }
        tenancy.account = cloud.account();
        tenancy.endpoint.clone_from(&self.endpoint);
        tenancy.compartment = self.compartment.clone().or(tenancy.compartment);
        tenancy.subnet = self.subnet.clone().or(tenancy.subnet);
        tenancy.queue = self.queue.clone().or(tenancy.queue);
        tenancy.bucket.clone_from(&self.bucket);
        Ok(tenancy)
    }
}

/// Looks, and tells what was found.
pub fn run(args: &DoctorArgs) -> Result<Exit, CliError> {
    if let Some(Other::Oci(args)) = &args.other {
        let mut cloud = args.cloud()?;
        let tenancy = args.tenancy(&mut cloud)?;
        let found = Runtime::new()?.block_on(async {
            let mut found = oci::examine(&cloud).await;
            // Who is not known is let in nowhere.
            if !found.iter().any(|finding| finding.health == Health::Bad) {
                found.extend(tenancy::examine(&tenancy).await);
            }
            found
        });
        return told(&found, args.json);
    }
    let mut config = match &args.config {
        Some(path) => Config::read(path).map_err(|error| CliError::usage(error.to_string()))?,
        None => Config::default(),
    };
    if let Some(state) = &args.state {
        config.state.clone_from(state);
    }
    let found = Runtime::new()?.block_on(examine(&config));
    told(&found, args.json)
}

fn told(found: &[Finding], json: bool) -> Result<Exit, CliError> {
    let is_bad = found.iter().any(|finding| finding.health == Health::Bad);
    if json {
        let text = serde_json::to_string_pretty(found).expect("findings are JSON");
        super::print(&format!("{text}\n"))?;
    } else {
        super::print(&drawn(found))?;
    }
    Ok(if is_bad { Exit::Failed } else { Exit::Success })
}

fn drawn(found: &[Finding]) -> String {
    let rows: Vec<_> = found
        .iter()
        .map(|finding| {
            let health = match finding.health {
                Health::Good => "good",
                Health::Doubtful => "doubtful",
                Health::Bad => "bad",
            };
            [finding.what.to_owned(), health.to_owned(), finding.told.clone()]
        })
        .collect();
    let tone = |row: usize, column: usize| match found[row].health {
        Health::Bad if column == 1 => Some(Tone::Bad),
        Health::Doubtful if column == 1 => Some(Tone::Waiting),
        Health::Good if column == 1 => Some(Tone::Good),
        _ => None,
    };
    table::draw_in(["WHAT", "HEALTH", "SEEN"], &rows, super::style_of(std::io::stdout().is_terminal()), tone)
}
