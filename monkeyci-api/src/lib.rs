//! The server: REST API, webhooks and web page over the core.
