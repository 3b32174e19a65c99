//! How a job ended, in the supervisor's words.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::remove;

/// The longest outcome, in bytes, that is written or read.
pub const MAX_BYTES: usize = 16 * 1024;

/// The message of a line that was killed while the kernel ended something of the container for want of memory.
pub const OUT_OF_MEMORY: &str = "the kernel ended it for want of memory";

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Why nothing more runs.
    pub reason: Reason,
    /// The exit code of the last line that ended: 128 + n when signal n ended it.
    pub code: Option<i32>,
    /// The line, from 0, that failed or was stopped.
    pub line: Option<u32>,
    /// For people: what happened and what to do; empty when the code says it all.
    pub message: String,
    /// What is known of the job's processes.
    pub guarantee: Guarantee,
}

/// Why a job runs no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Its last line ended, or one failed.
    Exited,
    /// It took longer than it may.
    Timeout,
    /// It was told to end.
    Canceled,
    /// Nobody renewed its lease, or the engine it was tethered to is gone.
    LeaseOver,
    /// It wrote more than it may.
    LogLimit,
    /// Something that it names is not there.
    CannotStart,
}

/// What is known of a job's processes once it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guarantee {
    /// None is left: the kernel ends them with their namespace.
    PidNamespace,
    /// None was found; one could be left if the supervisor itself was killed.
    Subreaper,
    /// Those of the lines' process groups are gone.
    ProcessGroup,
}

impl Reason {
    const ALL: [Self; 6] =
        [Self::Exited, Self::Timeout, Self::Canceled, Self::LeaseOver, Self::LogLimit, Self::CannotStart];

    /// The word in the report.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exited => "exited",
            Self::Timeout => "timeout",
            Self::Canceled => "canceled",
            Self::LeaseOver => "lease-over",
            Self::LogLimit => "log-limit",
            Self::CannotStart => "cannot-start",
        }
    }
}

impl Guarantee {
    const ALL: [Self; 3] = [Self::PidNamespace, Self::Subreaper, Self::ProcessGroup];

    /// The word in the report.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PidNamespace => "pid-namespace",
            Self::Subreaper => "subreaper",
            Self::ProcessGroup => "process-group",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|guarantee| guarantee.as_str() == word)
    }
}

impl Outcome {
    /// Writes it into the report in `folder`, at once and whole. What a job that has ended put in the way is removed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let (new, result) = (folder.join("result.new"), folder.join("result"));
        if !fs::symlink_metadata(folder).is_ok_and(|metadata| metadata.is_dir()) {
            remove::tree(folder)?;
            fs::create_dir_all(folder)?;
        }
        remove::tree(&new)?;
        remove::tree(&result)?;
        let mut file = OpenOptions::new().write(true).create_new(true).open(&new)?;
        file.write_all(&self.encode())?;
        fs::rename(new, result)
    }

    /// The bytes of `report/result`: a word and its value in each line, the message last and over all that follows.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut text = format!("reason {}\nguarantee {}\n", self.reason.as_str(), self.guarantee.as_str());
        if let Some(code) = self.code {
            text += &format!("code {code}\n");
        }
        if let Some(line) = self.line {
            text += &format!("line {line}\n");
        }
        text += "message ";
        let room = MAX_BYTES - text.len();
        text += &self.message[..self.message.floor_char_boundary(room)];
        text.into_bytes()
    }

    /// Reads an outcome back; none when the bytes are not one, or more than [`MAX_BYTES`].
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MAX_BYTES {
            return None;
        }
        let (head, message) = std::str::from_utf8(bytes).ok()?.split_once("message ")?;
        let (mut reason, mut guarantee, mut code, mut line) = (None, None, None, None);
        for entry in head.lines() {
            let (word, value) = entry.split_once(' ')?;
            match word {
                "reason" => reason = Some(Reason::ALL.into_iter().find(|reason| reason.as_str() == value)?),
                "guarantee" => guarantee = Some(Guarantee::parse(value)?),
                "code" => code = Some(value.parse().ok()?),
                "line" => line = Some(value.parse().ok()?),
                _ => return None,
            }
        }
        Some(Self { reason: reason?, code, line, message: message.to_owned(), guarantee: guarantee? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_come_back_and_long_messages_are_cut() {
        let mut outcome = Outcome {
            reason: Reason::CannotStart,
            code: Some(127),
            line: Some(3),
            message: "no `/bin/sh`\nmessage in two lines".into(),
            guarantee: Guarantee::PidNamespace,
        };
        assert_eq!(Outcome::decode(&outcome.encode()).as_ref(), Some(&outcome));
        outcome.message = "é".repeat(MAX_BYTES);
        let cut = Outcome::decode(&outcome.encode()).expect("still an outcome");
        assert!(cut.message.len() > MAX_BYTES / 2 && outcome.message.starts_with(&cut.message));
    }

    #[test]
    fn what_is_no_outcome_is_none() {
        let long = vec![b' '; MAX_BYTES + 1];
        for bytes in
            [&b""[..], b"message ", b"reason exited\nmessage ", b"reason x\nguarantee subreaper\nmessage ", &long]
        {
            assert_eq!(Outcome::decode(bytes), None);
        }
    }
}
