//! The signer against recorded requests, Oracle's own SDK, and a service that verifies.

mod client;
mod config_file;
mod key;
mod metadata;
mod python;
mod refresh;
mod region;
mod request;
mod vectors;

/// Where the vectors are.
const VECTORS: &str = include_str!("vectors.json");

/// A vector's file, read.
fn vectors() -> serde_json::Value {
    serde_json::from_str(VECTORS).expect("it is JSON")
}

/// The text at a key.
fn text<'a>(value: &'a serde_json::Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("`{key}` is a text"))
}

/// A configuration file of one user, with what belongs to it, in a folder of its own.
struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    /// With the key of the vectors.
    fn new() -> Self {
        let home = Self { dir: tempfile::tempdir().expect("a folder") };
        home.write("key.pem", text(&vectors(), "private_key_pem"));
        home.config(&home.user());
        home
    }

    /// The profile of the user.
    fn user(&self) -> String {
        let all = vectors();
        let [tenancy, user, fingerprint] = ["tenancy", "user", "fingerprint"].map(|key| text(&all, key));
        let key = self.path("key.pem").display().to_string();
        format!(
            "[DEFAULT]\nuser={user}\nfingerprint={fingerprint}\ntenancy={tenancy}\nregion=eu-frankfurt-1\nkey_file={key}\n"
        )
    }

    /// What services know the user's key by.
    fn key_id(&self) -> String {
        let all = vectors();
        ["tenancy", "user", "fingerprint"].map(|key| text(&all, key)).join("/")
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("writes");
    }

    fn config(&self, text: &str) {
        self.write("config", text);
    }

    /// Reads a profile, and who it names.
    fn principal(&self, profile: &str) -> Result<oci_signer::Principal, oci_signer::Error> {
        let file = oci_signer::ConfigFile::find(Some(&self.path("config")))?;
        oci_signer::Principal::of_profile(file.profile(profile)?)
    }
}
