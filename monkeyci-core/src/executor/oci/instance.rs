//! What Oracle Cloud is asked to create for a job.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci_services::container_instances::{
    BackingStore, Capabilities, ContainerSecurity, CreateContainer, CreateContainerInstance, ImagePullSecret,
    ResourceConfig, RestartPolicy, Vnic, Volume, VolumeMount,
};

use super::settings::Settings;
use super::shape::{Candidate, Share};
use super::{place, service};
use crate::attempt::Attempt;
use crate::executor::{ExecutorError, Order, RegistryAuth, registry};
use crate::sidecar;

/// The tag that says whose an instance is.
pub(super) const INSTANCE: &str = "monkeyci-instance";
/// The tag that says which attempt it belongs to.
pub(super) const FENCE: &str = "monkeyci-fence";

/// The name of the job's container.
pub(super) const JOB: &str = "job";
/// The name of the sidecar's.
pub(super) const SIDECAR: &str = "sidecar";

/// Seconds between asking containers to end and killing them; without it, they are killed at once.
const GRACE_SECONDS: u64 = 30;

/// What root in a container may do: what package managers and servers need, and nothing that reaches out of it.
const CAPABILITIES: [&str; 8] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_NET_BIND_SERVICE",
    "CAP_SETGID",
    "CAP_SETUID",
];

/// The tags of all that is made for an attempt.
pub(super) fn tags(attempt: &Attempt) -> BTreeMap<String, String> {
    [
        (INSTANCE, attempt.instance.clone()),
        (FENCE, attempt.fence.to_string()),
        ("monkeyci-org", attempt.build.org.to_string()),
        ("monkeyci-repo", attempt.build.repo.to_string()),
        ("monkeyci-build", attempt.build.number.to_string()),
        ("monkeyci-job", attempt.job.to_string()),
        ("monkeyci-attempt", attempt.number.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value.chars().take(256).collect()))
    .into()
}

/// Whose an instance with these tags is: the installation, and the fence of the attempt.
pub(super) fn owner(tags: &BTreeMap<String, String>) -> Option<(&str, u64)> {
    Some((tags.get(INSTANCE)?, tags.get(FENCE)?.parse().ok()?))
}

/// The instance of an order, in one place. Nothing secret is in it but the passwords of registries, which the service
/// does not show: `sidecar` says what the sidecar is run with.
pub(super) fn wanted(
    order: &Order,
    settings: &Settings,
    candidate: &Candidate,
    sidecar: &[String],
) -> Result<CreateContainerInstance, ExecutorError> {
    let mut containers = vec![job(order)?, self::sidecar(settings, sidecar)];
    for service in &order.job.services {
        containers.push(service::container(service)?);
    }
    let volume =
        |name: &str| Volume::EmptyDir { name: name.to_owned(), backing_store: Some(BackingStore::EphemeralStorage) };
    let image_pull_secrets = pull_secrets(order, settings, &containers);
    Ok(CreateContainerInstance {
        display_name: Some(order.attempt.name()),
        compartment_id: settings.compartment.clone(),
        availability_domain: candidate.domain.clone(),
        shape: candidate.shape.clone(),
        shape_config: candidate.config,
        volumes: place::MOUNTS.map(|(name, _)| volume(name)).to_vec(),
        containers,
        vnics: vec![Vnic {
            is_public_ip_assigned: Some(settings.public_ip),
            nsg_ids: settings.security_groups.clone(),
            subnet_id: candidate.subnet.clone(),
            ..Vnic::default()
        }],
        graceful_shutdown_timeout_in_seconds: Some(GRACE_SECONDS),
        image_pull_secrets,
        container_restart_policy: Some(RestartPolicy::Never),
        freeform_tags: tags(&order.attempt),
        ..CreateContainerInstance::default()
    })
}

/// The container of the job itself: it has no rights in the cloud, and knows nothing but its job directory.
fn job(order: &Order) -> Result<CreateContainer, ExecutorError> {
    let share = Share::of(&order.job)?;
    let image = order
        .job
        .image
        .as_deref()
        .ok_or_else(|| ExecutorError::Unsupported(format!("job `{}` names no image to run in", order.job.id)))?;
    let mut program = place::program(&order.job);
    let arguments = program.split_off(2);
    Ok(CreateContainer {
        display_name: Some(JOB.into()),
        image_url: registry::full_name(image),
        command: program,
        arguments,
        working_directory: Some("/".into()),
        volume_mounts: mounts(),
        is_resource_principal_disabled: Some(true),
        resource_config: Some(ResourceConfig {
            vcpus_limit: Some(share.cpus),
            memory_limit_in_gbs: Some(share.memory),
        }),
        security_context: Some(ContainerSecurity {
            capabilities: Some(Capabilities {
                add_capabilities: CAPABILITIES.map(Into::into).to_vec(),
                drop_capabilities: vec!["ALL".into()],
            }),
            ..ContainerSecurity::default()
        }),
        ..CreateContainer::default()
    })
}

/// The container that brings the job its files and carries its report away, in the instance's own name.
fn sidecar(settings: &Settings, arguments: &[String]) -> CreateContainer {
    CreateContainer {
        display_name: Some(SIDECAR.into()),
        image_url: registry::full_name(&settings.sidecar_image),
        arguments: arguments.to_vec(),
        environment_variables: sidecar::VARIABLES.map(|(name, value)| (name.into(), value.into())).into(),
        volume_mounts: mounts(),
        is_resource_principal_disabled: Some(false),
        // Its image may have another user: it reads what a job wrote as root, and gives files to whom the job runs as.
        security_context: Some(ContainerSecurity {
            run_as_user: Some(0),
            run_as_group: Some(0),
            ..ContainerSecurity::default()
        }),
        ..CreateContainer::default()
    }
}

/// The job directory and the workspace, for the job and its sidecar alike.
fn mounts() -> Vec<VolumeMount> {
    let mount = |(volume, path): (&str, &str)| VolumeMount {
        mount_path: path.to_owned(),
        volume_name: volume.to_owned(),
        is_read_only: Some(false),
        ..VolumeMount::default()
    };
    place::MOUNTS.map(mount).to_vec()
}

/// Who we are at the registries that its images come from: as the order says, else as a secret of Vault does.
fn pull_secrets(order: &Order, settings: &Settings, containers: &[CreateContainer]) -> Vec<ImagePullSecret> {
    let mut secrets = BTreeMap::new();
    for image in containers.iter().map(|container| container.image_url.as_str()) {
        let host = registry::host_of(image);
        // An identity token is good for an engine that exchanges it, and for nobody else.
        let is_usable = |known: &&RegistryAuth| known.is_for(image) && known.username != "<token>";
        let known = order.registries.iter().find(is_usable).map(|known| ImagePullSecret::Basic {
            registry_endpoint: host.clone(),
            username: STANDARD.encode(&known.username),
            password: STANDARD.encode(&known.password),
        });
        let kept = || {
            settings
                .pull_secrets
                .get(&host)
                .map(|secret| ImagePullSecret::Vault { registry_endpoint: host.clone(), secret_id: secret.clone() })
        };
        if let Some(secret) = known.or_else(kept) {
            secrets.insert(host, secret);
        }
    }
    secrets.into_values().collect()
}

#[cfg(test)]
pub(super) mod tests {
    use monkeyci_model::job::{Arch, Service};
    use monkeyci_model::{Job, JobId};
    use serde_json::{Value, json};

    use super::super::settings::tests::settings;
    use super::super::shape::candidates;
    use super::*;
    use crate::job_dir::JobDir;

    /// A job that wants much.
    pub(in super::super) fn order() -> Order {
        let attempt = Attempt {
            instance: "ci".into(),
            build: "acme/web/build-7".parse().expect("an id"),
            job: JobId::new("test").expect("an id"),
            number: 2,
            fence: 42,
        };
        let mut job = Job::new(attempt.job.clone());
        job.image = Some("fra.ocir.io/acme/web:1".into());
        job.resources.arch = Some(Arch::Arm);
        (job.resources.cpus, job.resources.memory) = (Some(2.0), Some(4.0));
        job.script = vec!["echo s3cr3t".into()];
        job.env.insert("TOKEN".into(), "s3cr3t".into());
        let registries = vec![
            RegistryAuth { host: "fra.ocir.io".into(), username: "acme/ann".into(), password: "p4ss".into() },
            RegistryAuth { host: "other.example.com".into(), username: "bob".into(), password: "w0rd".into() },
        ];
        let dir = JobDir::at("/nowhere");
        Order { attempt, job, dir, collect: vec![], fork: false, registries }
    }

    fn asked(order: &Order, settings: &Settings) -> Value {
        let candidate = candidates(settings, &order.job).expect("some").remove(0);
        let sidecar = ["sidecar", "--oci", "acme/monkeyci/jobs/x"].map(Into::into);
        let wanted = wanted(order, settings, &candidate, &sidecar).expect("an instance");
        serde_json::to_value(wanted).expect("JSON")
    }

    #[test]
    fn an_instance_has_all_that_its_job_needs_and_nothing_that_is_secret() {
        let mut order = order();
        order.job.services = vec![Service {
            id: JobId::new("db").expect("an id"),
            image: "postgres:17".into(),
            ports: vec![5432],
            env: BTreeMap::new(),
            command: Vec::new(),
            health: None,
        }];
        let asked = asked(&order, &settings());
        let text = asked.to_string();
        assert!(!text.contains("s3cr3t") && !text.contains("w0rd"), "{text}");
        assert_eq!(asked["displayName"], "mci-ci-42");
        assert_eq!(
            (&asked["shape"], &asked["shapeConfig"]),
            (&json!("CI.Standard.A1.Flex"), &json!({ "ocpus": 2.0, "memoryInGBs": 6.0 }))
        );
        assert_eq!(asked["containerRestartPolicy"], "NEVER");
        assert_eq!(asked["gracefulShutdownTimeoutInSeconds"], 30);
        assert_eq!(
            asked["freeformTags"],
            json!({ "monkeyci-instance": "ci", "monkeyci-fence": "42", "monkeyci-org": "acme", "monkeyci-repo": "web",
                "monkeyci-build": "7", "monkeyci-job": "test", "monkeyci-attempt": "2" })
        );
        assert_eq!(
            asked["vnics"],
            json!([{ "isPublicIpAssigned": false, "nsgIds": settings().security_groups, "subnetId": settings().subnets[0] }])
        );
        assert_eq!(
            asked["imagePullSecrets"],
            json!([{ "secretType": "BASIC", "registryEndpoint": "fra.ocir.io", "username": "YWNtZS9hbm4=",
                "password": "cDRzcw==" }])
        );
        let containers = asked["containers"].as_array().expect("containers");
        let names: Vec<_> = containers.iter().map(|container| container["displayName"].as_str()).collect();
        assert_eq!(names, [Some("job"), Some("sidecar"), Some("service-db")]);
        let without_rights: Vec<_> =
            containers.iter().map(|container| container["isResourcePrincipalDisabled"].as_bool()).collect();
        assert_eq!(without_rights, [Some(true), Some(false), Some(true)]);
        assert_eq!(
            containers[1]["securityContext"],
            json!({ "securityContextType": "LINUX", "runAsUser": 0, "runAsGroup": 0 })
        );
        assert_eq!(containers[1]["environmentVariables"]["MALLOC_ARENA_MAX"], "1");
        let job = &containers[0];
        assert_eq!(job["resourceConfig"], json!({ "vcpusLimit": 2.0, "memoryLimitInGBs": 4.0 }));
        assert_eq!(job["command"], json!(["/bin/sh", "-c"]));
        assert!(job.get("environmentVariables").is_none());
        let mounts = |container: &Value| -> Vec<_> {
            let mounts = container["volumeMounts"].as_array().expect("mounts");
            mounts.iter().map(|mount| format!("{} {}", mount["volumeName"], mount["mountPath"])).collect()
        };
        assert_eq!(mounts(job), ["\"job\" \"/opt/monkeyci\"", "\"work\" \"/home/monkeyci\""]);
        assert_eq!(mounts(job), mounts(&containers[1]));
    }

    #[test]
    fn a_registry_that_nobody_has_a_password_for_is_asked_with_a_secret_of_vault() {
        let mut settings = settings();
        settings.pull_secrets.insert("fra.ocir.io".into(), "ocid1.vaultsecret.oc1..aaaa".into());
        let mut order = order();
        order.registries[0].username = "<token>".into();
        assert_eq!(
            asked(&order, &settings)["imagePullSecrets"],
            json!([{ "secretType": "VAULT", "registryEndpoint": "fra.ocir.io", "secretId": "ocid1.vaultsecret.oc1..aaaa" }])
        );
    }

    #[test]
    fn what_carries_no_fence_that_can_be_read_is_nobody_s() {
        let mut tags = tags(&order().attempt);
        assert_eq!(owner(&tags), Some(("ci", 42)));
        tags.insert(FENCE.into(), "x".into());
        assert_eq!(owner(&tags), None);
        assert_eq!(owner(&BTreeMap::new()), None);
    }
}
