//! A certificate for a server on this machine, of an authority of its own.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// The file of the authority.
pub const AUTHORITY: &str = "authority.pem";

/// Writes `tls.crt`, `tls.key` and the authority into a folder; returns the authority in PEM.
pub fn write(dir: &Path) -> String {
    let key = || KeyPair::generate().expect("a key");
    let mut of_authority = CertificateParams::new(Vec::new()).expect("no names");
    of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(of_authority, key()).expect("an authority");
    let own = key();
    let of_server = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()]).expect("names");
    let server = of_server.signed_by(&own, &authority).expect("a certificate");
    let pem = authority.pem();
    for (name, text) in [(AUTHORITY, &pem), ("tls.crt", &server.pem()), ("tls.key", &own.serialize_pem())] {
        std::fs::write(dir.join(name), text).expect("a file");
    }
    pem
}
