//! Port: where a checkout comes from.
