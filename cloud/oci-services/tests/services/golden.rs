//! What Oracle's own Python client has sent, call by call.

use serde_json::Value;

use crate::listener::Asked;

/// Its requests, recorded: those of container instances and Object Storage, and those that `record.py` has it send.
const GOLDEN: [&str; 2] = [include_str!("golden.json"), include_str!("recorded.json")];

/// Whether we ask as Oracle's client did.
pub fn assert_like(op: &str, asked: &Asked) {
    let golden = GOLDEN.into_iter().flat_map(calls).find(|call| call["op"] == op);
    let golden = golden.unwrap_or_else(|| panic!("`{op}` was not recorded"));
    assert_eq!(asked.method, golden["method"].as_str().expect("a method"), "{op}");
    assert_eq!(asked.target, golden["path"].as_str().expect("a path"), "{op}");
    for (name, value) in golden["headers"].as_object().expect("headers") {
        // It sends a media type with requests that have no body, which nobody reads.
        if name == "content-type" && !matches!(asked.method.as_str(), "POST" | "PUT") {
            continue;
        }
        assert_eq!(asked.header(name), value.as_str(), "{op}: {name}");
    }
    let (theirs, ours) = (golden["body"].as_str().expect("a body"), asked.body.as_str());
    if theirs.starts_with('{') {
        let read = |text: &str| numbers(serde_json::from_str(text).expect("it is JSON"));
        assert_eq!(read(ours), read(theirs), "{op}");
    } else {
        assert_eq!(ours, theirs, "{op}");
    }
}

fn calls(recorded: &str) -> Vec<Value> {
    let mut all: Value = serde_json::from_str(recorded).expect("it is JSON");
    let Value::Array(calls) = all["calls"].take() else { panic!("it is no list of calls") };
    calls
}

/// Oracle's client still sends what was recorded of it.
#[tokio::test]
async fn what_was_recorded_is_what_oracle_s_own_client_sends() {
    let python = std::env::var("MONKEYCI_TEST_PYTHON").unwrap_or_else(|_| "python3".into());
    let mut find = std::process::Command::new(&python);
    find.args(["-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('oci') is None)"]);
    if !find.output().is_ok_and(|found| found.status.success()) {
        let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
        let is_required = required.split(',').any(|name| name == "python-oci" || name == "all");
        assert!(!is_required, "`python-oci` is required and missing: {python} has no module `oci`");
        eprintln!("skipped: python-oci: {python} has no module `oci` (MONKEYCI_TEST_PYTHON names another Python)");
        return;
    }
    let recording =
        std::process::Command::new(python).args(["-c", include_str!("record.py")]).output().expect("it runs");
    assert!(recording.status.success(), "{}", String::from_utf8_lossy(&recording.stderr));
    let said = String::from_utf8(recording.stdout).expect("text");
    assert_eq!(calls(&said), calls(GOLDEN[1]), "`python record.py > recorded.json` records anew");
}

/// All numbers of one kind: `1` and `1.0` are the same to a service.
fn numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().into(),
        Value::Array(items) => items.into_iter().map(numbers).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, numbers(value))).collect(),
        other => other,
    }
}
