//! Whether there is room for jobs: what the limits of a tenancy, and quotas, leave for each kind of machine.
//!
//! Container instances have no limits of their own: they share those of `compute` with virtual machines, which count OCPUs and
//! memory for each kind of processor in each availability domain.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt as _};
use oci_services::Error;
use oci_services::limits::{Availability, LimitValue, Limits};
use oci_signer::Client;

use super::tenancy::{Tenancy, hasty};
use super::{Finding, bad, doubtful, good};

const WHAT: &str = "limits";

/// The service that has them.
const SERVICE: &str = "compute";

/// Limits that are asked about at once.
const ABREAST: usize = 8;

/// How much of something is left, of how much there may be.
#[derive(Clone, Copy, Default)]
struct Left {
    most: i64,
    left: i64,
}

/// What is left of OCPUs and memory in an availability domain.
#[derive(Default)]
struct Room {
    ocpus: Left,
    memory: Left,
}

/// What a limit counts.
#[derive(Clone, Copy)]
enum Counts {
    Ocpus,
    Memory,
}

/// Looks how much room there is for each of the shapes.
pub(super) async fn examine(
    tenancy: &Tenancy,
    client: &Client,
    region: &str,
    compartment: &str,
    shapes: &[String],
) -> Vec<Finding> {
    let limits = match Limits::at(client.clone(), &tenancy.address("limits", region)) {
        Ok(limits) => limits.with(hasty),
        Err(error) => return vec![bad(WHAT, error.to_string())],
    };
    let root = match tenancy.account.tenancy().await {
        Ok(Some(root)) => root,
        Ok(None) => {
            return vec![doubtful(
                WHAT,
                "whose tenancy this is cannot be known, so that its limits cannot be asked for",
            )];
        }
        Err(error) => return vec![bad(WHAT, error.to_string())],
    };
    let values = match limits.values(&root, SERVICE).await {
        Ok(values) => values,
        Err(error) => return vec![unseen(&error)],
    };
    let asked = values.iter().filter_map(|value| {
        let (shape, counts) = shapes.iter().find_map(|shape| Some((shape, counts(shape, &value.name)?)))?;
        Some((shape, counts, value, value.availability_domain.as_deref()?))
    });
    let limits = &limits;
    let asked = asked.map(|(shape, counts, value, domain)| async move {
        Ok::<_, Error>((shape, domain, counts, left(limits, value, compartment, domain).await?))
    });
    let mut rooms: BTreeMap<&String, BTreeMap<&str, Room>> = BTreeMap::new();
    let mut answers = stream::iter(asked.collect::<Vec<_>>()).buffer_unordered(ABREAST);
    while let Some(answer) = answers.next().await {
        match answer {
            Ok((shape, domain, counts, left)) => {
                let room = rooms.entry(shape).or_default().entry(domain).or_default();
                match counts {
                    Counts::Ocpus => room.ocpus = left,
                    Counts::Memory => room.memory = left,
                }
            }
            Err(error) => return vec![unseen(&error)],
        }
    }
    told(shapes, &rooms)
}

/// What a limit counts, where it is one of a shape: those of `CI.Standard.E4.Flex` are `standard-e4-core-count` and
/// `standard-e4-memory-count`, and the cores of some kinds are `…-core-ad-count`.
fn counts(shape: &str, limit: &str) -> Option<Counts> {
    let family = shape.strip_prefix("CI.")?.strip_suffix(".Flex")?.to_ascii_lowercase().replace('.', "-");
    match limit.strip_prefix(&family)? {
        "-core-count" | "-core-ad-count" => Some(Counts::Ocpus),
        "-memory-count" => Some(Counts::Memory),
        _ => None,
    }
}

/// What is left of a limit. Where nothing may be had, nobody need be asked; where nobody counts, all of it is.
async fn left(limits: &Limits, value: &LimitValue, compartment: &str, domain: &str) -> Result<Left, Error> {
    let most = value.value.unwrap_or_default();
    if most <= 0 {
        return Ok(Left::default());
    }
    let said = match limits.availability(SERVICE, &value.name, compartment, Some(domain)).await {
        Err(error) if error.is_not_found() => Availability::default(),
        said => said?,
    };
    let most = said.effective_quota_value.map_or(most, |quota| most.min(quota as i64));
    Ok(Left { most, left: said.available.unwrap_or(most).max(0) })
}

fn unseen(error: &Error) -> Finding {
    match error.status() {
        Some(404) => doubtful(
            WHAT,
            format!(
                "whoever asks may not see them, which a policy allows: `allow group NAME to read resource-availability in \
                 tenancy` ({error})"
            ),
        ),
        _ => doubtful(WHAT, error.to_string()),
    }
}

/// What was seen, in words for people: what there is room for, and what there is none for.
fn told(shapes: &[String], rooms: &BTreeMap<&String, BTreeMap<&str, Room>>) -> Vec<Finding> {
    let mut found = Vec::new();
    let (mut none, mut unknown) = (Vec::new(), Vec::new());
    for shape in shapes {
        let Some(domains) = rooms.get(shape) else {
            unknown.push(shape.as_str());
            continue;
        };
        let open = domains.iter().filter(|(_, room)| room.ocpus.left > 0 && room.memory.left > 0);
        let open: Vec<_> = open
            .map(|(domain, Room { ocpus, memory })| {
                format!("{domain} has {} of {} OCPUs and {} of {} GB", ocpus.left, ocpus.most, memory.left, memory.most)
            })
            .collect();
        if open.is_empty() {
            none.push(shape.as_str());
        } else {
            found.push(good(WHAT, format!("{shape}: {}", open.join("; "))));
        }
    }
    let raise =
        "ask for more under Limits, Quotas and Usage in the console, where container instances are among Compute";
    if !none.is_empty() {
        let none = none.join(", ");
        found.push(if found.is_empty() && unknown.is_empty() {
            bad(WHAT, format!("there is room for no job: the limits of {none} are 0, or used up, in every availability domain; {raise}"))
        } else {
            doubtful(
                WHAT,
                format!(
                    "there is no room for {none}: the limits are 0, or used up, in every availability domain; leave them out of \
                     `shapes`, or {raise}"
                ),
            )
        });
    }
    if !unknown.is_empty() {
        found.push(doubtful(WHAT, format!("no limit of `{SERVICE}` is known for {}", unknown.join(", "))));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_known_by_the_names_of_shapes() {
        let is = |shape, limit| counts(shape, limit).map(|counts| matches!(counts, Counts::Memory));
        assert_eq!(is("CI.Standard.E4.Flex", "standard-e4-core-count"), Some(false));
        assert_eq!(is("CI.Standard.E4.Flex", "standard-e4-memory-count"), Some(true));
        assert_eq!(is("CI.Standard.E3.Flex", "standard-e3-core-ad-count"), Some(false));
        assert_eq!(is("CI.Standard.E4.Flex", "standard-e4-core-count-reservable"), None);
        assert_eq!(is("CI.Standard.E4.Flex", "standard-e5-core-count"), None);
        assert_eq!(is("CI.Standard.A1.Flex", "standard-a1-core-regional-count"), None);
        assert_eq!(is("VM.Standard.E4.Flex", "standard-e4-core-count"), None);
    }
}
