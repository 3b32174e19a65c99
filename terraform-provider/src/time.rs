//! Times, as Terraform has them.

use monkeyci_client::model::Millis;

/// A time in RFC 3339.
pub(crate) fn shown(at: Millis) -> String {
    jiff::Timestamp::from_millisecond(at).unwrap_or(jiff::Timestamp::MAX).to_string()
}
