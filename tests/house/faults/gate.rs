//! A gate that jobs come to and wait at: they share nothing with a test but the network.

use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Jobs at the gate, and those that were let through.
pub struct Gate {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    came: usize,
    is_open: bool,
    waiting: Vec<TcpStream>,
}

impl Gate {
    /// A gate at a free port.
    pub fn new(is_open: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(Mutex::new(State { is_open, ..State::default() }));
        let gate = Self { port, state };
        let state = Arc::clone(&gate.state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let mut state = locked(&state);
                state.came += 1;
                if !state.is_open {
                    state.waiting.push(stream);
                }
            }
        });
        gate
    }

    /// A line that waits there. It goes on once nobody holds it.
    pub fn line(&self) -> String {
        format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{}; read -r -u 3 word || true'", self.port)
    }

    /// How many jobs came, each time that they ran.
    pub fn count(&self) -> usize {
        locked(&self.state).came
    }

    /// Lets all through that are there or come.
    pub fn open(&self) {
        let mut state = locked(&self.state);
        state.is_open = true;
        state.waiting.clear();
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
