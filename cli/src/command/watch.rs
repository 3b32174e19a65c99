use crate::error::{CliError, Exit};
use crate::remote::{BuildName, OutputArgs, watch};
use crate::runtime::Runtime;
use crate::stored::{self, StoreArgs};
use crate::ui;

/// Watch a build of the server
///
/// Ctrl-C ends the watching; the build goes on. Ends with the code that `monkeyci build` would.
#[derive(Debug, clap::Args)]
pub struct WatchArgs {
    /// The build, as in `acme/web/42` or `42` [default: the newest of this checkout's repository]
    #[arg(value_name = "BUILD")]
    build: Option<BuildName>,
    /// Show only what went wrong, and the end
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Shows a build to its end.
pub fn run(args: &WatchArgs) -> Result<Exit, CliError> {
    Runtime::new()?.block_on(async {
        if let Some(stored) = args.store.open().await? {
            let id = stored.build(args.build.as_ref()).await?.build;
            let mut view = ui::view(args.output.json, args.quiet);
            return stored::watch(&stored, &id, &mut *view).await;
        }
        let server = args.output.connect()?;
        let (id, build) = server.build(args.build.as_ref()).await?;
        let mut view = ui::view(args.output.json, args.quiet);
        watch(&id, build, &mut *view).await
    })
}
