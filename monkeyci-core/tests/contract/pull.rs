//! Images of a private registry, and when they are pulled.

use std::time::{Duration, Instant};

use bollard::query_parameters::RemoveImageOptionsBuilder;
use monkeyci_core::executor::RegistryAuth;
use monkeyci_core::job_dir::Program;
use monkeyci_core::job_dir::outcome::Reason;
use monkeyci_core::model::Cause;
use monkeyci_core::model::job::PullPolicy;

use crate::fixture::{Fixture, Ran};
use crate::registry::{PASSWORD, Registry, USER};

/// Runs a job of the registry's image, with a password or none.
async fn run(fixture: &Fixture, registry: &Registry, pull: PullPolicy, password: Option<&str>) -> Ran {
    let mut job = fixture.job("private", ["echo pulled"]);
    (job.image, job.pull) = (Some(registry.image()), pull);
    let mut order = fixture.order(job, Program::default());
    order.registries.extend(password.map(|password| RegistryAuth {
        host: registry.host.clone(),
        username: USER.into(),
        password: password.into(),
    }));
    fixture.start(order).end().await
}

/// Has the engine forget the image.
async fn remove(fixture: &Fixture, registry: &Registry) {
    let options = RemoveImageOptionsBuilder::default().force(true).build();
    fixture.docker().api().remove_image(&registry.image(), Some(options), None).await.expect("removed");
}

pub async fn a_private_image_is_pulled_with_its_credentials(fixture: &Fixture) {
    let registry = Registry::begin(fixture.executor.name());
    let ran = run(fixture, &registry, PullPolicy::IfMissing, Some(PASSWORD)).await;
    assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "pulled\n"));
    remove(fixture, &registry).await;
}

pub async fn credentials_that_are_refused_are_told_but_not_shown(fixture: &Fixture) {
    let registry = Registry::begin(fixture.executor.name());
    for password in [None, Some("wr0ng-s3cret")] {
        let ran = run(fixture, &registry, PullPolicy::IfMissing, password).await;
        let error = ran.exit.expect_err("not allowed");
        assert_eq!(error.cause(), Cause::Image);
        let text = error.to_string();
        let (image, host) = (registry.image(), &registry.host);
        assert!(text.starts_with(&format!("image `{image}`: job `private` needs it, but ")), "{text}");
        let advice = match password {
            None => format!("give credentials for `{host}`"),
            Some(_) => format!("check the name, and the user and password for `{host}`"),
        };
        assert!(text.contains(&advice) && !text.contains("wr0ng-s3cret"), "{text}");
    }
    assert_eq!(registry.asked(), 0);
}

pub async fn the_pull_policy_says_when_the_registry_is_asked(fixture: &Fixture) {
    let registry = Registry::begin(fixture.executor.name());
    let run = async |pull| run(fixture, &registry, pull, Some(PASSWORD)).await;
    let error = run(PullPolicy::Never).await.exit.expect_err("it is not there");
    assert!(error.to_string().contains("its pull policy is `never`"), "{error}");
    assert_eq!(registry.asked(), 0);
    run(PullPolicy::IfMissing).await.outcome();
    let once = registry.asked();
    assert!(once > 0);
    for pull in [PullPolicy::IfMissing, PullPolicy::Never] {
        assert_eq!(run(pull).await.output(), "pulled\n");
        assert_eq!(registry.asked(), once, "{pull:?}");
    }
    run(PullPolicy::Always).await.outcome();
    let twice = registry.asked();
    assert!(twice > once);
    // One that somebody removed is missing, though it was there before.
    remove(fixture, &registry).await;
    run(PullPolicy::IfMissing).await.outcome();
    assert!(registry.asked() > twice);
    remove(fixture, &registry).await;
}

pub async fn a_cancel_ends_a_pull_that_hangs(fixture: &Fixture) {
    let registry = Registry::silent(fixture.executor.name());
    let mut job = fixture.job("hangs", ["echo never"]);
    job.image = Some(registry.image());
    let running = fixture.start(fixture.order(job, Program::default()));
    while registry.asked() == 0 {
        assert!(!running.task.is_finished(), "it does not wait for its image");
        tokio::time::sleep(Duration::from_millis(2)).await; // poll
    }
    let asked = Instant::now();
    running.cancel.cancel();
    let ran = running.end().await;
    assert_eq!((ran.outcome().reason, ran.started.len()), (Reason::Canceled, 0));
    assert!(asked.elapsed() < Duration::from_secs(60), "{:?}", asked.elapsed());
}
