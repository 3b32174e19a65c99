use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use monkeyci_model::job::{Artifact, SaveWhen};
use monkeyci_model::{Cause, SecretRef, Text, Trigger};
use tokio::sync::Notify;

use super::double::{Acting, append, end, out, tell};
use super::{House, soon};
use crate::attempt::Attempt;
use crate::executor::{ExecutorError, Exit};
use crate::job_dir::frame::Kind;
use crate::job_dir::outcome::Reason;
use crate::job_dir::{JobDir, Program};
use crate::lease::{Claim, Lease};
use crate::program::Programs;
use crate::secret::Secrets;

fn told(result: &monkeyci_model::JobResult) -> (Option<Cause>, &str) {
    (result.cause, result.message.as_deref().unwrap_or_default())
}

/// An executor whose job says that it runs, and runs until it is cancelled.
fn until_cancelled(running: &Arc<Notify>) -> Arc<Acting> {
    let running = running.clone();
    Acting::new(move |dir, watch| {
        let running = running.clone();
        async move {
            (watch.started)(None);
            tell(&dir, &[Kind::LineStart(0), out("half a li")]);
            running.notify_one();
            watch.cancel.cancelled().await;
            end(&dir, Reason::Canceled, None);
            Ok(Exit::default())
        }
    })
}

#[tokio::test]
async fn a_canceled_job_ends_at_once_and_tells_what_it_wrote() {
    let running = Arc::new(Notify::new());
    let house = House::new(until_cancelled(&running));
    let lease = house.lease(1, "make");
    let attempt = lease.attempt.clone();
    let cancel = async {
        running.notified().await;
        house.engine.revoke(1, Claim::Canceled);
    };
    let (result, ()) = soon(async { tokio::join!(house.run(lease), cancel) }).await;
    assert_eq!(told(&result), (Some(Cause::Canceled), "it was canceled during line 1 of 1 (`make`)"));
    assert_eq!(house.engine.log(&attempt), b"half a li");
    assert_eq!(result.lines[0].exit, None);
}

#[tokio::test]
async fn a_job_whose_result_nobody_wants_tells_none_and_leaves_nothing() {
    let running = Arc::new(Notify::new());
    let house = House::new(until_cancelled(&running));
    house.engine.give(house.lease(1, "make"));
    let (worker, ended) = house.start();
    soon(running.notified()).await;
    house.engine.revoke(1, Claim::Stale);
    worker.drain();
    soon(ended).await.expect("the worker ends");
    assert!(!house.engine.has_result(1));
    assert!(house.left().is_empty());
}

/// A job that keeps a file however it ends.
fn that_keeps_a_file(house: &House) -> Lease {
    let mut lease = house.lease(1, "make");
    let file = Artifact { id: "file".into(), path: "file".into(), save: SaveWhen::Always };
    Arc::make_mut(&mut lease.job).save_artifacts.push(file);
    lease
}

#[tokio::test]
async fn an_attempt_that_was_given_up_saves_nothing_though_it_ended_well() {
    let running = Arc::new(Notify::new());
    let seen = running.clone();
    let house = House::new(Acting::new(move |dir, watch| {
        let running = seen.clone();
        async move {
            (watch.started)(None);
            running.notify_one();
            watch.cancel.cancelled().await;
            end(&dir, Reason::Exited, Some(0));
            Ok(Exit::default())
        }
    }));
    let lease = that_keeps_a_file(&house);
    let build = lease.attempt.build.clone();
    house.engine.give(lease);
    let (worker, ended) = house.start();
    soon(running.notified()).await;
    house.engine.revoke(1, Claim::Stale);
    worker.drain();
    soon(ended).await.expect("the worker ends");
    assert_eq!(house.ports.artifacts.find(&build, "file").await.expect("asks"), None);
}

#[tokio::test]
async fn a_job_that_is_canceled_and_then_given_up_saves_nothing_and_tells_nothing() {
    let running = Arc::new(Notify::new());
    let given_up = Arc::new(Notify::new());
    let (runs, ends) = (running.clone(), given_up.clone());
    let house = House::new(Acting::new(move |dir, watch| {
        let (runs, ends) = (runs.clone(), ends.clone());
        async move {
            (watch.started)(None);
            runs.notify_one();
            watch.cancel.cancelled().await;
            runs.notify_one();
            ends.notified().await;
            end(&dir, Reason::Canceled, None);
            Ok(Exit::default())
        }
    }));
    let lease = that_keeps_a_file(&house);
    let build = lease.attempt.build.clone();
    house.engine.give(lease);
    let (worker, ended) = house.start();
    soon(running.notified()).await;
    house.engine.revoke(1, Claim::Canceled);
    soon(running.notified()).await;
    house.engine.revoke(1, Claim::Stale);
    given_up.notify_one();
    worker.drain();
    soon(ended).await.expect("the worker ends");
    assert!(!house.engine.has_result(1) && house.left().is_empty());
    assert_eq!(house.ports.artifacts.find(&build, "file").await.expect("asks"), None);
}

#[tokio::test]
async fn a_job_that_is_canceled_while_it_is_prepared_never_runs() {
    let house = House::new(Acting::new(|_, _| async { panic!("it ran") }));
    house.engine.give(house.lease(1, "make"));
    house.engine.revoke(1, Claim::Canceled);
    let (worker, ended) = house.start();
    let result = soon(house.engine.result(1)).await;
    assert_eq!(told(&result), (Some(Cause::Canceled), "it was canceled"));
    worker.drain();
    soon(ended).await.expect("the worker ends");
    assert!(house.left().is_empty());
}

#[tokio::test]
async fn a_worker_that_is_shut_down_gives_its_jobs_back() {
    let running = Arc::new(Notify::new());
    let house = House::new(until_cancelled(&running));
    house.engine.give(house.lease(1, "make"));
    let (worker, ended) = house.start();
    soon(running.notified()).await;
    worker.shut_down();
    soon(ended).await.expect("the worker ends");
    let result = house.engine.result(1).await;
    assert_eq!(told(&result), (Some(Cause::Lost), "its worker was shut down during line 1 of 1 (`make`)"));
    assert!(house.left().is_empty());
}

#[tokio::test]
async fn a_worker_that_is_told_to_drain_lets_its_job_end() {
    let running = Arc::new(Notify::new());
    let house = House::new(until_cancelled(&running));
    house.engine.give(house.lease(1, "make"));
    let (worker, ended) = house.start();
    soon(running.notified()).await;
    worker.drain();
    house.engine.give(house.lease(2, "make"));
    assert!(!ended.is_finished() && !house.engine.has_result(1));
    house.engine.revoke(1, Claim::Canceled);
    soon(ended).await.expect("the worker ends");
    assert!(house.engine.has_result(1) && !house.engine.has_result(2));
}

#[tokio::test]
async fn a_panic_of_ours_is_an_error_of_ours() {
    let house = House::new(Acting::new(|_, _| async { panic!("s3cr3t") }));
    let result = soon(house.run(house.lease(1, "make"))).await;
    assert_eq!(result.cause, Some(Cause::Infrastructure));
    assert!(!format!("{result:?}").contains("s3cr3t"));
}

#[tokio::test]
async fn an_executor_that_hangs_is_given_up() {
    let mut house = House::new(Acting::new(|dir, watch| async move {
        (watch.started)(None);
        tell(&dir, &[Kind::LineStart(0), out("before\n")]);
        std::future::pending().await
    }));
    house.settings.grace = Duration::from_millis(5);
    house.settings.slack = Duration::from_millis(20);
    let mut lease = house.lease(1, "make");
    Arc::make_mut(&mut lease.job).timeout = Some(10);
    let result = soon(house.run(lease)).await;
    let message = "the executor `acting` did not end the job in time and was given up";
    assert_eq!(told(&result), (Some(Cause::Infrastructure), message));
    assert_eq!(result.log_bytes, Some(7));

    // So is one that does not hear that the job is canceled.
    let deaf = house.lease(2, "make");
    let cancel = async { house.engine.revoke(2, Claim::Canceled) };
    let (result, ()) = soon(async { tokio::join!(house.run(deaf), cancel) }).await;
    assert_eq!(told(&result), (Some(Cause::Canceled), "it was canceled"));
}

#[tokio::test]
async fn an_entrypoint_is_what_the_command_is_given_to() {
    let house = House::new(Acting::new(|dir, watch| async move {
        (watch.started)(None);
        let program = Program::read(&dir.control()).expect("a program");
        assert_eq!(program.command, [b"/tool".to_vec(), b"-v".to_vec(), b"check".to_vec()]);
        end(&dir, Reason::Exited, Some(0));
        Ok(Exit::default())
    }));
    let mut lease = house.lease(1, "make");
    let job = Arc::make_mut(&mut lease.job);
    (job.image, job.script, job.command) = (Some("example.com/tool".into()), Vec::new(), vec!["check".into()]);
    job.entrypoint = Some(vec!["/tool".into(), "-v".into()]);
    assert_eq!(told(&soon(house.run(lease)).await), (None, ""));
}

#[tokio::test]
async fn what_an_executor_cannot_do_is_told_by_its_cause() {
    for (error, cause) in [
        (|| ExecutorError::Image { image: "nope".into(), reason: "no such image".into() }, Cause::Image),
        (|| ExecutorError::Unsupported("processes have no services".into()), Cause::Invalid),
        (|| ExecutorError::Engine { what: "asking the engine", reason: "gone".into() }, Cause::Infrastructure),
    ] as [(fn() -> ExecutorError, Cause); 3]
    {
        let house = House::new(Acting::new(move |_, _| async move { Err(error()) }));
        let result = soon(house.run(house.lease(1, "make"))).await;
        assert_eq!(told(&result), (Some(cause), error().to_string().as_str()));
    }
}

#[tokio::test]
async fn a_forged_report_fails_the_job_by_name_and_keeps_what_came_before() {
    type Forge = fn(&JobDir);
    let forgeries: [(Forge, &str); 5] = [
        (|dir| append(dir, b"not a frame"), "no frame begins with"),
        (|dir| tell(dir, &[Kind::LineStart(1)]), "line 2 cannot begin here"),
        (|dir| tell(dir, &[Kind::LineEnd(7, 0)]), "line 8 cannot end here"),
        (|dir| tell(dir, &[out(&"x".repeat(60_000)), out(&"x".repeat(60_000))]), "more than the 100000 bytes"),
        (
            |dir| {
                std::fs::remove_file(dir.report().join("frames")).expect("removed");
                std::os::unix::fs::symlink("/etc/passwd", dir.report().join("result")).expect("a link");
            },
            "a link",
        ),
    ];
    for (forge, how) in forgeries {
        let mut house = House::new(Acting::new(move |dir, watch| async move {
            (watch.started)(None);
            tell(&dir, &[Kind::LineStart(0), out("before\n")]);
            forge(&dir);
            Ok(Exit::default())
        }));
        house.settings.log_limit = 100_000;
        let lease = house.lease(1, "make");
        let attempt = lease.attempt.clone();
        let result = soon(house.run(lease)).await;
        let (cause, message) = told(&result);
        assert_eq!(cause, Some(Cause::Failure), "{message}");
        assert!(message.contains(how), "{message}");
        if how != "a link" {
            assert!(house.engine.log(&attempt).starts_with(b"before\n"), "{how}");
        }
    }
}

#[tokio::test]
async fn a_job_that_cannot_be_prepared_says_why_and_never_runs() {
    let mut house = House::new(Acting::new(|_, _| async { panic!("it ran") }));
    let known = SecretRef { name: "TOKEN".into(), version: 1 };
    let mut secrets = Secrets::new();
    secrets.insert(known.clone(), "hunter22".into());
    house.ports.secrets = Arc::new(secrets);
    let mut missing = house.lease(1, "make");
    missing.checkout = house.home.path().join("nowhere");
    let result = soon(house.run(missing)).await;
    let (cause, message) = told(&result);
    assert_eq!(cause, Some(Cause::Infrastructure));
    assert!(message.contains("nowhere"), "{message}");

    let token = Text::secret(SecretRef { name: "TOKEN".into(), version: 9 });
    let mut secret = house.lease(2, "make");
    Arc::make_mut(&mut secret.job).env.insert("TOKEN".into(), token);
    let result = soon(house.run(secret)).await;
    let message = "secret `TOKEN@9` is not known: set it, or give it with `--secret`";
    assert_eq!(told(&result), (Some(Cause::Invalid), message));

    let mut fork = house.lease(3, "make");
    Arc::make_mut(&mut fork.job).env.insert("TOKEN".into(), Text::secret(known));
    fork.trigger = Arc::new(Trigger { fork: true, ..Trigger::default() });
    let result = soon(house.run(fork)).await;
    assert_eq!(told(&result), (Some(Cause::Invalid), "it needs `TOKEN`, and builds of a fork get no secrets"));

    let mut outside = house.lease(4, "make");
    std::os::unix::fs::symlink("/etc", house.checkout().join("link")).expect("a link");
    Arc::make_mut(&mut outside.job).work_dir = Some("link".into());
    let result = soon(house.run(outside)).await;
    assert_eq!(told(&result), (Some(Cause::Invalid), "the work dir `link` is no folder inside of the checkout"));
}

#[tokio::test]
async fn a_log_that_cannot_be_kept_stops_the_job_as_an_error_of_ours() {
    let running = Arc::new(Notify::new());
    let house = House::new(until_cancelled(&running));
    std::fs::write(house.home.path().join("logs"), "no folder").expect("a file");
    house.engine.give(house.lease(1, "make"));
    let (_worker, _running) = house.start();
    let result = soon(house.engine.result(1)).await;
    let (cause, message) = told(&result);
    assert_eq!(cause, Some(Cause::Infrastructure));
    assert!(message.starts_with("its log could not be kept: "), "{message}");
}

#[tokio::test]
async fn a_kept_workspace_is_all_that_stays() {
    let mut house = House::new(Acting::telling(vec![Kind::LineStart(0), Kind::LineEnd(0, 0)], Reason::Exited, 0));
    house.settings.keep = true;
    house.engine.give(house.lease(1, "make"));
    let (worker, ended) = house.start();
    let result = soon(house.engine.result(1)).await;
    worker.drain();
    soon(ended).await.expect("the worker ends");
    assert_eq!(house.left(), ["kept-mci-test-1"]);
    let kept = house.settings.folder.join("kept-mci-test-1");
    assert_eq!(std::fs::read_to_string(kept.join("file")).expect("kept"), "as it was\n");
    assert_eq!(result.warnings, [format!("its workspace is kept at `{}`", kept.display())]);
}

#[tokio::test]
async fn a_worker_takes_up_what_its_predecessor_left_running() {
    let running = Arc::new(Notify::new());
    let runs = Arc::new(AtomicU32::new(0));
    let (seen, count) = (running.clone(), runs.clone());
    let house = House::new(Acting::new(move |dir, watch| {
        let (seen, count) = (seen.clone(), count.clone());
        async move {
            (watch.started)(None);
            if count.fetch_add(1, Ordering::Relaxed) == 0 {
                tell(&dir, &[Kind::LineStart(0), out("one\n")]);
                std::fs::write(dir.work().join("made"), "by the job").expect("written");
                seen.notify_one();
                std::future::pending::<()>().await;
            }
            assert!(dir.work().join("made").exists(), "it was prepared again");
            tell(&dir, &[out("two\n"), Kind::LineEnd(0, 0)]);
            end(&dir, Reason::Exited, Some(0));
            Ok(Exit::default())
        }
    }));
    let lease = house.lease(1, "make");
    house.engine.give(lease.clone());
    let (_worker, first) = house.start();
    soon(running.notified()).await;
    first.abort();
    assert!(soon(first).await.is_err());

    let result = soon(house.run(lease.clone())).await;
    assert_eq!(result.cause, None);
    assert_eq!(house.engine.log(&lease.attempt), b"one\ntwo\n");
}

#[tokio::test]
async fn an_action_that_is_taken_up_waits_for_no_compiler() {
    let executor = Acting::telling(vec![Kind::LineStart(0), Kind::LineEnd(0, 0)], Reason::Exited, 0);
    let mut house = House::new(executor.clone());
    let home = house.home.path().to_owned();
    std::fs::create_dir(house.checkout().join(".monkeyci")).expect("a folder");
    std::fs::write(house.checkout().join(".monkeyci/Cargo.toml"), "no manifest").expect("a file");
    let programs = Programs::new(home.join("cache"), home.join("runs"), "test-script", executor, Arc::default());
    house.ports.programs = Some(programs);
    let lease = house.lease(1, "\"$MONKEYCI_SCRIPT\" act a");
    let broken = soon(house.run(lease.clone())).await;
    assert!(told(&broken).1.contains("Cargo.toml"), "{broken:?}");

    let lease = Lease { attempt: Attempt { fence: 2, ..lease.attempt }, ..lease };
    let dir = JobDir::create(house.settings.folder.join(lease.attempt.name())).expect("a job directory");
    std::fs::create_dir(dir.work()).expect("a folder");
    dir.write(&Program { lines: vec![b"act".to_vec()], ..Program::default() }).expect("written");
    assert_eq!(soon(house.run(lease)).await.cause, None);
}

#[tokio::test]
async fn what_an_earlier_worker_began_is_left_alone_until_it_is_known_what_of_it_is_wanted() {
    let house = House::new(Acting::telling(Vec::new(), Reason::Exited, 0));
    std::fs::create_dir_all(house.settings.folder.join("mci-test-9")).expect("a folder");
    house.engine.is_busy(true);
    let (worker, running) = house.start();
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(house.left(), ["mci-test-9"], "it may be a job that runs, and is leased again in a moment");
    house.engine.is_busy(false);
    while !house.left().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await; // poll
    }
    worker.drain();
    running.await.expect("the worker ends");
}

#[tokio::test]
async fn what_dead_workers_left_is_swept_and_what_others_have_is_not() {
    let home = tempfile::tempdir().expect("a folder");
    for name in ["mci-test-1", "mci-test-2", "mci-other-3", "kept-mci-test-4", "mci-test-x"] {
        std::fs::create_dir(home.path().join(name)).expect("a folder");
    }
    let executor = Acting::telling(Vec::new(), Reason::Exited, 0);
    let wanted = |fence| fence == 2;
    let removed = crate::worker::sweep(&*executor, "test", home.path(), &wanted).await.expect("swept");
    assert_eq!(removed, ["mci-test-1"]);
    assert_eq!(std::fs::read_dir(home.path()).expect("a folder").count(), 4);
}
