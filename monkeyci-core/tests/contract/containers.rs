//! Jobs in containers: what they run in, who they are, and what an engine can do wrong.

use std::sync::Arc;

use bollard::exec::{CreateExecOptions, StartExecOptions};
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::CreateContainerOptionsBuilder;
use monkeyci_core::executor::ExecutorError;
use monkeyci_core::job_dir::Program;
use monkeyci_core::job_dir::outcome::Reason;
use monkeyci_core::model::job::PullPolicy;
use monkeyci_core::model::result::Guarantee;
use monkeyci_core::model::{Cause, Job};

use crate::fixture::Fixture;
use crate::image::{BARE, BUSYBOX, USER, VOLUME};

pub async fn lines_run_in_the_workspace_and_what_they_make_comes_back(fixture: &Fixture) {
    let lines = ["pwd", "mkdir -p out/deep; cat given > out/deep/made", "exit 3"];
    let mut order = fixture.order(fixture.job("files", lines), Program::default());
    order.collect = vec!["out".into(), "never/made".into(), "../../etc".into()];
    std::fs::write(order.dir.work().join("given"), "a gift").expect("a file");
    let ran = fixture.start(order).end().await;
    assert_eq!(ran.output(), "/home/monkeyci\n");
    let outcome = ran.outcome();
    assert_eq!((outcome.reason, outcome.code, outcome.line), (Reason::Exited, Some(3), Some(2)));
    assert!(!ran.exit.as_ref().expect("it ran").out_of_memory);
    assert_eq!(ran.started, [Some(Guarantee::PidNamespace)]);
    let made = std::fs::read_to_string(ran.dir.work().join("out/deep/made"));
    assert_eq!(made.expect("collected"), "a gift");
    assert!(!ran.dir.work().join("never").join("made").exists());
    assert!(!ran.dir.control().join("env").exists(), "variables stay on the disk of the host");
    ran.dir.remove().expect("nothing in it is held");
}

pub async fn an_image_without_a_shell_runs_a_command_and_refuses_lines(fixture: &Fixture) {
    let bare = |job| Job { image: Some(BARE.into()), ..job };
    let command = ["/echo", "no shell"].map(Into::into).to_vec();
    let ran = fixture.run(bare(Job { command, ..fixture.job("command", []) })).await;
    assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "no shell\n"));
    let ran = fixture.run(bare(fixture.job("lines", ["echo hello"]))).await;
    assert_eq!(ran.outcome().reason, Reason::CannotStart);
    assert!(ran.outcome().message.contains("/bin/sh"), "{:?}", ran.outcome());
}

pub async fn a_user_who_is_not_root_can_write_to_the_workspace(fixture: &Fixture) {
    let job = fixture.job("user", ["id -u", "echo more >> given", "echo new > made"]);
    let mut order = fixture.order(Job { image: Some(USER.into()), ..job }, Program::default());
    order.collect = vec!["given".into(), "made".into()];
    std::fs::write(order.dir.work().join("given"), "some\n").expect("a file");
    let ran = fixture.start(order).end().await;
    assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "1000\n"));
    let read = |name: &str| std::fs::read_to_string(ran.dir.work().join(name)).expect("collected");
    assert_eq!((read("given"), read("made")), ("some\nmore\n".into(), "new\n".into()));
}

pub async fn an_image_that_is_not_there_is_told(fixture: &Fixture) {
    for pull in [PullPolicy::Never, PullPolicy::IfMissing] {
        let image = Some("localhost/monkeyci-test/nowhere:1".into());
        let ran = fixture.run(Job { image, pull, ..fixture.job("nowhere", ["true"]) }).await;
        let error = ran.exit.expect_err("no image");
        assert_eq!(error.cause(), Cause::Image);
        assert!(error.to_string().starts_with("image `localhost/monkeyci-test/nowhere:1`: "), "{error}");
    }
}

pub async fn a_job_whose_engine_died_is_taken_up_again(fixture: &Fixture) {
    let job = || fixture.job("long", ["echo one; until [ -e /tmp/go ]; do sleep 0.1; done; echo two"]);
    let (first, mut second) = (fixture.order(job(), Program::default()), fixture.order(job(), Program::default()));
    (second.attempt, second.dir) = (first.attempt.clone(), first.dir.clone());
    let mut running = fixture.start(first);
    running.said("one").await;
    running.task.abort();
    let name = running.attempt.name();
    let again = fixture.start(second);
    let go = CreateExecOptions { cmd: Some(vec!["touch", "/tmp/go"]), ..Default::default() };
    let go = fixture.docker().api().create_exec(&name, go).await.expect("an exec");
    let detached = StartExecOptions { detach: true, ..Default::default() };
    fixture.docker().api().start_exec(&go.id, Some(detached)).await.expect("started");
    let ran = again.end().await;
    assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "one\ntwo\n"));
    assert_eq!(ran.started.len(), 1);
}

pub async fn what_a_crash_left_is_swept_and_nothing_else(fixture: &Fixture) {
    let lost = Job { services: vec![crate::services::echo("web")], ..fixture.job("lost", ["echo ready; sleep 600"]) };
    let (lost, wanted) = (lost, fixture.job("wanted", ["echo ready; sleep 600"]));
    let mut attempts = Vec::new();
    for job in [lost, wanted] {
        let mut running = fixture.start(fixture.order(job, Program::default()));
        running.said("ready").await;
        running.task.abort();
        attempts.push(running.attempt);
    }
    let sweep = async |instance: &str, wanted: &[u64]| {
        let mut removed = fixture.executor.sweep(instance, &|fence| wanted.contains(&fence)).await.expect("swept");
        removed.sort();
        removed
    };
    let [lost, wanted] = [0, 1].map(|index| attempts[index].name());
    assert_eq!(sweep("another", &[]).await, Vec::<String>::new());
    let removed = sweep(&fixture.instance, &[attempts[1].fence]).await;
    assert_eq!(removed.first(), Some(&lost));
    assert!(removed.contains(&format!("{lost}-web")), "{removed:?}");
    assert_eq!(fixture.left().await, [format!("/{wanted}")]);
    assert_eq!(sweep(&fixture.instance, &[]).await, [wanted]);
    assert_eq!(fixture.left().await, Vec::<String>::new());
}

pub async fn a_container_killed_from_outside_is_an_error_of_the_engine(fixture: &Fixture) {
    let mut running =
        fixture.start(fixture.order(fixture.job("killed", ["echo ready; sleep 600"]), Program::default()));
    running.said("ready").await;
    fixture.docker().api().kill_container(&running.attempt.name(), None).await.expect("killed");
    let error = running.end().await.exit.expect_err("killed");
    assert!(matches!(error, ExecutorError::Engine { .. }), "{error}");
    assert!(error.to_string().contains("something outside of the job killed it"), "{error}");
}

pub async fn jobs_side_by_side_keep_to_themselves(fixture: &Fixture) {
    let fixture = Arc::new(fixture);
    let jobs = ["a", "b", "c"].map(|id| {
        let fixture = Arc::clone(&fixture);
        async move {
            let ran = fixture.run(fixture.job(id, [&*format!("echo {id} > mine; cat mine; ls | wc -l")])).await;
            assert_eq!((ran.outcome().code, ran.output()), (Some(0), format!("{id}\n1\n")));
        }
    });
    futures::future::join_all(jobs).await;
}

pub async fn a_container_of_somebody_else_is_named_and_stays(fixture: &Fixture) {
    let order = fixture.order(fixture.job("taken", ["true"]), Program::default());
    let name = order.attempt.name();
    let body =
        ContainerCreateBody { image: Some(BUSYBOX.into()), cmd: Some(vec!["true".into()]), ..Default::default() };
    let options = CreateContainerOptionsBuilder::default().name(&name).build();
    fixture.docker().api().create_container(Some(options), body).await.expect("a container");
    let error = fixture.start(order).end().await.exit.expect_err("its name is taken");
    assert!(error.to_string().contains(&format!("`{name}` which is not MonkeyCI's")), "{error}");
    fixture.docker().api().remove_container(&name, None).await.expect("it is there");
}

pub async fn a_job_that_runs_is_taken_up_again_without_its_registry(fixture: &Fixture) {
    let job = || Job { pull: PullPolicy::IfMissing, ..fixture.job("long", ["echo one; sleep 600"]) };
    let (first, mut second) = (fixture.order(job(), Program::default()), fixture.order(job(), Program::default()));
    (second.attempt, second.dir) = (first.attempt.clone(), first.dir.clone());
    let mut running = fixture.start(first);
    running.said("one").await;
    running.task.abort();
    // Nobody answers there, and it would be asked.
    second.job.pull = PullPolicy::Always;
    let mut again = fixture.start(second);
    again.said("one").await;
    again.has_started().await;
    again.cancel.cancel();
    assert_eq!(again.end().await.outcome().reason, Reason::Canceled);
}

pub async fn the_volumes_of_an_image_go_with_its_job(fixture: &Fixture) {
    let job =
        Job { image: Some(VOLUME.into()), ..fixture.job("volume", ["echo kept > /data/file; echo ready; sleep 600"]) };
    let mut running = fixture.start(fixture.order(job, Program { grace_ms: 200, ..Program::default() }));
    running.said("ready").await;
    let api = fixture.docker().api();
    let found = api.inspect_container(&running.attempt.name(), None).await.expect("it runs");
    let mut mounts = found.mounts.expect("mounts").into_iter();
    let volume = mounts.find_map(|mount| mount.name.filter(|name| !name.is_empty())).expect("a volume");
    api.inspect_volume(&volume).await.expect("it is there");
    running.cancel.cancel();
    assert_eq!(running.end().await.outcome().reason, Reason::Canceled);
    assert!(api.inspect_volume(&volume).await.is_err(), "left behind");
}
