//! The pure machine of a build.
