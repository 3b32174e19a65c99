//! The stories.

use std::time::{Duration, Instant};

use monkeyci_core::executor::{Executor, ExecutorError};
use monkeyci_core::job_dir::outcome::Reason;
use monkeyci_core::model::job::{Health, PullPolicy, Service};
use monkeyci_core::model::result::Guarantee;
use monkeyci_core::model::{Cause, JobId};

use crate::bench::Bench;
use crate::image::{self, BARE, BUSYBOX, USER};

pub async fn lines_run_in_the_workspace_and_what_they_make_comes_back(bench: Bench) {
    let mut job =
        bench.job(BUSYBOX, &["pwd; echo $GREETING >&2", "mkdir -p out/deep; cat given > out/deep/made", "exit 3"]);
    job.env = image::env(&[("GREETING", "hello")]);
    let mut play = bench.play(job);
    play.order.collect = vec!["out".into(), "never/made".into(), "../../etc".into()];
    std::fs::write(play.order.dir.work().join("given"), "a gift").expect("a file");
    let seen = play.run().await;
    assert_eq!(seen.output, "/home/monkeyci\nhello\n", "{seen:?}");
    let outcome = seen.outcome.as_ref().expect("an outcome");
    assert_eq!((outcome.reason, outcome.code, outcome.line), (Reason::Exited, Some(3), Some(2)));
    assert!(!seen.exit.expect("it ran").out_of_memory);
    assert_eq!(seen.started, [Some(Guarantee::PidNamespace)]);
    let made = std::fs::read_to_string(play.order.dir.work().join("out/deep/made"));
    assert_eq!(made.expect("collected"), "a gift");
    assert!(!play.order.dir.work().join("never").join("made").exists());
    assert!(!play.order.dir.control().join("env").exists(), "variables stay on the disk of the host");
    play.order.dir.remove().expect("nothing in it is held");
}

pub async fn a_long_log_is_complete(bench: Bench) {
    let seen = bench.play(bench.job(BUSYBOX, &["seq 1 200000", "echo the end"])).run().await;
    let lines: Vec<&str> = seen.output.lines().collect();
    assert_eq!((lines.len(), lines[199_999], lines[200_000]), (200_001, "200000", "the end"));
}

pub async fn an_image_without_a_shell_runs_a_command_and_refuses_lines(bench: Bench) {
    let mut job = bench.job(BARE, &[]);
    job.command = vec!["/echo".into(), "no shell".into()];
    let seen = bench.play(job).run().await;
    assert_eq!(seen.output, "no shell\n", "{seen:?}");
    let seen = bench.play(bench.job(BARE, &["echo hello"])).run().await;
    let outcome = seen.outcome.expect("an outcome");
    assert_eq!(outcome.reason, Reason::CannotStart);
    assert!(outcome.message.contains("/bin/sh"), "{}", outcome.message);
}

pub async fn a_user_who_is_not_root_can_write_to_the_workspace(bench: Bench) {
    let mut play = bench.play(bench.job(USER, &["id -u", "echo more >> given", "echo new > made"]));
    play.order.collect = vec!["given".into(), "made".into()];
    std::fs::write(play.order.dir.work().join("given"), "some\n").expect("a file");
    let seen = play.run().await;
    assert_eq!(seen.output, "1000\n", "{seen:?}");
    let read = |name: &str| std::fs::read_to_string(play.order.dir.work().join(name)).expect("collected");
    assert_eq!((read("given"), read("made")), ("some\nmore\n".into(), "new\n".into()));
}

pub async fn too_much_memory_is_told(bench: Bench) {
    if !bench.docker.capabilities().limits {
        return eprintln!("skipped: limits: the engine has none");
    }
    let cgroup_v2 = std::path::Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
    if bench.docker.name() == "podman" && !cgroup_v2 {
        return eprintln!("skipped: podman-out-of-memory: with cgroup v1, Podman tells it of process 1 only");
    }
    let mut job = bench.job(BUSYBOX, &["dd if=/dev/zero of=/dev/null bs=200M count=1"]);
    job.resources.memory = Some(0.05);
    let seen = bench.play(job).run().await;
    assert!(seen.exit.as_ref().is_ok_and(|exit| exit.out_of_memory), "{seen:?}");
}

fn service(id: &str, command: &str) -> Service {
    Service {
        id: JobId::new(id).expect("an id"),
        image: BUSYBOX.into(),
        ports: vec![8080],
        env: image::env(&[("ANSWER", "pong")]),
        command: ["sh", "-c", command].map(Into::into).to_vec(),
        health: None,
    }
}

pub async fn a_service_is_reached_by_its_name(bench: Bench) {
    let mut job =
        bench.job(BUSYBOX, &["until nc web 8080; do sleep 0.1; done", "until nc api 9090; do sleep 0.1; done"]);
    let web = service("web", "sleep 0.3; while nc -l -p 8080 -e echo $ANSWER; do :; done");
    let health = Some(Health { command: "test -f /tmp/ready".into(), timeout: 10_000 });
    let api = Service {
        ports: vec![9090],
        health,
        ..service("api", "touch /tmp/ready; while nc -l -p 9090 -e echo api; do :; done")
    };
    job.services = vec![web, api];
    let seen = bench.play(job).run().await;
    assert_eq!(seen.output, "pong\napi\n", "{seen:?}");
    assert_eq!(seen.exit.expect("it ran").service_logs.len(), 2);
}

pub async fn a_service_that_never_gets_ready_is_told_with_its_last_words(bench: Bench) {
    let mut job = bench.job(BUSYBOX, &["true"]);
    job.services = vec![service("db", "echo no disk; exit 3")];
    let error = bench.play(job.clone()).run().await.exit.expect_err("not ready");
    assert_eq!(error.cause(), Cause::Service);
    let text = error.to_string();
    assert!(
        text.starts_with("service `db`: it ended with code 3 before it was ready") && text.contains("no disk"),
        "{text}"
    );
    let health = Some(Health { command: "echo not yet; false".into(), timeout: 3_000 });
    job.services = vec![Service { health, ..service("db", "sleep 600") }];
    let text = bench.play(job).run().await.exit.expect_err("not ready").to_string();
    assert!(text.contains("did not end with 0 within 3 s; its check ends with: not yet"), "{text}");
}

pub async fn an_image_that_is_not_there_is_told(bench: Bench) {
    for pull in [PullPolicy::Never, PullPolicy::IfMissing] {
        let mut job = bench.job("localhost/monkeyci-test/nowhere:1", &["true"]);
        job.pull = pull;
        let error = bench.play(job).run().await.exit.expect_err("no image");
        assert_eq!(error.cause(), Cause::Image);
        assert!(error.to_string().starts_with("image `localhost/monkeyci-test/nowhere:1`: "), "{error}");
    }
}

pub async fn a_cancelled_job_ends_and_one_that_has_not_begun_does_not_begin(bench: Bench) {
    let play = bench.play(bench.job(BUSYBOX, &["trap '' TERM; while :; do sleep 1; done"]));
    let begun = Instant::now();
    let (seen, ()) = tokio::join!(play.run(), async {
        play.has_started().await;
        play.cancel.cancel();
    });
    assert_eq!(seen.outcome.as_ref().expect("an outcome").reason, Reason::Canceled, "{seen:?}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let play = bench.play(bench.job(BUSYBOX, &["echo begun"]));
    play.cancel.cancel();
    let seen = play.run().await;
    assert!(seen.exit.is_ok() && seen.output.is_empty(), "{seen:?}");
}

pub async fn a_job_whose_engine_died_is_taken_up_again(bench: Bench) {
    let play = bench.play(bench.job(BUSYBOX, &["echo one; while [ ! -e /tmp/go ]; do sleep 0.1; done; echo two"]));
    tokio::select! {
        seen = play.run_only() => panic!("it ended: {seen:?}"),
        () = play.has_started() => {}
    }
    let name = play.order.attempt.name();
    let go = bollard::exec::CreateExecOptions { cmd: Some(vec!["touch", "/tmp/go"]), ..Default::default() };
    let go = bench.docker.api().create_exec(&name, go).await.expect("an exec");
    let detached = bollard::exec::StartExecOptions { detach: true, ..Default::default() };
    bench.docker.api().start_exec(&go.id, Some(detached)).await.expect("started");
    let seen = play.run().await;
    assert_eq!(seen.output, "one\ntwo\n", "{seen:?}");
}

pub async fn what_a_crash_left_is_swept_and_nothing_else(bench: Bench) {
    let mut job = bench.job(BUSYBOX, &["sleep 600"]);
    job.services = vec![service("web", "while nc -l -p 8080 -e echo pong; do :; done")];
    let (lost, wanted) = (bench.play(job), bench.play(bench.job(BUSYBOX, &["sleep 600"])));
    for play in [&lost, &wanted] {
        tokio::select! {
            seen = play.run_only() => panic!("it ended: {seen:?}"),
            () = play.has_started() => {}
        }
    }
    let fence = wanted.order.attempt.fence;
    assert!(bench.docker.sweep("another", &[]).await.expect("swept").is_empty());
    let mut removed = bench.docker.sweep(&bench.instance, &[fence]).await.expect("swept");
    removed.sort();
    let name = lost.order.attempt.name();
    assert_eq!(removed.first(), Some(&name));
    assert!(removed.contains(&format!("{name}-web")), "{removed:?}");
    let left = bench.left().await;
    assert_eq!(left, [format!("/{}", wanted.order.attempt.name())]);
    assert_eq!(bench.docker.sweep(&bench.instance, &[]).await.expect("swept"), [wanted.order.attempt.name()]);
}

pub async fn a_container_killed_from_outside_is_an_error_of_the_engine(bench: Bench) {
    let play = bench.play(bench.job(BUSYBOX, &["sleep 600"]));
    let name = play.order.attempt.name();
    let (seen, ()) = tokio::join!(play.run(), async {
        play.has_started().await;
        bench.docker.api().kill_container(&name, None).await.expect("killed");
    });
    let error = seen.exit.expect_err("killed");
    assert!(matches!(error, ExecutorError::Engine { .. }), "{error}");
    assert!(error.to_string().contains("something outside of the job killed it"), "{error}");
}
