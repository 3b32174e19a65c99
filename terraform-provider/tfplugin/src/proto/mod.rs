//! The messages of plugin protocol 6.10, as they are on the wire. State stores, which providers of objects have no use
//! for, are left out: a call of theirs is answered with `UNIMPLEMENTED`.
//!
//! The structs are written by hand, so that nobody needs `protoc`. Each request and response lies in a module named for
//! its call, with the fields of its definition.

mod data;
mod definition;
mod plugin;
mod provider;
mod query;
mod resource;
mod wire;

pub use data::*;
pub use definition::*;
pub use plugin::*;
pub use provider::*;
pub use query::*;
pub use resource::*;
pub use wire::*;

use std::fmt;

/// The moment of a lease's end, in seconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Timestamp {
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

/// Values may be secret, so what shows them for debugging shows their sizes.
impl fmt::Debug for DynamicValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DynamicValue({} bytes)", self.msgpack.len() + self.json.len())
    }
}

impl fmt::Debug for RawState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawState({} bytes)", self.json.len())
    }
}
