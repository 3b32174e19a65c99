//! A job in a container of Docker, beside the calls that no container can do without.

use std::sync::Arc;
use std::time::Duration;

use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{CreateImageOptions, RemoveContainerOptionsBuilder};
use bollard::query_parameters::{StartContainerOptions, WaitContainerOptions};
use futures::StreamExt;
use monkeyci_core::executor::{Docker, Engine};
use monkeyci_core::model::Job;
use monkeyci_core::model::job::limits;
use tokio::runtime::Runtime;

use crate::embedded::{Embedded, job};
use crate::measure::{Goal, Outcome, pairs, rounds, skipped, timed};

const IMAGE: &str = "localhost/monkeyci-bench/busybox:1";
const PROGRAM: &str = "/bin/busybox";

pub fn run() -> Outcome {
    let Ok(busybox) = std::fs::read(PROGRAM) else {
        return skipped("docker", "there is no static /bin/busybox to make an image of (busybox-static)");
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let programs = tempfile::tempdir()?;
    let docker = match runtime.block_on(Docker::connect(Engine::Docker, programs.path())) {
        Ok(docker) => docker,
        Err(error) => return skipped("docker", &error.to_string()),
    };
    let api = docker.api().clone();
    runtime.block_on(make(&api, &busybox))?;
    let floors = Runtime::new()?;
    let embedded = Embedded::open(runtime, Arc::new(docker), limits::LOG_BYTES)?;
    pairs(
        "a job, beside create+start+wait+remove",
        rounds(9),
        &Goal::Times(1.15),
        || timed(|| floors.block_on(bare(&api))),
        || timed(|| embedded.build(vec![Job { image: Some(IMAGE.into()), ..job("test", "true") }])),
    )?;
    Ok(())
}

/// What any program that runs a container over the API has to do.
async fn bare(api: &bollard::Docker) -> Outcome {
    let body = ContainerCreateBody {
        image: Some(IMAGE.into()),
        cmd: Some(["sh", "-c", "true"].map(String::from).to_vec()),
        ..ContainerCreateBody::default()
    };
    let id = api.create_container(None, body).await?.id;
    api.start_container(&id, None::<StartContainerOptions>).await?;
    let mut wait = api.wait_container(&id, None::<WaitContainerOptions>);
    while let Some(ended) = tokio::time::timeout(Duration::from_secs(60), wait.next()).await? {
        ended?;
    }
    api.remove_container(&id, Some(RemoveContainerOptionsBuilder::default().force(true).build())).await?;
    Ok(())
}

/// Makes the image, without any registry.
async fn make(api: &bollard::Docker, busybox: &[u8]) -> Outcome {
    if api.inspect_image(IMAGE).await.is_ok() {
        return Ok(());
    }
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o755);
    header.set_size(busybox.len() as u64);
    archive.append_data(&mut header, "bin/busybox", busybox)?;
    for link in ["sh", "true"] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        archive.append_link(&mut header, format!("bin/{link}"), "busybox")?;
    }
    let (repo, tag) = IMAGE.rsplit_once(':').expect("it has a tag");
    let options = CreateImageOptions {
        from_src: Some("-".into()),
        repo: Some(repo.into()),
        tag: Some(tag.into()),
        ..CreateImageOptions::default()
    };
    let body = bollard::body_full(archive.into_inner()?.into());
    let mut steps = api.create_image(Some(options), Some(body), None);
    while let Some(step) = steps.next().await {
        step?;
    }
    Ok(())
}
