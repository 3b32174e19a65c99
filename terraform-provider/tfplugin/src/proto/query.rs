//! What is asked of list resources and actions, from protocol 6.10 on.

use super::{ClientCapabilities, Deferred, Diagnostic, DynamicValue, ResourceIdentityData};

pub mod validate_list_resource_config {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {
        #[prost(string, tag = "1")]
        pub type_name: String,
        #[prost(message, optional, tag = "2")]
        pub config: Option<super::DynamicValue>,
        #[prost(message, optional, tag = "3")]
        pub include_resource_object: Option<super::DynamicValue>,
        #[prost(message, optional, tag = "4")]
        pub limit: Option<super::DynamicValue>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Response {
        #[prost(message, repeated, tag = "1")]
        pub diagnostics: Vec<super::Diagnostic>,
    }
}

pub mod list_resource {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {
        #[prost(string, tag = "1")]
        pub type_name: String,
        #[prost(message, optional, tag = "2")]
        pub config: Option<super::DynamicValue>,
        #[prost(bool, tag = "3")]
        pub include_resource_object: bool,
        #[prost(int64, tag = "4")]
        pub limit: i64,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Event {
        #[prost(message, optional, tag = "1")]
        pub identity: Option<super::ResourceIdentityData>,
        #[prost(string, tag = "2")]
        pub display_name: String,
        #[prost(message, optional, tag = "3")]
        pub resource_object: Option<super::DynamicValue>,
        #[prost(message, repeated, tag = "4")]
        pub diagnostic: Vec<super::Diagnostic>,
    }
}

pub mod validate_action_config {
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

pub mod plan_action {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {
        #[prost(string, tag = "1")]
        pub action_type: String,
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
        pub deferred: Option<super::Deferred>,
    }
}

pub mod invoke_action {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {
        #[prost(string, tag = "1")]
        pub action_type: String,
        #[prost(message, optional, tag = "2")]
        pub config: Option<super::DynamicValue>,
        #[prost(message, optional, tag = "3")]
        pub client_capabilities: Option<super::ClientCapabilities>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Event {
        #[prost(oneof = "event::Type", tags = "1, 2")]
        pub r#type: Option<event::Type>,
    }

    pub mod event {
        #[derive(Clone, PartialEq, prost::Message)]
        pub struct Progress {
            #[prost(string, tag = "1")]
            pub message: String,
        }

        #[derive(Clone, PartialEq, prost::Message)]
        pub struct Completed {
            #[prost(message, repeated, tag = "1")]
            pub diagnostics: Vec<super::super::Diagnostic>,
        }

        #[derive(Clone, PartialEq, prost::Oneof)]
        pub enum Type {
            #[prost(message, tag = "1")]
            Progress(Progress),
            #[prost(message, tag = "2")]
            Completed(Completed),
        }
    }
}
