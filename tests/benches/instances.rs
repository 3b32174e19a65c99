//! A job in a container instance of Oracle Cloud, beside the calls that no container instance can do without.
//!
//! Both run against the double, whose lifecycles take a known time. By hand, the job's container and one that stands for the
//! sidecar are created, asked for without a pause, their log is read, and they are deleted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use monkeyci_core::attempt::Attempt;
use monkeyci_core::executor::oci::Settings;
use monkeyci_core::executor::{CONTAINER_WORK, Executor as _, Oci, Order, Watch};
use monkeyci_core::job_dir::frame::Kind;
use monkeyci_core::job_dir::report::Reader;
use monkeyci_core::job_dir::{JobDir, Program};
use monkeyci_core::model::{Job, JobId};
use oci_services::container_instances::{
    BackingStore, ContainerInstances, CreateContainer, CreateContainerInstance, Lifecycle, RestartPolicy, ShapeConfig,
    Vnic, Volume,
};
use oci_signer::{Client, ConfigFile, Principal, Signer};
use oracle_emulator::Oracle;
use tokio_util::sync::CancellationToken;

use crate::measure::{Outcome, amount, beside, rounds, setting, skipped};
use crate::program::path;

/// Milliseconds of each step of a lifecycle: three of them from `CREATING` to `INACTIVE`.
const STEP: usize = 1000;
/// What our parts may add to a job.
const MOST: Duration = Duration::from_millis(300);
/// What the job does: it says when it begins, works for a while, and says when it ends.
const LINE: &str = "date +%s%N; sleep 1; date +%s%N";

const COMPARTMENT: &str = "ocid1.compartment.oc1..aaaa";
const SUBNET: &str = "ocid1.subnet.oc1.eu-frankfurt-1.aaaa";
const IMAGE: &str = "registry.example.com/tools:1";
const SIDECAR: &str = "registry.example.com/monkeyci:1";
const SHAPE: &str = "CI.Standard.E4.Flex";
const BUCKET: &str = "monkeyci";

/// When a job did what, from when it was asked for.
#[derive(Clone, Copy)]
struct Seen {
    /// It says that it begins.
    begins: Duration,
    /// Whoever asked for it has read that.
    heard: Duration,
    /// It says that it ends.
    ends: Duration,
    /// All that it left is read, and its instance told to go.
    over: Duration,
}

pub fn run() -> Outcome {
    if !std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0) {
        return skipped("root", "the double of Oracle Cloud makes containers of processes, which takes root");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let home = tempfile::tempdir()?;
    let cloud = runtime.block_on(Cloud::start(home.path()))?;
    let rounds = rounds(7);
    let mut pairs = Vec::with_capacity(rounds);
    for round in 0..=rounds {
        let pair = (runtime.block_on(cloud.by_hand())?, runtime.block_on(cloud.ours(home.path()))?);
        if round > 0 {
            pairs.push(pair);
        }
    }
    let of = |pick: fn(&Seen) -> Duration| pairs.iter().map(|(floor, ours)| (pick(floor), pick(ours))).collect();
    beside("from asking for a job to what it says first", of(|seen| seen.begins), None);
    beside("from there to who asked for it", of(|seen| seen.heard - seen.begins), None);
    beside("from its end to all being read and deleted", of(|seen| seen.over - seen.ends), None);
    beside("a job, beside create, look, log and delete", of(|seen| seen.over), Some(MOST));
    let asked = cloud.asked_for_one(&runtime, home.path())?;
    amount("requests for one such job", "", &asked.to_string(), "100", asked <= 100);
    Ok(())
}

/// The double, and who asks it.
struct Cloud {
    oracle: Oracle,
    instances: ContainerInstances,
    executor: Oci,
}

impl Cloud {
    async fn start(home: &std::path::Path) -> Outcome<Self> {
        let oracle = Oracle::start().await;
        let config = oracle.user().write(&home.join("oci"))?;
        let profile = ConfigFile::read(&config)?.profile("DEFAULT")?;
        let client = Client::new(Signer::new(Principal::of_profile(profile)?))?;
        let settings = {
            let mut state = oracle.state();
            state.bucket(BUCKET);
            state.settings.step_ms = u64::try_from(setting("STEP", STEP))?;
            state.settings.entrypoints.insert(SIDECAR.into(), vec![path()?.display().to_string()]);
            Settings {
                region: state.settings.region.clone(),
                compartment: COMPARTMENT.into(),
                availability_domains: state.settings.availability_domains.clone(),
                shapes: vec![SHAPE.into()],
                subnets: vec![SUBNET.into()],
                security_groups: Vec::new(),
                public_ip: false,
                sidecar_image: SIDECAR.into(),
                namespace: state.settings.namespace.clone(),
                bucket: BUCKET.into(),
                pull_secrets: Default::default(),
                patience: Duration::from_secs(60),
                poll: Duration::from_secs(5),
                instances_endpoint: Some(oracle.url()),
                storage_endpoint: Some(oracle.url()),
            }
        };
        let instances = ContainerInstances::at(client.clone(), &oracle.url())?;
        let executor = Oci::new(settings, client)?;
        Ok(Self { oracle, instances, executor })
    }

    /// The job by plain calls, which are made without a pause.
    async fn by_hand(&self) -> Outcome<Seen> {
        let (begun, epoch) = (Instant::now(), now());
        let container = |name: &str, image: &str, line: &str| CreateContainer {
            display_name: Some(name.into()),
            image_url: image.into(),
            command: ["/bin/sh", "-c"].map(Into::into).to_vec(),
            arguments: vec![line.into()],
            is_resource_principal_disabled: Some(true),
            ..CreateContainer::default()
        };
        let store = Some(BackingStore::EphemeralStorage);
        let wanted = CreateContainerInstance {
            display_name: Some("by-hand".into()),
            compartment_id: COMPARTMENT.into(),
            availability_domain: "Uocm:EU-FRANKFURT-1-AD-1".into(),
            shape: SHAPE.into(),
            shape_config: ShapeConfig { ocpus: 1.0, memory_in_gbs: Some(2.0) },
            volumes: vec![Volume::EmptyDir { name: "work".into(), backing_store: store }],
            containers: vec![container("job", IMAGE, LINE), container("sidecar", SIDECAR, "true")],
            vnics: vec![Vnic { subnet_id: SUBNET.into(), ..Vnic::default() }],
            graceful_shutdown_timeout_in_seconds: Some(30),
            container_restart_policy: Some(RestartPolicy::Never),
            ..CreateContainerInstance::default()
        };
        let made = self.instances.create(&wanted, &format!("by-hand-{}", fence())).await?.instance;
        let id = &made.containers.first().ok_or("it has no container")?.container_id;
        let mut heard = None;
        loop {
            let container = self.instances.container(id).await?;
            if heard.is_none()
                && container.lifecycle_state != Lifecycle::Creating
                && !self.instances.log(id).await?.is_empty()
            {
                heard = Some(begun.elapsed());
            }
            if container.lifecycle_state == Lifecycle::Inactive {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await; // poll
        }
        let said = self.instances.log(id).await?;
        self.instances.delete(&made.id).await?;
        let over = begun.elapsed();
        let (begins, ends) = times(&said, epoch)?;
        Ok(Seen { begins, heard: heard.ok_or("it said nothing")?, ends, over })
    }

    /// The same job by our executor.
    async fn ours(&self, home: &std::path::Path) -> Outcome<Seen> {
        let order = order(home)?;
        let mut reader = Reader::open(&order.dir)?;
        let (begun, epoch) = (Instant::now(), now());
        let watch = Watch { cancel: CancellationToken::new(), started: Arc::new(|_| {}) };
        let mut run = std::pin::pin!(self.executor.run(&order, watch));
        let (mut said, mut heard) = (Vec::new(), None);
        let mut read = |said: &mut Vec<u8>| -> Outcome {
            for frame in reader.read()? {
                if let Kind::Output(_, bytes) = frame.kind {
                    heard = heard.or_else(|| Some(begun.elapsed()));
                    said.extend(bytes);
                }
            }
            Ok(())
        };
        loop {
            tokio::select! {
                ended = &mut run => {
                    ended?;
                    break;
                }
                () = tokio::time::sleep(Duration::from_millis(2)) => read(&mut said)?, // poll
            }
        }
        let over = begun.elapsed();
        read(&mut said)?;
        let (begins, ends) = times(&said, epoch)?;
        std::fs::remove_dir_all(order.dir.root())?;
        Ok(Seen { begins, heard: heard.ok_or("it said nothing")?, ends, over })
    }

    /// How many requests one job is, ours and its sidecar's.
    fn asked_for_one(&self, runtime: &tokio::runtime::Runtime, home: &std::path::Path) -> Outcome<usize> {
        drop(self.oracle.statuses());
        runtime.block_on(self.ours(home))?;
        Ok(self.oracle.statuses().len())
    }
}

/// A job directory, and the order to run the job in it.
fn order(home: &std::path::Path) -> Outcome<Order> {
    let fence = fence();
    let dir = JobDir::create(home.join(format!("job-{fence}")))?;
    std::fs::create_dir(dir.work())?;
    std::fs::write(dir.work().join("README"), "A small workspace.\n")?;
    let program = Program { lines: vec![LINE.as_bytes().to_vec()], root: CONTAINER_WORK.into(), ..Program::default() };
    dir.write(&program)?;
    let id = JobId::new("test")?;
    let attempt =
        Attempt { instance: "bench".into(), build: "acme/web/build-1".parse()?, job: id.clone(), number: 1, fence };
    let job = Job { image: Some(IMAGE.into()), script: vec![LINE.into()], ..Job::new(id) };
    Ok(Order { attempt, job, dir, collect: Vec::new(), fork: false, registries: Vec::new() })
}

/// A number that was not used before.
fn fence() -> u64 {
    static FENCE: AtomicU64 = AtomicU64::new(1);
    FENCE.fetch_add(1, Ordering::Relaxed)
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// When the job says that it begins and ends.
fn times(said: &[u8], epoch: Duration) -> Outcome<(Duration, Duration)> {
    let said = String::from_utf8_lossy(said);
    let mut times = said.lines().map_while(|line| line.trim().parse().map(Duration::from_nanos).ok());
    let (Some(begins), Some(ends)) = (times.next(), times.next()) else {
        return Err(format!("the job is to say two times, and says {said:?}").into());
    };
    Ok((begins.saturating_sub(epoch), ends.saturating_sub(epoch)))
}
