//! What is asked of data sources, ephemeral resources and functions.

use super::{ClientCapabilities, Deferred, Diagnostic, DynamicValue, Function, FunctionError, Timestamp};

pub mod validate_data_resource_config {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {
        #[prost(string, tag = "1")]
        pub type_name: String,
        #[prost(message, optional, tag = "2")]
        pub config: Option<super::DynamicValue>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Response {
        #[prost(message, repeated, tag = "1")]
        pub diagnostics: Vec<super::Diagnostic>,
    }
}

pub mod read_data_source {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {
        #[prost(string, tag = "1")]
        pub type_name: String,
        #[prost(message, optional, tag = "2")]
        pub config: Option<super::DynamicValue>,
        #[prost(message, optional, tag = "3")]
        pub provider_meta: Option<super::DynamicValue>,
        #[prost(message, optional, tag = "4")]
        pub client_capabilities: Option<super::ClientCapabilities>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Response {
        #[prost(message, optional, tag = "1")]
        pub state: Option<super::DynamicValue>,
        #[prost(message, repeated, tag = "2")]
        pub diagnostics: Vec<super::Diagnostic>,
        #[prost(message, optional, tag = "3")]
        pub deferred: Option<super::Deferred>,
    }
}

pub mod validate_ephemeral_resource_config {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {
        #[prost(string, tag = "1")]
        pub type_name: String,
        #[prost(message, optional, tag = "2")]
        pub config: Option<super::DynamicValue>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Response {
        #[prost(message, repeated, tag = "1")]
        pub diagnostics: Vec<super::Diagnostic>,
    }
}

pub mod open_ephemeral_resource {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {
        #[prost(string, tag = "1")]
        pub type_name: String,
        #[prost(message, optional, tag = "2")]
        pub config: Option<super::DynamicValue>,
        #[prost(message, optional, tag = "3")]
        pub client_capabilities: Option<super::ClientCapabilities>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Response {
        #[prost(message, repeated, tag = "1")]
        pub diagnostics: Vec<super::Diagnostic>,
        #[prost(message, optional, tag = "2")]
        pub renew_at: Option<super::Timestamp>,
        #[prost(message, optional, tag = "3")]
        pub result: Option<super::DynamicValue>,
        #[prost(bytes = "vec", optional, tag = "4")]
        pub private: Option<Vec<u8>>,
        #[prost(message, optional, tag = "5")]
        pub deferred: Option<super::Deferred>,
    }
}

pub mod renew_ephemeral_resource {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {
        #[prost(string, tag = "1")]
        pub type_name: String,
        #[prost(bytes = "vec", optional, tag = "2")]
        pub private: Option<Vec<u8>>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Response {
        #[prost(message, repeated, tag = "1")]
        pub diagnostics: Vec<super::Diagnostic>,
        #[prost(message, optional, tag = "2")]
        pub renew_at: Option<super::Timestamp>,
        #[prost(bytes = "vec", optional, tag = "3")]
        pub private: Option<Vec<u8>>,
    }
}

pub mod close_ephemeral_resource {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {
        #[prost(string, tag = "1")]
        pub type_name: String,
        #[prost(bytes = "vec", optional, tag = "2")]
        pub private: Option<Vec<u8>>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Response {
        #[prost(message, repeated, tag = "1")]
        pub diagnostics: Vec<super::Diagnostic>,
    }
}

pub mod get_functions {
    use std::collections::BTreeMap;

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {}

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Response {
        #[prost(btree_map = "string, message", tag = "1")]
        pub functions: BTreeMap<String, super::Function>,
        #[prost(message, repeated, tag = "2")]
        pub diagnostics: Vec<super::Diagnostic>,
    }
}

pub mod call_function {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {
        #[prost(string, tag = "1")]
        pub name: String,
        #[prost(message, repeated, tag = "2")]
        pub arguments: Vec<super::DynamicValue>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Response {
        #[prost(message, optional, tag = "1")]
        pub result: Option<super::DynamicValue>,
        #[prost(message, optional, tag = "2")]
        pub error: Option<super::FunctionError>,
    }
}
