//! A shell for a person, in the container of a job.

use std::io;
use std::time::Duration;

use bollard::exec::{CreateExecOptions, ResizeExecOptions};
use bollard::query_parameters::ContainerArchiveInfoOptionsBuilder;
use futures::future::Either;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use super::create::Found;
use super::hang_up::MARK;
use super::hijack::Stream;
use super::image::Wanted;
use super::run::{Running, image};
use super::wait::Standing;
use super::{Docker, ExecutorError, status};
use crate::executor::terminal::{Size, hand_in, is_path, no_shell, show, silence};
use crate::executor::{Order, Sitting, Terminal};
use crate::job_dir::Program;

/// How often it is asked whether the shell has ended: a program that it left running may hold the stream open.
const LOOK: Duration = Duration::from_millis(300);

/// How long a shell that just starts may refuse a size.
const STARTS: Duration = Duration::from_secs(2);

/// How long an engine may take to note that a container has ended, whose programs are gone.
const NOTED: Duration = Duration::from_secs(2);

/// The code of a program that was killed.
const KILLED: i32 = 128 + 9;

/// Keys that nobody presses by accident. An engine holds back the first of those by which it lets a terminal go, which
/// else would be Ctrl-P, the key for the command before.
const DETACH: &str = "ctrl-@,ctrl-@,ctrl-@,ctrl-@,ctrl-@";

impl Docker {
    pub(super) async fn open_shell(&self, order: &Order, sitting: Sitting) -> Result<Option<i32>, ExecutorError> {
        let wanted = Wanted::by_job(order, image(order)?);
        let remains = match self.look_for(order, &wanted).await? {
            Found::Nothing => false,
            Found::Remains => true,
            Found::Running(running) => {
                let reason = format!("its container `{}` runs already", running.name);
                return Err(ExecutorError::Engine { what: "opening the shell", reason });
            }
        };
        // Its supervisor waits for a start that does not come, and holds the container open meanwhile.
        let cancel = sitting.cancel.clone();
        let ran = match self.bring_up(order, &wanted, remains, &cancel).await {
            Ok(Some(running)) => self.sit(order, sitting, &running).await.map(|code| Some((code, running))),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        self.clear_away(order, ran).await.map(Option::flatten)
    }

    pub(super) async fn open_beside(
        &self,
        order: &Order,
        mut program: Program,
        sitting: Sitting,
    ) -> Result<Option<i32>, ExecutorError> {
        let wanted = Wanted::by_job(order, image(order)?);
        let Found::Running(running) = self.look_for(order, &wanted).await? else {
            return Err(ExecutorError::Unsupported(format!("job `{}` does not run yet, or no more", order.job.id)));
        };
        let name = ulid::Ulid::new().to_string();
        program.env.push((MARK.to_owned(), name.clone().into_bytes()));
        let ended = self.attend(order, &program, sitting, &running).await;
        let by_itself = matches!(ended, Ok(Some(code)) if code != KILLED);
        if matches!(ended, Ok(Some(KILLED))) {
            // With its job, or by somebody. Which of both is known once the engine has seen the job's end as well.
            let _noted = tokio::time::timeout(NOTED, self.ended(&running.name)).await;
        }
        let found = self.inspect(&running.name).await.ok().flatten();
        if !found.is_some_and(|found| Standing::of(&found).running) && !by_itself {
            // With its job, all of it ended.
            return Ok(None);
        }
        // An engine lets go on whatever it was asked to start, also when nobody listens to it any more.
        self.hang_up(&running.name, &name).await;
        ended
    }

    async fn sit(&self, order: &Order, sitting: Sitting, running: &Running) -> Result<Option<i32>, ExecutorError> {
        let io = |source| ExecutorError::Io { what: "reading what is to run", source };
        let program = Program::read(&order.dir.control()).map_err(io)?;
        let beside = async {
            if !running.mounted {
                self.pass_on(&running.name, &order.dir).await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            ended = self.attend(order, &program, sitting, running) => ended,
            () = beside => unreachable!("it waits for ever"),
        }
    }

    /// Has somebody at a shell in a container that runs.
    async fn attend(
        &self,
        order: &Order,
        program: &Program,
        sitting: Sitting,
        running: &Running,
    ) -> Result<Option<i32>, ExecutorError> {
        let command: Vec<_> = program.command.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        let shell = command.first().cloned().unwrap_or_default();
        if is_path(&shell) && !self.has_file(&running.name, &shell).await? {
            let image = order.job.image.as_deref().unwrap_or_default();
            return Err(no_shell(&shell, &format!("in image `{image}`")));
        }
        let Some(mut terminal) = (sitting.open)().await else { return Ok(None) };
        let kind = terminal.screen.as_ref().map(|screen| format!("TERM={}", screen.kind));
        let variables = program.env.iter().map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value)));
        let exec = CreateExecOptions {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(terminal.screen.is_some()),
            detach_keys: Some(DETACH.to_owned()),
            env: Some(kind.into_iter().chain(variables).collect()),
            cmd: Some(command),
            working_dir: Some(program.root.join(&program.work_dir).to_string_lossy().into_owned()),
            ..CreateExecOptions::default()
        };
        let exec = self.api.create_exec(&running.name, exec).await;
        let exec = exec.map_err(|error| self.broke("making the shell", &error))?.id;
        let stream = self.hijack(&exec, terminal.screen.is_some()).await?;
        let moved = tokio::select! {
            moved = self.carry(&exec, stream, &mut terminal) => moved,
            () = sitting.cancel.cancelled() => return Ok(None),
        };
        // Whoever watched may be gone; how the shell ended is known all the same.
        let code = self.code(&exec).await?;
        match (code, moved) {
            (Some(code), _) => Ok(Some(code)),
            (None, Err(source)) => Err(ExecutorError::Io { what: "talking to the shell", source }),
            (None, Ok(())) => {
                let reason = "the container was ended from outside".to_owned();
                Err(ExecutorError::Engine { what: "waiting for the shell", reason })
            }
        }
    }

    /// Moves bytes between the terminal and the shell until it ends.
    async fn carry(&self, exec: &str, stream: Stream, terminal: &mut Terminal) -> io::Result<()> {
        let (from, to) = tokio::io::split(stream);
        let over = CancellationToken::new();
        let Terminal { input, output, errors, screen, .. } = terminal;
        if let Some(screen) = &screen {
            // Before anything is typed: what runs then finds a screen that has a size.
            let size = *screen.size.borrow();
            self.resize(exec, size).await;
        }
        let shown = match &screen {
            Some(_) => Either::Left(show(from, output, &over)),
            None => Either::Right(show_frames(from, output, errors, &over)),
        };
        let sized = async {
            if let Some(screen) = screen.take() {
                screen.follow(|size| self.resize(exec, size)).await;
            }
            std::future::pending::<()>().await;
        };
        let looks = async {
            while !matches!(self.code(exec).await, Ok(Some(_))) {
                tokio::time::sleep(LOOK).await;
            }
            over.cancel();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            shown = shown => shown,
            _ = async { tokio::join!(hand_in(input, to), sized, looks) } => unreachable!("they go on for ever"),
        }
    }

    async fn resize(&self, exec: &str, size: Size) {
        let begun = tokio::time::Instant::now();
        let size = ResizeExecOptions { height: size.rows, width: size.columns };
        // Engines refuse it for a moment after the start. It may just have ended, too.
        while self.api.resize_exec(exec, size).await.is_err() && begun.elapsed() < STARTS {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What the shell ended with; none while it runs, and when it was gone before it could be asked.
    async fn code(&self, exec: &str) -> Result<Option<i32>, ExecutorError> {
        match self.api.inspect_exec(exec).await {
            Ok(found) if found.running == Some(true) => Ok(None),
            Ok(found) => Ok(found.exit_code.and_then(|code| i32::try_from(code).ok())),
            Err(error) if matches!(status(&error), Some(404 | 409)) => Ok(None),
            Err(error) => Err(self.broke("asking how the shell ended", &error)),
        }
    }

    /// Whether there is something at a path of a container.
    async fn has_file(&self, name: &str, path: &str) -> Result<bool, ExecutorError> {
        let options = ContainerArchiveInfoOptionsBuilder::default().path(path).build();
        match self.api.get_container_archive_info(name, Some(options)).await {
            Ok(_) => Ok(true),
            Err(error) if status(&error) == Some(404) => Ok(false),
            Err(error) => Err(self.broke("looking for the shell", &error)),
        }
    }
}

/// Moves the frames of a stream without a terminal: a byte that names the stream, three of nothing, a length, the bytes
/// (Docker Engine API, "Attach to a container", Stream format).
async fn show_frames(
    mut from: impl tokio::io::AsyncRead + Unpin,
    output: &mut (impl AsyncWrite + Unpin),
    errors: &mut (impl AsyncWrite + Unpin),
    over: &CancellationToken,
) -> io::Result<()> {
    let mut head = [0; 8];
    loop {
        let read = tokio::select! {
            biased;
            read = from.read_exact(&mut head) => read,
            () = silence(over) => return Ok(()),
        };
        if read.is_err() {
            return Ok(());
        }
        let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
        let mut payload = (&mut from).take(length.into());
        if head[0] == 2 {
            tokio::io::copy(&mut payload, errors).await?;
            errors.flush().await?;
        } else {
            tokio::io::copy(&mut payload, output).await?;
            output.flush().await?;
        }
    }
}
