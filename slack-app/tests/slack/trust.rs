//! Only Slack is believed, and it is answered at once.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use slack_emulator::deed::Click;

use crate::house::House;

/// Sends a body with these headers; the status.
fn send(house: &House, headers: &[(&str, &str)], body: &str) -> u16 {
    let url = house.at("");
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).expect("it listens");
    let mut head =
        format!("POST /slack/commands HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_forged_old_or_sent_again_is_refused() {
    let house = House::open(false).await;
    let body = format!(
        "command=%2Fbuild&text=whoami&team_id={}&channel_id={}&user_id={}&response_url=",
        house.team, house.channel, house.ann
    );
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let status = |time: u64, sign: &str, body: &str| {
        let time = time.to_string();
        send(&house, &[form, ("X-Slack-Request-Timestamp", &time), ("X-Slack-Signature", sign)], body)
    };
    let sign = |time: u64, secret: &str| slack_emulator::signature(secret, time, &body);
    let good = sign(now, &house.known.signing_secret);
    assert_eq!(send(&house, &[form], &body), 401, "it is not signed");
    assert_eq!(status(now, &sign(now, "another"), &body), 401, "another signed it");
    assert_eq!(status(now, &good, &body.replace("whoami", "unlink")), 401, "it was changed");
    assert_eq!(status(now - 400, &sign(now - 400, &house.known.signing_secret), &body), 401, "it is old");
    assert_eq!(status(now, &good, &body), 200);
    assert_eq!(status(now, &good, &body), 401, "it was sent before");
    assert_eq!(status(now, &sign(now, &house.known.signing_secret), &"x".repeat(2 << 20)), 413, "it is far too long");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_slack_sends_is_believed_once_and_only_as_slack_signed_it() {
    let house = House::open(false).await;
    house.commit_waiting("Ship it");
    house.command("ann", "/build subscribe web on:approval").await;
    house.answered("This channel is told").await;
    let number = house.build().await;
    house.told(&format!("Approval needed: deploy of acme/web #{number}")).await;
    let slack = house.slack();
    slack.open_home("ann", &house.known.id).expect("a home");
    let press = Click {
        user: "ann".into(),
        channel: house.channel.clone(),
        action_id: "build.cancel".into(),
        ..Click::default()
    };
    assert!(slack.click(&press).await.expect("a button").ok);
    let heard = slack.until("all three were heard", |world| {
        let ends = |url: &str| {
            let one =
                world.deliveries.iter().rfind(|one| one.url.as_ref().is_some_and(|there| there.ends_with(url)))?;
            (!one.attempts.is_empty()).then_some(one.number)
        };
        Some([ends("/slack/commands")?, ends("/slack/interactivity")?, ends("/slack/events")?])
    });
    for number in heard.await {
        for way in ["replay", "forged", "changed", "old", "unsigned"] {
            let status = slack.send_again(number, way).await.expect("it is sent");
            assert_eq!(status, Some(401), "delivery {number}, {way}");
        }
    }
}
