//! Where in Oracle Cloud jobs run.

use std::collections::BTreeMap;
use std::time::Duration;

/// Where in Oracle Cloud jobs run, and what they are given there.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The region, as `eu-frankfurt-1`.
    pub region: String,
    /// The compartment that instances are made in. Nothing of anybody else's in it is touched.
    pub compartment: String,
    /// The availability domains that are tried in turn, as `Uocm:EU-FRANKFURT-1-AD-1`.
    pub availability_domains: Vec<String>,
    /// The shapes that are tried in turn, of those that have the architecture of the job.
    pub shapes: Vec<String>,
    /// The subnet of jobs: one for all availability domains, or one for each of them.
    pub subnets: Vec<String>,
    /// The security groups that jobs are in.
    pub security_groups: Vec<String>,
    /// Whether jobs have an address that the internet can send to. Without one, the subnet needs a gateway to it.
    pub public_ip: bool,
    /// The image of the sidecar, which is the program `monkeyci` itself.
    pub sidecar_image: String,
    /// The namespace of Object Storage.
    pub namespace: String,
    /// The bucket that workspaces and reports go through.
    pub bucket: String,
    /// Ids of secrets of Vault that hold credentials of private registries, by the registry's host. What a job's own
    /// organisation has for a host comes before.
    pub pull_secrets: BTreeMap<String, String>,
    /// How long a job waits for room.
    pub patience: Duration,
    /// How often the instances are listed, for all jobs at once.
    pub poll: Duration,
    /// Where Container Instances are, for a private endpoint; the region's own when that is not said.
    pub instances_endpoint: Option<String>,
    /// Where Object Storage is, for a private endpoint; the region's own when that is not said.
    pub storage_endpoint: Option<String>,
}

impl Settings {
    /// How long a job waits for room where nothing else is said.
    pub const PATIENCE: Duration = Duration::from_secs(30 * 60);
    /// How often instances are listed where nothing else is said.
    pub const POLL: Duration = Duration::from_secs(5);
    /// The shapes where nothing else is said.
    pub const SHAPES: [&'static str; 3] = ["CI.Standard.E4.Flex", "CI.Standard.E5.Flex", "CI.Standard.A1.Flex"];

    /// Looks for what cannot be used.
    ///
    /// # Errors
    /// The first key that is wrong, by the name that it has in files, and why.
    pub fn check(&self) -> Result<(), String> {
        let ids = [
            ("compartment", std::slice::from_ref(&self.compartment), &["compartment", "tenancy"][..]),
            ("subnets", &self.subnets, &["subnet"]),
            ("security-groups", &self.security_groups, &["networksecuritygroup"]),
        ];
        for (key, values, kinds) in ids {
            for value in values {
                if !kinds.iter().any(|kind| is_id(value, kind)) {
                    return Err(format!("{key}: `{value}` is no id: `ocid1.{}.` and more is expected", kinds[0]));
                }
            }
        }
        let lists = [
            ("availability-domains", &self.availability_domains, "as `Uocm:EU-FRANKFURT-1-AD-1`"),
            ("shapes", &self.shapes, "as `CI.Standard.E4.Flex`"),
            ("subnets", &self.subnets, "as `ocid1.subnet.oc1.eu-frankfurt-1.aaaa`"),
        ];
        for (key, values, example) in lists {
            if values.is_empty() || values.iter().any(|value| value.trim().is_empty()) {
                return Err(format!("{key}: at least one is needed, {example}"));
            }
        }
        let (subnets, domains) = (self.subnets.len(), self.availability_domains.len());
        if subnets != 1 && subnets != domains {
            return Err(format!(
                "subnets: there are {subnets} for {domains} availability domains: name one for all, or one for each"
            ));
        }
        let texts = [
            ("region", &self.region),
            ("sidecar-image", &self.sidecar_image),
            ("namespace", &self.namespace),
            ("bucket", &self.bucket),
        ];
        for (key, value) in texts {
            if value.trim().is_empty() {
                return Err(format!("{key}: it is missing"));
            }
        }
        for (host, secret) in &self.pull_secrets {
            if !is_id(secret, "vaultsecret") {
                return Err(format!("pull-secrets: `{secret}`, for `{host}`, is no id of a secret of Vault"));
            }
        }
        Ok(())
    }
}

fn is_id(text: &str, kind: &str) -> bool {
    let rest = text.strip_prefix("ocid1.").and_then(|rest| rest.strip_prefix(kind));
    rest.is_some_and(|rest| rest.starts_with('.'))
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What a test can do with.
    pub(in super::super) fn settings() -> Settings {
        Settings {
            region: "eu-frankfurt-1".into(),
            compartment: "ocid1.compartment.oc1..aaaa".into(),
            availability_domains: ["AD-1", "AD-2"].map(Into::into).to_vec(),
            shapes: Settings::SHAPES.map(Into::into).to_vec(),
            subnets: vec!["ocid1.subnet.oc1.eu-frankfurt-1.aaaa".into()],
            security_groups: vec!["ocid1.networksecuritygroup.oc1.eu-frankfurt-1.aaaa".into()],
            public_ip: false,
            sidecar_image: "fra.ocir.io/acme/monkeyci:1".into(),
            namespace: "acme".into(),
            bucket: "monkeyci".into(),
            pull_secrets: BTreeMap::new(),
            patience: Settings::PATIENCE,
            poll: Settings::POLL,
            instances_endpoint: None,
            storage_endpoint: None,
        }
    }

    #[test]
    fn what_cannot_be_used_is_named_by_its_key() {
        assert_eq!(settings().check(), Ok(()));
        let told = |change: fn(&mut Settings)| {
            let mut settings = settings();
            change(&mut settings);
            settings.check().expect_err("it is wrong")
        };
        for (key, change) in [
            ("compartment", (|settings| settings.compartment = "acme".into()) as fn(&mut Settings)),
            ("subnets", |settings| settings.subnets = vec!["ocid1.vcn.oc1..aaaa".into()]),
            ("subnets", |settings| settings.subnets.clear()),
            ("subnets", |settings| settings.subnets = vec!["ocid1.subnet.oc1..a".into(); 3]),
            ("security-groups", |settings| settings.security_groups.push("default".into())),
            ("availability-domains", |settings| settings.availability_domains.clear()),
            ("shapes", |settings| settings.shapes = vec![String::new()]),
            ("sidecar-image", |settings| settings.sidecar_image.clear()),
            ("bucket", |settings| settings.bucket.clear()),
            ("pull-secrets", |settings| {
                settings.pull_secrets.insert("fra.ocir.io".into(), "p4ssw0rd".into());
            }),
        ] {
            let told = told(change);
            assert!(told.starts_with(&format!("{key}: ")), "{told}");
        }
    }
}
