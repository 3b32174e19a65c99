//! Test reports of a job, read into its result.
