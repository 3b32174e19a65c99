use std::io::IsTerminal as _;
use std::path::Path;

use monkeyci_core::log::Chunk;
use monkeyci_core::model::Trigger;
use monkeyci_core::program::{Asked, ProgramError, Programs, Tested, Watch};
use monkeyci_core::script::ScriptError;
use tokio_util::sync::CancellationToken;

use crate::context::FolderArgs;
use crate::error::{CliError, Exit};
use crate::script;
use crate::ui::lines::Lines;
use crate::ui::style::Tone;

/// Run the tests of a build script that is a program
///
/// Ends with 1 when one of them fails.
#[derive(Debug, clap::Args)]
pub struct TestArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// Run them again whenever the script changes, until Ctrl-C
    #[arg(short, long)]
    watch: bool,
    /// What the program of the tests is given: names of tests, `--nocapture`
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<String>,
}

/// Runs the tests of a script, and prints what they print.
pub fn run(args: &TestArgs) -> Result<Exit, CliError> {
    let folder = args.folder.path()?;
    let lines = Lines::plain();
    let hear = move |chunk: &Chunk| lines.hear(chunk);
    let test = async |programs: &Programs, asked: Asked<'_>, cancel: &CancellationToken| {
        if args.watch {
            return watch(programs, asked, &args.args, &folder, cancel).await;
        }
        programs.test(asked, &args.args, cancel).await
    };
    match script::with_programs(&folder, &Trigger::default(), hear, test) {
        Ok(tested) if tell(&tested) => Ok(Exit::Success),
        Ok(_) => Ok(Exit::Failed),
        // That is how one ends it.
        Err(ProgramError::Canceled) if args.watch => Ok(Exit::Interrupted),
        Err(error) => Err(explained(&error)),
    }
}

/// Runs the tests now and after each change. Whatever goes wrong with them may be mended by the next one.
async fn watch(
    programs: &Programs,
    asked: Asked<'_>,
    args: &[String],
    folder: &Path,
    cancel: &CancellationToken,
) -> Result<Tested, ProgramError> {
    let mut watch = Watch::new(folder, asked.script_dir).await?;
    loop {
        separate();
        match programs.test(asked, args, cancel).await {
            Ok(tested) => drop(tell(&tested)),
            Err(ProgramError::Canceled) => return Err(ProgramError::Canceled),
            Err(error) => super::tell(&explained(&error)),
        }
        tokio::select! {
            changed = watch.changed() => changed?,
            () = cancel.cancelled() => return Err(ProgramError::Canceled),
        }
    }
}

/// Says what the output of the tests does not, and whether they passed.
fn tell(tested: &Tested) -> bool {
    if let Some(how) = &tested.how {
        super::tell(&CliError::failed(format!("the tests do not pass: cargo: {how}")));
    }
    tested.passed
}

/// A line with the time before each run.
fn separate() {
    let style = super::style_of(std::io::stdout().is_terminal());
    let now = jiff::Zoned::now().strftime("%H:%M:%S");
    let _gone = super::print(&format!("{}\n", style.paint(Tone::Strong, &format!("── {now} {}", "─".repeat(40)))));
}

fn explained(error: &ProgramError) -> CliError {
    match error {
        ProgramError::Script(ScriptError::NotFound { looked_for }) => {
            let looked_for: Vec<_> = looked_for.iter().map(|path| format!("`{}`", path.display())).collect();
            CliError::no_script(format!("there is no script program: looked for {}", looked_for.join(", ")))
                .hint("only programs have tests; `monkeyci init --lang rust` writes one")
        }
        error => script::error(error),
    }
}
