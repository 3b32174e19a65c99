use std::path::{Path, PathBuf};

use http::Method;
use monkeyci_api::Config;
use monkeyci_api::doctor::{Health, examine};
use monkeyci_api::mail::settings::{Mail as Settings, Security};
use serde_json::{Value, json};

use super::house::{House, git};
use super::mail_server::{MailServer, Mood, PASSWORD, Speech, USER};

const REPO: &str = "/v1/orgs/acme/repos/web";
const TEAM: &str = "/v1/orgs/acme/subscriptions/team";
const DELIVERIES: &str = "/v1/orgs/acme/subscriptions/team/deliveries";

const BROKEN: &str = "[{id: unit, script: ['printf \"\\\\033[31mexpected 1\\\\033[0m <got> 2\\\\n.\\\\n\"; false']}]";
const WELL: &str = "[{id: unit, script: ['true']}]";

/// How a server is reached, as it is spoken to; its authority and the password are in a folder.
fn settings(server: &MailServer, speech: Speech, dir: &Path) -> Settings {
    let is_safe = speech != Speech::Clear;
    Settings {
        server: Some("localhost".into()),
        port: Some(server.port),
        from: Some("MonkeyCI <ci@example.com>".into()),
        security: match speech {
            Speech::Clear => Security::None,
            Speech::StartTls => Security::Starttls,
            Speech::Tls => Security::Tls,
        },
        authorities: is_safe.then(|| dir.join("authority.pem")),
        user: is_safe.then(|| USER.into()),
        password_file: is_safe.then(|| dir.join("password")),
        domains: vec!["example.com".into()],
    }
}

/// A house that writes by a mail server.
async fn house(server: &MailServer, speech: Speech) -> House {
    let (authority, mail) = (server.authority.clone(), settings(server, speech, Path::new("")));
    House::with(WELL, move |config: &mut Config| {
        let dir = config.state.parent().expect("a folder").to_owned();
        std::fs::write(dir.join("authority.pem"), &authority).expect("writes");
        std::fs::write(dir.join("password"), format!("{PASSWORD}\n")).expect("writes");
        let within = |file: &Option<PathBuf>| file.as_ref().map(|file| dir.join(file));
        let (authorities, password_file) = (within(&mail.authorities), within(&mail.password_file));
        config.mail = Settings { authorities, password_file, ..mail.clone() };
    })
    .await
}

async fn subscribe(house: &House, mail: Value) {
    house.put(TEAM, json!({ "to": { "mail": mail } })).await.must(201);
}

/// Builds `web` with this script and this message of its commit, to its end.
async fn build(house: &House, script: &str, message: &str) {
    house.commit(script);
    git(&house.repository(), &["commit", "-q", "--amend", "--allow-empty", "-m", message]);
    let number = house.post(&format!("{REPO}/builds"), json!({ "branch": "main" })).await.must(201).json()["number"]
        .as_u64()
        .expect("a number");
    house.ended(number).await;
}

/// The newest delivery, once it stands so.
async fn delivered(house: &House, state: &str) -> Value {
    house.until(DELIVERIES, |list| list["items"][0]["state"] == state).await["items"][0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_is_written_to_in_one_thread_and_nothing_of_a_commit_becomes_a_header() {
    let server = MailServer::open(Speech::StartTls).await;
    let house = house(&server, Speech::StartTls).await;
    subscribe(&house, json!({ "to": ["team@Example.com"] })).await;
    build(&house, BROKEN, "mend the größe\rBcc: eve@example.net\n\nX-Evil: yes").await;
    let broken = server.came(1).await.remove(0);
    build(&house, WELL, "mended").await;
    let mended = server.came(2).await.remove(1);

    assert_eq!((broken.to.as_str(), broken.safe), ("team@example.com", true));
    assert!(broken.header("subject").starts_with("[acme/web] main failed: unit "), "{}", broken.head);
    assert_eq!(mended.header("subject"), "[acme/web] main recovered =?utf-8?b?4oCU?= mended");
    assert_eq!((broken.headers("bcc"), broken.headers("x-evil")), (vec![], vec![]));
    assert_eq!(broken.header("auto-submitted"), "auto-generated");
    assert_eq!(broken.header("list-id"), "<web.acme.example.com>");
    assert_eq!(broken.header("references"), mended.header("references"));
    assert_eq!(broken.header("in-reply-to"), broken.header("references"));
    assert_ne!(broken.header("message-id"), mended.header("message-id"));
    for said in ["Build 1 of acme/web at main failed.", "  | expected 1 <got> 2\r\n  | .", "names this address"] {
        assert!(broken.body.contains(said), "{said}: {}", broken.body);
    }
    assert!(broken.body.contains("expected 1 &lt;got&gt; 2") && !broken.body.contains("\u{1b}"), "{}", broken.body);

    let told = delivered(&house, "delivered").await;
    assert_eq!((&told["to"], &told["tries"]), (&json!("team@example.com"), &json!(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_and_not_noted_is_sent_again_as_the_same_mail() {
    let server = MailServer::open(Speech::Clear).await;
    let mut house = house(&server, Speech::Clear).await;
    subscribe(&house, json!({ "to": ["team@example.com"] })).await;
    server.is_now(Mood::Hangs);
    build(&house, BROKEN, "broken").await;
    server.came(1).await;
    // Killed while the server has it and nobody here knows.
    server.is_now(Mood::Good);
    house.again().await;
    let came = server.came(2).await;
    assert_eq!((&came[0].head, &came[0].body), (&came[1].head, &came[1].body));
    delivered(&house, "delivered").await;
    assert_eq!(server.came(2).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_is_tried_again_unless_it_is_refused_for_good() {
    let server = MailServer::open(Speech::Tls).await;
    let house = house(&server, Speech::Tls).await;
    subscribe(&house, json!({ "to": ["team@example.com"] })).await;
    server.is_now(Mood::Refuses("451 4.7.1 come again"));
    house.post(&format!("{TEAM}/test"), json!({})).await.must(202);
    let is_tried = |list: &Value| list["items"][0]["tries"] == 1;
    let listed = house.until(DELIVERIES, is_tried).await;
    let tried = &listed["items"][0];
    assert_eq!(
        (&tried["state"], &tried["note"]),
        (&json!("queued"), &json!("the mail server answers 451: 4.7.1 come again"))
    );
    server.is_now(Mood::Good);
    assert!(server.came(1).await[0].safe);
    delivered(&house, "delivered").await;

    server.is_now(Mood::Refuses("550 5.1.1 nobody is called so"));
    let test = house.post(&format!("{TEAM}/test"), json!({})).await.must(202).json();
    let failed = delivered(&house, "failed").await;
    assert_eq!(failed["note"], "the mail server answers 550: 5.1.1 nobody is called so");
    // Once more, by somebody who has mended the address.
    server.is_now(Mood::Good);
    let id = test[0]["id"].as_str().expect("an id");
    house.post(&format!("{DELIVERIES}/{id}/redeliver"), json!({})).await.must(202);
    let came = server.came(2).await.remove(1);
    assert!(came.header("message-id").contains(id) && came.header("subject").starts_with("Test: "), "{}", came.head);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_written_to_at_verified_addresses_and_where_they_belong_alone() {
    let server = MailServer::open(Speech::Clear).await;
    let house = house(&server, Speech::Clear).await;
    // As providers have vouched for them: Ann belongs to the organisation, Eve to none.
    house.knows("ann", "Ann.B@example.net", Some("developer")).await;
    house.knows("eve", "eve@example.net", None).await;
    house
        .put(TEAM, json!({ "to": { "mail": { "author": true, "actor": true } }, "on": ["failed", "still-failing"] }))
        .await
        .must(201);
    let commit = |email: &str| {
        house.commit(BROKEN);
        let author = format!("--author=Somebody <{email}>");
        git(&house.repository(), &["commit", "-q", "--amend", "--allow-empty", "-m", "broken", &author]);
    };
    let built = async |token: &str, number: u64| {
        let body = json!({ "branch": "main" });
        house.ask(Some(token), Method::POST, &format!("{REPO}/builds"), Some(body)).await.must(201);
        house.ended(number).await;
    };
    commit("eve@example.net");
    built(&house.token.clone(), 1).await;
    commit("nobody@example.com");
    built(&house.token.clone(), 2).await;
    commit("ann.b@EXAMPLE.net");
    built(&house.token.clone(), 3).await;
    let came = server.came(1).await;
    assert_eq!(came.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["ann.b@example.net"]);
    assert!(came[0].body.contains("The commit is yours."), "{}", came[0].body);
    assert_eq!(house.get(DELIVERIES).await.json()["items"][0]["build"], "acme/web#3");

    // She wants no more: a look at the link changes nothing, the button does, and nobody else's is changed by it.
    let link = came[0].header("list-unsubscribe");
    let path = link.trim_matches(['<', '>']).strip_prefix("https://ci.example.com").expect("our own").to_owned();
    let page = house.ask(None, Method::GET, &path, None).await.must(200);
    assert!(page.text.contains("ann.b@example.net") && page.text.contains("<form"), "{}", page.text);
    built(&house.token.clone(), 4).await;
    server.came(2).await;
    house.ask(None, Method::POST, &path, None).await.must(200);
    let again = house.get(DELIVERIES).await.json()["items"][0]["id"].as_str().expect("an id").to_owned();
    house.post(&format!("{DELIVERIES}/{again}/redeliver"), json!({})).await.must(202);
    let refused = delivered(&house, "failed").await;
    assert_eq!(refused["note"], "whoever has this address wants no more of this subscription");
    built(&house.token.clone(), 5).await;
    assert_eq!(server.came(2).await.len(), 2);
    house.ask(None, Method::POST, "/v1/unsubscribe/nothing", None).await.must(404);
    let audit = house.get("/v1/orgs/acme/audit").await.json();
    assert!(audit["items"].to_string().contains("subscription/unsubscribe"), "{audit}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_mail_can_be_sent_to_is_refused_with_its_field() {
    let server = MailServer::open(Speech::Clear).await;
    let house = house(&server, Speech::Clear).await;
    for (mail, pointer) in [
        (json!({}), "/to/mail/to"),
        (json!({ "to": ["team@example.com", "nobody"] }), "/to/mail/to/1"),
        (json!({ "to": ["team@example.com\r\nBcc: eve@example.net"] }), "/to/mail/to/0"),
        (json!({ "to": ["eve@example.net"] }), "/to/mail/to/0"),
        (json!({ "to": vec!["a@example.com"; 21] }), "/to/mail/to"),
    ] {
        let refused = house.put(TEAM, json!({ "to": { "mail": mail } })).await.must(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    subscribe(&house, json!({ "author": true })).await;
    house.post(&format!("{TEAM}/test"), json!({})).await.must(409);
    let without = House::with_script("[]").await;
    let refused = without.put(TEAM, json!({ "to": { "mail": { "to": ["team@example.com"] } } })).await.must(422);
    assert!(refused.text.contains("[mail]"), "{}", refused.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_told_to_whom_it_is_for_and_a_server_of_another_name_learns_nothing() {
    let mut server = MailServer::open(Speech::StartTls).await;
    // What is there has a certificate that another authority signed.
    server.authority = MailServer::open(Speech::StartTls).await.authority;
    let house = house(&server, Speech::StartTls).await;
    subscribe(&house, json!({ "to": ["team@example.com"] })).await;
    house.post(&format!("{TEAM}/test"), json!({})).await.must(202);
    let listed = house.until(DELIVERIES, |list| list["items"][0]["tries"] == 1).await;
    let note = listed["items"][0]["note"].as_str().expect("a note");
    assert!(note.contains("cannot be reached") && !note.contains(PASSWORD), "{note}");
    assert!(server.came(0).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_greets_the_mail_server_as_who_sends_and_says_what_is_wrong() {
    let server = MailServer::open(Speech::StartTls).await;
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("authority.pem"), &server.authority).expect("writes");
    let mut config = Config { state: dir.path().join("state"), ..Config::default() };
    config.listen.set_port(0);
    config.mail = settings(&server, Speech::StartTls, dir.path());
    for (password, told) in [(PASSWORD, "lets us send"), ("of-another", "answers 535: 5.7.8 who are you")] {
        std::fs::write(dir.path().join("password"), password).expect("writes");
        let found = examine(&config).await.into_iter().find(|finding| finding.what == "mail").expect("a finding");
        assert!(found.told.contains(told) && !found.told.contains(password), "{}", found.told);
    }
    std::fs::remove_file(dir.path().join("password")).expect("removed");
    let found = examine(&config).await.into_iter().find(|finding| finding.what == "mail").expect("a finding");
    assert!(found.health == Health::Bad && found.told.contains("password-file"), "{}", found.told);
}
