//! What passes between a person and the shell that they have opened in a job, frame by frame.
//!
//! A frame is one message: a byte that says what it is, and then bytes as they are, or a [`Word`] as JSON. Whoever passes
//! frames on need not understand them.

use serde::{Deserialize, Serialize};

use crate::JobResult;

/// The name of this protocol, with its version, as a subprotocol of WebSocket.
pub const PROTOCOL: &str = "monkeyci-shell-1";

/// Bytes of the longest frame.
pub const FRAME: usize = 64 * 1024;

const INPUT: u8 = 0;
const OUTPUT: u8 = 1;
const ERRORS: u8 = 2;
const WORD: u8 = 3;

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// What is typed or piped in.
    Input(Vec<u8>),
    /// What is shown; on a screen, errors too.
    Output(Vec<u8>),
    /// Errors, where there is no screen.
    Errors(Vec<u8>),
    /// What is said about it.
    Word(Word),
}

/// What is said about a shell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Word {
    /// To the worker, first of all: somebody wants a shell.
    Wish(Wish),
    /// To the shell: the screen has another size.
    Size(Size),
    /// To the shell: nothing more is piped in.
    EndOfInput {},
    /// From the shell, first of all: it is open.
    Opened(Box<Opened>),
    /// From the shell, last of all: it is over.
    Closed {
        /// Its exit code, where it ended by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit: Option<i32>,
        /// Why it ended, where it did not, for people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
}

/// What somebody wants.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Wish {
    /// The shell; the job's own when that is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shell: Option<String>,
    /// The screen that it is shown on; none for pipes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub screen: Option<Screen>,
}

/// What a shell is shown on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Screen {
    /// What it understands: the variable `TERM`.
    pub kind: String,
    /// How large it is.
    pub size: Size,
}

/// The size of a screen, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Size {
    /// Lines.
    pub rows: u16,
    /// Characters of a line.
    pub columns: u16,
}

/// A shell that is open.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Opened {
    /// The shell.
    pub shell: String,
    /// Where it begins, as that is called there.
    pub work_dir: String,
    /// How the job's lines ended, where it is held for this; else they run beside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ran: Option<JobResult>,
    /// Seconds that it may be open, where the server ends it then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
}

/// Why a message is no frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// It has too many bytes.
    #[error("a frame has at most {FRAME} bytes")]
    Long,
    /// Its first byte is none that is known.
    #[error("a frame begins with 0, 1, 2 or 3")]
    Kind,
    /// What is said cannot be understood.
    #[error("a word of a shell cannot be understood: {0}")]
    Word(String),
}

impl Frame {
    /// The message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let with = |kind: u8, bytes: &[u8]| [&[kind], bytes].concat();
        match self {
            Self::Input(bytes) => with(INPUT, bytes),
            Self::Output(bytes) => with(OUTPUT, bytes),
            Self::Errors(bytes) => with(ERRORS, bytes),
            Self::Word(word) => with(WORD, &serde_json::to_vec(word).expect("a word is JSON")),
        }
    }

    /// The frame that a message is.
    ///
    /// # Errors
    /// When it is none.
    pub fn decode(message: &[u8]) -> Result<Self, FrameError> {
        if message.len() > FRAME {
            return Err(FrameError::Long);
        }
        let (kind, bytes) = message.split_first().ok_or(FrameError::Kind)?;
        match *kind {
            INPUT => Ok(Self::Input(bytes.to_vec())),
            OUTPUT => Ok(Self::Output(bytes.to_vec())),
            ERRORS => Ok(Self::Errors(bytes.to_vec())),
            WORD => serde_json::from_slice(bytes).map(Self::Word).map_err(|error| FrameError::Word(error.to_string())),
            _ => Err(FrameError::Kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_come_back_and_words_have_their_form() {
        let size = Size { rows: 24, columns: 80 };
        let screen = Some(Screen { kind: "xterm".into(), size });
        for (frame, message) in [
            (Frame::Input(vec![0, 255, 3]), &b"\0\0\xff\x03"[..]),
            (Frame::Output(Vec::new()), b"\x01"),
            (Frame::Errors(b"no".to_vec()), b"\x02no"),
            (Frame::Word(Word::EndOfInput {}), br#"{"type":"end-of-input"}"#),
            (Frame::Word(Word::Size(size)), br#"{"type":"size","rows":24,"columns":80}"#),
            (
                Frame::Word(Word::Wish(Wish { shell: None, screen })),
                br#"{"type":"wish","screen":{"kind":"xterm","size":{"rows":24,"columns":80}}}"#,
            ),
            (Frame::Word(Word::Closed { exit: Some(3), why: None }), br#"{"type":"closed","exit":3}"#),
        ] {
            let message = if message.starts_with(b"{") { [b"\x03", message].concat() } else { message.to_vec() };
            assert_eq!(frame.encode(), message);
            assert_eq!(Frame::decode(&message), Ok(frame));
        }
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        assert_eq!(Frame::decode(b""), Err(FrameError::Kind));
        assert_eq!(Frame::decode(b"\x04x"), Err(FrameError::Kind));
        assert_eq!(Frame::decode(&vec![0; FRAME + 1]), Err(FrameError::Long));
        for word in ["", "{}", r#"{"type":"size","rows":-1,"columns":80}"#, r#"{"type":"burn"}"#] {
            let message = [b"\x03", word.as_bytes()].concat();
            assert!(matches!(Frame::decode(&message), Err(FrameError::Word(_))), "{word}");
        }
    }
}
