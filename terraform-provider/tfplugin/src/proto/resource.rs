//! What is asked of a resource.

use super::{
    AttributePath, ClientCapabilities, Deferred, Diagnostic, DynamicValue, RawState, ResourceIdentityData,
    ResourceIdentitySchema,
};

pub mod get_resource_identity_schemas {
    use std::collections::BTreeMap;

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {}

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Response {
        #[prost(btree_map = "string, message", tag = "1")]
        pub identity_schemas: BTreeMap<String, super::ResourceIdentitySchema>,
        #[prost(message, repeated, tag = "2")]
        pub diagnostics: Vec<super::Diagnostic>,
    }
}

pub mod upgrade_resource_identity {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {
        #[prost(string, tag = "1")]
        pub type_name: String,
        #[prost(int64, tag = "2")]
        pub version: i64,
        #[prost(message, optional, tag = "3")]
        pub raw_identity: Option<super::RawState>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Response {
        #[prost(message, optional, tag = "1")]
        pub upgraded_identity: Option<super::ResourceIdentityData>,
        #[prost(message, repeated, tag = "2")]
        pub diagnostics: Vec<super::Diagnostic>,
    }
}

pub mod upgrade_resource_state {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {
        #[prost(string, tag = "1")]
        pub type_name: String,
        #[prost(int64, tag = "2")]
        pub version: i64,
        #[prost(message, optional, tag = "3")]
        pub raw_state: Option<super::RawState>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Response {
        #[prost(message, optional, tag = "1")]
        pub upgraded_state: Option<super::DynamicValue>,
        #[prost(message, repeated, tag = "2")]
        pub diagnostics: Vec<super::Diagnostic>,
    }
}

pub mod validate_resource_config {
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
    }
}

pub mod read_resource {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {
        #[prost(string, tag = "1")]
        pub type_name: String,
        #[prost(message, optional, tag = "2")]
        pub current_state: Option<super::DynamicValue>,
        #[prost(bytes = "vec", tag = "3")]
        pub private: Vec<u8>,
        #[prost(message, optional, tag = "4")]
        pub provider_meta: Option<super::DynamicValue>,
        #[prost(message, optional, tag = "5")]
        pub client_capabilities: Option<super::ClientCapabilities>,
        #[prost(message, optional, tag = "6")]
        pub current_identity: Option<super::ResourceIdentityData>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Response {
        #[prost(message, optional, tag = "1")]
        pub new_state: Option<super::DynamicValue>,
        #[prost(message, repeated, tag = "2")]
        pub diagnostics: Vec<super::Diagnostic>,
        #[prost(bytes = "vec", tag = "3")]
        pub private: Vec<u8>,
        #[prost(message, optional, tag = "4")]
        pub deferred: Option<super::Deferred>,
        #[prost(message, optional, tag = "5")]
        pub new_identity: Option<super::ResourceIdentityData>,
    }
}

pub mod plan_resource_change {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {
        #[prost(string, tag = "1")]
        pub type_name: String,
        #[prost(message, optional, tag = "2")]
        pub prior_state: Option<super::DynamicValue>,
        #[prost(message, optional, tag = "3")]
        pub proposed_new_state: Option<super::DynamicValue>,
        #[prost(message, optional, tag = "4")]
        pub config: Option<super::DynamicValue>,
        #[prost(bytes = "vec", tag = "5")]
        pub prior_private: Vec<u8>,
        #[prost(message, optional, tag = "6")]
        pub provider_meta: Option<super::DynamicValue>,
        #[prost(message, optional, tag = "7")]
        pub client_capabilities: Option<super::ClientCapabilities>,
        #[prost(message, optional, tag = "8")]
        pub prior_identity: Option<super::ResourceIdentityData>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Response {
        #[prost(message, optional, tag = "1")]
        pub planned_state: Option<super::DynamicValue>,
        #[prost(message, repeated, tag = "2")]
        pub requires_replace: Vec<super::AttributePath>,
        #[prost(bytes = "vec", tag = "3")]
        pub planned_private: Vec<u8>,
        #[prost(message, repeated, tag = "4")]
        pub diagnostics: Vec<super::Diagnostic>,
        #[prost(bool, tag = "5")]
        pub legacy_type_system: bool,
        #[prost(message, optional, tag = "6")]
        pub deferred: Option<super::Deferred>,
        #[prost(message, optional, tag = "7")]
        pub planned_identity: Option<super::ResourceIdentityData>,
    }
}

pub mod apply_resource_change {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {
        #[prost(string, tag = "1")]
        pub type_name: String,
        #[prost(message, optional, tag = "2")]
        pub prior_state: Option<super::DynamicValue>,
        #[prost(message, optional, tag = "3")]
        pub planned_state: Option<super::DynamicValue>,
        #[prost(message, optional, tag = "4")]
        pub config: Option<super::DynamicValue>,
        #[prost(bytes = "vec", tag = "5")]
        pub planned_private: Vec<u8>,
        #[prost(message, optional, tag = "6")]
        pub provider_meta: Option<super::DynamicValue>,
        #[prost(message, optional, tag = "7")]
        pub planned_identity: Option<super::ResourceIdentityData>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Response {
        #[prost(message, optional, tag = "1")]
        pub new_state: Option<super::DynamicValue>,
        #[prost(bytes = "vec", tag = "2")]
        pub private: Vec<u8>,
        #[prost(message, repeated, tag = "3")]
        pub diagnostics: Vec<super::Diagnostic>,
        #[prost(bool, tag = "4")]
        pub legacy_type_system: bool,
        #[prost(message, optional, tag = "5")]
        pub new_identity: Option<super::ResourceIdentityData>,
    }
}

pub mod import_resource_state {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {
        #[prost(string, tag = "1")]
        pub type_name: String,
        #[prost(string, tag = "2")]
        pub id: String,
        #[prost(message, optional, tag = "3")]
        pub client_capabilities: Option<super::ClientCapabilities>,
        #[prost(message, optional, tag = "4")]
        pub identity: Option<super::ResourceIdentityData>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct ImportedResource {
        #[prost(string, tag = "1")]
        pub type_name: String,
        #[prost(message, optional, tag = "2")]
        pub state: Option<super::DynamicValue>,
        #[prost(bytes = "vec", tag = "3")]
        pub private: Vec<u8>,
        #[prost(message, optional, tag = "4")]
        pub identity: Option<super::ResourceIdentityData>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Response {
        #[prost(message, repeated, tag = "1")]
        pub imported_resources: Vec<ImportedResource>,
        #[prost(message, repeated, tag = "2")]
        pub diagnostics: Vec<super::Diagnostic>,
        #[prost(message, optional, tag = "3")]
        pub deferred: Option<super::Deferred>,
    }
}

pub mod move_resource_state {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {
        #[prost(string, tag = "1")]
        pub source_provider_address: String,
        #[prost(string, tag = "2")]
        pub source_type_name: String,
        #[prost(int64, tag = "3")]
        pub source_schema_version: i64,
        #[prost(message, optional, tag = "4")]
        pub source_state: Option<super::RawState>,
        #[prost(string, tag = "5")]
        pub target_type_name: String,
        #[prost(bytes = "vec", tag = "6")]
        pub source_private: Vec<u8>,
        #[prost(message, optional, tag = "7")]
        pub source_identity: Option<super::RawState>,
        #[prost(int64, tag = "8")]
        pub source_identity_schema_version: i64,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Response {
        #[prost(message, optional, tag = "1")]
        pub target_state: Option<super::DynamicValue>,
        #[prost(message, repeated, tag = "2")]
        pub diagnostics: Vec<super::Diagnostic>,
        #[prost(bytes = "vec", tag = "3")]
        pub target_private: Vec<u8>,
        #[prost(message, optional, tag = "4")]
        pub target_identity: Option<super::ResourceIdentityData>,
    }
}

pub mod generate_resource_config {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {
        #[prost(string, tag = "1")]
        pub type_name: String,
        #[prost(message, optional, tag = "2")]
        pub state: Option<super::DynamicValue>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Response {
        #[prost(message, optional, tag = "1")]
        pub config: Option<super::DynamicValue>,
        #[prost(message, repeated, tag = "2")]
        pub diagnostics: Vec<super::Diagnostic>,
    }
}
