//! Jobs that build and push container images.
