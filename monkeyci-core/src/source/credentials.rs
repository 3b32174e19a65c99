//! Hands credentials to git and ssh without a trace: not in an address, an argument, a variable or a file that stays.

use std::fmt;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::url::{GitUrl, Scheme};

/// What a server is shown to be let in.
#[derive(Clone, Default)]
pub enum Credentials {
    /// Nothing: for public repositories.
    #[default]
    None,
    /// User and password of `https`; forges take a token as the password.
    Password {
        /// The user; forges that only look at the token take any.
        username: String,
        /// The password or token.
        password: String,
    },
    /// Keys of `ssh`.
    SshKey(SshKey),
    /// Whatever the person at the terminal uses: the ssh agent, the keys and known hosts in `~/.ssh`. Never for a server.
    User,
}

/// Private keys with the hosts that they may be used on.
#[derive(Clone)]
pub struct SshKey {
    /// The private keys in OpenSSH's or PEM format, without passphrase; they are shown to the server one after the other
    /// until it takes one.
    pub private_keys: Vec<String>,
    /// Lines as `ssh-keyscan` prints them. A host that is not among them is refused.
    pub known_hosts: String,
}

/// Shows which kind it is, never what it holds.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Password { .. } => "Password(…)",
            Self::SshKey(_) => "SshKey(…)",
            Self::User => "User",
        })
    }
}

impl fmt::Debug for SshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SshKey(…)")
    }
}

impl Credentials {
    /// The texts that must not show up in what git prints.
    pub(super) fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Password { username, password } => vec![password, username],
            Self::SshKey(key) => key.private_keys.iter().map(String::as_str).collect(),
            Self::None | Self::User => Vec::new(),
        }
    }
}

/// A private folder with what one fetch needs to be let in; it goes away with this value.
pub(super) struct Handover {
    folder: tempfile::TempDir,
    /// Ends of the pipes that answers lie in. They are lost when nobody holds them.
    _pipes: Vec<File>,
    /// Variables for git.
    pub(super) env: Vec<(&'static str, String)>,
}

/// How often each run of git of a plain fetch may ask: for the refs, for the commit, and for all when that was refused.
const PLAIN: usize = 3;
/// The same where git-lfs and submodules ask, too.
const MANY: usize = 32;

impl Handover {
    /// Prepares one fetch; `many` when git-lfs or submodules are part of it.
    pub(super) fn new(credentials: &Credentials, url: &GitUrl, many: bool) -> io::Result<Self> {
        let folder = private_folder()?;
        let home = folder.path().join("home");
        fs::create_dir(&home)?;
        let mut handover = Self { folder, _pipes: Vec::new(), env: vec![("HOME", text(&home)?)] };
        match credentials {
            Credentials::Password { username, password } => handover.askpass(url, username, password, many)?,
            Credentials::SshKey(key) => handover.key(key)?,
            Credentials::User => {
                handover.env.push(("GIT_SSH_COMMAND", ssh(&[])));
                handover.env.extend(std::env::var("SSH_AUTH_SOCK").ok().map(|path| ("SSH_AUTH_SOCK", path)));
            }
            Credentials::None => {
                handover.env.push(("GIT_SSH_COMMAND", ssh(&["-oIdentityFile=none", "-oIdentityAgent=none"])));
            }
        }
        Ok(handover)
    }

    /// The empty folder that takes the place of the user's home.
    pub(super) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Writes the program that git asks for user and password. It holds neither: it reads each from a pipe that only
    /// this user can open, and only for the host that they are meant for.
    fn askpass(&mut self, url: &GitUrl, username: &str, password: &str, many: bool) -> io::Result<()> {
        if !matches!(url.scheme(), Scheme::Https | Scheme::Http) {
            return Err(io::Error::other("user and password are for `https`; `ssh` takes a key"));
        }
        if [username, password].iter().any(|text| text.contains(['\n', '\r', '\0']) || text.len() > 1024) {
            return Err(io::Error::other("user or password has a line break, or more than 1024 bytes"));
        }
        for (name, answer) in [("username", username), ("password", password)] {
            let pipe = self.pipe(name, answer, if many { MANY } else { PLAIN })?;
            self._pipes.push(pipe);
        }
        let script = self.folder.path().join("askpass");
        // A prompt reads `Username for 'https://HOST': ` or `Password for 'https://USER@HOST': `; git-lfs adds a path.
        // An answer that is used up reads as an empty line.
        let program = format!(
            r#"#!/bin/sh
case "$1" in
"Username for '{scheme}://"*) name=username ;;
"Password for '{scheme}://"*) name=password ;;
*) exit 1 ;;
esac
host=${{1#*://}}
host=${{host%%\'*}}
host=${{host%%/*}}
[ "${{host##*@}}" = '{host}' ] || exit 1
IFS= read -r answer < "${{0%/*}}/$name" && [ -n "$answer" ] && printf '%s\n' "$answer"
"#,
            scheme = url.scheme().as_str(),
            host = url.host(),
        );
        // Another process writes it: a child that this one forks meanwhile would hold it open for writing, and what is open so
        // cannot be run. Git does not try again.
        let mut writer = std::process::Command::new("/bin/sh")
            .args(["-c", "cat > \"$0\" && chmod 700 \"$0\""])
            .arg(&script)
            .stdin(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()?;
        let written = writer.stdin.take().map_or(Ok(()), |mut pipe| pipe.write_all(program.as_bytes()));
        let ended = writer.wait_with_output()?;
        if !ended.status.success() {
            let (why, at) = (String::from_utf8_lossy(&ended.stderr), script.display());
            return Err(io::Error::other(format!(
                "`{at}`, which git asks for a password, cannot be written: {}",
                why.trim()
            )));
        }
        written?;
        self.env.push(("GIT_ASKPASS", text(&script)?));
        Ok(())
    }

    /// A named pipe that holds `answer`, `count` times. It is opened for both directions, so that opening does not wait
    /// for a reader, and what is written stays in memory.
    fn pipe(&self, name: &str, answer: &str, count: usize) -> io::Result<File> {
        let path = self.folder.path().join(name);
        let made = std::process::Command::new("mkfifo").arg("-m600").arg(&path).status()?;
        if !made.success() {
            return Err(io::Error::other("`mkfifo` failed"));
        }
        let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        let mut pipe = OpenOptions::new().read(true).write(true).custom_flags(flags).open(&path)?;
        // The empty lines at the end answer who asks too often, instead of letting it wait.
        pipe.write_all(format!("{answer}\n").repeat(count).as_bytes())?;
        pipe.write_all(&[b'\n'; 256])?;
        Ok(pipe)
    }

    /// Writes the keys for ssh, which reads keys from files only: in memory where the system has a folder for that, for
    /// this user alone, gone when the run is over.
    fn key(&mut self, key: &SshKey) -> io::Result<()> {
        let write = |name: &str, content: &str| {
            let path = self.folder.path().join(name);
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(content.trim().as_bytes())?;
            file.write_all(b"\n")?;
            text(&path)
        };
        let hosts = write("known_hosts", &key.known_hosts)?;
        let mut options = vec![
            "-oIdentitiesOnly=yes".to_owned(),
            "-oIdentityAgent=none".to_owned(),
            format!("-oUserKnownHostsFile={}", quoted(&hosts)),
            "-oGlobalKnownHostsFile=/dev/null".to_owned(),
        ];
        for (index, key) in key.private_keys.iter().enumerate() {
            let identity = write(&format!("key-{index}"), key)?;
            options.push(format!("-oIdentityFile={}", quoted(&identity)));
        }
        self.env.push(("GIT_SSH_COMMAND", ssh(&options.iter().map(String::as_str).collect::<Vec<_>>())));
        Ok(())
    }
}

/// The ssh command, which a shell reads: no configuration of anybody, no questions, no unknown hosts.
fn ssh(options: &[&str]) -> String {
    let fixed = "ssh -F /dev/null -oStrictHostKeyChecking=yes -oBatchMode=yes -oConnectTimeout=30 -oUpdateHostKeys=no \
                 -oClearAllForwardings=yes -oPermitLocalCommand=no -oControlMaster=no";
    format!("{fixed} {}", options.join(" "))
}

/// Quotes for a shell and, inside, for ssh, which splits paths at spaces itself.
fn quoted(path: &str) -> String {
    format!("'\"{path}\"'")
}

/// A path without the characters that shell and ssh give a meaning to.
fn text(path: &Path) -> io::Result<String> {
    match path.to_str() {
        Some(text) if !text.contains(['\'', '"', '\\', '%', '$', '\n']) => Ok(text.to_owned()),
        _ => {
            Err(io::Error::other(format!("`{}` cannot be handed to ssh: set TMPDIR to a simpler path", path.display())))
        }
    }
}

fn private_folder() -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("monkeyci-git-").permissions(Permissions::from_mode(0o700));
    let memory = Path::new("/dev/shm");
    if cfg!(target_os = "linux") && memory.is_dir() {
        // It may be there and not writable.
        if let Ok(folder) = builder.tempdir_in(memory) {
            return Ok(folder);
        }
    }
    builder.tempdir()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn ask(handover: &Handover, prompt: &str) -> (bool, String) {
        let program = &handover.env.iter().find(|(name, _)| *name == "GIT_ASKPASS").expect("has one").1;
        let output = Command::new(program).arg(prompt).output().expect("runs");
        (output.status.success(), String::from_utf8(output.stdout).expect("text"))
    }

    #[test]
    fn a_password_is_told_a_few_times_and_only_for_its_host() {
        let url: GitUrl = "https://example.com:8443/acme/web".parse().expect("a url");
        let credentials = Credentials::Password { username: "bob".into(), password: "it's $HOME".into() };
        let handover = Handover::new(&credentials, &url, false).expect("prepares");
        for prompt in [
            "Username for 'https://evil.example': ",
            "Password for 'https://bob@evil.example': ",
            "Password for 'http://bob@example.com:8443': ",
            "Username for 'https://example.com:8443.evil.example': ",
            "Password for 'https://x@evil.example/@example.com:8443': ",
        ] {
            assert_eq!(ask(&handover, prompt), (false, String::new()), "{prompt}");
        }
        assert_eq!(ask(&handover, "Username for 'https://example.com:8443': "), (true, "bob\n".into()));
        for _ in 0..PLAIN {
            let answer = ask(&handover, "Password for 'https://bob@example.com:8443': ");
            assert_eq!(answer, (true, "it's $HOME\n".into()));
        }
        assert_eq!(ask(&handover, "Password for 'https://bob@example.com:8443': "), (false, String::new()));
        let script = fs::read_to_string(handover.folder.path().join("askpass")).expect("reads");
        assert!(!script.contains("it's") && !script.contains("bob"));
    }

    #[test]
    fn a_key_is_for_this_user_alone_and_leaves_nothing() {
        let url: GitUrl = "git@example.com:acme/web".parse().expect("a url");
        let key = SshKey { private_keys: vec!["PRIVATE".into()], known_hosts: "example.com ssh-ed25519 AAAA".into() };
        let handover = Handover::new(&Credentials::SshKey(key), &url, false).expect("prepares");
        let folder = handover.folder.path().to_owned();
        assert_eq!(folder.metadata().expect("is there").permissions().mode() & 0o777, 0o700);
        assert_eq!(folder.join("key-0").metadata().expect("is there").permissions().mode() & 0o777, 0o600);
        assert!(handover.env.iter().all(|(_, value)| !value.contains("PRIVATE")));
        drop(handover);
        assert!(!folder.exists());
    }

    #[test]
    fn debug_output_holds_no_secret() {
        let password = Credentials::Password { username: "bob".into(), password: "s3cr3t".into() };
        let key = Credentials::SshKey(SshKey { private_keys: vec!["s3cr3t".into()], known_hosts: String::new() });
        assert!(!format!("{password:?} {key:?}").contains("s3cr3t"));
    }

    #[test]
    fn a_password_with_a_line_break_or_for_ssh_is_refused() {
        let refused = |url: &str, password: &str| {
            let credentials = Credentials::Password { username: "bob".into(), password: password.into() };
            Handover::new(&credentials, &url.parse().expect("a url"), false).is_err()
        };
        assert!(refused("https://example.com/a", "a\nb"));
        assert!(refused("git@example.com:a", "fine"));
    }
}
