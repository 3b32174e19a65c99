//! What a job in a container is given, and what it is kept from.

use monkeyci_core::executor::ExecutorError;
use monkeyci_core::job_dir::Program;
use monkeyci_core::model::Job;

use crate::fixture::Fixture;
use crate::gate;
use crate::port::port;

pub async fn too_much_memory_is_told(fixture: &Fixture) {
    if !fixture.executor.capabilities().limits {
        return gate::skip("limits", "the engine has none");
    }
    let cgroup_v2 = std::path::Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
    if fixture.executor.name() == "podman" && !cgroup_v2 {
        return gate::skip("podman-out-of-memory", "with cgroup v1, Podman tells it of process 1 only");
    }
    let mut job = fixture.job("hungry", ["dd if=/dev/zero of=/dev/null bs=200M count=1"]);
    job.resources.memory = Some(0.05);
    let ran = fixture.run(job).await;
    assert_eq!(ran.outcome().code, Some(137));
    assert!(ran.exit.expect("it ran").out_of_memory);
}

pub async fn memory_and_processors_are_limited(fixture: &Fixture) {
    if !fixture.executor.capabilities().limits {
        return gate::skip("limits", "the engine has none");
    }
    let own = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null";
    let unified = "cat /sys/fs/cgroup/memory.max; cut -d ' ' -f 1 /sys/fs/cgroup/cpu.max";
    let mut job = fixture.job("limited", [&*format!("{own} || {{ {unified}; }}")]);
    (job.resources.memory, job.resources.cpus) = (Some(0.25), Some(0.5));
    let ran = fixture.run(job).await;
    assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "268435456\n50000\n"));
}

/// Case X7: a port of a job, from another machine.
pub async fn an_exposed_port_is_reached_from_this_host_only(fixture: &Fixture) {
    if fixture.run(fixture.job("probe", ["grep -q eth0 /proc/net/dev"])).await.outcome().code != Some(0) {
        return gate::skip("container-network", "the engine's containers have no network here");
    }
    let port = port();
    let line = format!("echo ready; while nc -l -p {port} -e echo exposed; do :; done");
    let job = Job { expose: vec![port], ..fixture.job("server", [&*line]) };
    let mut running = fixture.start(fixture.order(job, Program::default()));
    running.said("ready").await;
    let published = fixture.docker().api().inspect_container(&running.attempt.name(), None).await.expect("it runs");
    let published = published.network_settings.and_then(|network| network.ports).expect("ports");
    let bindings = published[&format!("{port}/tcp")].as_ref().expect("published");
    let hosts: Vec<_> = bindings.iter().map(|binding| binding.host_ip.as_deref()).collect();
    assert_eq!(hosts, [Some("127.0.0.1")]);
    let answer = tokio::task::spawn_blocking(move || {
        let limit = std::time::Instant::now() + std::time::Duration::from_secs(20);
        let mut answer = String::new();
        // The engine's proxy accepts before the job does.
        while answer.is_empty() && std::time::Instant::now() < limit {
            if let Ok(mut socket) = std::net::TcpStream::connect(("127.0.0.1", port)) {
                let _ = std::io::Read::read_to_string(&mut socket, &mut answer);
            }
        }
        answer
    });
    assert_eq!(answer.await.expect("no panic"), "exposed\n");
    running.cancel.cancel();
    running.end().await.outcome();
}

pub async fn a_host_s_folder_is_mounted(fixture: &Fixture) {
    let folder = fixture.home.path().join("shared");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(folder.join("given"), "from the host\n").expect("a file");
    let mounts = [("/shared".to_owned(), folder.display().to_string())].into();
    let job = Job { mounts, ..fixture.job("mounts", ["cat /shared/given; echo back > /shared/made"]) };
    let ran = fixture.run(job).await;
    assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "from the host\n"));
    assert_eq!(std::fs::read_to_string(folder.join("made")).expect("made"), "back\n");
}

/// Case X6: a container that mounts, or takes capabilities.
pub async fn only_a_privileged_job_has_privileges(fixture: &Fixture) {
    let line = "grep -E 'NoNewPrivs|CapEff' /proc/self/status | tr -d '\\t\\n'; \
                mkdir -p /tmp/m && mount -t tmpfs none /tmp/m 2>/dev/null && echo mounted";
    let ran = fixture.run(fixture.job("plain", [&*format!("{line} || echo refused")])).await;
    let output = ran.output();
    assert!(output.contains("NoNewPrivs:1") && output.ends_with("refused\n"), "{output}");
    // CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, NET_BIND_SERVICE: capabilities(7).
    assert!(output.contains("CapEff:00000000000004fb"), "{output}");
    let ran = fixture.run(Job { privileged: true, ..fixture.job("privileged", [line]) }).await;
    if let Err(error @ ExecutorError::Engine { .. }) = &ran.exit
        && error.to_string().contains("unable to apply caps")
    {
        return gate::skip("privileged", format!("this host lacks a privilege itself: {error}"));
    }
    assert_eq!(ran.outcome().code, Some(0), "{}", ran.output());
    assert!(ran.output().contains("NoNewPrivs:0"), "{}", ran.output());
}

/// Case X19: a container that looks for the daemon, for files of its host and for its processes.
pub async fn a_container_sees_nothing_of_its_host(fixture: &Fixture) {
    let canary = fixture.home.path().join("canary");
    std::fs::write(&canary, "alive").expect("a file");
    // In a namespace of its own this test has a number that the container has as well.
    let pid = Some(std::process::id()).filter(|pid| *pid > 1000).unwrap_or(u32::MAX);
    let line = format!(
        "for path in /var/run/docker.sock /run/docker.sock /run/podman/podman.sock {canary} /proc/{pid}/environ; do \
         test -e $path && echo $path; done; \
         tr '\\0' '\\n' < /proc/1/environ | grep CARGO_MANIFEST_DIR; echo looked",
        canary = canary.display()
    );
    let ran = fixture.run(fixture.job("looks", [&*line])).await;
    assert_eq!((ran.outcome().code, ran.output().as_str()), (Some(0), "looked\n"));
}
