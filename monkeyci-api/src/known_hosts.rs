//! Keys of hosts that may be spoken to over SSH.

use ssh_key::PublicKey;

/// Hosts of the well-known forges, as they publish them.
pub const PINNED: &str = "\
github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl
gitlab.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf
bitbucket.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIazEu89wgQZ4bqs3d63QSMzYVa0MuJ2e2gKTKqu+UUO
codeberg.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIVIC02vnjFyL+I4RHfvIGNtOgJMe769VTF1VR4EB3ZB
";

/// Bytes of the most lines that somebody may give.
const MOST: usize = 16 * 1024;

/// Checks lines as `ssh-keyscan` prints them.
///
/// # Errors
/// The first line that is none, for people.
pub fn check(text: &str) -> Result<(), String> {
    if text.len() > MOST {
        return Err(format!("known hosts have at most {MOST} bytes"));
    }
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let is_host =
            |(hosts, key): (&str, &str)| !hosts.starts_with('@') && PublicKey::from_openssh(key.trim()).is_ok();
        if !line.split_once(char::is_whitespace).is_some_and(is_host) {
            return Err(format!(
                "line {number} is no known host: a line is the host and its key, `git.example.com ssh-ed25519 AAAA…`, \
                 as `ssh-keyscan` prints it"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ssh_key::HashAlg;

    use super::*;

    #[test]
    fn the_pinned_hosts_have_the_fingerprints_that_their_forges_publish() {
        check(PINNED).expect("they are known hosts");
        let published = [
            ("github.com", "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"),
            ("gitlab.com", "SHA256:eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8"),
            ("bitbucket.org", "SHA256:ybgmFkzwOSotHTHLJgHO0QN8L0xErw6vd0VhFA9m3SM"),
            ("codeberg.org", "SHA256:mIlxA9k46MmM6qdJOdMnAQpzGxF4WIVVL+fj+wZbw0g"),
        ];
        for (line, (host, fingerprint)) in PINNED.lines().zip(published) {
            let (name, key) = line.split_once(' ').expect("two parts");
            let key = PublicKey::from_openssh(key).expect("a key");
            assert_eq!((name, key.fingerprint(HashAlg::Sha256).to_string().as_str()), (host, fingerprint));
        }
    }

    #[test]
    fn what_is_no_known_host_is_told_by_its_line() {
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIVIC02vnjFyL+I4RHfvIGNtOgJMe769VTF1VR4EB3ZB";
        check(&format!("# ours\n\n[git.example.com]:2222,10.0.0.1 {key}\n")).expect("a host");
        for (text, line) in [
            (format!("git.example.com {key}\ngit.example.com"), "line 2"),
            (format!("@cert-authority *.example.com {key}"), "line 1"),
            ("git.example.com ssh-ed25519 AAAA".into(), "line 1"),
            (key.into(), "line 1"),
        ] {
            assert!(check(&text).is_err_and(|why| why.contains(line)), "{text}");
        }
    }
}
