use async_trait::async_trait;
use monkeyci_model::{BuildId, Trigger};

use super::*;
use crate::engine::{Gate, LoadError};

/// Blocks what deploys to `live`, and lets nothing else of an environment through.
struct Guard;

#[async_trait]
impl Gate for Guard {
    async fn admit(&self, build: &BuildId, _: &Trigger, mut jobs: Vec<Job>) -> Result<Vec<Job>, LoadError> {
        for job in &mut jobs {
            match job.environment.as_deref() {
                None => {}
                Some("live") => job.blocked = true,
                Some(_) => {
                    let message = format!("job `{}` of {build} may not", job.id);
                    return Err(LoadError { status: BuildStatus::Failure, message });
                }
            }
        }
        Ok(jobs)
    }
}

#[tokio::test]
async fn a_gate_changes_jobs_or_refuses_the_build_before_they_are_facts() {
    let engine = Engine::local().without_worker().gate(Guard).open().await.expect("opens");
    worker(&engine, 4, well);
    let of = |environment: &str| Job { environment: Some(environment.into()), ..job("ship: test") };
    let plan = |environment: &str| BuildRequest::jobs(vec![job("test"), of(environment)]);
    let mut build = engine.build(plan("live")).await.expect("begins");
    while let Some(event) = build.next().await {
        if let EventKind::JobBlocked { job_id } = &event.kind {
            assert_eq!(job_id.as_str(), "ship", "the other passes as it is");
            build.approve(job_id, Some("ann".into())).await.expect("it waits");
        }
    }
    assert_eq!(build.wait().await.expect("it ends"), BuildStatus::Success);

    let mut build = engine.build(plan("test")).await.expect("begins");
    let end = story(&mut build).await.pop().expect("an end");
    assert_eq!(end, format!("build failure: job `ship` of {} may not", build.id()));
    assert!(build.snapshot().await.expect("reads").jobs().is_empty());
}
