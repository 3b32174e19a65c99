//! Artifacts and caches: tar and zstd in an object store.
