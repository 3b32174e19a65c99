//! Runs the lines of a job, one after the other, and ends all that they leave.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::fchown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::control::{Program, line_file};
use crate::family::Family;
use crate::frame::Kind;
use crate::isolate::Options;
use crate::memory;
use crate::orders::{Orders, POLLED, Stop};
use crate::outcome::{OUT_OF_MEMORY, Outcome, Reason};
use crate::output::Output;
use crate::report::{Report, Written};
use crate::sys::{self, Reaped, SIGTERM, Signals};
use crate::terminal;

/// How long what is still writing after the last line may go on: the ends of pipelines and process substitutions.
const LINGER: Duration = Duration::from_millis(200);

/// The code of a process that was killed.
const KILLED: i32 = 128 + 9;

struct Job {
    control: PathBuf,
    folder: PathBuf,
    program: Program,
    family: Family,
    orders: Orders,
    output: Output,
    report: Report,
    /// Its lines have our own standard input, output and errors.
    interactive: bool,
    /// Whom its lines run as.
    user: Option<(u32, u32)>,
}

/// Why a job has no further line.
enum End {
    /// The last one ended, or one failed.
    Exited { code: i32, line: u32 },
    /// It must end before that.
    Stopped { stop: Stop, line: Option<u32> },
}

/// Runs the job of `dir` to its end; then its result is written and nothing of it is left.
pub fn run(dir: &Path, family: Family, options: &Options, signals: Signals) -> io::Result<()> {
    let mut report = Report::begin(dir.join("report"))?;
    let control = dir.join("control");
    let program = Program::read(&control)?;
    // The job can read its variables anyway; this keeps them from lying about. A control half that is mounted
    // read-only keeps them.
    let _ = fs::remove_file(control.join("env"));
    let mut orders = Orders::new(control.clone(), signals, options, &program);
    let guarantee = family.guarantee();
    let killed_before = memory::kills();
    if let Err(stop) = orders.wait_for_start() {
        return report.end(&outcome(End::Stopped { stop, line: None }, guarantee));
    }
    report.start(program.log_limit);
    report.frame(Kind::Started(guarantee))?;
    if options.process && !options.interactive {
        // Told at once, for a host that would otherwise have to look again and again.
        let _ = writeln!(io::stdout(), "{}", guarantee.as_str());
    }
    orders.begin(program.timeout_ms);
    let folder = dir.join(&program.root).join(&program.work_dir);
    let (output, interactive) = (Output::new()?, options.interactive);
    let user = options.sandbox.as_ref().map(|sandbox| sandbox.user);
    let mut job = Job { control, folder, program, family, orders, output, report, interactive, user };
    let end = job.lines();
    // However that ended, even by an error of ours: first nothing is left, then it is told.
    job.finish(&end);
    let mut outcome = outcome(end?, guarantee);
    if outcome.code == Some(KILLED) && memory::kills() > killed_before {
        outcome.message = OUT_OF_MEMORY.to_owned();
    }
    job.report.end(&outcome)
}

fn outcome(end: End, guarantee: crate::outcome::Guarantee) -> Outcome {
    match end {
        End::Exited { code, line } => Outcome {
            reason: Reason::Exited,
            code: Some(code),
            line: (code != 0).then_some(line),
            message: String::new(),
            guarantee,
        },
        End::Stopped { stop, line } => {
            Outcome { reason: stop.reason, code: None, line, message: stop.message, guarantee }
        }
    }
}

impl Job {
    fn lines(&mut self) -> io::Result<End> {
        let count = if self.program.command.is_empty() { self.program.lines.len() } else { 1 };
        let mut end = End::Exited { code: 0, line: 0 };
        for line in 0..count as u32 {
            let mut fds = self.orders.polled();
            sys::wait_ready(&mut fds, Duration::ZERO);
            let ready = self.orders.check(&fds).and_then(|()| self.check_folder(line));
            if let Err(stop) = ready {
                return Ok(End::Stopped { stop, line: Some(line) });
            }
            let mut command = self.command(line)?;
            self.report.frame(Kind::LineStart(line))?;
            let child = match command.spawn() {
                Ok(child) => child.id() as i32,
                Err(error) => return Ok(End::Stopped { stop: self.cannot_start(&error), line: Some(line) }),
            };
            self.family.add(child);
            // Closes our copies of the pipes' ends.
            drop(command);
            let code = match self.watch(child)? {
                Ok(code) => code,
                Err(stop) => return Ok(End::Stopped { stop, line: Some(line) }),
            };
            self.report.frame(Kind::LineEnd(line, code))?;
            end = End::Exited { code, line };
            if code != 0 {
                break;
            }
        }
        Ok(end)
    }

    fn command(&self, line: u32) -> io::Result<Command> {
        let on_terminal = self.interactive && io::stdin().is_terminal();
        let mut command = match self.program.command.split_first() {
            Some((program, arguments)) => {
                let program = std::ffi::OsStr::from_bytes(program);
                let mut command = if on_terminal { terminal::leader(program)? } else { Command::new(program) };
                command.args(arguments.iter().map(|argument| std::ffi::OsStr::from_bytes(argument)));
                command
            }
            None => {
                let mut command = Command::new(&self.program.shell);
                // A file, because lines hold secrets, and everybody can see arguments.
                command.arg(self.control.join(line_file(line as usize)));
                command
            }
        };
        command.envs(self.program.env.iter().map(|(name, value)| (name, std::ffi::OsStr::from_bytes(value))));
        command.current_dir(&self.folder);
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
            if on_terminal {
                // Where it may not be given, the shell does without its name.
                let _ = fchown(io::stdin(), Some(user), Some(group));
            }
        }
        if !self.interactive {
            let [stdout, stderr] = self.output.ends()?;
            command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
        }
        if !on_terminal {
            // A group of its own, so that a line which ends its group does not end us. On a terminal it makes itself one.
            command.process_group(0);
        }
        Ok(command)
    }

    /// Moves output until the line's process ended; its code, or why it must end before.
    fn watch(&mut self, child: i32) -> io::Result<Result<i32, Stop>> {
        loop {
            loop {
                match sys::reap(false) {
                    Reaped::Ended(pid, code) if pid == child => {
                        return Ok(match self.output.drain(&mut self.report)? {
                            Written::All => Ok(code),
                            Written::Full => Err(self.log_limit()),
                        });
                    }
                    Reaped::Ended(..) => {}
                    Reaped::NoneYet | Reaped::NoneLeft => break,
                }
            }
            if let Err(stop) = self.step(self.orders.patience())? {
                return Ok(Err(stop));
            }
        }
    }

    /// Waits until something happens, `patience` at most, and moves the output that is there.
    fn step(&mut self, patience: Duration) -> io::Result<Result<(), Stop>> {
        let ([signals, tether], [stdout, stderr]) = (self.orders.polled(), self.output.polled());
        let mut fds = [signals, tether, stdout, stderr];
        sys::wait_ready(&mut fds, patience);
        let (orders, output) = fds.split_at(POLLED);
        if self.output.pump(output, &mut self.report)?.1 == Written::Full {
            return Ok(Err(self.log_limit()));
        }
        Ok(self.orders.check(orders))
    }

    /// Ends every process of the job, and takes in what they still write.
    fn finish(&mut self, end: &io::Result<End>) {
        self.output.close();
        let patience = match end {
            Ok(End::Exited { .. }) => LINGER,
            Ok(End::Stopped { stop, .. }) if stop.grace => {
                self.family.signal(SIGTERM);
                Duration::from_millis(self.program.grace_ms)
            }
            _ => Duration::ZERO,
        };
        let asked = matches!(end, Ok(End::Stopped { .. }));
        let limit = Instant::now() + patience;
        while let Some(left) = limit.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            // After its last line a job is done when nobody can write any more; one that was asked, when nobody lives.
            if matches!(sys::reap(false), Reaped::NoneLeft) || (!asked && self.output.ended()) {
                break;
            }
            match self.step(left.min(self.orders.patience())) {
                // Told to end a second time, or without grace.
                Ok(Err(stop)) if !asked || !stop.grace => break,
                Ok(_) => {}
                Err(_) => break,
            }
        }
        self.family.end();
        // The report may be full or its disk may be; then what is lost came after what counts.
        let _ = self.output.drain(&mut self.report);
    }

    fn log_limit(&self) -> Stop {
        let message = format!("it wrote more than its log limit of {} bytes", self.program.log_limit);
        Stop { reason: Reason::LogLimit, message, grace: false }
    }

    fn check_folder(&self, line: u32) -> Result<(), Stop> {
        if fs::metadata(&self.folder).is_ok_and(|folder| folder.is_dir()) {
            return Ok(());
        }
        let name =
            if self.program.work_dir.as_os_str().is_empty() { "." } else { &*self.program.work_dir.to_string_lossy() };
        let message = match line {
            0 => format!("its work dir `{name}` is not a folder of the checkout"),
            // Lines are numbered from 1 for people.
            _ => format!("line {} cannot run: the job itself removed its work dir `{name}`", line + 1),
        };
        Err(Stop { reason: Reason::CannotStart, message, grace: false })
    }

    fn cannot_start(&self, error: &io::Error) -> Stop {
        let missing = error.kind() == io::ErrorKind::NotFound;
        let message = match self.program.command.first() {
            Some(program) => {
                let program = String::from_utf8_lossy(program);
                if missing && !Path::new(&*program).exists() {
                    format!("there is no program `{program}` here to run its command")
                } else {
                    format!("its command `{program}` cannot run: {error}")
                }
            }
            None => {
                let shell = &self.program.shell;
                if missing && !Path::new(shell).exists() {
                    format!(
                        "there is no shell `{shell}` here to run its lines: take an image that has one, name another \
                         shell, or state `command` in place of `script`"
                    )
                } else {
                    format!("its shell `{shell}` cannot run: {error}")
                }
            }
        };
        Stop { reason: Reason::CannotStart, message, grace: false }
    }
}
