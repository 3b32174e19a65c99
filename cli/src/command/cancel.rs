use crate::error::{CliError, Exit};
use crate::remote::{BuildName, OutputArgs};
use crate::runtime::Runtime;
use crate::stored::{self, StoreArgs};

/// Stop a build of the server
#[derive(Debug, clap::Args)]
pub struct CancelArgs {
    /// The build, as in `acme/web/42` or `42` [default: the newest of this checkout's repository]
    #[arg(value_name = "BUILD")]
    build: Option<BuildName>,
    /// Say why
    #[arg(short, long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Cancels a build.
pub fn run(args: &CancelArgs) -> Result<Exit, CliError> {
    if args.store.is_named() {
        let (stored, id) = Runtime::new()?.block_on(async {
            let stored = args.store.open_some().await?;
            let row = stored.build(args.build.as_ref()).await?;
            stored::cancel(&stored, &row, args.reason.as_deref()).await?;
            Ok::<_, CliError>((stored, row.build))
        })?;
        let left = serde_json::json!({ "build": id });
        let text = || format!("Asked to cancel build {}\n{}", super::short(&id), stored::go_on(&stored, &id));
        return args.output.print(&left, |_| text());
    }
    let (id, canceled) = Runtime::new()?.block_on(async {
        let server = args.output.connect()?;
        let (id, build) = server.build(args.build.as_ref()).await?;
        Ok::<_, CliError>((id, build.cancel(args.reason.as_deref()).await?))
    })?;
    args.output.print(&canceled, |_| format!("Canceled build {}\n", super::short(&id)))
}
