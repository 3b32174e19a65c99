//! Releases on GitHub and GitLab.
