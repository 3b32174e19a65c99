//! One package: the provider in one version for one platform.

use std::io;
use std::path::{Path, PathBuf};

use super::{PROGRAM, archive};

/// The provider in one version for one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its version: `0.1.0`.
    pub version: String,
    /// The system that it runs on, in the words of Go: `linux`.
    pub os: String,
    /// The processor: `amd64`.
    pub arch: String,
    /// The file.
    pub file: PathBuf,
    /// The SHA-256 of the file, in hex.
    pub sum: String,
    /// The hash of what is in it, as lock files of Terraform have it: `h1:…`.
    pub content: String,
}

/// What a package is called after.
pub(super) struct Name {
    version: String,
    os: String,
    arch: String,
}

impl Name {
    /// What the name of a file says, where it is that of a package.
    pub fn of(file: &Path) -> Option<Self> {
        let name = file.file_name()?.to_str()?;
        let rest = name.strip_prefix(PROGRAM)?.strip_prefix('_')?.strip_suffix(".zip")?;
        let [version, os, arch] = rest.split('_').collect::<Vec<_>>().try_into().ok()?;
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_named = is_version(version) && is_word(os) && is_word(arch);
        is_named.then(|| Self { version: version.to_owned(), os: os.to_owned(), arch: arch.to_owned() })
    }
}

/// Three numbers, and perhaps words behind them: `1.2.3-rc.1`.
fn is_version(text: &str) -> bool {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<_> = core.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b".-+".contains(&byte);
    numbers.len() == 3 && numbers.iter().all(is_number) && text.bytes().all(is_known)
}

impl Package {
    pub(super) fn read(name: Name, file: &Path) -> io::Result<Self> {
        let (sum, content) = archive::hashes(file)?;
        let Name { version, os, arch } = name;
        Ok(Self { version, os, arch, file: file.to_owned(), sum, content })
    }

    /// What its file is called.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{PROGRAM}_{}_{}_{}.zip", self.version, self.os, self.arch)
    }

    /// Whether the list of sums in the folder, where there is one of its version, has it as it is.
    pub(super) fn is_as_listed(&self, folder: &Path) -> bool {
        let list = folder.join(format!("{PROGRAM}_{}_SHA256SUMS", self.version));
        let Ok(list) = std::fs::read_to_string(&list) else { return true };
        let name = self.name();
        let mut lines = list.lines().filter_map(|line| line.split_once(char::is_whitespace));
        let is_listed = lines.any(|(sum, file)| file.trim_start_matches([' ', '*']) == name && sum == self.sum);
        if !is_listed {
            tracing::error!(package = name, "SHA256SUMS has another sum, or none, of it; it is not handed out");
        }
        is_listed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_called_after_its_version_and_platform() {
        let name = |text: &str| Name::of(Path::new(text)).map(|name| [name.version, name.os, name.arch].join(" "));
        let right = "folder/terraform-provider-monkeyci_1.2.3-rc.1_linux_amd64.zip";
        assert_eq!(name(right).as_deref(), Some("1.2.3-rc.1 linux amd64"));
        for wrong in [
            "terraform-provider-monkeyci_1.2_linux_amd64.zip",
            "terraform-provider-monkeyci_1.2.x_linux_amd64.zip",
            "terraform-provider-monkeyci_1.2.3_linux_amd64_x.zip",
            "terraform-provider-monkeyci_1.2.3_linux_.zip",
            "terraform-provider-monkeyci_1.2.3_linux_amd64.tar",
            "terraform-provider-other_1.2.3_linux_amd64.zip",
            "terraform-provider-monkeyci_1.2.3 _linux_amd64.zip",
        ] {
            assert_eq!(name(wrong), None, "{wrong}");
        }
    }
}
