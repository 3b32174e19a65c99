//! What every executor promises, told once and run on each of them.
//!
//! A story is an async function that takes a [`fixture::Fixture`]; it is listed once, below. An adapter is one line at
//! the end: a name, whether it `runs` jobs or only `plays` them, and a function that makes its fixture, or none, said
//! in the output, when this machine lacks what it needs.

#[expect(dead_code, reason = "the stories of containers alone need the rest")]
#[path = "../containers/bench.rs"]
mod bench;
mod fixture;
mod hostile;
#[expect(dead_code, reason = "the stories of containers alone need the rest")]
#[path = "../containers/image.rs"]
mod image;
mod lines;
mod plays;
mod reattach;
mod stop;

macro_rules! adapter {
    ($name:ident plays $make:path) => {
        mod $name {
            adapter!(@ $make, plays: a_job_tells_once_that_it_started_and_how_its_lines_ended,
                a_line_that_fails_ends_the_job, cancel_ends_a_job_that_would_never_end,
                an_attempt_is_not_started_twice);
        }
    };
    ($name:ident runs $make:path) => {
        mod $name {
            adapter!(@ $make, plays: a_job_tells_once_that_it_started_and_how_its_lines_ended,
                a_line_that_fails_ends_the_job, cancel_ends_a_job_that_would_never_end,
                an_attempt_is_not_started_twice);
            adapter!(@ $make, lines: variables_arrive_byte_by_byte, a_line_runs_in_the_work_dir,
                each_line_has_a_shell_of_its_own, a_missing_shell_is_named, a_missing_work_dir_is_named,
                a_missing_command_is_named, a_command_needs_no_shell, streams_keep_their_order,
                a_million_lines_arrive);
            adapter!(@ $make, stop: cancel_leaves_nothing, a_job_that_ignores_the_end_is_killed,
                what_detached_itself_ends_with_the_job, time_is_limited, the_log_is_limited,
                a_job_canceled_before_it_started_does_not_run);
            adapter!(@ $make, hostile: a_report_that_became_something_else_harms_nobody, forged_frames_are_refused,
                a_work_dir_that_the_job_removed_is_named);
        }
    };
    (@ $make:path, $module:ident: $($story:ident),* $(,)?) => {$(
        #[tokio::test]
        async fn $story() {
            if let Some(fixture) = $make().await {
                crate::$module::$story(&fixture).await;
            }
        }
    )*};
}

adapter!(fake plays crate::fixture::fake);
adapter!(process runs crate::fixture::process);
adapter!(process_without_namespaces runs crate::fixture::process_without_namespaces);
adapter!(docker runs crate::fixture::docker);
