//! Answers that say what went wrong.

use crate::diagnostic::Diagnostics;
use crate::proto::*;

/// An answer that says what went wrong, and nothing else.
pub(super) trait Failed {
    fn failed(diagnostics: &Diagnostics) -> Self;
}

macro_rules! failed {
    ($($call:ident)*) => {$(
        impl Failed for $call::Response {
            fn failed(diagnostics: &Diagnostics) -> Self {
                let mut answer = Self::default();
                answer.diagnostics = diagnostics.to_proto();
                answer
            }
        }
    )*};
}
failed!(get_metadata get_provider_schema get_resource_identity_schemas get_functions);
failed!(validate_provider_config validate_resource_config validate_data_resource_config);
failed!(validate_ephemeral_resource_config validate_list_resource_config validate_action_config);
failed!(configure_provider upgrade_resource_state upgrade_resource_identity read_resource plan_resource_change);
failed!(apply_resource_change import_resource_state move_resource_state generate_resource_config read_data_source);
failed!(open_ephemeral_resource renew_ephemeral_resource close_ephemeral_resource plan_action);

impl Failed for stop_provider::Response {
    fn failed(diagnostics: &Diagnostics) -> Self {
        Self { error: diagnostics.to_string() }
    }
}

impl Failed for call_function::Response {
    fn failed(diagnostics: &Diagnostics) -> Self {
        Self { result: None, error: Some(FunctionError { text: diagnostics.to_string(), function_argument: None }) }
    }
}
