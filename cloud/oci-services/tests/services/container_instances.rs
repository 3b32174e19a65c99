//! Container Instances: what is asked, and what is read of the answers.

use std::collections::BTreeMap;

use oci_services::container_instances::{
    BackingStore, Capabilities, Check, ConfigFile, ContainerInstances, ContainerSecurity, CreateContainer,
    CreateContainerInstance, DnsConfig, FailureAction, Filter, HealthCheck, HealthHeader, ImagePullSecret,
    InstanceSecurity, Lifecycle, ResourceConfig, RestartPolicy, ShapeConfig, Vnic, Volume, VolumeMount,
};
use oci_services::work_request::Status;
use serde_json::json;

use crate::golden::assert_like;
use crate::listener::{Listener, Reply};

const COMPARTMENT: &str = "ocid1.compartment.oc1..aaaatest";
const INSTANCE: &str = "ocid1.computecontainerinstance.oc1.eu-frankfurt-1.aaaainst";
const CONTAINER: &str = "ocid1.computecontainer.oc1.eu-frankfurt-1.aaaacont";

async fn service(answers: impl IntoIterator<Item = Reply>) -> (Listener, ContainerInstances) {
    let listener = Listener::answering(answers).await;
    let instances = ContainerInstances::at(listener.client.clone(), &listener.url).expect("an address");
    (listener, instances)
}

fn instance(state: &str) -> Reply {
    let containers = json!([{ "containerId": CONTAINER, "displayName": "job" }]);
    let body = json!({ "id": INSTANCE, "displayName": "build-1-test", "compartmentId": COMPARTMENT,
        "availabilityDomain": "Uocm:EU-FRANKFURT-1-AD-1", "lifecycleState": state, "containers": containers,
        "shape": "CI.Standard.A1.Flex", "freeformTags": { "a": "b" }, "tomorrow": [1] });
    Reply::new(200, body).with("opc-work-request-id", "ocid1.workrequest.oc1..w")
}

/// The instance of the recording, in our words.
fn recorded() -> CreateContainerInstance {
    let security = ContainerSecurity {
        run_as_user: Some(0),
        run_as_group: Some(0),
        is_non_root_user_check_enabled: Some(false),
        is_root_file_system_readonly: Some(false),
        capabilities: Some(Capabilities {
            add_capabilities: vec!["CAP_CHOWN".into()],
            drop_capabilities: vec!["ALL".into()],
        }),
    };
    let health = HealthCheck {
        name: Some("h".into()),
        check: Check::Http {
            path: "/health".into(),
            port: 8080,
            headers: vec![HealthHeader { name: "X".into(), value: "y".into() }],
        },
        initial_delay_in_seconds: Some(1),
        interval_in_seconds: Some(10),
        failure_threshold: Some(3),
        success_threshold: Some(1),
        timeout_in_seconds: Some(5),
        failure_action: Some(FailureAction::Kill),
    };
    let mount = |path: &str, volume: &str, sub_path: Option<&str>, read_only| VolumeMount {
        mount_path: path.into(),
        volume_name: volume.into(),
        sub_path: sub_path.map(str::to_owned),
        is_read_only: Some(read_only),
    };
    let job = CreateContainer {
        display_name: Some("job".into()),
        image_url: "docker.io/library/alpine:3.20".into(),
        command: vec!["/bin/sh".into()],
        arguments: vec!["/opt/monkeyci/script/job.sh".into(), "0".into()],
        working_directory: Some("/opt/monkeyci/checkout/work".into()),
        environment_variables: BTreeMap::from([("A".into(), "1".into())]),
        volume_mounts: vec![
            mount("/opt/monkeyci/checkout", "checkout", None, false),
            mount("/opt/monkeyci/script", "scripts", Some("x"), true),
        ],
        is_resource_principal_disabled: Some(true),
        resource_config: Some(ResourceConfig { vcpus_limit: Some(1.5), memory_limit_in_gbs: Some(1.0) }),
        health_checks: vec![health],
        security_context: Some(security),
        freeform_tags: BTreeMap::new(),
    };
    let file = |name: &str, data: &str, path: Option<&str>| ConfigFile {
        file_name: name.into(),
        data: data.into(),
        path: path.map(str::to_owned),
    };
    let registry = || "fra.ocir.io".to_owned();
    CreateContainerInstance {
        display_name: Some("build-1-test".into()),
        compartment_id: COMPARTMENT.into(),
        availability_domain: "Uocm:EU-FRANKFURT-1-AD-1".into(),
        shape: "CI.Standard.A1.Flex".into(),
        shape_config: ShapeConfig { ocpus: 1.0, memory_in_gbs: Some(2.0) },
        volumes: vec![
            Volume::EmptyDir { name: "checkout".into(), backing_store: Some(BackingStore::EphemeralStorage) },
            Volume::ConfigFile {
                name: "scripts".into(),
                configs: vec![file("job.sh", "IyEvYmluL3NoCg==", None), file("0", "ZWNobyBoaQ==", Some("lines/0"))],
            },
        ],
        containers: vec![job],
        vnics: vec![Vnic {
            is_public_ip_assigned: Some(false),
            nsg_ids: vec!["ocid1.networksecuritygroup.oc1..a".into()],
            subnet_id: "ocid1.subnet.oc1.eu-frankfurt-1.aaaasub".into(),
            ..Vnic::default()
        }],
        dns_config: Some(DnsConfig { nameservers: vec!["8.8.8.8".into()], ..DnsConfig::default() }),
        graceful_shutdown_timeout_in_seconds: Some(30),
        image_pull_secrets: vec![
            ImagePullSecret::Basic {
                registry_endpoint: registry(),
                username: "bnMvdXNlcg==".into(),
                password: "dG9r".into(),
            },
            ImagePullSecret::Vault { registry_endpoint: registry(), secret_id: "ocid1.vaultsecret.oc1..a".into() },
        ],
        container_restart_policy: Some(RestartPolicy::Never),
        freeform_tags: ["org-id", "repo-id", "build-id", "job-id"]
            .map(|name| (name.to_owned(), name[..1].to_owned()))
            .into(),
        security_context: Some(InstanceSecurity { fs_group: Some(1000), ..InstanceSecurity::default() }),
        ..CreateContainerInstance::default()
    }
}

#[tokio::test]
async fn an_instance_is_created_as_oracle_s_own_client_does_it() {
    let (listener, instances) = service([instance("CREATING")]).await;
    let created = instances.create(&recorded(), "token-1234").await.expect("created");
    assert_like("create_container_instance", &listener.asked()[0]);
    assert_eq!(created.work_request.as_deref(), Some("ocid1.workrequest.oc1..w"));
    let instance = created.instance;
    assert_eq!((instance.id.as_str(), instance.lifecycle_state), (INSTANCE, Lifecycle::Creating));
    assert_eq!(instance.containers[0].container_id, CONTAINER);
}

#[tokio::test]
async fn everything_else_is_asked_as_oracle_s_own_client_does_it() {
    let ended = json!({ "id": CONTAINER, "displayName": "job", "lifecycleState": "INACTIVE", "exitCode": 3,
        "environmentVariables": {}, "containerRestartAttemptCount": 0 });
    let shapes = json!({ "items": [{ "name": "CI.Standard.A1.Flex", "ocpuOptions": { "min": 1.0, "max": 76.0 },
        "memoryOptions": { "minInGBs": 1.0, "maxInGBs": 488.0, "defaultPerOcpuInGBs": 6.0,
        "minPerOcpuInGBs": 1.0, "maxPerOcpuInGBs": 64.0 } }] });
    let work = json!({ "id": "w", "operationType": "CREATE_CONTAINER_INSTANCE", "status": "IN_PROGRESS",
        "percentComplete": 50.0, "resources": [{ "entityType": "containerInstance", "actionType": "CREATED",
        "identifier": INSTANCE }] });
    let (listener, instances) = service([
        instance("ACTIVE"),
        Reply::new(200, json!({ "items": [] })).with("opc-next-page", "PAGE2"),
        Reply::new(200, ended),
        Reply::new(204, "").with("opc-work-request-id", "ocid1.workrequest.oc1..w2"),
        Reply::new(204, "").with("opc-work-request-id", "w"),
        Reply::new(200, "the last words"),
        Reply::new(200, shapes),
        Reply::new(200, work),
    ])
    .await;
    assert_eq!(instances.get(INSTANCE).await.expect("there").lifecycle_state, Lifecycle::Active);
    let filter = Filter {
        lifecycle_state: Some(Lifecycle::Active),
        display_name: Some("a b&c"),
        limit: Some(50),
        page: Some("P1"),
        sort_order: Some("DESC"),
        sort_by: Some("timeCreated"),
        ..Filter::default()
    };
    assert_eq!(instances.list(COMPARTMENT, &filter).await.expect("a page").next.as_deref(), Some("PAGE2"));
    let container = instances.container(CONTAINER).await.expect("there");
    assert_eq!((container.exit_code, container.lifecycle_state), (Some(3), Lifecycle::Inactive));
    let deleted = instances.delete(INSTANCE).await.expect("deleted");
    assert_eq!(deleted.as_deref(), Some("ocid1.workrequest.oc1..w2"));
    instances.stop(INSTANCE).await.expect("stopped");
    assert_eq!(instances.log(CONTAINER).await.expect("a log"), b"the last words");
    let shapes = instances.shapes(COMPARTMENT).await.expect("shapes");
    assert_eq!(shapes[0].memory_options.as_ref().and_then(|memory| memory.max_per_ocpu), Some(64.0));
    let work = instances.work_request("ocid1.workrequest.oc1..w").await.expect("there");
    assert_eq!((work.status, work.resources[0].identifier.as_str()), (Status::InProgress, INSTANCE));
    let ops = [
        "get_container_instance",
        "list_container_instances",
        "get_container",
        "delete_container_instance",
        "stop_container_instance",
        "retrieve_logs",
        "list_shapes",
        "get_work_request",
    ];
    for (op, asked) in ops.into_iter().zip(listener.asked()) {
        assert_like(op, &asked);
    }
}

#[tokio::test]
async fn a_list_is_read_to_its_end_over_pages_that_are_empty() {
    let summary = |id: &str| json!({ "id": id, "lifecycleState": "ACTIVE" });
    let page = |items: Vec<&str>| json!({ "items": items.into_iter().map(summary).collect::<Vec<_>>() });
    let (listener, instances) = service([
        Reply::new(200, page(vec!["a"])).with("opc-next-page", "2"),
        Reply::new(200, page(vec![])).with("opc-next-page", "3"),
        Reply::new(200, page(vec!["b", "c"])),
    ])
    .await;
    let all = instances.list_all(COMPARTMENT).await.expect("a list");
    assert_eq!(all.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    let pages: Vec<_> =
        listener.asked().iter().map(|asked| asked.target.split("page=").nth(1).map(str::to_owned)).collect();
    assert_eq!(pages, [None, Some("2".to_owned()), Some("3".to_owned())]);
}

#[tokio::test]
async fn a_state_that_nobody_knows_yet_is_no_error() {
    let (_listener, instances) = service([instance("HIBERNATING")]).await;
    assert_eq!(instances.get(INSTANCE).await.expect("there").lifecycle_state, Lifecycle::Unknown);
}

#[tokio::test]
async fn what_is_not_there_is_deleted_already() {
    let gone = json!({ "code": "NotAuthorizedOrNotFound", "message": "Authorization failed or not found." });
    let (_listener, instances) = service([Reply::new(404, &gone), Reply::new(404, gone)]).await;
    assert_eq!(instances.delete(INSTANCE).await.expect("gone"), None);
    assert!(instances.get(INSTANCE).await.expect_err("gone").is_not_found());
}

#[tokio::test]
async fn an_id_that_is_a_path_leads_nowhere_else() {
    let (listener, instances) = service([instance("ACTIVE"), instance("ACTIVE")]).await;
    for id in ["../../20160918/users?x=1#y", ".."] {
        let _answered = instances.get(id).await.expect("answered");
    }
    let targets: Vec<_> = listener.asked().into_iter().map(|asked| asked.target).collect();
    assert_eq!(
        targets,
        ["/20210415/containerInstances/..%2F..%2F20160918%2Fusers%3Fx=1%23y", "/20210415/containerInstances/%25"]
    );
}

#[test]
fn passwords_and_variables_are_in_no_debug_output() {
    let shown = format!("{:?}", recorded());
    assert!(!shown.contains("dG9r") && !shown.contains("bnMvdXNlcg"), "{shown}");
    assert!(shown.contains("fra.ocir.io") && shown.contains("docker.io/library/alpine"), "{shown}");
}
