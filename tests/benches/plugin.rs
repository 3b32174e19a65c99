//! A provider's process, as Terraform starts it and ends it; without TLS, which Terraform may switch off.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::measure::Outcome;

/// By which a provider knows that Terraform has started it.
const COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");

/// The kind of a frame that asks whether the other side is there.
const PING: u8 = 6;

/// A provider that runs.
pub struct Plugin {
    child: Child,
    socket: String,
}

impl Plugin {
    /// Starts one, and waits until it says where it listens.
    pub fn start(program: &Path) -> Outcome<Self> {
        let mut command = Command::new(program);
        command.env(COOKIE.0, COOKIE.1).env("PLUGIN_PROTOCOL_VERSIONS", "5,6");
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("it prints")?).read_line(&mut line)?;
        let socket = line.split('|').nth(3).ok_or("it says where it listens")?.to_owned();
        Ok(Self { child, socket })
    }

    /// Bytes of memory that it has.
    pub fn memory(&self) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("the system tells it")?;
        Ok(line.trim().trim_end_matches("kB").trim().parse::<u64>()? * 1024)
    }

    /// Tells it to end by `plugin.GRPCController/Shutdown`, and waits until it has.
    pub fn shut_down(mut self) -> Outcome {
        let mut stream = UnixStream::connect(&self.socket)?;
        stream.write_all(&shutdown())?;
        // It asks whether everything has arrived before it closes the connection.
        let mut head = [0; 9];
        while stream.read_exact(&mut head).is_ok() {
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; usize::try_from(length)?];
            stream.read_exact(&mut payload)?;
            if head[3] == PING && head[4] == 0 {
                stream.write_all(&frame(PING, 1, 0, &payload))?;
            }
        }
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("the provider ended with {status}").into()) }
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        // One that was shut down is gone already.
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// The call in HTTP/2, byte by byte: settings, a head whose fields are written out, and an empty message.
fn shutdown() -> Vec<u8> {
    let mut head = vec![0x83, 0x86];
    let fields: [(&[u8], &str); 4] = [
        (&[0x04], "/plugin.GRPCController/Shutdown"),
        (&[0x01], "localhost"),
        (&[0x0f, 0x10], "application/grpc"),
        (&[0x00, 2, b't', b'e'], "trailers"),
    ];
    for (name, value) in fields {
        head.extend_from_slice(name);
        head.push(value.len() as u8);
        head.extend_from_slice(value.as_bytes());
    }
    let (settings, head, message) = (frame(4, 0, 0, &[]), frame(1, 4, 1, &head), frame(0, 1, 1, &[0; 5]));
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), settings, head, message].concat()
}

/// A frame of a few bytes.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0, 0, payload.len() as u8, kind, flags, 0, 0, 0, stream];
    frame.extend_from_slice(payload);
    frame
}
