//! Stories of jobs in containers, played on every engine that this machine has.

mod bench;
mod image;
mod stories;

macro_rules! play {
    ($($story:ident)*) => {
        play!(@ docker Docker $($story)*);
        play!(@ docker_apart DockerApart $($story)*);
        play!(@ podman Podman $($story)*);
        play!(@ podman_apart PodmanApart $($story)*);
    };
    (@ $stage:ident $kind:ident $($story:ident)*) => {
        mod $stage {
            $(#[tokio::test]
            async fn $story() {
                if let Some(bench) = crate::bench::Stage::$kind.open().await {
                    crate::stories::$story(bench).await;
                }
            })*
        }
    };
}

play! {
    lines_run_in_the_workspace_and_what_they_make_comes_back
    a_long_log_is_complete
    an_image_without_a_shell_runs_a_command_and_refuses_lines
    a_user_who_is_not_root_can_write_to_the_workspace
    too_much_memory_is_told
    a_service_is_reached_by_its_name
    a_service_that_never_gets_ready_is_told_with_its_last_words
    an_image_that_is_not_there_is_told
    a_cancelled_job_ends_and_one_that_has_not_begun_does_not_begin
    a_job_whose_engine_died_is_taken_up_again
    what_a_crash_left_is_swept_and_nothing_else
    a_container_killed_from_outside_is_an_error_of_the_engine
}
