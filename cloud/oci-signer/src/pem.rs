//! PEM as people have it in files: with text around it, and the headers of old.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// One block.
pub(crate) struct Pem {
    /// What it says that it is.
    pub label: String,
    /// Its headers, of which only protected keys have any.
    headers: Vec<(String, String)>,
    /// What it holds.
    pub bytes: Zeroizing<Vec<u8>>,
}

impl Pem {
    /// The first block of a text that is whole.
    pub fn first(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(str::trim);
        let label = lines.find_map(|line| line.strip_prefix("-----BEGIN ")?.strip_suffix("-----"))?;
        let end = format!("-----END {label}-----");
        let (mut headers, mut body) = (Vec::new(), Zeroizing::new(String::with_capacity(text.len())));
        for line in lines {
            if line == end {
                let bytes = Zeroizing::new(STANDARD.decode(body.as_bytes()).ok()?);
                return Some(Self { label: label.to_owned(), headers, bytes });
            }
            match line.split_once(':') {
                Some((name, value)) => headers.push((name.trim().to_owned(), value.trim().to_owned())),
                None => body.push_str(line),
            }
        }
        None
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What stands between the lines of the first block, as one line: so Oracle's token service wants certificates.
#[cfg(feature = "reqwest")]
pub(crate) fn body(text: &str) -> Option<String> {
    Pem::first(text).map(|pem| STANDARD.encode(&*pem.bytes))
}
