//! Services: further containers of an instance, on the one network that all of them share.

use std::collections::{BTreeMap, HashMap};

use monkeyci_model::job::Service;
use monkeyci_model::{Job, Text};
use oci_services::container_instances::CreateContainer;

use super::place;
use crate::executor::{ExecutorError, registry};
use crate::job_dir::{JobDir, Program};

/// The name of a service's container.
pub(super) fn container_name(service: &Service) -> String {
    format!("service-{}", service.id)
}

/// Refuses services that cannot be beside a job here.
pub(super) fn check(job: &Job) -> Result<(), ExecutorError> {
    let mut owners = HashMap::new();
    if job.services.len() > place::SERVICES {
        return refuse(format!("job `{}` has more than {} services", job.id, place::SERVICES));
    }
    for service in &job.services {
        for port in &service.ports {
            if let Some(other) = owners.insert(port, &service.id) {
                return refuse(format!(
                    "services `{other}` and `{}` both use port {port}, and a container instance has one network for \
                     all; give one of them another port",
                    service.id
                ));
            }
        }
        if service.health.is_some() && service.ports.is_empty() {
            return refuse(format!(
                "service `{}` is ready when a command in it says so, and in Oracle Cloud nobody can run one there: name \
                 its `ports`, which are waited for",
                service.id
            ));
        }
    }
    Ok(())
}

/// The container of a service, under its image's own entrypoint.
pub(super) fn container(service: &Service) -> Result<CreateContainer, ExecutorError> {
    let plain = |text: &Text| match text.as_plain() {
        Some(text) => Ok(text.to_owned()),
        None => refuse(format!("service `{}`: a secret was not filled in", service.id)),
    };
    let env = service.env.iter().map(|(name, value)| Ok((name.clone(), plain(value)?)));
    Ok(CreateContainer {
        display_name: Some(container_name(service)),
        image_url: registry::full_name(&service.image),
        arguments: service.command.iter().map(plain).collect::<Result<_, _>>()?,
        environment_variables: env.collect::<Result<BTreeMap<_, _>, ExecutorError>>()?,
        is_resource_principal_disabled: Some(true),
        ..CreateContainer::default()
    })
}

/// Tells the job that its services are on its own machine, in place of their names, which nobody may know there.
pub(super) fn address(job: &Job, dir: &JobDir) -> std::io::Result<()> {
    if job.services.is_empty() {
        return Ok(());
    }
    let mut program = Program::read(&dir.control())?;
    let names: HashMap<_, _> =
        job.services.iter().map(|service| (service.id.as_str().as_bytes(), "127.0.0.1".as_bytes())).collect();
    for (name, value) in &mut program.env {
        if name.starts_with("MONKEYCI_SERVICE_")
            && name.ends_with("_HOST")
            && let Some(address) = names.get(value.as_slice())
        {
            *value = address.to_vec();
        }
    }
    dir.write(&program)
}

fn refuse<T>(why: String) -> Result<T, ExecutorError> {
    Err(ExecutorError::Unsupported(why))
}

#[cfg(test)]
mod tests {
    use monkeyci_model::JobId;
    use monkeyci_model::job::Health;

    use super::*;

    fn service(id: &str, ports: &[u16]) -> Service {
        Service {
            id: JobId::new(id).expect("an id"),
            image: "postgres:17".into(),
            ports: ports.to_vec(),
            env: BTreeMap::from([("A".into(), "1".into())]),
            command: vec!["-c".into(), "fsync=off".into()],
            health: None,
        }
    }

    fn job(services: Vec<Service>) -> Job {
        Job { services, ..Job::new(JobId::new("test").expect("an id")) }
    }

    #[test]
    fn services_that_cannot_be_are_refused_and_named() {
        assert!(check(&job(vec![service("db", &[5432]), service("web", &[80, 443])])).is_ok());
        let told = |services| check(&job(services)).expect_err("refused").to_string();
        let text = told(vec![service("db", &[5432]), service("copy", &[5432])]);
        assert!(text.starts_with("services `db` and `copy` both use port 5432"), "{text}");
        let health = Some(Health { command: "pg_isready".into(), timeout: 1 });
        let text = told(vec![Service { health, ..service("db", &[]) }]);
        assert!(text.contains("`db`") && text.contains("`ports`"), "{text}");
    }

    #[test]
    fn a_service_runs_its_own_entrypoint_without_rights_in_the_cloud() {
        let container = container(&service("db", &[5432])).expect("a container");
        assert_eq!(container.image_url, "docker.io/library/postgres:17");
        assert_eq!((container.command.len(), container.arguments.len()), (0, 2));
        assert_eq!(container.is_resource_principal_disabled, Some(true));
    }

    #[test]
    fn a_job_finds_its_services_on_its_own_machine() {
        let home = tempfile::tempdir().expect("a folder");
        let dir = JobDir::create(home.path().join("job")).expect("created");
        let env = [("MONKEYCI_SERVICE_DB_HOST", "db"), ("MONKEYCI_SERVICE_X_HOST", "said"), ("OTHER_HOST", "db")];
        let env = env.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).to_vec();
        dir.write(&Program { lines: vec![b"true".to_vec()], env, ..Program::default() }).expect("written");
        address(&job(vec![service("db", &[5432])]), &dir).expect("written again");
        let told = Program::read(&dir.control()).expect("reads").env;
        let value = |name: &str| told.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        assert_eq!(value("MONKEYCI_SERVICE_DB_HOST").as_deref(), Some(&b"127.0.0.1"[..]));
        assert_eq!(value("MONKEYCI_SERVICE_X_HOST").as_deref(), Some(&b"said"[..]));
        assert_eq!(value("OTHER_HOST").as_deref(), Some(&b"db"[..]));
    }
}
