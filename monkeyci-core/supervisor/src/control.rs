//! What a supervisor is told: the control half of the job directory.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

/// What a job runs, and within which limits.
#[derive(Clone, PartialEq, Eq)]
pub struct Program {
    /// The lines; each is a script of its own for the shell.
    pub lines: Vec<Vec<u8>>,
    /// A program and its arguments, run with no shell, when there are no lines.
    pub command: Vec<Vec<u8>>,
    /// The shell of the lines.
    pub shell: String,
    /// Variables on top of what the supervisor itself was given.
    pub env: Vec<(String, Vec<u8>)>,
    /// The workspace, from the job directory as the supervisor sees it.
    pub root: PathBuf,
    /// Where the lines run, from the workspace.
    pub work_dir: PathBuf,
    /// Milliseconds that the lines may take together; 0 is no limit.
    pub timeout_ms: u64,
    /// Milliseconds between asking the job's processes to end and killing them.
    pub grace_ms: u64,
    /// Bytes of output; 0 is no limit.
    pub log_limit: u64,
    /// Milliseconds that the job may go on when nobody changes `control/lease`; 0 is for ever.
    pub lease_ms: u64,
}

impl Default for Program {
    fn default() -> Self {
        Self {
            lines: Vec::new(),
            command: Vec::new(),
            shell: "/bin/sh".to_owned(),
            env: Vec::new(),
            root: PathBuf::from("work"),
            work_dir: PathBuf::new(),
            timeout_ms: 0,
            grace_ms: 10_000,
            log_limit: 0,
            lease_ms: 600_000,
        }
    }
}

/// Shows sizes only: lines and variables hold secrets.
impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program")
            .field("lines", &self.lines.len())
            .field("command", &self.command.len())
            .field("shell", &self.shell)
            .field("env", &self.env.len())
            .field("root", &self.root)
            .field("work_dir", &self.work_dir)
            .finish_non_exhaustive()
    }
}

const HEADER: &[u8] = b"monkeyci-job 1\n";

/// The file of the control half that says what the others are; it is written last.
pub const PROGRAM_FILE: &str = "job";

/// The name of a line's file in the control half.
#[must_use]
pub fn line_file(index: usize) -> String {
    format!("line-{index}")
}

impl Program {
    /// The files of the control half, by their names in it, [`PROGRAM_FILE`] last.
    ///
    /// # Errors
    /// When something in it could not be given to a process: a variable's name or value, an argument, a folder outside
    /// of the workspace. The message names it, and never a value.
    pub fn files(&self) -> io::Result<Vec<(String, Vec<u8>)>> {
        self.check().map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?;
        let mut job = HEADER.to_vec();
        record(&mut job, "lines", self.lines.len().to_string().as_bytes());
        for argument in &self.command {
            record(&mut job, "command", argument);
        }
        record(&mut job, "shell", self.shell.as_bytes());
        record(&mut job, "root", self.root.as_os_str().as_bytes());
        record(&mut job, "work-dir", self.work_dir.as_os_str().as_bytes());
        for (name, number) in [
            ("timeout-ms", self.timeout_ms),
            ("grace-ms", self.grace_ms),
            ("log-limit", self.log_limit),
            ("lease-ms", self.lease_ms),
        ] {
            record(&mut job, name, number.to_string().as_bytes());
        }
        let mut env = HEADER.to_vec();
        for (name, value) in &self.env {
            record(&mut env, "env", &[name.as_bytes(), b"=", value].concat());
        }
        let lines = self.lines.iter().enumerate().map(|(index, line)| (line_file(index), line.clone()));
        Ok(lines.chain([("env".to_owned(), env), (PROGRAM_FILE.to_owned(), job)]).collect())
    }

    /// Reads the control half at `control` back. Without `env`, which a supervisor has read and unlinked, it has none.
    ///
    /// # Errors
    /// When a file is missing or not of this form.
    pub fn read(control: &Path) -> io::Result<Self> {
        let mut program = Self { lease_ms: 0, ..Self::default() };
        let mut lines = 0;
        for (name, value) in records(&fs::read(control.join(PROGRAM_FILE))?)? {
            let text = || String::from_utf8(value.to_vec()).map_err(|_| damaged("a name is not UTF-8"));
            let number = || text()?.parse::<u64>().map_err(|_| damaged("a number is none"));
            match name {
                "lines" => lines = number()? as usize,
                "command" => program.command.push(value.to_vec()),
                "shell" => program.shell = text()?,
                "root" => program.root = PathBuf::from(OsString::from_vec(value.to_vec())),
                "work-dir" => program.work_dir = PathBuf::from(OsString::from_vec(value.to_vec())),
                "timeout-ms" => program.timeout_ms = number()?,
                "grace-ms" => program.grace_ms = number()?,
                "log-limit" => program.log_limit = number()?,
                "lease-ms" => program.lease_ms = number()?,
                _ => return Err(damaged("it was written by another version")),
            }
        }
        for index in 0..lines {
            program.lines.push(fs::read(control.join(line_file(index)))?);
        }
        let env = match fs::read(control.join("env")) {
            Ok(env) => env,
            Err(error) if error.kind() == io::ErrorKind::NotFound => HEADER.to_vec(),
            Err(error) => return Err(error),
        };
        for (_, value) in records(&env)? {
            let end = value.iter().position(|byte| *byte == b'=').ok_or_else(|| damaged("a variable has no `=`"))?;
            let name = String::from_utf8(value[..end].to_vec()).map_err(|_| damaged("a name is not UTF-8"))?;
            program.env.push((name, value[end + 1..].to_vec()));
        }
        program.check().map_err(|why| damaged(&why))?;
        Ok(program)
    }

    fn check(&self) -> Result<(), String> {
        for (name, value) in &self.env {
            if name.is_empty() || name.contains(['=', '\0']) {
                return Err(format!("the variable `{}` cannot have this name", name.escape_default()));
            }
            if value.contains(&0) {
                return Err(format!("the value of the variable `{name}` holds a zero byte"));
            }
        }
        if let Some(index) = self.command.iter().position(|argument| argument.contains(&0)) {
            return Err(format!("part {} of the command holds a zero byte", index + 1));
        }
        if self.shell.contains('\0') {
            return Err("the path of the shell holds a zero byte".to_owned());
        }
        let inside = self.work_dir.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !inside || self.work_dir.as_os_str().as_bytes().contains(&0) {
            return Err(format!("the work dir `{}` is not inside of the checkout", self.work_dir.display()));
        }
        Ok(())
    }
}

fn record(to: &mut Vec<u8>, name: &str, value: &[u8]) {
    to.extend_from_slice(format!("{name} {}\n", value.len()).as_bytes());
    to.extend_from_slice(value);
    to.push(b'\n');
}

fn records(from: &[u8]) -> io::Result<Vec<(&str, &[u8])>> {
    let mut rest = from.strip_prefix(HEADER).ok_or_else(|| damaged("it was written by another version"))?;
    let mut records = Vec::new();
    while !rest.is_empty() {
        let record = (|| {
            let end = rest.iter().position(|byte| *byte == b'\n')?;
            let (name, length) = std::str::from_utf8(&rest[..end]).ok()?.split_once(' ')?;
            let (value, after) = rest[end + 1..].split_at_checked(length.parse().ok()?)?;
            rest = after.strip_prefix(b"\n")?;
            Some((name, value))
        })();
        records.push(record.ok_or_else(|| damaged("it is cut short"))?);
    }
    Ok(records)
}

fn damaged(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the control half of the job directory: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program() -> Program {
        Program {
            lines: vec![b"echo a\necho b".to_vec(), b"\xff\0".to_vec()],
            command: vec![b"make".to_vec(), b"a b\n".to_vec()],
            env: vec![("A".into(), b"x=y\n'\"\xff".to_vec()), ("with space".into(), Vec::new())],
            work_dir: "sub/dir".into(),
            ..Program::default()
        }
    }

    #[test]
    fn any_bytes_come_back() {
        let dir = tempfile::tempdir().expect("a folder");
        for (name, bytes) in program().files().expect("a fit program") {
            fs::write(dir.path().join(name), bytes).expect("a file");
        }
        assert!(Program::read(dir.path()).expect("reads back") == program());
        fs::remove_file(dir.path().join("env")).expect("removed");
        assert!(Program::read(dir.path()).expect("reads back").env.is_empty());
    }

    #[test]
    fn what_no_process_can_be_given_is_refused_by_name() {
        let refuse = |program: Program| program.files().expect_err("unfit").to_string();
        let env = |name: &str, value: &[u8]| Program { env: vec![(name.into(), value.to_vec())], ..program() };
        assert_eq!(refuse(env("A=B", b"")), "the variable `A=B` cannot have this name");
        assert_eq!(refuse(env("A", b"s3cr3t\0")), "the value of the variable `A` holds a zero byte");
        let outside = Program { work_dir: "../x".into(), ..program() };
        assert_eq!(refuse(outside), "the work dir `../x` is not inside of the checkout");
    }

    #[test]
    fn damage_is_an_error_and_debug_shows_no_values() {
        let dir = tempfile::tempdir().expect("a folder");
        for bytes in
            [&b""[..], b"monkeyci-job 2\n", b"monkeyci-job 1\nshell 900\n/bin/sh\n", b"monkeyci-job 1\nlines x"]
        {
            fs::write(dir.path().join("job"), bytes).expect("a file");
            assert_eq!(Program::read(dir.path()).expect_err("damaged").kind(), io::ErrorKind::InvalidData);
        }
        assert!(!format!("{:?}", program()).contains("x=y"));
    }
}
