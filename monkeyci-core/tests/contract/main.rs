//! What every executor promises, told once and run on each of them.
//!
//! A story is an async function that takes a [`fixture::Fixture`]; it is listed once, below. An adapter is one line at
//! the end: a name, whether it `contains` jobs, `runs` them, or only `plays` them, and a function that makes its fixture,
//! or none, said in the output, when this machine lacks what it needs. One that `carries` jobs joins an engine and a way
//! of files that others play whole; one that `sends` them away knows them by what is sent back; one that `pulls` is a kind of
//! engine, whoever uses it and whatever it sees.

#[path = "../../../tests/fixture/port.rs"]
mod port;

mod adapters;
mod containers;
mod daemon;
mod engines;
mod escapes;
mod fixture;
mod gate;
mod hostile;
mod image;
#[cfg(feature = "oci")]
mod instances;
mod lines;
#[cfg(feature = "oci")]
mod oracle;
mod ordinary_user;
mod plays;
mod podman_service;
mod pull;
mod reattach;
mod registry;
mod resources;
mod sandbox;
mod services;
mod shell;
mod stop;

macro_rules! adapter {
    // What every executor does that runs programs.
    (@everywhere $make:path) => {
        adapter!(@ $make, plays: a_job_tells_once_that_it_started_and_how_its_lines_ended,
            a_line_that_fails_ends_the_job, cancel_ends_a_job_that_would_never_end,
            an_attempt_is_not_started_twice);
        adapter!(@ $make, lines: variables_arrive_byte_by_byte, a_line_runs_in_the_work_dir,
            each_line_has_a_shell_of_its_own, a_missing_shell_is_named, a_missing_work_dir_is_named,
            a_missing_command_is_named, a_command_needs_no_shell, streams_keep_their_order,
            a_million_lines_arrive);
        adapter!(@ $make, stop: cancel_leaves_nothing, a_job_that_ignores_the_end_is_killed,
            what_detached_itself_ends_with_the_job, time_is_limited, the_log_is_limited,
            a_job_canceled_before_it_started_does_not_run, a_cancel_at_any_moment_ends_it_canceled);
        adapter!(@ $make, hostile: a_report_that_became_something_else_harms_nobody, forged_frames_are_refused,
            a_work_dir_that_the_job_removed_is_named);
    };
    ($name:ident plays $make:path) => {
        mod $name {
            adapter!(@ $make, plays: a_job_tells_once_that_it_started_and_how_its_lines_ended,
                a_line_that_fails_ends_the_job, cancel_ends_a_job_that_would_never_end,
                an_attempt_is_not_started_twice);
        }
    };
    ($name:ident runs $make:path $(, $($module:ident: $($story:ident),*);*)?) => {
        mod $name {
            adapter!(@everywhere $make);
            adapter!(@ $make, shell: a_shell_on_pipes_finds_what_the_job_would,
                a_shell_on_pipes_ends_with_what_is_piped_in, a_shell_on_a_screen_has_a_terminal,
                a_shell_ends_when_it_is_canceled, a_shell_that_is_not_there_is_named,
                a_shell_beside_a_job_leaves_nothing_and_ends_with_it);
            $($(adapter!(@ $make, $module: $($story),*);)*)?
        }
    };
    ($name:ident carries $make:path) => {
        mod $name {
            adapter!(@ $make, plays: a_job_tells_once_that_it_started_and_how_its_lines_ended,
                a_line_that_fails_ends_the_job, cancel_ends_a_job_that_would_never_end,
                an_attempt_is_not_started_twice);
            adapter!(@ $make, lines: a_million_lines_arrive);
            adapter!(@ $make, stop: cancel_leaves_nothing, a_job_that_ignores_the_end_is_killed,
                a_cancel_at_any_moment_ends_it_canceled);
            adapter!(@ $make, hostile: a_report_that_became_something_else_harms_nobody);
            adapter!(@ $make, services: a_service_is_reached_by_its_name);
            adapter!(@ $make, shell: a_shell_on_pipes_finds_what_the_job_would,
                a_shell_on_pipes_ends_with_what_is_piped_in, a_shell_on_a_screen_has_a_terminal,
                a_shell_ends_when_it_is_canceled, a_shell_that_is_not_there_is_named,
                a_shell_beside_a_job_leaves_nothing_and_ends_with_it);
            adapter!(@ $make, containers: lines_run_in_the_workspace_and_what_they_make_comes_back,
                a_user_who_is_not_root_can_write_to_the_workspace, a_job_whose_engine_died_is_taken_up_again);
        }
    };
    ($name:ident contains $make:path) => {
        adapter!($name runs $make, containers: lines_run_in_the_workspace_and_what_they_make_comes_back,
            an_image_without_a_shell_runs_a_command_and_refuses_lines,
            a_user_who_is_not_root_can_write_to_the_workspace, an_image_that_is_not_there_is_told,
            a_job_whose_engine_died_is_taken_up_again, what_a_crash_left_is_swept_and_nothing_else,
            a_container_killed_from_outside_is_an_error_of_the_engine, jobs_side_by_side_keep_to_themselves,
            a_container_of_somebody_else_is_named_and_stays, a_job_that_runs_is_taken_up_again_without_its_registry,
            the_volumes_of_an_image_go_with_its_job;
            services: a_service_is_reached_by_its_name,
            a_service_that_never_gets_ready_is_told_with_its_last_words,
            a_service_that_writes_without_end_keeps_the_end_of_its_log,
            a_cancel_at_any_moment_leaves_no_service_and_no_network;
            resources: too_much_memory_is_told, memory_and_processors_are_limited,
            an_exposed_port_is_reached_from_this_host_only, a_host_s_folder_is_mounted,
            only_a_privileged_job_has_privileges, a_container_sees_nothing_of_its_host);
    };
    ($name:ident sends $make:path) => {
        mod $name {
            adapter!(@everywhere $make);
            adapter!(@ $make, containers: lines_run_in_the_workspace_and_what_they_make_comes_back,
                jobs_side_by_side_keep_to_themselves);
            adapter!(@ $make, instances: an_answer_that_is_lost_makes_no_twin, a_cloud_that_is_busy_is_asked_again,
                where_there_is_no_room_another_place_is_tried, a_job_waits_for_room_and_then_says_why_it_had_none,
                an_image_that_no_registry_has_is_named, a_private_registry_is_told_who_we_are,
                an_instance_that_vanished_or_failed_is_an_error, an_instance_that_somebody_stops_is_an_error,
                a_job_whose_engine_died_goes_on, an_engine_that_dies_at_any_moment_leaves_one_instance,
                what_a_crash_left_is_swept_and_nothing_else, a_second_instance_of_one_attempt_is_deleted,
                services_are_reached_by_name_and_by_variable, a_service_that_never_gets_ready_is_told,
                what_cannot_be_there_is_refused_before_anything_is_made,
                many_jobs_at_once_make_no_twin_and_leave_nothing);
        }
    };
    ($name:ident pulls $make:path) => {
        mod $name {
            adapter!(@ $make, pull: a_private_image_is_pulled_with_its_credentials,
                credentials_that_are_refused_are_told_but_not_shown,
                the_pull_policy_says_when_the_registry_is_asked, a_cancel_ends_a_pull_that_hangs);
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

adapter!(fake plays crate::adapters::fake);
adapter!(process runs crate::adapters::process);
adapter!(process_without_namespaces runs crate::adapters::process_without_namespaces);
adapter!(process_as_user runs crate::adapters::process_as_user, sandbox: a_job_of_somebody_else_sees_nothing_of_ours);
adapter!(docker contains crate::adapters::docker);
adapter!(docker_registry pulls crate::adapters::docker);
adapter!(docker_apart contains crate::adapters::docker_apart);
adapter!(podman contains crate::adapters::podman);
adapter!(podman_registry pulls crate::adapters::podman);
adapter!(podman_apart carries crate::adapters::podman_apart);
adapter!(podman_rootless contains crate::adapters::podman_rootless);
#[cfg(feature = "oci")]
adapter!(oci sends crate::oracle::fixture);
