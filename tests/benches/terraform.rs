//! The Terraform provider: its process, and Terraform with many objects.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::measure::{Goal, Outcome, amount, pairs, rounds, setting, skipped, timed};
use crate::plugin::Plugin;
use crate::program::{is_on_path, provider, well};
use crate::server::Server;

/// What the provider is installed as.
const ADDRESS: &str = "registry.test/monkeyci/monkeyci";

/// Objects in each repository, itself among them.
const EACH: usize = 4;

/// Objects that Terraform works on at the same time, where nobody says otherwise.
const AT_ONCE: usize = 10;

pub fn run() -> Outcome {
    process()?;
    if !is_on_path("terraform") {
        return skipped("terraform", "it is not on the PATH");
    }
    let repos = setting("REPOS", 500);
    let server = Server::start()?;
    let objects = repos * EACH + 1;
    let (mut ours, mut bare) = (0, 0);
    let mut declare = || {
        ours += 1;
        Configuration::of_objects(&server, &format!("acme{ours}"), repos)
    };
    let floor = || timed(|| Configuration::of_data(repos)?.apply());
    let what = format!("apply {objects} objects, beside terraform_data");
    let within = Goal::Within(Duration::from_secs(20));
    pairs(&what, rounds(1), &within, floor, || {
        let configuration = declare()?;
        timed(|| configuration.apply())
    })?;
    pairs(
        "the same, beside bare requests",
        rounds(1),
        &Goal::Shown,
        || {
            bare += 1;
            timed(|| put_all(&server, &format!("bare{bare}"), repos))
        },
        || {
            let configuration = declare()?;
            timed(|| configuration.apply())
        },
    )?;

    let before = server.requests()?;
    let made = declare()?;
    made.apply()?;
    let each = (server.requests()? - before) as f64 / objects as f64;
    amount("requests for each object that is made", "", &format!("{each:.2}"), "3", each <= 3.0);
    let data = Configuration::of_data(repos)?;
    data.apply()?;
    let within = Goal::Within(Duration::from_secs(3));
    pairs("plan that finds no change", rounds(5), &within, || timed(|| data.settled()), || timed(|| made.settled()))?;
    let before = server.requests()?;
    made.settled()?;
    let refreshed = server.requests()? - before;
    let most = (10 * objects).div_ceil(1_000) as u64;
    amount("requests of its refresh", "", &refreshed.to_string(), &most.to_string(), refreshed <= most);
    Ok(())
}

/// The provider itself: its start, its memory and its end.
fn process() -> Outcome {
    let start = || timed(|| Plugin::start(provider()?));
    let within = Goal::Within(Duration::from_millis(15));
    let floor = || timed(|| well(&mut Command::new("true")));
    pairs("start of the provider, to its handshake", rounds(21), &within, floor, start)?;
    let plugin = Plugin::start(provider()?)?;
    let bytes = plugin.memory()?;
    amount("its memory then", "", &format!("{:.1} MB", bytes as f64 / 1e6), "20 MB", bytes <= 20_000_000);
    drop(plugin);
    let end = || {
        let plugin = Plugin::start(provider()?)?;
        timed(|| plugin.shut_down())
    };
    pairs("its end, once it is told to", rounds(21), &Goal::Within(Duration::from_millis(100)), floor, end)?;
    Ok(())
}

/// A configuration in a folder of its own, and what Terraform is to know.
struct Configuration {
    dir: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Configuration {
    fn new(text: &str, variables: Vec<(&'static str, String)>) -> Outcome<Self> {
        let dir = tempfile::tempdir()?;
        let folder = provider()?.parent().ok_or("it lies in a folder")?.display();
        let installed = format!("dev_overrides {{\n \"{ADDRESS}\" = \"{folder}\"\n }}");
        let rc = format!("provider_installation {{\n {installed}\n direct {{\n exclude = [\"*/*/*\"]\n }}\n}}\n");
        fs::write(dir.path().join("terraformrc"), rc)?;
        fs::create_dir(dir.path().join("config"))?;
        fs::write(dir.path().join("config/main.tf"), text)?;
        Ok(Self { dir, variables })
    }

    /// Repositories with a param, a schedule and an environment each, in this organisation of the server.
    fn of_objects(server: &Server, org: &str, repos: usize) -> Outcome<Self> {
        let mut text = format!(
            "terraform {{\n  required_providers {{\n    monkeyci = {{ source = \"{ADDRESS}\" }}\n  }}\n}}\n\
             provider \"monkeyci\" {{\n  org = \"{org}\"\n}}\n\
             resource \"monkeyci_org\" \"all\" {{\n  slug = \"{org}\"\n}}\n"
        );
        for n in 0..repos {
            write!(
                text,
                "resource \"monkeyci_repo\" \"r{n}\" {{\n  org = monkeyci_org.all.id\n  name = \"r{n}\"\n  \
                 url = \"https://git.example.com/r{n}.git\"\n}}\n\
                 resource \"monkeyci_param\" \"r{n}\" {{\n  scope = monkeyci_repo.r{n}.id\n  name = \"LEVEL\"\n  \
                 value = \"info\"\n}}\n\
                 resource \"monkeyci_schedule\" \"r{n}\" {{\n  repo = monkeyci_repo.r{n}.id\n  name = \"nightly\"\n  \
                 cron = \"0 3 * * *\"\n}}\n\
                 resource \"monkeyci_environment\" \"r{n}\" {{\n  repo = monkeyci_repo.r{n}.id\n  name = \"prod\"\n  \
                 refs = [\"main\"]\n}}\n"
            )?;
        }
        let url = format!("http://{}", server.address);
        Self::new(&text, vec![("MONKEYCI_SERVER", url), ("MONKEYCI_TOKEN", server.token.clone())])
    }

    /// As many objects, with as much in them, that Terraform makes by itself.
    fn of_data(repos: usize) -> Outcome<Self> {
        let mut text = "resource \"terraform_data\" \"all\" {\n  input = \"all\"\n}\n".to_owned();
        for n in 0..repos {
            write!(
                text,
                "resource \"terraform_data\" \"r{n}\" {{\n  input = {{ org = terraform_data.all.output, name = \"r{n}\", \
                 url = \"https://git.example.com/r{n}.git\" }}\n}}\n"
            )?;
            for (name, more) in [
                ("param", "name = \"LEVEL\", value = \"info\""),
                ("schedule", "name = \"nightly\", cron = \"0 3 * * *\""),
                ("environment", "name = \"prod\", refs = [\"main\"]"),
            ] {
                let of = format!("terraform_data.r{n}.output.name");
                writeln!(
                    text,
                    "resource \"terraform_data\" \"r{n}_{name}\" {{\n  input = {{ repo = {of}, {more} }}\n}}"
                )?;
            }
        }
        Self::new(&text, Vec::new())
    }

    fn terraform(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("terraform");
        command.args(arguments).current_dir(self.dir.path().join("config"));
        command.env("TF_CLI_CONFIG_FILE", self.dir.path().join("terraformrc"));
        command.envs([("TF_IN_AUTOMATION", "1"), ("TF_INPUT", "0"), ("CHECKPOINT_DISABLE", "1")]);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    fn apply(&self) -> Outcome {
        well(&mut self.terraform(&["apply", "-auto-approve"]))
    }

    /// A plan, which must find no change.
    fn settled(&self) -> Outcome {
        well(&mut self.terraform(&["plan", "-detailed-exitcode"]))
    }
}

/// Makes the same objects by requests alone, over as many connections as Terraform would work at once.
fn put_all(server: &Server, org: &str, repos: usize) -> Outcome {
    Connection::open(server)?.put(&format!("/v1/orgs/{org}"), "{}")?;
    let share = repos.div_ceil(AT_ONCE);
    let put = |of: usize| -> Result<(), String> {
        let work = || -> Outcome {
            let mut connection = Connection::open(server)?;
            for n in (of * share..repos).take(share) {
                let repo = format!("/v1/orgs/{org}/repos/r{n}");
                connection.put(&repo, &format!("{{\"url\":\"https://git.example.com/r{n}.git\"}}"))?;
                connection.put(&format!("{repo}/params/LEVEL"), r#"{"value":"info"}"#)?;
                connection.put(&format!("{repo}/schedules/nightly"), r#"{"cron":"0 3 * * *"}"#)?;
                connection.put(&format!("{repo}/environments/prod"), r#"{"refs":["main"]}"#)?;
            }
            Ok(())
        };
        work().map_err(|error| error.to_string())
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..AT_ONCE).map(|of| scope.spawn(move || put(of))).collect();
        all.into_iter().try_for_each(|one| one.join().map_err(|_| "a thread panicked".to_owned())?)
    })?;
    Ok(())
}

/// A connection that is kept.
struct Connection<'a> {
    server: &'a Server,
    stream: BufReader<TcpStream>,
}

impl<'a> Connection<'a> {
    fn open(server: &'a Server) -> Outcome<Self> {
        let stream = TcpStream::connect(&server.address)?;
        stream.set_nodelay(true)?;
        Ok(Self { server, stream: BufReader::new(stream) })
    }

    fn put(&mut self, path: &str, body: &str) -> Outcome {
        let (token, length) = (&self.server.token, body.len());
        let head = format!(
            "PUT {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        self.stream.get_mut().write_all(head.as_bytes())?;
        let (mut first, mut length) = (String::new(), 0);
        self.stream.read_line(&mut first)?;
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        if first.starts_with("HTTP/1.1 20") { Ok(()) } else { Err(format!("{path}: {first}").into()) }
    }
}
