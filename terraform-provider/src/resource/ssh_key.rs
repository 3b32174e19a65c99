//! `monkeyci_ssh_key`.

use std::collections::BTreeMap;

use monkeyci_client::{Object, rest};
use rest::validate::Kind;
use tfplugin::{Computed, Result, Secret};

use crate::address;
use crate::declared::{Declared, declared, or_unset};
use crate::server::Server;

/// An SSH key by which the server reads repositories. Without `private_key_wo` the server makes the key, and its private part
/// never leaves it. It is imported by its path: `acme/ssh-key/deploy`.
#[derive(Clone, Debug, Default, tfplugin::Object)]
#[object(requires("private_key_wo", "private_key_wo_version"))]
pub struct SshKey {
    /// The organisation that it belongs to; that of the provider when it is not set.
    #[attribute(optional, replaces, keeps, identity)]
    org: Computed<String>,
    /// Its name in the organisation.
    #[attribute(replaces, identity)]
    name: String,
    /// The private part in the format of OpenSSH, without passphrase.
    #[attribute(write_only)]
    private_key_wo: Option<Secret>,
    /// Count it up to have `private_key_wo` written. When somebody else has written another key, it is written again.
    private_key_wo_version: Option<i64>,
    /// The repositories that are read with it: those that have all labels of one of these. All when it is not set.
    label_filters: Option<Vec<BTreeMap<String, String>>>,
    /// Keys of hosts that it may be used on, beside those that the server knows: lines as `ssh-keyscan` prints them.
    known_hosts: Option<String>,
    /// What it is for.
    description: Option<String>,
    /// The public part, as a forge takes it for a deploy key.
    public_key: Computed<String>,
    /// Its fingerprint, as forges show it: `SHA256:…`.
    fingerprint: Computed<String>,
    /// What it is called: `acme/ssh-key/deploy`.
    #[attribute(keeps)]
    id: Computed<String>,
    /// Rises with each private part that is written.
    version: Computed<u64>,
    /// Rises with each change.
    revision: Computed<u64>,
}

impl SshKey {
    fn without_key(&self) -> rest::SshKeyBody {
        rest::SshKeyBody {
            private_key: None,
            label_filters: rest::LabelFilters(self.label_filters.clone().unwrap_or_default()),
            known_hosts: self.known_hosts.clone(),
            description: self.description.clone(),
        }
    }
}

impl Declared for SshKey {
    type Answer = rest::SshKey;
    type Body = rest::SshKeyBody;
    const NOUN: &'static str = "SSH key";
    const KIND: Kind = Kind::SshKey;
    const ADDRESS: &'static str = "{org}/ssh-key/{name}";

    fn place(&mut self, server: &Server) -> Result<()> {
        self.id = format!("{}/ssh-key/{}", server.fill_org(&mut self.org)?, self.name).into();
        Ok(())
    }

    fn at(&self, server: &Server) -> Result<Object<rest::SshKey, rest::SshKeyBody>> {
        let org = server.fill_org(&mut self.org.clone())?;
        Ok(server.org(&org).ssh_key(&self.name))
    }

    fn name(&self) -> &str {
        &self.name
    }

    /// The private part is told only where the user has counted up, or where it is new.
    fn body(&self, prior: Option<&Self>) -> Result<rest::SshKeyBody> {
        let is_told = prior.is_none_or(|prior| prior.private_key_wo_version != self.private_key_wo_version);
        let key = self.private_key_wo.as_ref().filter(|_| is_told);
        Ok(rest::SshKeyBody { private_key: key.map(|key| key.expose().to_owned()), ..self.without_key() })
    }

    fn draft(&self) -> Result<rest::SshKeyBody> {
        Ok(self.without_key())
    }

    /// A key that is not the one that Terraform has written has no version of Terraform's.
    fn filled(self, answer: rest::SshKey) -> Self {
        let is_own = self.version.known().is_none_or(|version| *version == answer.version);
        Self {
            private_key_wo_version: self.private_key_wo_version.filter(|_| is_own),
            label_filters: or_unset(self.label_filters, answer.label_filters.0),
            known_hosts: answer.known_hosts,
            description: answer.description,
            public_key: answer.public_key.into(),
            fingerprint: answer.fingerprint.into(),
            version: answer.version.into(),
            revision: answer.revision.into(),
            ..self
        }
    }

    fn exported(&self, export: &rest::Export) -> Option<Option<rest::SshKey>> {
        Some(export.ssh_keys.iter().find(|found| found.name == self.name).cloned())
    }

    fn of_address(address: &str) -> Result<Self> {
        let [org, name] = address::imported("ORG/ssh-key/NAME", address)?;
        Ok(Self { org: org.into(), name: name.to_owned(), ..Self::default() })
    }

    fn revision(&self) -> Option<u64> {
        self.revision.known().copied()
    }

    fn attribute(&self, pointer: &str) -> String {
        if pointer == "/privateKey" { "/private_key_wo".to_owned() } else { pointer.to_owned() }
    }
}

declared!(SshKey, "ssh_key");
