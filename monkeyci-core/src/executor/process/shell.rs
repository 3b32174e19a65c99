//! A shell for a person, in the place of a job.

use std::path::Path;
use std::process::Stdio;

use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use super::pty::Pty;
use super::record::Record;
use super::{Process, broken, failed, supported};
use crate::executor::terminal::{Screen, hand_in, is_path, no_shell, show};
use crate::executor::{ExecutorError, Order, Sitting, Terminal};
use crate::job_dir::outcome::{Outcome, Reason};
use crate::job_dir::report::Reader;
use crate::job_dir::{JobDir, Program};

impl Process {
    pub(super) async fn open_shell(&self, order: &Order, sitting: Sitting) -> Result<Option<i32>, ExecutorError> {
        let record = self.record(order);
        let ended = self.sit(order, Some(&record), sitting).await;
        record.remove().map_err(failed("forget the job"))?;
        ended
    }

    /// Opens a shell beside a job: it has a job directory of its own, and works in the workspace of the other.
    pub(super) async fn open_beside(
        &self,
        order: &Order,
        program: &Program,
        sitting: Sitting,
    ) -> Result<Option<i32>, ExecutorError> {
        let root = order.dir.root().join(format!("shell-{}", ulid::Ulid::new()));
        let dir = JobDir::create(root).map_err(failed("make a folder for the shell"))?.working_in(order.dir.work());
        // Its folder is the other's, wherever that is said to be.
        let program = Program { root: order.dir.root().join(&program.root), ..program.clone() };
        let written = dir.write(&program).map_err(failed("write down the shell"));
        let beside = Order { dir: dir.clone(), ..order.with_job(order.job.clone()) };
        let ended = match written {
            // It ends by itself with this process, and there is nothing to sweep.
            Ok(()) => self.sit(&beside, None, sitting).await,
            Err(error) => Err(error),
        };
        dir.remove().map_err(failed("remove the folder of the shell"))?;
        ended
    }

    async fn sit(
        &self,
        order: &Order,
        record: Option<&Record>,
        sitting: Sitting,
    ) -> Result<Option<i32>, ExecutorError> {
        supported(order)?;
        let program = Program::read(&order.dir.control()).map_err(failed("read what is to run"))?;
        let shell = String::from_utf8_lossy(program.command.first().map_or(b"", Vec::as_slice)).into_owned();
        if is_path(&shell) && !Path::new(&shell).exists() {
            return Err(no_shell(&shell, "on this machine"));
        }
        let reader = Reader::open(&order.dir).map_err(|error| broken("open the report", error))?;
        let mut command = self.command(&["--interactive"], order).await?;
        let Some(mut terminal) = (sitting.open)().await else { return Ok(None) };
        self.note(record, None)?;
        match terminal.screen.take() {
            Some(screen) => self.on_screen(order, record, command, &mut terminal, screen, &sitting.cancel).await?,
            None => {
                command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
                self.on_pipes(order, record, command, &mut terminal, &sitting.cancel).await?;
            }
        }
        match reader.outcome().map_err(|error| broken("read how the shell ended", error))? {
            Some(Outcome { reason: Reason::Exited, code, .. }) => Ok(Some(code.unwrap_or(0))),
            Some(Outcome { reason: Reason::CannotStart, message, .. }) => Err(ExecutorError::Unsupported(message)),
            _ if sitting.cancel.is_cancelled() => Ok(None),
            _ => Err(broken("run the shell", "something else ended it")),
        }
    }

    /// Has the shell on a terminal of its own, shown on a screen.
    async fn on_screen(
        &self,
        order: &Order,
        record: Option<&Record>,
        mut command: Command,
        terminal: &mut Terminal,
        screen: Screen,
        cancel: &CancellationToken,
    ) -> Result<(), ExecutorError> {
        let opened = Pty::open(*screen.size.borrow()).and_then(|(pty, line)| {
            command.stdin(line.end()?).stdout(line.end()?).stderr(line.end()?);
            Ok(pty)
        });
        let Pty { typed, shown, control } = opened.map_err(failed("make a terminal"))?;
        command.env("TERM", &screen.kind);
        let mut child = self.begin(order, record, &mut command).await?;
        // The process's own ends are the only ones now: the last to close one ends what is shown.
        drop(command);
        let over = CancellationToken::new();
        let moves = async {
            tokio::join!(
                hand_in(&mut terminal.input, typed),
                screen.follow(|size| {
                    // It may just have ended.
                    let _gone = control.resize(size);
                    std::future::ready(())
                })
            );
        };
        let ends =
            async { tokio::join!(show(shown, &mut terminal.output, &over), wait(&mut child, order, cancel, &over)).1 };
        tokio::select! {
            ended = ends => ended,
            () = moves => unreachable!("it moves for ever"),
        }
    }

    /// Has the shell on pipes.
    async fn on_pipes(
        &self,
        order: &Order,
        record: Option<&Record>,
        mut command: Command,
        terminal: &mut Terminal,
        cancel: &CancellationToken,
    ) -> Result<(), ExecutorError> {
        let mut child = self.begin(order, record, &mut command).await?;
        let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            unreachable!("all three are pipes");
        };
        let over = CancellationToken::new();
        let ends = async {
            let (output, errors) = (&mut terminal.output, &mut terminal.errors);
            let shown = async { tokio::join!(show(stdout, output, &over), show(stderr, errors, &over)) };
            tokio::join!(shown, wait(&mut child, order, cancel, &over)).1
        };
        tokio::select! {
            ended = ends => ended,
            () = hand_in(&mut terminal.input, stdin) => unreachable!("it moves for ever"),
        }
    }

    fn note(&self, record: Option<&Record>, pid: Option<u32>) -> Result<(), ExecutorError> {
        record.map_or(Ok(()), |record| self.remember(record, pid))
    }

    /// Starts the supervisor, and then the shell.
    async fn begin(
        &self,
        order: &Order,
        record: Option<&Record>,
        command: &mut Command,
    ) -> Result<Child, ExecutorError> {
        let mut child = self.spawn(command).await?;
        let begun = self.note(record, child.id());
        if let Err(error) = begun.and_then(|()| order.dir.start().map_err(failed("start the shell"))) {
            let _ = child.kill().await;
            return Err(error);
        }
        Ok(child)
    }
}

/// Waits for the supervisor, and has it end the shell when that is wanted. Says when it is over.
async fn wait(
    child: &mut Child,
    order: &Order,
    cancel: &CancellationToken,
    over: &CancellationToken,
) -> Result<(), ExecutorError> {
    let waited = tokio::select! {
        waited = child.wait() => waited.map(drop),
        () = cancel.cancelled() => match order.dir.cancel() {
            Ok(()) => child.wait().await.map(drop),
            Err(error) => child.kill().await.and(Err(error)),
        },
    };
    over.cancel();
    waited.map_err(failed("wait for the shell"))
}
