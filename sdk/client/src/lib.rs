//! A typed client of MonkeyCI's REST API.
