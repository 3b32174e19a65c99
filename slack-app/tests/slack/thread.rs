//! What stands in the thread of a message: one job's retry, a log that is too long, and a job that cannot be relied on.

use slack_emulator::deed::Click;
use slack_emulator::fault::{Fault, Flaw};

use crate::house::{House, words};

const TWO: &str = "- id: unit\n  script: [cat log, 'exit $(cat outcome)']\n- id: lint\n  script: ['exit 2']\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_several_jobs_is_done_again_from_its_thread() {
    let house = House::open(false).await;
    house.command("ann", "/build subscribe web").await;
    house.answered("This channel is told").await;
    house.commit_script("Break", TWO, 3, "error: it broke\n");
    house.build().await;
    let message = house.told("acme/web #1 FAILED on main: unit, lint").await;
    let press = Click {
        user: "ann".into(),
        channel: house.channel.clone(),
        action_id: "build.retry_job".into(),
        block_id: Some("build:1:tail:lint".into()),
        ..Click::default()
    };
    let has_button = |world: &slack_emulator::world::World| {
        let messages = &world.channels[&house.channel].messages;
        let is_it = |one: &&slack_emulator::world::Message| {
            one.thread_ts.as_ref() == Some(&message.ts)
                && one.blocks.iter().any(|block| block["block_id"] == "build:1:tail:lint")
                && words(one).contains("Retry this job")
        };
        messages.iter().find(is_it).map(|one| one.ts.clone())
    };
    let ts = house.slack().until("its button", has_button).await;
    assert!(house.slack().click(&Click { ts: Some(ts.clone()), ..press.clone() }).await.expect("a button").ok);
    house.answered("does `lint` again").await;
    // Pressed twice, it is done once.
    assert!(house.slack().click(&Click { ts: Some(ts), ..press }).await.expect("a button").ok);
    house.answered("It is being done again already.").await;
    house.until(2, monkeyci_client::model::BuildStatus::is_terminal).await;
    let again = house.client.org("acme").repo("web").build(2).get().await.expect("a build");
    let taken: Vec<bool> = again.jobs.iter().map(|job| job.taken.is_some()).collect();
    assert_eq!(taken, [true, false], "how `unit` ended is taken over");
    assert_eq!(house.told("acme/web #2 FAILED on main: unit, lint").await.ts, message.ts);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_log_that_is_too_long_is_a_file_once() {
    let mut house = House::open(false).await;
    house.command("ann", "/build subscribe web").await;
    house.answered("This channel is told").await;
    house.command("ann", "/build settings lines:40").await;
    house.answered("`lines:40`").await;
    let log: String = (0..60).map(|at| format!("line {at} {}\n", "x".repeat(200))).collect();
    house.commit("Break", 3, &format!("{log}error: it broke\n"));
    // Slack did it, and its answer is lost; then the app dies.
    house.slack().change(|world| world.faults.push(Fault::new("files.completeUploadExternal", Flaw::Lost, 1)));
    house.build().await;
    let message = house.told("acme/web #1 FAILED on main: unit").await;
    let shared = |world: &slack_emulator::world::World| {
        let messages = &world.channels[&house.channel].messages;
        messages.iter().find(|one| !one.files.is_empty()).cloned()
    };
    let file = house.slack().until("the file", shared).await;
    assert_eq!(file.thread_ts.as_ref(), Some(&message.ts));
    assert_eq!(file.files[0]["name"], "unit-1-1.log");
    house.kill();
    house.start(false).await;
    // What comes after it is told, and so the app has looked at it again.
    house.build().await;
    house.told("acme/web #2 FAILED on main: unit").await;
    let second = |world: &slack_emulator::world::World| {
        let messages = &world.channels[&house.channel].messages;
        messages.iter().find(|one| one.files.first().is_some_and(|file| file["name"] == "unit-2-1.log")).map(|_| ())
    };
    house.slack().until("the file of the second build", second).await;
    let (names, content) = house.slack().look(|world| {
        let messages = &world.channels[&house.channel].messages;
        let files = messages.iter().flat_map(|one| &one.files).map(|file| file["name"].as_str().unwrap_or_default());
        let mut names: Vec<String> = files.map(str::to_owned).collect();
        names.sort();
        let file = world.files.values().find(|file| file.name == "unit-1-1.log" && file.is_complete);
        (names, file.and_then(|file| file.content.clone()).unwrap_or_default())
    });
    assert_eq!(names, ["unit-1-1.log", "unit-2-1.log"], "none is sent twice");
    let content = String::from_utf8(content.to_vec()).expect("text");
    assert!(content.starts_with("line 0 ") && content.ends_with("error: it broke"), "{content}");
}
