//! Programs that keep passwords for Docker: `docker-credential-NAME`.
//!
//! With `get` on the command line and a server on standard input, one answers with JSON on standard output, or ends with
//! another code than 0 and its reason there: the protocol of github.com/docker/docker-credential-helpers.

use std::process::{Output, Stdio};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// How long one may take; it may have to ask a person.
const PATIENCE: Duration = Duration::from_secs(20);

/// What one says of a server that it knows nothing of.
const UNKNOWN: &str = "credentials not found";

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Username")]
    username: String,
    #[serde(rename = "Secret")]
    secret: String,
}

/// User and password for `server`, when the program knows them.
///
/// The error is a sentence without what the program said, which could be the password.
pub(super) async fn get(name: &str, server: &str) -> Result<Option<(String, String)>, String> {
    // A name, not a path to anywhere.
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        return Err("the name of the program that keeps it is none".to_owned());
    }
    let program = format!("docker-credential-{name}");
    let failed = |why: &dyn std::fmt::Display| format!("`{program} get` {why}");
    let asked = tokio::time::timeout(PATIENCE, ask(&program, server)).await;
    let Output { status, stdout, .. } = match asked {
        Ok(answered) => answered.map_err(|error| failed(&format_args!("cannot run: {error}")))?,
        Err(_) => return Err(failed(&format_args!("did not answer within {} s", PATIENCE.as_secs()))),
    };
    if !status.success() {
        let knows_nothing = String::from_utf8_lossy(&stdout).contains(UNKNOWN);
        return if knows_nothing { Ok(None) } else { Err(failed(&format_args!("failed ({status})"))) };
    }
    let answer: Answer = serde_json::from_slice(&stdout).map_err(|_| failed(&"did not answer in its protocol"))?;
    Ok(Some((answer.username, answer.secret)))
}

async fn ask(program: &str, server: &str) -> std::io::Result<Output> {
    let mut command = Command::new(program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not read is told by its answer.
        let _unread = stdin.write_all(server.as_bytes()).await;
    }
    child.wait_with_output().await
}
