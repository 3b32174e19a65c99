//! Which queued job may start now, and why the others wait.
