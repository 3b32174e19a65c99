//! The credentials of private registries, which may be found out late.

use std::sync::Arc;

use futures::future::BoxFuture;
use monkeyci_model::Job;
use tokio::sync::OnceCell;

use crate::executor::RegistryAuth;

type Find = Arc<dyn Fn() -> BoxFuture<'static, Vec<RegistryAuth>> + Send + Sync>;

/// The credentials of private registries.
#[derive(Clone, Default)]
pub struct Registries {
    find: Option<Find>,
    found: Arc<OnceCell<Vec<RegistryAuth>>>,
}

impl Registries {
    /// Those that `find` answers with. It is asked once, when the first job needs an image: to find them may cost a
    /// program that keeps them, and a question to the person in front of it.
    #[must_use]
    pub fn found_by(find: impl Fn() -> BoxFuture<'static, Vec<RegistryAuth>> + Send + Sync + 'static) -> Self {
        Self { find: Some(Arc::new(find)), found: Arc::default() }
    }

    /// What an executor is given for this job: nothing when it needs no image, else who the job is itself, then these.
    pub(super) async fn of(&self, job: &Job, own: &[RegistryAuth]) -> Vec<RegistryAuth> {
        if job.image.is_none() && job.services.is_empty() {
            return Vec::new();
        }
        let found = match &self.find {
            Some(find) => self.found.get_or_init(|| find()).await.clone(),
            None => self.found.get().cloned().unwrap_or_default(),
        };
        own.iter().cloned().chain(found).collect()
    }
}

impl From<Vec<RegistryAuth>> for Registries {
    fn from(known: Vec<RegistryAuth>) -> Self {
        Self { find: None, found: Arc::new(OnceCell::new_with(Some(known))) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn they_are_found_once_and_only_for_jobs_with_an_image() {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let registries = Registries::found_by(move || {
            count.fetch_add(1, Ordering::Relaxed);
            let host = "registry.example.com".to_owned();
            async { vec![RegistryAuth { host, username: "ann".into(), password: "p4ss".into() }] }.boxed()
        });
        let mut job = Job::new("unit".parse().expect("an id"));
        assert!(registries.of(&job, &[]).await.is_empty());
        assert_eq!(asked.load(Ordering::Relaxed), 0);
        job.image = Some("registry.example.com/web".into());
        assert_eq!(registries.of(&job, &[]).await.len(), 1);
        let own = RegistryAuth { host: "registry.example.com".into(), username: "job".into(), password: "p4ss".into() };
        let both = registries.clone().of(&job, std::slice::from_ref(&own)).await;
        assert_eq!(both.iter().map(|known| known.username.as_str()).collect::<Vec<_>>(), ["job", "ann"]);
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }
}
