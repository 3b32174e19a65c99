//! Port: how the files of `.monkeyci/` become jobs.
