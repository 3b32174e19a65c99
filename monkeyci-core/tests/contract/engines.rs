//! The engines with images that this machine has.

use monkeyci_core::executor::{Docker, Engine};
use rustix::process::geteuid;
use tempfile::TempDir;
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};

use crate::{gate, image, podman_service};

/// Stories that may use an engine at a time: more would only wait for each other until they are out of time.
const TURNS: usize = 3;

/// A kind of engine, and how it sees our files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Docker,
    Podman,
    PodmanRootless,
}

/// An engine that has our images.
pub struct Opened {
    pub docker: Docker,
    pub home: TempDir,
    /// Held while a story plays.
    pub turn: Option<SemaphorePermit<'static>>,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::PodmanRootless => "podman-rootless",
        }
    }

    /// The engine, as if it ran on another machine when `apart`; none, said in the output, when it is not here.
    pub async fn open(self, apart: bool) -> Option<Opened> {
        static TURN: Semaphore = Semaphore::const_new(TURNS);
        let root = geteuid().is_root();
        match self {
            Self::Podman if !root => return None,
            // Played by an ordinary user in `ordinary_user`, whose gate it is.
            Self::PodmanRootless if root => return None,
            _ => {}
        }
        let turn = TURN.acquire().await.expect("it is never closed");
        let home = tempfile::tempdir().expect("a folder");
        match self.connect(&home).await {
            Ok(docker) => {
                let docker = if apart { docker.without_mounts() } else { docker };
                Some(Opened { docker, home, turn: Some(turn) })
            }
            Err(why) => {
                gate::skip(self.name(), why);
                None
            }
        }
    }

    async fn connect(self, home: &TempDir) -> Result<Docker, String> {
        static IMAGES: OnceCell<Result<(), String>> = OnceCell::const_new();
        static PODMAN_IMAGES: OnceCell<Result<(), String>> = OnceCell::const_new();

        let programs = home.path().join("programs");
        let (docker, images) = match self {
            Self::Docker => (Docker::connect(Engine::Docker, programs).await, &IMAGES),
            Self::Podman | Self::PodmanRootless => {
                (Docker::connect_to(Engine::Podman, podman_service::address().await?, programs).await, &PODMAN_IMAGES)
            }
        };
        let docker = docker.map_err(|error| error.to_string())?;
        images.get_or_init(|| image::make(docker.api())).await.clone()?;
        Ok(docker)
    }
}
