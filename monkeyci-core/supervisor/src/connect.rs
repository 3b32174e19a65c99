//! Tells whether a service beside the job is ready: its ports accept connections.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How long one call looks; who wants to wait longer calls again.
const LOOK: Duration = Duration::from_secs(1);

/// Returns once every port accepts a connection from this machine.
///
/// # Errors
/// When one of them does not for a second; it is named.
pub fn ports(ports: &[u16]) -> io::Result<()> {
    let end = Instant::now() + LOOK;
    for port in ports {
        while let Err(error) = accepts(*port) {
            if Instant::now() >= end {
                return Err(io::Error::new(error.kind(), format!("port {port}: {error}")));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    Ok(())
}

fn accepts(port: u16) -> io::Result<()> {
    let connect = |address: SocketAddr| TcpStream::connect_timeout(&address, LOOK).map(drop);
    connect((Ipv4Addr::LOCALHOST, port).into()).or_else(|error| {
        // The first refusal counts: a machine without IPv6 refuses the second for another reason.
        connect((Ipv6Addr::LOCALHOST, port).into()).map_err(|_| error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_ready_when_somebody_listens() {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        ports(&[port]).expect("it listens");
        drop(listener);
        let error = ports(&[port]).expect_err("nobody listens");
        assert!(error.to_string().starts_with(&format!("port {port}: ")), "{error}");
    }
}
