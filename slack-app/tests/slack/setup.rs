//! How the app is set up: a manifest that asks for little, and a look whether all is well.

use std::process::{Command, Output};

use slack_emulator::setup::ChannelChange;

use crate::house::{House, manifest};

fn run(args: &[&str], env: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_monkeyci-slack"))
        .args(args)
        .env_clear()
        .envs(env.iter().copied())
        .output()
        .expect("it runs")
}

#[test]
fn a_manifest_asks_for_no_more_than_its_features_need() {
    let all = manifest("https://ci.example.com", Some(3000), false);
    assert_eq!(all["features"]["unfurl_domains"][0], "ci.example.com");
    assert_eq!(all["settings"]["socket_mode_enabled"], false);
    let few = run(&["manifest", "--server", "https://ci.example.com", "--features", "command"], &[]);
    let few: serde_json::Value = serde_json::from_slice(&few.stdout).expect("JSON");
    let scopes = few["oauth_config"]["scopes"]["bot"].as_array().expect("scopes");
    assert_eq!(scopes, &["channels:read", "chat:write", "commands", "groups:read", "users:read"]);
    assert_eq!(few["settings"]["socket_mode_enabled"], true);
    assert!(few["features"].get("unfurl_domains").is_none() && few["features"].get("app_home").is_none());
}

#[test]
fn what_is_missing_is_said_and_no_secret_is() {
    let base =
        [("MONKEYCI_SERVER", "https://ci.example.com"), ("MONKEYCI_ORG", "acme"), ("MONKEYCI_TOKEN", "mci_s3cret")];
    for (more, said) in [
        (&[][..], "SLACK_SIGNING_SECRET"),
        (&[("SLACK_SIGNING_SECRET", "s3cret")], "SLACK_BOT_TOKEN"),
        (&[("SLACK_APP_TOKEN", "xapp-s3cret"), ("MONKEYCI_SLACK_COMMAND", "build")], "begins with no `/`"),
        (&[("SLACK_CLIENT_ID", "1.2")], "--client-secret"),
    ] {
        let env: Vec<_> = base.iter().chain(more).copied().collect();
        let ran = run(&["serve"], &env);
        let told = String::from_utf8_lossy(&ran.stderr);
        assert!(!ran.status.success() && told.contains(said) && !told.contains("s3cret"), "{told}");
    }
    let help = run(&["serve", "--help"], &[("SLACK_BOT_TOKEN", "xoxb-s3cret")]);
    assert!(!String::from_utf8_lossy(&help.stdout).contains("s3cret"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_doctor_says_what_is_well_and_what_is_not() {
    let house = House::open(false).await;
    let examine = |env: Vec<(String, String)>| {
        let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let ran = run(&["doctor"], &env);
        (ran.status.success(), String::from_utf8_lossy(&ran.stdout).into_owned())
    };
    let (is_fine, told) = examine(house.env());
    assert!(is_fine, "{told}");
    assert!(told.contains("ok     server: ") && told.contains("ok     store: can be written"), "{told}");

    assert!(told.contains("ok     scopes: ") && told.contains("ok     clock: "), "{told}");
    // Where Slack comes to: the app answers there, and has the same secret.
    let mut env = house.env();
    env.push(("MONKEYCI_SLACK_URL".into(), house.at("")));
    env.push(("SLACK_SIGNING_SECRET".into(), house.known.signing_secret.clone()));
    let (is_fine, told) = examine(env.clone());
    assert!(is_fine && told.contains("ok     address: "), "{told}");
    env.pop();
    env.push(("SLACK_SIGNING_SECRET".into(), "another".into()));
    let (is_fine, told) = examine(env.clone());
    assert!(!is_fine && told.contains("wrong  address: ") && told.contains("does it have the same?"), "{told}");
    env.retain(|(name, _)| name != "MONKEYCI_SLACK_URL");
    env.push(("MONKEYCI_SLACK_URL".into(), "http://127.0.0.1:9".into()));
    let (_, told) = examine(env);
    assert!(told.contains("does not answer: is `monkeyci-slack serve` running"), "{told}");

    // A channel that is told of builds, and that the app is put out of.
    let slack = house.slack();
    house.command("ann", "/build subscribe web").await;
    house.answered("This channel is told").await;
    let (is_fine, told) = examine(house.env());
    assert!(is_fine && told.contains("#builds can be told"), "{told}");
    let bot = slack.look(|world| world.people.values().find(|one| one.bot_id.is_some()).map(|one| one.id.clone()));
    let out = ChannelChange { remove: bot.into_iter().collect(), ..ChannelChange::default() };
    slack.change_channel(&house.channel, &out).expect("it is put out");
    let (is_fine, told) = examine(house.env());
    assert!(!is_fine && told.contains("#builds does not have the app in it"), "{told}");

    slack.uninstall(&house.known.id, &house.team);
    let few = slack.install(&house.known.id, &house.team, Some(&["chat:write"])).expect("a token");
    let mut env = house.env();
    env.retain(|(name, _)| name != "SLACK_BOT_TOKEN");
    env.push(("SLACK_BOT_TOKEN".into(), few.token));
    let (is_fine, told) = examine(env);
    assert!(!is_fine && told.contains("wrong  scopes: ") && told.contains("users:read"), "{told}");
}
