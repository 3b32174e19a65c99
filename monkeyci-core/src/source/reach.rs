//! Which networks an address leads to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::url::{GitUrl, Scheme};

/// Where the host of a repository is.
#[derive(Debug)]
pub(super) struct Place {
    host: String,
    port: u16,
    addresses: Vec<IpAddr>,
}

impl Place {
    /// Looks up where `url` leads. A name that nobody knows has no addresses: git will say so, or a proxy knows it.
    pub(super) async fn of(url: &GitUrl) -> Self {
        let default = match url.scheme() {
            Scheme::File => return Self { host: String::new(), port: 0, addresses: Vec::new() },
            Scheme::Https => 443,
            Scheme::Http => 80,
            Scheme::Ssh => 22,
        };
        let named = url.host().rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
        let (host, port) = named.unwrap_or((url.host(), default));
        let found = tokio::net::lookup_host(format!("{host}:{port}")).await;
        let addresses = found.map(|found| found.map(|address| address.ip()).collect()).unwrap_or_default();
        Self { host: host.to_owned(), port, addresses }
    }

    /// Whether it has an address of this machine or of a network behind it.
    pub(super) fn is_private(&self) -> bool {
        self.addresses.iter().any(|address| !is_public(*address))
    }

    /// The setting that keeps git, where it speaks HTTP, to the addresses that were found: a name may lead elsewhere the
    /// next time that it is looked up. Nothing where none were found.
    pub(super) fn setting(&self) -> Option<String> {
        let addresses: Vec<String> = self
            .addresses
            .iter()
            .map(|address| match address {
                IpAddr::V4(address) => address.to_string(),
                IpAddr::V6(address) => format!("[{address}]"),
            })
            .collect();
        let is_name = self.host.parse::<IpAddr>().is_err() && !self.host.starts_with('[');
        let (host, port) = (&self.host, self.port);
        (is_name && !addresses.is_empty()).then(|| format!("http.curloptResolve={host}:{port}:{}", addresses.join(",")))
    }
}

/// Whether an address is one of the internet at large: none of the special ones that IANA registers (RFC 6890).
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match address.segments() {
            // Addresses of the old kind in the clothes of the new (RFC 4291 §2.5.5, RFC 6052 §2.1).
            [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                is_public_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
            }
            _ => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        [0 | 10 | 127, ..] | [100, 64..128, ..] | [169, 254, ..] | [172, 16..32, ..] => true,
        [192, 0, 0 | 2, _] | [192, 168, ..] | [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => true,
        [first, ..] => first >= 224,
    };
    !special
}

/// Of the new addresses only 2000::/3 is given out.
fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // Tunnels that end anywhere (6to4, Teredo), and addresses for documentation.
        [0x2002, ..] | [0x2001, 0 | 0xdb8, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Case N1: a name that leads elsewhere the next time.
    #[tokio::test]
    async fn a_name_is_kept_to_where_it_led_when_it_was_looked_at() {
        let place = |url: &str| {
            let url: GitUrl = url.parse().expect("a url");
            async move { Place::of(&url).await }
        };
        let here = place("http://localhost:8080/a").await;
        let setting = here.setting().expect("it was found");
        assert!(here.is_private() && setting.starts_with("http.curloptResolve=localhost:8080:"), "{setting}");
        assert!(setting.contains("127.0.0.1") || setting.contains("[::1]"), "{setting}");
        let addressed = place("https://[::1]/a").await;
        assert!(addressed.is_private() && addressed.setting().is_none(), "{addressed:?}");
        let nowhere = place("https://nowhere.invalid/a").await;
        assert!(!nowhere.is_private() && nowhere.setting().is_none(), "{nowhere:?}");
        let two = Place {
            host: "example.com".into(),
            port: 443,
            addresses: vec!["203.0.113.9".parse().expect("one"), "2606:4700::1".parse().expect("one")],
        };
        assert_eq!(two.setting().as_deref(), Some("http.curloptResolve=example.com:443:203.0.113.9,[2606:4700::1]"));
    }

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        for public in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "192.169.1.1", "2606:4700::1111", "64:ff9b::808:808"] {
            assert!(is_public(public.parse().expect("an address")), "{public}");
        }
        for private in [
            "127.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a00:1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2002:7f00:1::",
            "2001:db8::1",
        ] {
            assert!(!is_public(private.parse().expect("an address")), "{private}");
        }
    }

    #[tokio::test]
    async fn a_host_is_looked_up_with_and_without_a_port() {
        for url in [
            "https://localhost/a",
            "https://127.0.0.1:8443/a",
            "ssh://git@[::1]/a",
            "git@[::1]:a",
            "http://2130706433/a",
        ] {
            let Ok(url) = url.parse::<GitUrl>() else { continue };
            assert!(Place::of(&url).await.is_private(), "{url}");
        }
        for url in
            ["file:///srv/a", "https://8.8.8.8/a", "https://[2606:4700::1111]/a", "https://no.such.host.invalid/a"]
        {
            assert!(!Place::of(&url.parse().expect("an address")).await.is_private(), "{url}");
        }
    }
}
