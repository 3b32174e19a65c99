use super::*;

/// Says how long it takes; judged by the benchmark, not here.
#[expect(clippy::print_stdout, reason = "it is there to say a number")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_jobs_go_through_the_engine_on_sqlite() {
    let state = tempfile::tempdir().expect("a folder");
    let engine = Engine::local().without_worker().state(state.path()).open().await.expect("opens");
    worker(&engine, 64, well);
    let count = if cfg!(debug_assertions) { 1_000 } else { 10_000 };
    let all = (0..count).map(|number| job(&format!("j{number}"))).collect();
    let begin = std::time::Instant::now();
    let mut build = engine.build(BuildRequest::jobs(all)).await.expect("begins");
    assert_eq!(build.wait().await.expect("it ends"), BuildStatus::Success);
    println!("{count} jobs in {:?}", begin.elapsed());
    assert_eq!(engine.shared.store.jobs(build.id()).await.expect("reads").len(), count);
}
