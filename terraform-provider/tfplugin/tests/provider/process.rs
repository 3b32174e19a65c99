//! From the handshake to the end.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tfplugin::proto::{Empty, HealthCheckRequest, HealthCheckResponse, ServingStatus, StdioData, get_metadata};

use crate::client::Client;
use crate::identity::Identity;
use crate::program::{Started, command, path};

#[test]
fn a_person_who_runs_it_is_told_what_it_is() {
    let output = Command::new(path()).env_remove("TF_PLUGIN_MAGIC_COOKIE").output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("is a plugin"));
}

#[test]
fn a_terraform_without_protocol_6_is_told_so() {
    let output = command().env("PLUGIN_PROTOCOL_VERSIONS", "5").output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("plugin protocol 6"));
}

#[tokio::test]
async fn the_handshake_is_one_line_and_its_socket_is_private() {
    let folder = tempfile::tempdir().expect("a folder");
    let client = Identity::new();
    let started = Started::new(
        command()
            .env("PLUGIN_CLIENT_CERT", &client.pem)
            .env("PLUGIN_UNIX_SOCKET_DIR", folder.path())
            .env("PLUGIN_MULTIPLEX_GRPC", "true"),
    );
    assert_eq!(started.line.len(), 7);
    assert_eq!(started.line[..3], ["1", "6", "unix"]);
    assert_eq!(started.line[4], "grpc");
    assert_eq!(started.line[6], "false");
    assert!(started.socket().starts_with(folder.path()));
    let mode = started.socket().parent().expect("a folder").metadata().expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn only_the_client_with_the_very_certificate_is_let_in() {
    let client = Identity::new();
    let started = Started::new(command().env("PLUGIN_CLIENT_CERT", &client.pem));
    let server = STANDARD_NO_PAD.decode(&started.line[5]).expect("base64 without padding");

    let mut good = Client::secure(started.socket(), server.clone(), Some(client.clone())).await.expect("let in");
    let metadata: get_metadata::Response = good.ask("GetMetadata", get_metadata::Request {}).await;
    assert_eq!(metadata.resources[0].type_name, "files_note");

    let stranger = Identity::new();
    // The stranger shows the right certificate, and has another key.
    let thief = Identity { key: stranger.key.clone(), ..client };
    for refused in [None, Some(stranger), Some(thief)] {
        let answer: Result<get_metadata::Response, tonic::Status> =
            match Client::secure(started.socket(), server.clone(), refused).await {
                // In TLS 1.3 a client hears only after its greeting that it is refused.
                Ok(mut client) => client.try_ask("/tfplugin6.Provider/GetMetadata", get_metadata::Request {}).await,
                Err(error) => Err(tonic::Status::unavailable(error)),
            };
        assert!(answer.is_err(), "a stranger was let in");
    }
    let _: get_metadata::Response = good.ask("GetMetadata", get_metadata::Request {}).await;
}

#[tokio::test]
async fn it_ends_at_once_when_it_is_told_to_and_leaves_nothing_behind() {
    // Calls that do not end by themselves would be given two seconds. On a busy machine, all takes its time.
    let mut took = ended().await;
    for _ in 0..5 {
        if took > Duration::from_millis(1500) {
            took = ended().await;
        }
    }
    assert!(took < Duration::from_millis(1500), "{took:?}");
}

/// How long it takes to end once it is told to.
async fn ended() -> Duration {
    let mut started = Started::new(&mut command());
    let socket = started.socket();
    let mut client = Client::plain(socket.clone()).await;
    let mut stdio = client.stream::<_, StdioData>("/plugin.GRPCStdio/StreamStdio", Empty {}).await;
    let healthy = HealthCheckRequest { service: "plugin".to_owned() };
    let health: HealthCheckResponse = client.try_ask("/grpc.health.v1.Health/Check", healthy).await.expect("an answer");
    assert_eq!(health.status, i32::from(ServingStatus::Serving));

    let begun = Instant::now();
    let _: Empty = client.try_ask("/plugin.GRPCController/Shutdown", Empty {}).await.expect("an answer");
    assert!(stdio.message().await.is_ok_and(|message| message.is_none()), "the stream ends, and does not break");
    let status = tokio::task::spawn_blocking(move || started.child.wait().expect("it ends")).await.expect("no panic");
    let took = begun.elapsed();
    assert!(status.success());
    assert!(!socket.exists() && !socket.parent().expect("a folder").exists());
    took
}

#[test]
fn it_leaves_interrupts_to_terraform_and_ends_on_terminate() {
    let mut started = Started::new(&mut command());
    let pid = rustix::process::Pid::from_child(&started.child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it lives");
    std::os::unix::net::UnixStream::connect(started.socket()).expect("it listens still");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it lives");
    assert!(started.child.wait().expect("it ends").success());
}

#[test]
fn it_ends_when_the_terraform_that_started_it_was_killed() {
    // The shell is the Terraform; it dies when its input ends.
    let script = format!("'{}' & read line; exit 0", path().display());
    let mut shell = Command::new("sh");
    let shell = shell.arg("-c").arg(script).process_group(0);
    for (name, value) in command().get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut line = String::new();
    let mut stdout = std::io::BufReader::new(child.stdout.take().expect("a pipe"));
    std::io::BufRead::read_line(&mut stdout, &mut line).expect("a line");
    drop(child.stdin.take());
    child.wait().expect("the shell ends");
    // The provider holds the other end of the pipe for as long as it lives.
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut stdout, &mut rest).expect("it ends");
    assert!(!std::path::Path::new(line.split('|').nth(3).expect("a socket")).exists());
}

#[test]
fn it_starts_quickly_and_is_small() {
    let begun = Instant::now();
    let started = Started::new(command().env("PLUGIN_CLIENT_CERT", Identity::new().pem));
    let took = begun.elapsed();
    let status = std::fs::read_to_string(format!("/proc/{}/status", started.child.id())).unwrap_or_default();
    let resident =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse().ok());
    // Where there is no /proc, nobody says how much it takes.
    let kilobytes: u32 = resident.unwrap_or_default();
    eprintln!("start {took:?}, {kilobytes} kB");
    // A release build on a quiet machine needs a few milliseconds; this one is neither.
    assert!(took < Duration::from_secs(30), "{took:?}");
    assert!(kilobytes < 40_000, "{kilobytes} kB");
}
