//! A Podman service of our own, for as long as the stories run.

use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;

/// How long the service may take to listen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the service in its folder until standard input is closed, which our end does however it comes.
///
/// Podman's monitor of a container leaves files in the folder that it was started in, so that is one of its own.
const KEEPER: &str =
    "trap : INT TERM HUP; cd \"$1\" && shift && { \"$@\" & } && cat; kill $!; wait $!; rm -rf \"$PWD\"";

/// The address of the service, begun when it is asked for first.
pub async fn address() -> Result<&'static str, String> {
    static SERVICE: OnceCell<Result<(String, Child), String>> = OnceCell::const_new();
    let service = SERVICE.get_or_init(begin).await;
    service.as_ref().map(|(address, _)| address.as_str()).map_err(Clone::clone)
}

/// Where registries without TLS may listen: the service is told of each as it begins.
static INSECURE: Mutex<Vec<TcpListener>> = Mutex::new(Vec::new());

/// A place for a registry that the service asks without TLS.
pub fn insecure() -> TcpListener {
    INSECURE.lock().expect("not poisoned").pop().expect("one for each story")
}

/// Reserves places for registries, and says so to the service that reads `file`.
fn reserve(file: &Path) -> std::io::Result<()> {
    let mut config = String::new();
    for _ in 0..8 {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        config += &format!("[[registry]]\nlocation = \"{}\"\ninsecure = true\n", listener.local_addr()?);
        INSECURE.lock().expect("not poisoned").push(listener);
    }
    std::fs::write(file, config)
}

async fn begin() -> Result<(String, Child), String> {
    let version = Command::new("podman").arg("--version").stdout(Stdio::null()).status();
    version.map_err(|error| format!("podman: {error}"))?;
    let home = tempfile::Builder::new().prefix("podman-").tempdir().map_err(|error| error.to_string())?.keep();
    let (socket, said) = (home.join("podman.sock"), home.join("said"));
    let stderr = std::fs::File::create(&said).map_err(|error| error.to_string())?;
    let (address, registries) = (format!("unix://{}", socket.display()), home.join("registries.conf"));
    reserve(&registries).map_err(|error| error.to_string())?;
    let mut command = Command::new("sh");
    command
        .args(["-c", KEEPER, "podman-keeper"])
        .arg(&home)
        .args(podman())
        .args(["system", "service", "-t", "0", &address]);
    command.env("CONTAINERS_REGISTRIES_CONF", registries);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(stderr);
    let keeper = command.spawn().map_err(|error| error.to_string())?;
    listens(&socket, &said).await?;
    Ok((address, keeper))
}

/// The program. Some hosts have a cgroup tree that its usual runtime refuses.
fn podman() -> Vec<&'static str> {
    let runc = ["/usr/sbin/runc", "/usr/bin/runc"].into_iter().find(|path| Path::new(path).exists());
    let runtime = runc.map_or(Vec::new(), |runc| vec!["--runtime", runc]);
    [vec!["podman", "--cgroup-manager", "cgroupfs"], runtime].concat()
}

async fn listens(socket: &PathBuf, said: &Path) -> Result<(), String> {
    let limit = Instant::now() + PATIENCE;
    while UnixStream::connect(socket).is_err() {
        if Instant::now() > limit {
            let said = std::fs::read_to_string(said).unwrap_or_default();
            return Err(format!("its service did not begin to listen: {}", said.trim()));
        }
        tokio::time::sleep(Duration::from_millis(20)).await; // poll
    }
    Ok(())
}
