//! How many requests are signed in a second: `cargo bench -p oci-signer`.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::hint::black_box;
use std::time::Duration;

use oci_signer::{Covers, PrivateKey, Request, sign};
use rustix::time::{ClockId, clock_gettime};

/// Seconds that it signs, and how often. They are those of the processor: others may use the machine too.
const LONG: f64 = 0.5;
const ROUNDS: usize = 10;

fn main() {
    let key = PrivateKey::generate().expect("a key");
    let body = vec![b'x'; 2000];
    let request = Request {
        method: "POST",
        host: "compute-containers.eu-frankfurt-1.oci.oraclecloud.com",
        target: "/20210415/containerInstances",
        content_type: "application/json",
        body: &body,
        covers: Covers::Everything,
    };
    let mut rates: Vec<f64> = (0..ROUNDS).map(|_| rate(&request, &key)).collect();
    rates.sort_by(f64::total_cmp);
    println!(
        "signatures in a second, one core: {:.0} (best), {:.0} (median); at least 2000 are wanted",
        rates[ROUNDS - 1],
        rates[ROUNDS / 2]
    );
}

fn rate(request: &Request<'_>, key: &PrivateKey) -> f64 {
    let begin = spent();
    let mut count = 0_u32;
    while spent() - begin < LONG {
        let signed =
            sign(request, "Thu, 05 Jan 2023 21:31:40 GMT", "ocid1.tenancy.oc1..t/ocid1.user.oc1..u/0b:f2", key);
        black_box(signed.expect("it can be signed"));
        count += 1;
    }
    f64::from(count) / (spent() - begin)
}

/// Seconds that a processor has worked for this thread.
fn spent() -> f64 {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(spent.tv_sec.try_into().unwrap_or(0), spent.tv_nsec.try_into().unwrap_or(0)).as_secs_f64()
}
