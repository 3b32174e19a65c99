//! What goes wrong, at each step of a job in a container instance: a matrix, with what people see of each.
//!
//! Each case is a cloud of its own and a build in it, with real programs. What was seen is kept in `seen.json`, from which
//! `docs/faults.md` is made. A part of the cases is played whenever tests are, all of them in long ones;
//! `MONKEYCI_UPDATE=1` writes down what they show. `MONKEYCI_TEST_FAULTS=401,server/run` plays those whose names begin so.

mod gate;
mod ground;
mod kill;
mod mishap;
mod page;
mod runner;
mod seen;
mod step;

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Duration;

use crate::program::{Said, has, within};
use crate::tidy::sources;
use ground::Ground;
use mishap::Mishap;
use runner::Runner;
use seen::{All, Seen, lines};
use step::Step;

/// Cases that are played at once: they wait most of the time.
const AT_ONCE: usize = 6;
/// How long a job may take to get somewhere, and a server to remove what is left.
const SOON: Duration = Duration::from_secs(180);

type Case = (Mishap, Step);

fn name((mishap, step): Case) -> String {
    format!("{}/{}", mishap.names().0, step.id())
}

/// What is said by a variable of the environment that names cases, or that is set at all.
fn said(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}

fn file(name: &str) -> std::path::PathBuf {
    sources::root().join(name)
}

/// What was seen before.
fn known() -> All {
    let text = std::fs::read_to_string(file("tests/house/faults/seen.json")).unwrap_or_else(|_| "{}".into());
    serde_json::from_str(&text).expect("`seen.json` is JSON")
}

#[test]
fn whatever_goes_wrong_in_oracle_cloud_is_seen_as_the_page_says() {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    if !has("root", is_root, "the double of Oracle Cloud makes containers of processes, which takes root") {
        return;
    }
    let steps = |mishap: Mishap| if said("MONKEYCI_TEST_LONG").is_some() { mishap.steps() } else { mishap.soon() };
    let cases = Mishap::ALL.into_iter().flat_map(|mishap| steps(mishap).iter().map(move |step| (mishap, *step)));
    let mut cases: Vec<Case> = cases.collect();
    if let Some(named) = said("MONKEYCI_TEST_FAULTS") {
        let all = Mishap::ALL.into_iter().flat_map(|mishap| mishap.steps().iter().map(move |step| (mishap, *step)));
        cases = all.filter(|case| named.split(',').any(|part| name(*case).starts_with(part))).collect();
    }
    let (mut all, played) = (known(), play(cases));
    let failed: Vec<_> = played.iter().filter(|(_, seen)| seen.is_err()).map(|(case, _)| name(*case)).collect();
    let mut other = String::new();
    for (case, seen) in played {
        let Ok(seen) = seen else { continue };
        if all.get(&name(case)) != Some(&seen) {
            other += &format!("{}: {:#?}\n", name(case), seen);
            all.insert(name(case), seen);
        }
    }
    if said("MONKEYCI_UPDATE").is_some() {
        let text = serde_json::to_string_pretty(&all).expect("plain data") + "\n";
        std::fs::write(file("tests/house/faults/seen.json"), text).expect("written");
        std::fs::write(file("docs/faults.md"), page::page(&all)).expect("written");
        other.clear();
    }
    assert!(failed.is_empty(), "these did not hold, as is said above: {failed:?}\n{other}");
    assert!(other.is_empty(), "`MONKEYCI_UPDATE=1` takes in what is seen otherwise:\n{other}");
}

#[test]
fn the_page_of_faults_is_fresh_and_has_every_case() {
    let known = known();
    let all = Mishap::ALL.into_iter().flat_map(|mishap| mishap.steps().iter().map(move |step| name((mishap, *step))));
    let mut names: Vec<_> = all.collect();
    names.sort();
    assert_eq!(known.keys().cloned().collect::<Vec<_>>(), names, "`MONKEYCI_TEST_LONG=1 MONKEYCI_UPDATE=1` plays them");
    let page = std::fs::read_to_string(file("docs/faults.md")).unwrap_or_default();
    assert!(page == page::page(&known), "`docs/faults.md` is not made from `seen.json`: `MONKEYCI_UPDATE=1` does");
}

/// Plays cases, some at once.
fn play(cases: Vec<Case>) -> Vec<(Case, std::thread::Result<Seen>)> {
    let (waiting, played) = (Mutex::new(VecDeque::from(cases)), Mutex::new(Vec::new()));
    let next = || waiting.lock().expect("nothing panics while it is held").pop_front();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = next() {
                    let seen = catch_unwind(AssertUnwindSafe(|| one(case)));
                    if seen.is_err() {
                        eprintln!("that was {}", name(case));
                    }
                    played.lock().expect("nothing panics while it is held").push((case, seen));
                }
            });
        }
    });
    played.into_inner().expect("nothing panicked while it was held")
}

/// Plays a case, and looks at what holds in all of them.
fn one((mishap, step): Case) -> Seen {
    let is_before = mishap.is_there_before(step);
    // A script that runs does so until it is let go on.
    let ground = Ground::new(step != Step::Run);
    if is_before {
        mishap.prepare(&ground, step);
    } else {
        step.keep(&mut ground.oracle.state());
    }
    let mut running = mishap.runner().begin(&ground);
    if is_before {
        if step == Step::Run {
            within(SOON, "all that goes wrong has", || {
                step.is_reached(&ground) && ground.oracle.state().faults.is_empty()
            });
            ground.gate.open();
        }
    } else {
        let mut is_over = false;
        within(SOON, "the job gets to its step, or ends before", || {
            is_over = running.is_over();
            is_over || step.is_reached(&ground)
        });
        assert!(!is_over, "it ended before: {} {}", running.said("out"), running.said("err"));
        mishap.strike(&ground, step, &mut running);
    }
    let said = running.end();
    let left = ground.oracle.state().faults.clone();
    assert!(left.iter().all(|fault| fault.times == 0), "these never came: {left:?}");
    assert_story(&ground, (mishap, step), &said);
    Seen::of(&said, mishap.runner())
}

/// What holds whatever goes wrong.
fn assert_story(ground: &Ground, (mishap, step): Case, said: &Said) {
    let story = || format!("{}\n{}", name((mishap, step)), said.both());
    let events = said.events();
    let count = |kind: &str| events.iter().filter(|event| event["type"] == kind).count();
    assert_eq!((count("job/end"), count("build/end")), (1, 1), "{}", story());

    let attempts = count("job/executed");
    let made = usize::try_from(ground.oracle.state().container_instances_created()).expect("a few");
    assert!(made <= attempts, "{made} instances for {attempts} attempts: {}", story());
    assert!(
        ground.gate.count() <= made,
        "the script ran {} times in {made} instances: {}",
        ground.gate.count(),
        story()
    );
    if mishap.runner() == Runner::Server {
        assert_eq!((attempts, made), (1, 1), "the next server goes on with the very attempt: {}", story());
    }

    let lines = lines(said);
    assert!(lines.values().all(|times| *times == 1), "a line is there twice: {lines:?} {}", story());
    if said.jobs()["job"] == "success" {
        let last = |text: &str| lines.keys().filter(|(_, line)| line == text).map(|(attempt, _)| *attempt).max();
        assert!(last("one").is_some() && last("one") == last("two"), "a line is lost: {lines:?} {}", story());
        assert!(said.both().contains("\"out\""), "its artifact is saved: {}", story());
    }

    if mishap == Mishap::Stranger && step >= Step::Run {
        // Nobody may delete anything any more. Who pays for it is told.
        assert!(said.both().contains("is left, and costs money"), "{}", story());
        return;
    }
    // What is gone at once with a build may take a server a while, which looks for it again and again.
    let limit = if mishap.runner() == Runner::Build { Duration::ZERO } else { SOON };
    // That an attempt has ended is written down for the next controller, and nothing else.
    let is_left = |left: &String| mishap.runner() != Runner::Controller || !left.ends_with("/host.json");
    within(limit, "nothing is left", || ground.left().iter().filter(|left| is_left(left)).count() == 0);
}
