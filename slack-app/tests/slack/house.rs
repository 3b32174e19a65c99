//! A real server, a double of Slack, and the app between them.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use monkeyci_client::Client;
use monkeyci_client::model::BuildStatus;
use monkeyci_client::rest::{
    ChatIdentityBody, NewBuild, NewMember, NewToken, OrgBody, RepoBody, Role, ServiceAccountBody,
};
use serde_json::{Value, json};
use slack_emulator::setup::NewPerson;
use slack_emulator::world::{App, Grant, Message};
use slack_emulator::{Server as Emulator, Slack};
use tempfile::TempDir;

use crate::monkeyci::{link, program};
use crate::port::port;

/// A job that ends as the file `outcome` says, after it printed the file `log`; and one that waits for a person where there
/// is a file `wait`.
const SCRIPT: &str = "- id: unit\n  script: [cat log, 'exit $(cat outcome)']\n";
const WAITS: &str =
    "- id: unit\n  script: ['true']\n- id: deploy\n  blocked: true\n  dependencies: [unit]\n  script: ['true']\n";

/// All of it. The app is a process of its own.
pub struct House {
    dir: TempDir,
    server: Child,
    app: Option<Child>,
    others: Vec<Child>,
    emulator: Emulator,
    port: u16,
    token: String,
    /// The server, as whoever runs it.
    pub client: Client,
    /// What Slack knows the app by.
    pub known: App,
    /// What the operator was given for the workspace; nothing where workspaces install the app themselves.
    grant: Option<Grant>,
    /// The workspace, the channel `builds`, and two people: ann, who is one at the server, and bob, who is nobody.
    pub team: String,
    pub channel: String,
    pub ann: String,
}

fn git(dir: &Path, args: &[&str]) {
    let ran = Command::new("git")
        .args(["-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "init.defaultBranch=main"])
        .args(args)
        .current_dir(dir)
        .env("HOME", dir)
        .output()
        .expect("git runs");
    assert!(ran.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

impl House {
    /// One with a channel that nobody has subscribed yet. The app comes by Socket Mode where that is wanted.
    pub async fn open(socket: bool) -> Self {
        Self::of(socket, false).await
    }

    /// One whose app is in no workspace yet: they install it.
    pub async fn shared() -> Self {
        Self::of(false, true).await
    }

    async fn of(socket: bool, shared: bool) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
        let mut command = Command::new(program(root));
        command.args(["server", "--listen", "127.0.0.1:0", "--processes", "*/*", "--allow-file", "--state"]);
        command.arg(dir.path().join("server")).env("HOME", dir.path()).current_dir(dir.path());
        let mut server = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the server starts");
        let first = link(&mut server);
        let (url, token) = first.split_once("/login#token=").expect("the link holds a token");
        let client = Client::new(url, Some(token)).expect("a client");

        let emulator = Emulator::start().await.expect("a port");
        let slack = emulator.slack();
        let team = slack.workspace("Acme");
        let mail = Some("ann@example.com".to_owned());
        let ann = NewPerson { team: team.clone(), name: "ann".into(), email: mail, ..NewPerson::default() };
        let ann = slack.new_person(&ann).expect("somebody");
        slack.person(&team, "bob").expect("somebody");
        let channel = slack.channel(&team, "builds", &["ann", "bob"]).expect("a channel");
        // The app takes it each time that it starts.
        let port = port();
        let manifest = manifest(url, (!socket).then_some(port), shared);
        let known = slack.app(&manifest).unwrap_or_else(|found| panic!("Slack refuses the manifest: {found:?}"));
        let grant = (!shared).then(|| slack.install(&known.id, &team, None).expect("a token"));
        if let Some(grant) = &grant {
            slack.change_channel(&channel, &invite(&grant.user)).expect("the app is let in");
        }

        let acme = client.org("acme");
        acme.put(&OrgBody::default()).await.expect("an organisation");
        let account = acme.service_account("slack");
        let body = ServiceAccountBody { role: Role::Viewer, description: None, integration: true, disabled: false };
        account.put(&body).await.expect("an integration");
        let wanted: NewToken = serde_json::from_value(
            json!({ "description": "the app", "scope": { "org": "acme", "role": "maintainer" } }),
        )
        .expect("a token");
        let token = account.make_token(&wanted).await.expect("a token").secret;
        acme.member("ann").put(&NewMember { role: Role::Maintainer }).await.expect("a member");
        let identity = ChatIdentityBody { person: "ann".into(), name: None };
        acme.chat_identity("slack", &format!("{team}/{ann}")).put(&identity).await.expect("a link");

        let code = dir.path().join("code");
        std::fs::create_dir_all(code.join(".monkeyci")).expect("a folder");
        git(&code, &["init", "-q"]);
        let repo: RepoBody =
            serde_json::from_value(json!({ "url": format!("file://{}", code.display()) })).expect("a body");
        acme.repo("web").put(&repo).await.expect("a repository");

        let mut house = Self {
            dir,
            server,
            app: None,
            others: Vec::new(),
            emulator,
            port,
            token,
            client,
            known,
            grant,
            team,
            channel,
            ann,
        };
        house.start(socket).await;
        if !shared {
            house.follows().await;
        }
        house
    }

    /// Waits until the app hears of builds: what happens before it first does, it is not told of.
    async fn follows(&self) {
        let metrics = format!("{}/metrics", self.client.url());
        let listens = async || {
            let text = reqwest::get(&metrics).await.ok()?.text().await.ok()?;
            text.lines().any(|line| line == "monkeyci_streams_open 1").then_some(())
        };
        self.wait_for("the app listens to builds", listens).await;
    }

    /// Starts the app.
    pub async fn start(&mut self, socket: bool) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_monkeyci-slack"));
        command.arg("serve").env_clear().env("PATH", "").env("MONKEYCI_LOG", "warn,monkeyci_slack=debug");
        command.envs(self.env());
        if socket {
            command.env("SLACK_APP_TOKEN", &self.known.app_token);
            // The one that died is gone, and Slack lets another come once a minute.
            let is_gone = |world: &slack_emulator::world::World| world.sockets.open(&self.known.id) == 0;
            self.slack().until("nobody listens", |world| is_gone(world).then_some(())).await;
            self.slack().clock().advance(std::time::Duration::from_secs(61));
        } else {
            command.env("SLACK_SIGNING_SECRET", &self.known.signing_secret);
        }
        self.app = Some(command.spawn().expect("the app starts"));
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        loop {
            assert!(std::time::Instant::now() < deadline, "the app does not come");
            let is_there = if socket {
                self.slack().look(|world| world.sockets.told(&self.known.id) > 0)
            } else {
                std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok()
            };
            if is_there {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await; // poll
        }
    }

    /// What it is told by the environment.
    pub fn env(&self) -> Vec<(String, String)> {
        let all = [
            ("MONKEYCI_SERVER", self.client.url().to_owned()),
            ("MONKEYCI_ORG", "acme".into()),
            ("MONKEYCI_TOKEN", self.token.clone()),
            ("SLACK_API_URL", format!("{}/api", self.emulator.url())),
            ("MONKEYCI_SLACK_LISTEN", format!("127.0.0.1:{}", self.port)),
        ];
        let credentials = match &self.grant {
            Some(grant) => vec![("SLACK_BOT_TOKEN", grant.token.clone())],
            None => vec![
                ("SLACK_CLIENT_ID", self.known.client_id.clone()),
                ("SLACK_CLIENT_SECRET", self.known.client_secret.clone()),
                ("MONKEYCI_SLACK_URL", self.at("")),
            ],
        };
        all.into_iter().chain(credentials).map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Lets the app into a channel of a workspace that it is installed in.
    pub fn invite(&self, team: &str, channel: &str) {
        let bot = self.slack().look(|world| {
            let bots = world.people.values().filter(|one| one.team == team && one.bot_id.is_some());
            bots.map(|bot| bot.id.clone()).next().expect("a bot")
        });
        self.slack().change_channel(channel, &invite(&bot)).expect("the app is let in");
    }

    /// Has the server stand still, as one that is overburdened, or go on: `STOP` or `CONT`.
    pub fn server_does(&self, signal: &str) {
        send(signal, &self.server);
    }

    /// Has the app stand still, or go on.
    pub fn app_does(&self, signal: &str) {
        send(signal, self.app.as_ref().expect("it runs"));
    }

    /// What the app keeps on the server under keys that begin so.
    pub async fn kept(&self, prefix: &str) -> Vec<String> {
        let stored = self.client.org("acme").integration("slack").stored(prefix).all().await.expect("its keys");
        stored.into_iter().map(|entry| entry.key).collect()
    }

    /// Waits until something is so that nobody tells of.
    pub async fn wait_for<T>(&self, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(std::time::Instant::now() < deadline, "in a minute, this did not come true: {what}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await; // poll
        }
    }

    /// Starts one more, which Slack does not know of.
    pub fn start_another(&mut self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_monkeyci-slack"));
        command.arg("serve").env_clear().envs(self.env()).env("SLACK_SIGNING_SECRET", &self.known.signing_secret);
        command.env("MONKEYCI_SLACK_LISTEN", "127.0.0.1:0");
        self.others.push(command.spawn().expect("the app starts"));
    }

    /// Ends it as a service is ended.
    pub fn stop(&mut self) {
        let mut app = self.app.take().expect("it runs");
        send("TERM", &app);
        assert!(app.wait().expect("it ends").success());
    }

    /// Kills it, as a machine that loses its power does.
    pub fn kill(&mut self) {
        if let Some(mut app) = self.app.take() {
            app.kill().expect("it lives");
            app.wait().expect("it is gone");
        }
    }

    pub fn slack(&self) -> &Slack {
        self.emulator.slack()
    }

    /// Where the app listens.
    pub fn at(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Commits a script whose job ends so and prints that.
    pub fn commit(&self, said: &str, outcome: i32, log: &str) {
        self.commit_script(said, SCRIPT, outcome, log);
    }

    /// Commits a script whose second job waits for a person.
    pub fn commit_waiting(&self, said: &str) {
        self.commit_script(said, WAITS, 0, "");
    }

    /// Commits this script.
    pub fn commit_script(&self, said: &str, script: &str, outcome: i32, log: &str) {
        let code = self.dir.path().join("code");
        for (file, text) in [(".monkeyci/build.yaml", script), ("outcome", &outcome.to_string()), ("log", log)] {
            std::fs::write(code.join(file), text).expect("written");
        }
        git(&code, &["add", "-A"]);
        git(&code, &["commit", "-q", "--allow-empty", "-m", said]);
    }

    /// Begins a build of `main`.
    pub async fn begin(&self) -> u64 {
        self.begin_of("main").await
    }

    async fn begin_of(&self, branch: &str) -> u64 {
        let web = self.client.org("acme").repo("web");
        let begun = web.start(&NewBuild { branch: Some(branch.into()), ..NewBuild::default() }).await.expect("a build");
        begun.build.number
    }

    /// Begins a build of `main`, and waits until it has ended or waits.
    pub async fn build(&self) -> u64 {
        self.build_of("main").await
    }

    /// Begins a build of a branch, and waits until it has ended or waits.
    pub async fn build_of(&self, branch: &str) -> u64 {
        let number = self.begin_of(branch).await;
        self.until(number, |status| status.is_terminal() || status == BuildStatus::Blocked).await;
        number
    }

    /// A new branch where `main` is.
    pub fn branch(&self, name: &str) {
        git(&self.dir.path().join("code"), &["branch", name, "main"]);
    }

    /// Mends what a branch has broken.
    pub fn mend(&self, branch: &str) {
        let code = self.dir.path().join("code");
        git(&code, &["switch", "-q", branch]);
        std::fs::write(code.join("outcome"), "0").expect("written");
        git(&code, &["commit", "-q", "-a", "-m", "Mend"]);
        git(&code, &["switch", "-q", "main"]);
    }

    /// A place for a file that is in no repository.
    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    pub async fn until(&self, number: u64, wanted: impl Fn(BuildStatus) -> bool) -> BuildStatus {
        let build = self.client.org("acme").repo("web").build(number);
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        loop {
            match build.get().await {
                Ok(found) if wanted(found.build.status) => return found.build.status,
                _ if std::time::Instant::now() > deadline => panic!("#{number} does not come to it"),
                _ => tokio::time::sleep(std::time::Duration::from_millis(20)).await, // poll
            }
        }
    }

    /// Types a command in the channel.
    pub async fn command(&self, user: &str, text: &str) {
        let answered = self.slack().command(user, "builds", text).await.expect("it can be typed");
        assert!(answered.ok && answered.millis < 3000, "{answered:?}");
    }

    /// Waits for an answer that only `user` sees, or that all see, and holds these words; all its words.
    pub async fn answered(&self, words: &str) -> String {
        let what = format!("an answer with {words:?}");
        self.slack()
            .until(&what, |world| all(&world.channels[&self.channel].messages).find(|said| said.contains(words)))
            .await
    }

    /// Waits for a message of a build, in the channel itself, with this one line; all its words.
    pub async fn told(&self, line: &str) -> Message {
        let what = format!("a message: {line:?}");
        let found = self.slack().until(&what, |world| {
            world.channels[&self.channel]
                .messages
                .iter()
                .find(|one| one.metadata.is_some() && one.text == line)
                .cloned()
        });
        found.await
    }

    /// Messages of builds in the channel itself, by their one line.
    pub fn lines(&self) -> Vec<String> {
        self.slack().look(|world| {
            let messages = &world.channels[&self.channel].messages;
            let of_builds = messages.iter().filter(|one| one.metadata.is_some() && one.thread_ts.is_none());
            of_builds.map(|one| one.text.clone()).collect()
        })
    }
}

/// All words of each message.
fn all(messages: &[Message]) -> impl Iterator<Item = String> {
    messages.iter().map(words)
}

/// All words of a message.
pub fn words(message: &Message) -> String {
    fn texts(value: &Value, to: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                to.extend(fields.get("text").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|value| texts(value, to));
            }
            Value::Array(values) => values.iter().for_each(|value| texts(value, to)),
            _ => {}
        }
    }
    let mut found = vec![message.text.clone()];
    message.blocks.iter().for_each(|block| texts(block, &mut found));
    found.join("\n")
}

fn send(signal: &str, to: &Child) {
    let sent = Command::new("kill").args([&format!("-{signal}"), &to.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
}

fn invite(user: &str) -> slack_emulator::setup::ChannelChange {
    slack_emulator::setup::ChannelChange { invite: vec![user.to_owned()], ..Default::default() }
}

/// The manifest as the app prints it.
pub fn manifest(server: &str, port: Option<u16>, shared: bool) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_monkeyci-slack"));
    command.args(["manifest", "--server", server]);
    if let Some(port) = port {
        command.args(["--url", &format!("http://127.0.0.1:{port}")]);
    }
    if shared {
        command.arg("--shared");
    }
    let printed = command.output().expect("it runs");
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    serde_json::from_slice(&printed.stdout).expect("JSON")
}

impl Drop for House {
    fn drop(&mut self) {
        for child in self.app.iter_mut().chain(&mut self.others).chain([&mut self.server]) {
            // It has ended already, unless the test failed.
            let _ended = child.kill();
            let _gone = child.wait();
        }
    }
}
