//! The emulator as tests hold it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::Clock;
use crate::world::World;

/// How long [`Slack::until`] waits for something that should happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// An emulated Slack. Clones are the same one.
#[derive(Clone)]
pub struct Slack(Arc<Inner>);

struct Inner {
    world: Mutex<World>,
    clock: Clock,
    version: watch::Sender<u64>,
    http: reqwest::Client,
}

impl Slack {
    /// One in which nothing is yet. `url` is where it is served.
    pub(crate) fn new(url: &str) -> Self {
        // What is delivered goes to the test's own machine, and nowhere else.
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let http = http.build().expect("a client without settings can be built");
        let world = World { url: url.to_owned(), ..World::default() };
        Self(Arc::new(Inner { world: Mutex::new(world), clock: Clock::new(), version: watch::Sender::new(0), http }))
    }

    /// The emulator's clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Where it is served: `http://127.0.0.1:8065`.
    #[must_use]
    pub fn url(&self) -> String {
        self.look(|world| world.url.clone())
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.0.http
    }

    /// Looks at what there is. Nothing changes meanwhile.
    pub fn look<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.0.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes something; what apps are to hear of it is on its way afterwards.
    pub fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let (result, outgoing) = {
            let mut world = self.0.world.lock().unwrap_or_else(PoisonError::into_inner);
            let result = change(&mut world);
            (result, std::mem::take(&mut world.outgoing))
        };
        self.0.version.send_modify(|version| *version += 1);
        for one in outgoing {
            self.tell_until_heard(one);
        }
        result
    }

    /// Counts changes: it is higher after each.
    #[must_use]
    pub fn version(&self) -> watch::Receiver<u64> {
        self.0.version.subscribe()
    }

    /// Waits until something is found, at most a minute.
    ///
    /// # Panics
    ///
    /// When it does not come true in that time, with `what` in the message.
    pub async fn until<T>(&self, what: &str, mut find: impl FnMut(&World) -> Option<T>) -> T {
        let mut version = self.version();
        let found = async {
            loop {
                version.borrow_and_update();
                if let Some(found) = self.look(&mut find) {
                    return found;
                }
                let _closed = version.changed().await;
            }
        };
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(found) => found,
            Err(_) => panic!("in a minute, this did not come true: {what}"),
        }
    }
}
