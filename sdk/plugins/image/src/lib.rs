//! Jobs that build container images and push them to a registry.
//!
//! ```
//! use monkeyci_plugin_image::image;
//! use monkeyci_sdk::prelude::*;
//!
//! fn plan(ctx: &Ctx) -> Plan {
//!     let test = container("test", "docker.io/rust:1").run("cargo test");
//!     let web = ctx.tag().map(|tag| {
//!         image("ghcr.io/acme/web")
//!             .tag(tag)
//!             .login_params("registry-user", "registry-password")
//!             .each(|job| job.after(&test))
//!             .jobs(ctx)
//!     });
//!     let deploy = web.as_ref().map(|web| process("deploy").run("./deploy").after(web));
//!     Plan::from((test.clone(), web, deploy))
//! }
//!
//! let both = Ctx::on_tag("v1").with_archs(&[Arch::Amd, Arch::Arm]);
//! assert_eq!(plan(&both).ids(), ["test", "image-amd", "image-arm", "image-manifest", "deploy"]);
//! assert_eq!(plan(&both)["deploy"].dependencies(), ["image-manifest"]);
//! assert_eq!(plan(&Ctx::on_tag("v1")).ids(), ["test", "image-amd", "deploy"]);
//! ```
//!
//! A job for each architecture builds and pushes natively, as `v1-amd64` and `v1-arm64`; one more, an action, then
//! pushes the tag that stands for all of them. For a single architecture the tag itself is pushed, and nothing else.
//! Which program builds is a [`Builder`]; Kaniko needs no privileges, and is the default.
//!
//! The password is a secret param. It stands in the variable of a job alone, and in no command.

mod builder;
mod manifest;
mod name;

use std::sync::Arc;

use monkeyci_sdk::job::{Before, Job};
use monkeyci_sdk::model::JobId;
use monkeyci_sdk::prelude::{Arch, Ctx, Plan, artifact};

pub use builder::Builder;
use manifest::Manifest;
use name::Name;

/// What a job is told beside what the image says of all of them.
type Change<'a> = Arc<dyn Fn(Job) -> Job + 'a>;

/// An image that is to be built and pushed.
#[must_use = "an image becomes jobs by `jobs`"]
#[derive(Clone)]
pub struct Image<'a> {
    name: Name,
    tag: String,
    id: String,
    manifest: Option<String>,
    context: String,
    dockerfile: String,
    target: Option<String>,
    args: Vec<(String, String)>,
    login: Option<(String, String)>,
    archs: Option<Vec<Arch>>,
    builder: Builder,
    builder_image: Option<String>,
    cache: Option<String>,
    insecure: bool,
    change: Change<'a>,
}

/// An image by its name, as in `ghcr.io/acme/web`. It is built of the checkout's `Dockerfile` and gets the tag `latest`
/// when nothing else is said.
pub fn image<'a>(name: &str) -> Image<'a> {
    Image {
        name: Name::parse(name),
        tag: "latest".into(),
        id: "image".into(),
        manifest: None,
        context: ".".into(),
        dockerfile: "Dockerfile".into(),
        target: None,
        args: Vec::new(),
        login: None,
        archs: None,
        builder: Builder::Kaniko,
        builder_image: None,
        cache: None,
        insecure: false,
        change: Arc::new(|job| job),
    }
}

/// What is said of it.
impl<'a> Image<'a> {
    /// The tag that is pushed.
    pub fn tag(mut self, tag: &str) -> Self {
        tag.clone_into(&mut self.tag);
        self
    }

    /// How the ids of its jobs begin: `web` makes `web-amd`, `web-arm` and `web-manifest` of `image-amd` and so on.
    pub fn id(mut self, id: &str) -> Self {
        id.clone_into(&mut self.id);
        self
    }

    /// The id of the job that pushes the tag for all architectures, which there is then even for one.
    pub fn manifest_id(mut self, id: &str) -> Self {
        self.manifest = Some(id.to_owned());
        self
    }

    /// The folder of the checkout that the builder sees.
    pub fn context(mut self, dir: &str) -> Self {
        dir.clone_into(&mut self.context);
        self
    }

    /// The Dockerfile, from the folder that the builder sees.
    pub fn dockerfile(mut self, path: &str) -> Self {
        path.clone_into(&mut self.dockerfile);
        self
    }

    /// The stage of the Dockerfile that is built; the last one, when that is not said.
    pub fn target(mut self, stage: &str) -> Self {
        self.target = Some(stage.to_owned());
        self
    }

    /// A value for an `ARG` of the Dockerfile. Whoever has the image can read it: let none of them be secret.
    pub fn build_arg(mut self, name: &str, value: &str) -> Self {
        self.args.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The params that hold the registry's user and password.
    pub fn login_params(mut self, user: &str, password: &str) -> Self {
        self.login = Some((user.to_owned(), password.to_owned()));
        self
    }

    /// Only these architectures, as far as jobs can run on them.
    pub fn archs(mut self, archs: &[Arch]) -> Self {
        self.archs = Some(archs.to_vec());
        self
    }

    /// Which program builds.
    pub fn builder(mut self, builder: Builder) -> Self {
        self.builder = builder;
        self
    }

    /// The image in which the builder runs, such as one of your own registry; it has the builder and `/bin/sh`.
    pub fn builder_image(mut self, name: &str) -> Self {
        self.builder_image = Some(name.to_owned());
        self
    }

    /// Keeps what each line of the Dockerfile made in this repository of a registry, for the next build. Kaniko only.
    pub fn cache(mut self, repository: &str) -> Self {
        self.cache = Some(repository.to_owned());
        self
    }

    /// Speaks to the registry without TLS, as one of a test.
    pub fn insecure(mut self) -> Self {
        self.insecure = true;
        self
    }

    /// Says more of each job that builds: what it waits for, which artifacts it begins with, how large it is.
    pub fn each(mut self, change: impl Fn(Job) -> Job + 'a) -> Self {
        self.change = Arc::new(change);
        self
    }
}

impl Image<'_> {
    /// Its jobs.
    ///
    /// # Panics
    /// When the id makes none.
    #[must_use]
    #[track_caller]
    pub fn jobs(&self, ctx: &Ctx) -> ImageJobs {
        let wanted = |arch: &&Arch| self.archs.as_ref().is_none_or(|archs| archs.contains(arch));
        let archs: Vec<Arch> = ctx.archs().iter().filter(wanted).copied().collect();
        let several = archs.len() > 1 || self.manifest.is_some();
        let tag = |arch: Arch| if several { format!("{}-{}", self.tag, arch.oci_name()) } else { self.tag.clone() };
        let builds: Vec<Job> = archs.iter().map(|&arch| self.build(ctx, arch, &tag(arch))).collect();
        let parts: Vec<_> = archs.iter().map(|&arch| (arch, tag(arch))).collect();
        let manifest = (several && !parts.is_empty()).then(|| {
            let id = self.manifest.clone().unwrap_or_else(|| format!("{}-manifest", self.id));
            let manifest = Manifest {
                name: self.name.clone(),
                tag: self.tag.clone(),
                parts,
                login: self.login.clone(),
                insecure: self.insecure,
            };
            manifest.job(&id).after(&builds)
        });
        let warning = builds.is_empty().then(|| {
            let names = |archs: &[Arch]| archs.iter().map(|arch| arch.oci_name()).collect::<Vec<_>>().join(", ");
            let (here, wanted) = (names(ctx.archs()), names(self.archs.as_deref().unwrap_or_default()));
            format!("the image `{}` is not built: it is wanted for {wanted}, and jobs run on {here}", self.name)
        });
        ImageJobs { builds, manifest, warning }
    }

    fn build(&self, ctx: &Ctx, arch: Arch, tag: &str) -> Job {
        let id = format!("{}-{}", self.id, short(arch));
        let digest = format!("{id}.digest");
        let mut job = self.builder.job(&id, self.builder_image.as_deref()).arch(arch);
        if let Some((user, password)) = &self.login {
            // As they are, so that a secret is known for one; what is not there is told by the job.
            for (variable, param) in [("REGISTRY_USER", user), ("REGISTRY_PASSWORD", password)] {
                job = ctx.get(param).into_iter().fold(job, |job, value| job.env(variable, value));
            }
        }
        for (number, (name, value)) in self.args.iter().enumerate() {
            job = job.env(&format!("BUILD_ARG_{number}"), format!("{name}={value}"));
        }
        let job = job.run(self.builder.script(self, tag, &digest)).save(&artifact(&format!("{id}-digest"), &digest));
        (self.change)(job)
    }
}

/// The jobs of an image. What waits for them waits until the tag is pushed.
#[derive(Debug, Clone)]
pub struct ImageJobs {
    builds: Vec<Job>,
    manifest: Option<Job>,
    warning: Option<String>,
}

impl ImageJobs {
    /// Those that build.
    #[must_use]
    pub fn builds(&self) -> &[Job] {
        &self.builds
    }

    /// The one that pushes the tag for all architectures, when there is one.
    #[must_use]
    pub fn manifest(&self) -> Option<&Job> {
        self.manifest.as_ref()
    }
}

impl Before for ImageJobs {
    fn ids(&self) -> Vec<JobId> {
        match &self.manifest {
            Some(manifest) => manifest.ids(),
            None => self.builds.ids(),
        }
    }
}

impl From<ImageJobs> for Plan {
    fn from(jobs: ImageJobs) -> Self {
        let plan = Self::from((jobs.builds, jobs.manifest));
        match jobs.warning {
            Some(warning) => plan.warning(warning),
            None => plan,
        }
    }
}

/// An architecture, as ids of jobs have it.
fn short(arch: Arch) -> &'static str {
    match arch {
        Arch::Amd => "amd",
        Arch::Arm => "arm",
    }
}
