//! The one loop that makes facts durable and acts on them.
