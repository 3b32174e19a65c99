//! The remote job directory: a job whose container sees nothing of ours.
//!
//! Where an engine runs containers far away (container instances, pods, allocations), the job directory is on a volume
//! that the job's container shares with a *sidecar*, the program `monkeyci sidecar`. What goes in and out of it goes
//! through a [`Depot`]: objects under one address, for this attempt alone, which both can reach. Nothing calls anybody: both
//! halves put and get, so that neither needs an open port, and either may be killed and go on.
//!
//! ```text
//!   the executor                     depot                        the volume
//!   ┌──────┐  order.json, control/…, work/…  ┌─────────┐  fills   ┌────────────────────────┐
//!   │ Host │ ──────────────────────────────▶ │ sidecar │ ───────▶ │ supervisor, control/,  │
//!   │      │  beat/host: lease, cancel       │         │          │ work/                  │
//!   │      │ ──────────────────────────────▶ │         │          │   ▲ runs               │
//!   │      │  report/…, collected/…, answer/…│         │  reads   │ supervisor, process 1  │
//!   │      │ ◀────────────────────────────── │         │ ◀─────── │ report/                │
//!   └──────┘  beat/sidecar                   └─────────┘          └────────────────────────┘
//! ```
//!
//! | object | who puts it | is |
//! |---|---|---|
//! | `order.json` | host | the [`Order`]: put last of what a job begins with |
//! | `control/000000` … | host | the control half, a [`series`] |
//! | `work/000000` … | host | the workspace, a series |
//! | `beat/host` | host | [`beat::Host`]: that it lives, the newest lease, whether to cancel; put anew all the time |
//! | `beat/sidecar` | sidecar | [`beat::Sidecar`]: that it lives, what it does, how far it has shipped |
//! | `report/<offset>` | sidecar | whole frames of the report from that byte on; created, never replaced |
//! | `report/<offset>` | sidecar | after the last frame: the [`End`], which begins with `{` as no frame does |
//! | `collected/<n>/000000` … | sidecar | what the job left at the order's path number n, a series |
//! | `answer/000000` … | sidecar | the file that a script answered in, a series |
//!
//! A chunk of the report is known by its offset, so that sending it again changes nothing, and reading on needs no list:
//! the next name follows from the length of what came. Whoever creates an object that is there already takes it as it is and
//! goes on behind it; that is how a sidecar that was killed finds its place. Every object is small and read up to a bound.
//!
//! Nothing waits for ever. The job's container waits for its supervisor a bounded time ([`entry`]); the supervisor ends the
//! job when its lease is over, which only the host lengthens; the sidecar gives up a lease after it last heard the host; and
//! the host counts a sidecar that is silent as lost ([`SidecarError::Lost`]), so that the executor judges by what its engine
//! says.

mod attend;
pub mod beat;
mod collect;
mod depot;
mod end;
pub mod entry;
mod error;
mod fill;
mod heed;
mod host;
mod http;
mod objects;
mod order;
mod pace;
mod patient;
mod place;
pub mod series;
mod ship;

pub use attend::Attendant;
pub use depot::{Depot, DepotError};
pub use end::{Collected, End};
pub use error::SidecarError;
pub use host::Host;
pub use http::HttpDepot;
pub use objects::Objects;
pub use order::{ORDER, Order, PROTOCOL};

/// Variables that a sidecar's container has, beside those that its executor wants. They are for the C library's allocator: threads
/// share what was freed, and what is larger than 128 KiB goes back to the system at once (mallopt(3)). A sidecar that sends
/// 100 MB holds a sixth less by that.
pub const VARIABLES: [(&str, &str); 2] = [("MALLOC_ARENA_MAX", "1"), ("MALLOC_MMAP_THRESHOLD_", "131072")];

/// The name of a chunk of the report, or of what comes after the last.
fn report_name(offset: u64) -> String {
    format!("report/{offset:020}")
}

/// Bytes of one chunk of the report, at most.
const CHUNK: usize = 1024 * 1024;

/// Bytes of a report that are taken: frames of a full log, were each of one byte.
const REPORT_BYTES: u64 = 16 * monkeyci_model::job::limits::LOG_BYTES;

/// What stands in the place of frames that are none: no frame begins with it, so that who reads it says so.
const FORGED: u8 = 0;

/// The file of the report half that a script's program answers in.
const ANSWER: &str = "answer.json";

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
