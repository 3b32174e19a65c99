//! A private registry, and images of it that a server has pulled.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use monkeyci_sdk::http;
use serde_json::Value;

use crate::image::{Busybox, Image};
use crate::port::port;
use crate::program::{Home, finish, has, has_docker, is_on_path, until};
use crate::server::Server;

/// The password of the user `ann`.
pub const PASSWORD: &str = "s3cr3t-w0rd";

/// A registry of Debian's package, for one user.
pub struct Registry {
    process: Child,
    /// As images name it.
    pub host: String,
}

impl Registry {
    /// Serves from a folder of the home.
    pub fn serve(home: &Home) -> Self {
        // It cannot be told to choose a port.
        let host = format!("127.0.0.1:{}", port());
        let (users, data, config) = (home.file("users"), home.file("registry"), home.file("registry.yml"));
        // `htpasswd -nbB ann s3cr3t-w0rd`
        std::fs::write(&users, "ann:$2y$05$MhlaTZzVWcw3lWyr/8a.kueTG/1bNViUBTi94IOmD5Vgd9OWEcpT.\n").expect("written");
        let text = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {data:?}}}}}\nhttp: {{addr: {host}}}\n\
             auth: {{htpasswd: {{realm: test, path: {users:?}}}}}\n"
        );
        std::fs::write(&config, text).expect("written");
        let mut command = Command::new("docker-registry");
        let process = command.arg("serve").arg(config).stdout(Stdio::null()).stderr(Stdio::null());
        let registry = Self { process: process.spawn().expect("it starts"), host };
        until("the registry answers", || registry.get("/v2/").is_ok());
        registry
    }

    /// What it answers to whoever may ask.
    pub fn get(&self, path: &str) -> Result<Value, http::HttpError> {
        let accept = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json";
        let request = http::get(format!("http://{}{path}", self.host)).basic("ann", PASSWORD);
        request.header("Accept", accept).send()?.json()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// An image in the registry that nobody has pulled yet; it is removed at the end.
struct Pushed(String);

impl Pushed {
    fn of(image: &Image, registry: &Registry, home: &Home) -> Self {
        let name = format!("{}/acme/box:1", registry.host);
        let login = home.file("docker");
        docker(&["tag", image.name(), &name]);
        let mut command = Command::new("docker");
        command.arg("--config").arg(&login).args(["login", "-u", "ann", "--password-stdin", &registry.host]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("docker");
        std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), PASSWORD.as_bytes()).expect("piped in");
        assert!(child.wait().expect("it ends").success(), "docker login");
        docker(&["--config", login.to_str().expect("text"), "push", "-q", &name]);
        let pushed = Self(name);
        pushed.forget();
        pushed
    }

    /// Has Docker forget it, so that it is pulled again.
    fn forget(&self) {
        docker(&["rmi", "-f", &self.0]);
    }
}

impl Drop for Pushed {
    fn drop(&mut self) {
        let _gone = Command::new("docker").args(["rmi", "-f", &self.0]).output();
    }
}

fn docker(arguments: &[&str]) {
    let output = Command::new("docker").args(arguments).output().expect("docker runs");
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Whether any file beneath a folder holds this.
fn holds(folder: &Path, text: &str) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| match path.symlink_metadata() {
        Ok(found) if found.is_dir() => holds(&path, text),
        Ok(found) if found.is_file() => {
            let bytes = std::fs::read(&path).unwrap_or_default();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        }
        _ => false,
    })
}

#[test]
fn images_of_a_private_registry_are_pulled_for_whom_the_credentials_are_and_the_password_is_nowhere() {
    let programs = ["docker-registry", "busybox"];
    if !has_docker() || !programs.iter().all(|program| has(program, is_on_path(program), "no such program")) {
        return;
    }
    let Some(image) = Busybox::import() else { return };
    let home = Home::new();
    let registry = Registry::serve(&home);
    let pushed = Pushed::of(&image, &registry, &home);
    // The second job has no image, so that it runs in the script image of whoever runs it.
    let script = "
- id: boxed
  image: IMAGE
  script: ['echo pulled']
- id: bare
  dependencies: [boxed]
  script: ['echo as well']
- id: far
  labels: {far: 'yes'}
  dependencies: [bare]
  image: IMAGE
  pull: always
  script: ['echo and here']
";
    let repository = home.committed(&script.replace("IMAGE", &pushed.0));
    std::fs::write(home.file("server.toml"), format!("[executor]\nscript-image = {:?}\n", pushed.0)).expect("written");
    let config = home.file("server.toml").display().to_string();
    let server = Server::with(&home, &["--config", &config, "--allow-file"]);
    let (url, token) = server.access();
    let monkeyci = |words: &[&str], input: &str| {
        let mut command = home.command(words);
        let file = home.file("input");
        std::fs::write(&file, input).expect("written");
        command.stdin(std::fs::File::open(&file).expect("it is there"));
        std::fs::remove_file(&file).expect("removed");
        finish(with(command, url, token))
    };
    let does = |words: &[&str], input: &str| {
        let said = monkeyci(words, input);
        assert_eq!(said.code, Some(0), "{words:?}: {}", said.both());
        said
    };
    let address = format!("file://{}", repository.display());
    does(&["org", "add", "acme"], "");
    does(&["repo", "add", "acme/web", &address, "--label", "team=shop"], "");
    let far = does(&["workers", "add", "far"], "").out;
    let far = far.split_whitespace().find(|word| word.starts_with("mcw_")).expect("a token").to_owned();
    let state = home.file("far").display().to_string();
    let mut worker = home.command(&["worker", "--server", url, "--label", "far=yes", "--state", &state]);
    worker.env("MONKEYCI_WORKER_TOKEN", &far);
    let log = std::fs::File::create(home.file("far.log")).expect("a file");
    worker.stdout(log.try_clone().expect("a file")).stderr(log);
    let worker = Ends(worker.spawn().expect("it starts"));

    let run = || monkeyci(&["run", "acme/web"], "");
    let said = run();
    assert!(said.code == Some(1) && said.both().contains("give credentials for"), "{}", said.both());
    let set = ["registry", "set", "box", &registry.host, "--org", "acme", "--username", "ann", "--labels"];
    does(&[&set[..], &["team=pay"]].concat(), PASSWORD);
    assert!(run().both().contains("give credentials for"), "they are for others");
    does(&[&set[..], &["team=shop"]].concat(), "wr0ng-w0rd");
    let said = run();
    assert!(said.both().contains("which the registry did not accept"), "{}", said.both());
    assert!(!said.both().contains("wr0ng-w0rd"), "{}", said.both());

    let said = does(&[&set[..], &["team=shop"]].concat(), &format!("{PASSWORD}\n"));
    assert!(!said.both().contains(PASSWORD), "{}", said.both());
    let said = run();
    assert_eq!(said.code, Some(0), "{}", said.both());
    for line in ["pulled", "as well", "and here"] {
        assert!(said.both().contains(line), "{line}: {}", said.both());
    }
    // The script image alone, by a job that names none.
    pushed.forget();
    let only = home.committed("- {id: bare, script: ['echo the script image']}");
    assert_eq!(only, repository);
    let said = run();
    assert!(said.code == Some(0) && said.both().contains("the script image"), "{}", said.both());

    let listed = does(&["registry", "list", "--org", "acme"], "").both();
    assert!(listed.contains("ann") && listed.contains("team=shop") && !listed.contains(PASSWORD), "{listed}");
    drop(worker);
    server.stop();
    for folder in ["server", "far"] {
        assert!(!holds(&home.file(folder), PASSWORD), "a file beneath `{folder}` holds the password");
    }
    assert!(!home.text("far.log").contains(PASSWORD), "{}", home.text("far.log"));
}

/// A program that ends when this is dropped.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// A command that asks this server with this token.
fn with(mut command: Command, url: &str, token: &str) -> Command {
    command.env("MONKEYCI_SERVER", url).env("MONKEYCI_TOKEN", token);
    command
}
