//! What the cloud itself tells a function, that was called without a gateway: who may do that is said by its policies.

use serde::Deserialize;

use monkeyci_core::model::BuildId;

/// What an event of Object Storage says of an object that is new, or written anew.
const WRITTEN: [&str; 2] = ["com.oraclecloud.objectstorage.createobject", "com.oraclecloud.objectstorage.updateobject"];

/// What follows from a call.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    /// Somebody decided about a build that waits: it is to go on.
    Build {
        /// Which, as `acme/web/7`.
        build: String,
        /// The same when it is told again.
        id: String,
    },
    /// It is to be looked whether something waits: by a schedule, or because a trigger was put into a folder.
    Look,
    /// Nothing, and why.
    Nothing(String),
}

/// An event, as Oracle's Events service sends it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    event_type: Option<String>,
    #[serde(rename = "eventID", default)]
    id: String,
    #[serde(default)]
    data: Data,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    #[serde(default)]
    resource_name: String,
}

impl Told {
    /// Reads what was sent. Nothing, or an object without a type of event, is a schedule.
    ///
    /// # Errors
    /// When it is no JSON object.
    pub fn read(body: &[u8]) -> Result<Self, String> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::Look);
        }
        let event: Event =
            serde_json::from_slice(body).map_err(|error| format!("an event of Oracle Cloud is expected: {error}"))?;
        let Some(kind) = event.event_type else { return Ok(Self::Look) };
        if !WRITTEN.contains(&kind.as_str()) {
            let kind: String = kind.chars().take(100).collect();
            return Ok(Self::Nothing(format!("nothing follows from `{}`", kind.escape_debug())));
        }
        let name = &event.data.resource_name;
        if name.contains("/waiting/") || name.starts_with("waiting/") {
            return Ok(Self::Look);
        }
        Ok(match commanded(name) {
            Some(build) => Self::Build { build, id: format!("event/{}/{name}", event.id) },
            None => Self::Nothing("the object is no command to a build".into()),
        })
    }
}

/// The build that a command object is for: `…/builds/ORG/REPO/NUMBER/commands/NAME`.
fn commanded(name: &str) -> Option<String> {
    let parts: Vec<&str> = name.split('/').collect();
    let place = parts.iter().rposition(|part| *part == "commands")?;
    let [.., "builds", org, repo, number] = parts.get(..place)? else { return None };
    let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
    // Of a name that anybody may have chosen, only what is a build goes into the arguments of a program.
    let build = BuildId::new(decoded(org)?.parse().ok()?, decoded(repo)?.parse().ok()?, number);
    Some(format!("{}/{}/{}", build.org, build.repo, build.number))
}

/// A name as it was before it became one of an object: there, `=` and two hex digits stand for what is no lower-case letter,
/// digit, `_`, `-` or `.`.
fn decoded(name: &str) -> Option<String> {
    let mut bytes = name.bytes();
    let mut decoded = Vec::with_capacity(name.len());
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'=' {
            let digits = [bytes.next()?, bytes.next()?];
            u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
        } else {
            byte
        });
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, name: &str) -> Vec<u8> {
        // As the documentation of the Events service has it.
        serde_json::json!({
            "eventType": kind, "cloudEventsVersion": "0.1", "eventTypeVersion": "2.0", "source": "ObjectStorage",
            "eventTime": "2026-11-27T12:00:00Z", "contentType": "application/json",
            "data": {
                "compartmentId": "ocid1.compartment.oc1..c", "compartmentName": "ci", "resourceName": name,
                "resourceId": format!("/n/acme/b/ci/o/{name}"), "availabilityDomain": "eu-frankfurt-1",
                "additionalDetails": { "bucketName": "ci", "namespace": "acme", "eTag": "e" }
            },
            "eventID": "e-1", "extensions": { "compartmentId": "ocid1.compartment.oc1..c" }
        })
        .to_string()
        .into_bytes()
    }

    #[test]
    fn a_command_to_a_build_has_it_go_on() {
        let told = Told::read(&event(WRITTEN[0], "ci/builds/acme/web/7/commands/01J")).expect("reads");
        let id = "event/e-1/ci/builds/acme/web/7/commands/01J".to_owned();
        assert_eq!(told, Told::Build { build: "acme/web/7".into(), id });
        let told = Told::read(&event(WRITTEN[0], "builds/=41cme/web/7/commands/01J")).expect("reads");
        assert!(matches!(told, Told::Build { build, .. } if build == "Acme/web/7"), "names are as they were");
    }

    #[test]
    fn a_trigger_and_a_schedule_have_it_looked() {
        assert_eq!(Told::read(&event(WRITTEN[0], "triggers/waiting/x.json")), Ok(Told::Look));
        assert_eq!(Told::read(b" \n"), Ok(Told::Look));
        assert_eq!(Told::read(b"{}"), Ok(Told::Look));
    }

    #[test]
    fn nothing_follows_from_anything_else() {
        for (kind, name) in [
            ("com.oraclecloud.objectstorage.deleteobject", "builds/acme/web/7/commands/1"),
            (WRITTEN[0], "builds/acme/web/7/events/1"),
            (WRITTEN[0], "builds/acme/web/0/commands/1"),
            (WRITTEN[0], "builds/--store/x y/7/commands/1"),
            (WRITTEN[0], "commands"),
            (WRITTEN[0], "builds/=2d=2dstore/web/7/commands/1"),
            (WRITTEN[0], "builds/=4/web/7/commands/1"),
        ] {
            let told = Told::read(&event(kind, name));
            assert!(matches!(told, Ok(Told::Nothing(_))), "{kind} {name}: {told:?}");
        }
        assert!(Told::read(b"[]").is_err() && Told::read(b"\xff").is_err());
    }
}
