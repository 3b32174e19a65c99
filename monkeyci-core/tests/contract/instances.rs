//! Jobs in container instances: made once, found again, and never left behind, whatever the cloud does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use monkeyci_core::executor::{Executor, Oci, RegistryAuth};
use monkeyci_core::job_dir::Program;
use monkeyci_core::job_dir::outcome::Reason;
use monkeyci_core::model::job::{Arch, Service};
use monkeyci_core::model::{Cause, Job, JobId};
use oci_services::container_instances::{CreateContainer, CreateContainerInstance, ShapeConfig, Vnic};
use oracle_emulator::Fault;
use oracle_emulator::settings::{Login, Place};

use crate::fixture::Fixture;
use crate::oracle::IMAGE;
use crate::port::port;

/// The instances that were asked for.
fn created(fixture: &Fixture) -> u64 {
    fixture.cloud().oracle.state().container_instances_created()
}

fn fault(fixture: &Fixture, fault: Fault) {
    fixture.cloud().oracle.state().faults.push_back(fault);
}

/// A line that says something, and goes on once somebody listens at a port: containers share nothing with us but the network.
fn until_somebody_listens(port: u16) -> String {
    let asks = format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}' 2>/dev/null");
    format!("echo one; until {asks}; do sleep 0.05; done; echo two")
}

fn listen(port: u16) -> std::net::TcpListener {
    std::net::TcpListener::bind(("127.0.0.1", port)).expect("it was free")
}

pub async fn an_answer_that_is_lost_makes_no_twin(fixture: &Fixture) {
    fault(fixture, Fault::lost().on("POST", "/containerInstances").times(2));
    let ran = fixture.run(fixture.job("lost", ["echo once"])).await;
    assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "once\n"));
    assert_eq!(created(fixture), 1);
}

pub async fn a_cloud_that_is_busy_is_asked_again(fixture: &Fixture) {
    for fault in [Fault::too_many(None), Fault::too_many(Some(1)), Fault::refuse(503, "ServiceUnavailable", "")] {
        self::fault(fixture, fault.on("POST", "/containerInstances"));
    }
    fault(fixture, Fault::too_many(None).on("GET", "/containerInstances").times(3));
    fault(fixture, Fault::too_many(None).on("DELETE", "/containerInstances").times(2));
    let ran = fixture.run(fixture.job("busy", ["sleep 1; echo done"])).await;
    assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "done\n"));
    assert_eq!(created(fixture), 1);
}

pub async fn where_there_is_no_room_another_place_is_tried(fixture: &Fixture) {
    let domains = fixture.cloud().settings.availability_domains.clone();
    let full = |domain: &str, shape: Option<&str>| Place {
        availability_domain: Some(domain.to_owned()),
        shape: shape.map(str::to_owned),
    };
    fixture.cloud().oracle.state().settings.out_of_capacity =
        vec![full(&domains[0], None), full(&domains[1], Some("CI.Standard.E4.Flex")), full(&domains[2], None)];
    let ran = fixture.run(fixture.job("moved", ["echo here"])).await;
    assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "here\n"));
    assert_eq!(created(fixture), 1);
}

pub async fn a_job_waits_for_room_and_then_says_why_it_had_none(fixture: &Fixture) {
    fixture.cloud().oracle.state().settings.out_of_capacity = vec![Place::default()];
    let running = fixture.start(fixture.order(fixture.job("waits", ["echo never"]), Program::default()));
    while fixture.cloud().oracle.state().seen.iter().filter(|(_, status)| *status == 500).count() < 7 {
        tokio::time::sleep(Duration::from_millis(5)).await; // poll
    }
    running.cancel.cancel();
    let ran = running.end().await;
    assert_eq!((ran.outcome().reason, ran.output().as_str()), (Reason::Canceled, ""));
    let mut settings = fixture.cloud().settings.clone();
    settings.patience = Duration::ZERO;
    let impatient = fixture.with_executor(Oci::new(settings, fixture.cloud().client.clone()).expect("fit settings"));
    let error = impatient.run(fixture.job("waits", ["echo never"])).await.exit.expect_err("no room");
    assert_eq!(error.cause(), Cause::Infrastructure);
    let text = error.to_string();
    assert!(text.contains("Out of host capacity") && text.contains("CI.Standard.E5.Flex in"), "{text}");
    assert_eq!(created(fixture), 0);
}

pub async fn an_image_that_no_registry_has_is_named(fixture: &Fixture) {
    fixture.cloud().oracle.state().settings.missing_images = vec!["registry.example.com/nowhere:1".into()];
    let image = Some("registry.example.com/nowhere:1".into());
    let error = fixture.run(Job { image, ..fixture.job("nowhere", ["true"]) }).await.exit.expect_err("no image");
    assert_eq!(error.cause(), Cause::Image);
    let text = error.to_string();
    assert!(text.starts_with("image `registry.example.com/nowhere:1`: Oracle Cloud cannot pull it: "), "{text}");
    assert!(text.contains("manifest unknown"), "{text}");
}

pub async fn a_private_registry_is_told_who_we_are(fixture: &Fixture) {
    let login = Login { username: "ann".into(), password: "p4ss".into() };
    fixture.cloud().oracle.state().settings.registries = BTreeMap::from([("private.example.com".into(), login)]);
    let order = |password: &str| {
        let job = Job { image: Some("private.example.com/web:1".into()), ..fixture.job("private", ["echo in"]) };
        let mut order = fixture.order(job, Program::default());
        let (username, password) = ("ann".into(), password.into());
        order.registries = vec![RegistryAuth { host: "private.example.com".into(), username, password }];
        order
    };
    let ran = fixture.start(order("p4ss")).end().await;
    assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "in\n"));
    let error = fixture.start(order("wr0ng")).end().await.exit.expect_err("refused");
    assert_eq!(error.cause(), Cause::Image);
    assert!(error.to_string().contains("unauthorized") && !error.to_string().contains("wr0ng"), "{error}");
}

pub async fn an_instance_that_vanished_or_failed_is_an_error(fixture: &Fixture) {
    for (what, told) in
        [("vanish", "is gone: something else than MonkeyCI deleted it"), ("fail", "the host caught fire")]
    {
        let order = fixture.order(fixture.job(what, ["echo ready; sleep 600"]), Program::default());
        let mut running = fixture.start(order);
        running.said("ready").await;
        let there = fixture.cloud().there().await;
        fixture.cloud().have(&there[0].id, what).await;
        let error = running.end().await.exit.expect_err(what);
        assert_eq!(error.cause(), Cause::Lost);
        assert!(error.to_string().contains(told), "{error}");
    }
}

pub async fn an_instance_that_somebody_stops_is_an_error(fixture: &Fixture) {
    let mut running =
        fixture.start(fixture.order(fixture.job("stopped", ["echo ready; sleep 600"]), Program::default()));
    running.said("ready").await;
    let there = fixture.cloud().there().await;
    fixture.cloud().instances().stop(&there[0].id).await.expect("stopped");
    let error = running.end().await.exit.expect_err("stopped");
    assert_eq!(error.cause(), Cause::Lost);
}

pub async fn a_job_whose_engine_died_goes_on(fixture: &Fixture) {
    let port = port();
    let job = || fixture.job("long", [&*until_somebody_listens(port)]);
    let (first, mut second) = (fixture.order(job(), Program::default()), fixture.order(job(), Program::default()));
    (second.attempt, second.dir) = (first.attempt.clone(), first.dir.clone());
    let mut running = fixture.start(first);
    running.said("one").await;
    running.task.abort();
    let another = fixture.with_executor(fixture.cloud().executor());
    let mut again = another.start(second);
    again.said("one").await;
    let _somebody = listen(port);
    let ran = again.end().await;
    assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "one\ntwo\n"));
    assert_eq!((ran.started.len(), created(fixture)), (1, 1));
}

pub async fn an_engine_that_dies_at_any_moment_leaves_one_instance(fixture: &Fixture) {
    for millis in [0, 20, 60, 120, 250, 500, 900] {
        let before = created(fixture);
        let job = || fixture.job("torn", ["echo once"]);
        let (first, mut second) = (fixture.order(job(), Program::default()), fixture.order(job(), Program::default()));
        (second.attempt, second.dir) = (first.attempt.clone(), first.dir.clone());
        let running = fixture.start(first);
        tokio::time::sleep(Duration::from_millis(millis)).await; // moment
        running.task.abort();
        let ran = fixture.with_executor(fixture.cloud().executor()).start(second).end().await;
        assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "once\n"), "after {millis} ms");
        assert_eq!(created(fixture) - before, 1, "after {millis} ms");
    }
}

pub async fn what_a_crash_left_is_swept_and_nothing_else(fixture: &Fixture) {
    let mut attempts = Vec::new();
    for id in ["lost", "wanted"] {
        let mut running = fixture.start(fixture.order(fixture.job(id, ["echo ready; sleep 600"]), Program::default()));
        running.said("ready").await;
        running.task.abort();
        attempts.push(running.attempt);
    }
    let another = fixture.cloud().executor();
    let sweep = async |instance: &str, wanted: &[u64]| {
        another.sweep(instance, &|fence| wanted.contains(&fence)).await.expect("swept")
    };
    let [lost, wanted] = [0, 1].map(|index| attempts[index].name());
    assert_eq!(sweep("another", &[]).await, Vec::<String>::new());
    assert_eq!(sweep(&fixture.instance, &[attempts[1].fence]).await, [lost]);
    assert_eq!(fixture.cloud().left(&attempts[0]).await, Vec::<String>::new());
    assert!(!fixture.cloud().left(&attempts[1]).await.is_empty());
    assert_eq!(sweep(&fixture.instance, &[]).await, [wanted]);
    assert_eq!(fixture.cloud().left(&attempts[1]).await, Vec::<String>::new());
}

pub async fn a_second_instance_of_one_attempt_is_deleted(fixture: &Fixture) {
    let port = port();
    let order = fixture.order(fixture.job("twin", [&*until_somebody_listens(port)]), Program::default());
    let tags =
        [("monkeyci-instance", order.attempt.instance.clone()), ("monkeyci-fence", order.attempt.fence.to_string())];
    let settings = &fixture.cloud().settings;
    let sleeper = CreateContainer {
        image_url: IMAGE.into(),
        command: vec!["/bin/sleep".into(), "600".into()],
        ..CreateContainer::default()
    };
    let twin = CreateContainerInstance {
        display_name: Some("made by nobody".into()),
        compartment_id: settings.compartment.clone(),
        availability_domain: settings.availability_domains[0].clone(),
        shape: settings.shapes[0].clone(),
        shape_config: ShapeConfig { ocpus: 1.0, memory_in_gbs: Some(1.0) },
        containers: vec![sleeper],
        vnics: vec![Vnic { subnet_id: settings.subnets[0].clone(), ..Vnic::default() }],
        freeform_tags: tags.map(|(name, value)| (name.to_owned(), value)).into(),
        ..CreateContainerInstance::default()
    };
    let instances = fixture.cloud().instances();
    let twin = instances.create(&twin, "twin").await.expect("created").instance.id;
    let mut running = fixture.start(order);
    running.said("one").await;
    while fixture.cloud().there().await.iter().any(|one| one.id == twin) {
        tokio::time::sleep(Duration::from_millis(20)).await; // poll
    }
    let _somebody = listen(port);
    assert_eq!(running.end().await.outcome().code, Some(0));
}

fn service(id: &str, ports: &[u16]) -> Service {
    Service {
        id: JobId::new(id).expect("an id"),
        image: format!("registry.example.com/{id}:1"),
        ports: ports.to_vec(),
        env: BTreeMap::from([("ANSWER".into(), "pong".into())]),
        command: Vec::new(),
        health: None,
    }
}

/// What runs in a service's container: the double knows no images.
fn runs(fixture: &Fixture, id: &str, script: &str) {
    let entrypoint = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
    let image = format!("registry.example.com/{id}:1");
    fixture.cloud().oracle.state().settings.entrypoints.insert(image, entrypoint);
}

pub async fn services_are_reached_by_name_and_by_variable(fixture: &Fixture) {
    let port = port();
    let listen = format!(
        "echo serving $ANSWER; sleep 0.5; exec python3 -c 'import os, socket\ns = socket.create_server((\"\", {port}))\n\
         while True:\n    c, _ = s.accept(); c.sendall(os.environ[\"ANSWER\"].encode() + b\"\\n\"); c.close()'"
    );
    runs(fixture, "echo-er", &listen);
    let ask = |host: &str| {
        format!(
            "python3 -c 'import socket; print(socket.create_connection((\"{host}\", {port})).recv(9).decode(), end=\"\")'"
        )
    };
    let mut job = fixture.job("client", ["echo $MONKEYCI_SERVICE_ECHO_ER_HOST", &*ask("127.0.0.1"), &*ask("echo-er")]);
    // As a worker does it.
    job.env.insert("MONKEYCI_SERVICE_ECHO_ER_HOST".into(), "echo-er".into());
    job.services = vec![service("echo-er", &[port])];
    let ran = fixture.run(job).await;
    assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "127.0.0.1\npong\npong\n"));
    let logs = ran.exit.expect("it ran").service_logs;
    assert_eq!(logs.len(), 1);
    assert_eq!((logs[0].0.as_str(), String::from_utf8_lossy(&logs[0].1).as_ref()), ("echo-er", "serving pong\n"));
    let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    assert!(!hosts.contains("echo-er"), "the machine's own names are changed");
}

pub async fn a_service_that_never_gets_ready_is_told(fixture: &Fixture) {
    runs(fixture, "deaf", "sleep 600");
    runs(fixture, "dead", "exit 3");
    for (id, timeout, told) in [
        ("deaf", 2_000, "did not accept connections in time"),
        ("dead", 30_000, "it ended with code 3 before it was ready"),
    ] {
        let mut service = service(id, &[port()]);
        service.health = Some(monkeyci_core::model::job::Health { command: "true".into(), timeout });
        let ran = fixture.run(Job { services: vec![service], ..fixture.job("client", ["echo never"]) }).await;
        let error = ran.exit.expect_err("not ready");
        assert_eq!(error.cause(), Cause::Service);
        assert!(
            error.to_string().starts_with(&format!("service `{id}`: ")) && error.to_string().contains(told),
            "{error}"
        );
    }
}

pub async fn what_cannot_be_there_is_refused_before_anything_is_made(fixture: &Fixture) {
    let ask = async |job: Job| {
        let error = fixture.run(job).await.exit.expect_err("refused");
        assert_eq!(error.cause(), Cause::Invalid);
        error.to_string()
    };
    let job = || fixture.job("asks", ["true"]);
    let none = ask(Job { image: None, ..job() }).await;
    assert!(none.contains("names no image"), "{none}");
    let privileged = ask(Job { privileged: true, ..job() }).await;
    assert!(privileged.contains("is privileged"), "{privileged}");
    let exposed = ask(Job { expose: vec![80], ..job() }).await;
    assert!(exposed.contains("exposes ports"), "{exposed}");
    let mut arm = job();
    arm.resources.arch = Some(Arch::Arm);
    let arm = ask(arm).await;
    assert!(arm.contains("`arm64`"), "{arm}");
    let mut large = job();
    large.resources.memory = Some(5_000.0);
    let large = ask(large).await;
    assert!(large.contains("Oracle Cloud refuses the job") && large.contains("shapeConfig"), "{large}");
    assert_eq!(created(fixture), 0);
}

/// Many jobs at once against a cloud that takes few calls a second and loses answers: each runs once, and nothing is left.
pub async fn many_jobs_at_once_make_no_twin_and_leave_nothing(fixture: &Fixture) {
    let count = if crate::gate::long() { 1_000 } else { 12 };
    {
        let mut state = fixture.cloud().oracle.state();
        state.settings.calls_per_second = if crate::gate::long() { 400 } else { 40 };
        // Lists do not grow with what is long gone.
        state.settings.remembered_ms = 5_000;
        state.faults.push_back(Fault::lost().on("POST", "/containerInstances").times(5).after(3));
        state.faults.push_back(Fault::lost().on("DELETE", "/containerInstances").times(5).after(3));
    }
    let turns = Arc::new(tokio::sync::Semaphore::new(12));
    let jobs = (0..count).map(|number| {
        let turns = Arc::clone(&turns);
        async move {
            let _turn = turns.acquire().await.expect("it is never closed");
            let ran = fixture.run(fixture.job(&format!("job-{number}"), [&*format!("echo {number}")])).await;
            assert_eq!((ran.outcome().code, ran.output()), (Some(0), format!("{number}\n")));
        }
    });
    futures::future::join_all(jobs).await;
    assert_eq!(created(fixture), count);
    fixture.cloud().oracle.state().settings.calls_per_second = 0;
    assert!(fixture.cloud().there().await.is_empty(), "left behind");
}
