//! The forms in which a secret is looked for: what programs make of a value by accident.
//!
//! As it is; each line of at least [`LINE`] bytes; base64 and base64url at every alignment, so that it is found inside of
//! a longer text as well, cut into lines, and once more in base64; hex; percent-encoded; as JSON, a shell or `\n` escape it.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

use super::SHORTEST;

/// Bytes that a line must have to be looked for alone: shorter ones are `{` and `-----`.
pub(super) const LINE: usize = 8;

/// Every form of a value; none when it is too short to be looked for.
pub(super) fn forms(value: &str) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::new();
    let mut add = |form: Vec<u8>| {
        if form.len() >= SHORTEST {
            forms.insert(form);
        }
    };
    // A value from a file ends in a newline that programs strip.
    let value = value.trim_end_matches(['\r', '\n']);
    if value.len() < SHORTEST {
        return forms;
    }
    let bytes = value.as_bytes();
    add(bytes.to_vec());
    // Lines that JSON escapes, as those of a private key in a cloud's key file, are printed as lines by what reads it.
    let lines = value.lines().flat_map(|line| line.split("\\n"));
    for line in lines.map(str::trim).filter(|line| line.len() >= LINE) {
        add(line.as_bytes().to_vec());
    }
    for engine in [&BASE64_STANDARD_NO_PAD, &BASE64_URL_SAFE_NO_PAD] {
        for before in 0..3 {
            add(base64_within(engine, bytes, before));
        }
    }
    for before in 0..3 {
        pieces(&base64_within(&BASE64_STANDARD_NO_PAD, bytes, before), before, &mut add);
    }
    for ending in ["", "\n"] {
        let once = BASE64_STANDARD.encode(format!("{value}{ending}"));
        for before in 0..3 {
            add(base64_within(&BASE64_STANDARD_NO_PAD, once.trim_end_matches('=').as_bytes(), before));
        }
    }
    add(bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect());
    add(bytes.iter().flat_map(|byte| format!("{byte:02X}").into_bytes()).collect());
    // As strict programs, as Python's `quote` and as JavaScript's `encodeURIComponent` do it.
    for kept in ["-_.~", "-_.~/", "-_.~!'()*"] {
        let upper = percent(bytes, kept, |byte| format!("%{byte:02X}"));
        add(upper.replace("%20", "+").into_bytes());
        add(upper.into_bytes());
        add(percent(bytes, kept, |byte| format!("%{byte:02x}")).into_bytes());
    }
    let json = json(value);
    add(json.replace('/', "\\/").into_bytes());
    add(ascii(&json).into_bytes());
    add(json.into_bytes());
    add(value.replace('\'', r"'\''").into_bytes());
    add(value.replace('\'', r#"'"'"'"#).into_bytes());
    add(backslashed(value).into_bytes());
    add(value.replace('\r', "\\r").replace('\n', "\\n").into_bytes());
    forms
}

/// What every text in base64 holds that has `value` after `before` bytes (modulo 3): the characters at both ends that
/// depend on its neighbours as well are left away.
fn base64_within(engine: &GeneralPurpose, value: &[u8], before: usize) -> Vec<u8> {
    let padded = [&[0; 2][..before], value].concat();
    let mut encoded = engine.encode(&padded).into_bytes();
    encoded.truncate(padded.len() * 8 / 6);
    // 8 bits before are in 2 characters, 16 bits in 3.
    encoded.drain(..[0, 2, 3][before]);
    encoded
}

/// What finds `encoded`, which began after `before` bytes, in base64 that is cut into lines, as `base64` cuts it after 76
/// characters and `openssl` after 64.
///
/// Lines end between groups of four characters. So each run of three groups is looked for, and what stands around each
/// place where a line may end: that covers what is left of a group or two at an end of a line.
fn pieces(encoded: &[u8], before: usize, add: &mut impl FnMut(Vec<u8>)) {
    const RUN: usize = 12;
    add(encoded[..RUN.min(encoded.len())].to_vec());
    add(encoded[encoded.len().saturating_sub(RUN)..].to_vec());
    for at in ([4, 2, 1][before]..encoded.len()).step_by(4) {
        if let Some(run) = encoded.get(at..at + RUN) {
            add(run.to_vec());
        }
        let (start, end) = (at.saturating_sub(RUN), (at + RUN).min(encoded.len()));
        add([&encoded[start..at], b"\n", &encoded[at..end]].concat());
    }
}

fn percent(bytes: &[u8], kept: &str, escape: impl Fn(u8) -> String) -> String {
    let mut text = String::new();
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(byte) {
            text.push(char::from(*byte));
        } else {
            text.push_str(&escape(*byte));
        }
    }
    text
}

fn json(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// Other characters than ASCII as `\u1234`, as Python's `json.dumps` writes them.
fn ascii(json: &str) -> String {
    let mut text = String::new();
    for unit in json.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\u{unit:04x}")),
        }
    }
    text
}

/// As `printf %q` writes it.
fn backslashed(value: &str) -> String {
    let mut text = String::new();
    for char in value.chars() {
        if char.is_ascii() && !char.is_ascii_alphanumeric() && !"-_./:=@%+,".contains(char) {
            text.push('\\');
        }
        text.push(char);
    }
    text
}
