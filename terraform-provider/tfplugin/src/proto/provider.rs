//! What is asked of the provider itself.

use super::{ActionSchema, ClientCapabilities, Diagnostic, DynamicValue, Function, Schema, ServerCapabilities};

pub mod get_metadata {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {}

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Response {
        #[prost(message, optional, tag = "1")]
        pub server_capabilities: Option<super::ServerCapabilities>,
        #[prost(message, repeated, tag = "2")]
        pub diagnostics: Vec<super::Diagnostic>,
        #[prost(message, repeated, tag = "3")]
        pub data_sources: Vec<DataSourceMetadata>,
        #[prost(message, repeated, tag = "4")]
        pub resources: Vec<ResourceMetadata>,
        #[prost(message, repeated, tag = "5")]
        pub functions: Vec<FunctionMetadata>,
        #[prost(message, repeated, tag = "6")]
        pub ephemeral_resources: Vec<EphemeralMetadata>,
        #[prost(message, repeated, tag = "7")]
        pub list_resources: Vec<ListResourceMetadata>,
        #[prost(message, repeated, tag = "8")]
        pub state_stores: Vec<StateStoreMetadata>,
        #[prost(message, repeated, tag = "9")]
        pub actions: Vec<ActionMetadata>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct EphemeralMetadata {
        #[prost(string, tag = "1")]
        pub type_name: String,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct FunctionMetadata {
        #[prost(string, tag = "1")]
        pub name: String,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct DataSourceMetadata {
        #[prost(string, tag = "1")]
        pub type_name: String,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct ResourceMetadata {
        #[prost(string, tag = "1")]
        pub type_name: String,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct ListResourceMetadata {
        #[prost(string, tag = "1")]
        pub type_name: String,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct StateStoreMetadata {
        #[prost(string, tag = "1")]
        pub type_name: String,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct ActionMetadata {
        #[prost(string, tag = "1")]
        pub type_name: String,
    }
}

pub mod get_provider_schema {
    use std::collections::BTreeMap;

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {}

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Response {
        #[prost(message, optional, tag = "1")]
        pub provider: Option<super::Schema>,
        #[prost(btree_map = "string, message", tag = "2")]
        pub resource_schemas: BTreeMap<String, super::Schema>,
        #[prost(btree_map = "string, message", tag = "3")]
        pub data_source_schemas: BTreeMap<String, super::Schema>,
        #[prost(btree_map = "string, message", tag = "7")]
        pub functions: BTreeMap<String, super::Function>,
        #[prost(btree_map = "string, message", tag = "8")]
        pub ephemeral_resource_schemas: BTreeMap<String, super::Schema>,
        #[prost(btree_map = "string, message", tag = "9")]
        pub list_resource_schemas: BTreeMap<String, super::Schema>,
        #[prost(btree_map = "string, message", tag = "10")]
        pub state_store_schemas: BTreeMap<String, super::Schema>,
        #[prost(btree_map = "string, message", tag = "11")]
        pub action_schemas: BTreeMap<String, super::ActionSchema>,
        #[prost(message, repeated, tag = "4")]
        pub diagnostics: Vec<super::Diagnostic>,
        #[prost(message, optional, tag = "5")]
        pub provider_meta: Option<super::Schema>,
        #[prost(message, optional, tag = "6")]
        pub server_capabilities: Option<super::ServerCapabilities>,
    }
}

pub mod validate_provider_config {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {
        #[prost(message, optional, tag = "1")]
        pub config: Option<super::DynamicValue>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Response {
        #[prost(message, repeated, tag = "2")]
        pub diagnostics: Vec<super::Diagnostic>,
    }
}

pub mod configure_provider {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {
        #[prost(string, tag = "1")]
        pub terraform_version: String,
        #[prost(message, optional, tag = "2")]
        pub config: Option<super::DynamicValue>,
        #[prost(message, optional, tag = "3")]
        pub client_capabilities: Option<super::ClientCapabilities>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Response {
        #[prost(message, repeated, tag = "1")]
        pub diagnostics: Vec<super::Diagnostic>,
    }
}

pub mod stop_provider {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {}

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Response {
        #[prost(string, tag = "1")]
        pub error: String,
    }
}
