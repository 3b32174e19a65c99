//! What a job costs on top of the engine's own work for its container.

use std::time::{Duration, Instant};

use bollard::models::{ContainerCreateBody, HostConfig, HostConfigLogConfig};
use bollard::query_parameters::{
    CreateContainerOptions, RemoveContainerOptions, StartContainerOptions, WaitContainerOptions,
};
use futures::StreamExt;

use crate::bench::{Bench, Stage};
use crate::image::BUSYBOX;

const ROUNDS: usize = 15;

/// Prints the ratio of a `true` job to create, start, wait and remove of the same image; a measure, not a test.
#[tokio::test]
#[ignore = "measures; run it alone on a quiet machine"]
async fn a_job_in_docker_against_the_bare_container() {
    let Some(bench) = Stage::Docker.open().await else { return };
    let (mut bare, mut jobs) = (Vec::new(), Vec::new());
    // By turns, so that both see the same machine.
    for _ in 0..ROUNDS {
        bare.push(bare_container(&bench).await);
        let play = bench.play(bench.job(BUSYBOX, &["true"]));
        let begun = Instant::now();
        play.run_only().await.exit.expect("it ran");
        jobs.push(begun.elapsed());
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let (bare, job) = (median(&mut bare), median(&mut jobs));
    eprintln!("bare {bare:?}, job {job:?}, ratio {:.2}", job.as_secs_f64() / bare.as_secs_f64());
}

async fn bare_container(bench: &Bench) -> Duration {
    let api = bench.docker.api();
    let none = HostConfigLogConfig { typ: Some("none".into()), config: None };
    let body = ContainerCreateBody {
        image: Some(BUSYBOX.into()),
        cmd: Some(vec!["true".into()]),
        host_config: Some(HostConfig { log_config: Some(none), ..HostConfig::default() }),
        ..ContainerCreateBody::default()
    };
    let begun = Instant::now();
    let id = api.create_container(None::<CreateContainerOptions>, body).await.expect("created").id;
    api.start_container(&id, None::<StartContainerOptions>).await.expect("started");
    api.wait_container(&id, None::<WaitContainerOptions>).next().await;
    api.remove_container(&id, None::<RemoveContainerOptions>).await.expect("removed");
    begun.elapsed()
}
