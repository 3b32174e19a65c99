//! Limits: what is asked, and what is read of the answers.

use oci_services::limits::{Availability, Limits};
use serde_json::json;

use crate::golden::assert_like;
use crate::listener::{Listener, Reply};

#[tokio::test]
async fn limits_are_asked_for_as_oracle_s_own_client_does_it() {
    let (tenancy, domain, limit) = ("ocid1.tenancy.oc1..aaaat", "Uocm:EU-FRANKFURT-1-AD-1", "standard-e4-core-count");
    let listener = Listener::answering([
        Reply::new(200, json!([{ "name": limit, "scopeType": "AD", "availabilityDomain": domain, "value": 16 }])),
        Reply::new(200, json!({ "used": 3, "available": 13, "fractionalUsage": 3.0, "fractionalAvailability": 13.0 })),
        Reply::new(200, json!({})),
        Reply::new(404, json!({ "code": "NotAuthorizedOrNotFound", "message": "Authorization failed." })),
    ])
    .await;
    let limits = Limits::at(listener.client.clone(), &listener.url).expect("an address");
    let values = limits.values(tenancy, "compute").await.expect("limits");
    assert_eq!((values[0].name.as_str(), values[0].value), (limit, Some(16)));
    assert_eq!(values[0].availability_domain.as_deref(), Some(domain));
    let ask = async || limits.availability("compute", limit, tenancy, Some(domain)).await;
    let left = ask().await.expect("numbers");
    assert_eq!((left.used, left.available, left.effective_quota_value), (Some(3), Some(13), None));
    assert_eq!(ask().await.expect("nothing is said"), Availability::default());
    assert!(ask().await.expect_err("it is not counted").is_not_found());
    for (op, asked) in ["limits_values", "limits_availability"].into_iter().zip(listener.asked()) {
        assert_like(op, &asked);
    }
}
