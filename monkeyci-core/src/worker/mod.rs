//! Runs leased jobs.
