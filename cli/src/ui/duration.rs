//! How long something took, for people.

use monkeyci_core::model::Millis;

/// `millis` in at most six characters or so: `0.4s`, `12.3s`, `2m05s`, `1h02m`.
pub fn short(millis: Millis) -> String {
    let tenths = (millis.max(0) + 50) / 100;
    let seconds = (millis.max(0) + 500) / 1000;
    match seconds {
        0..60 => format!("{}.{}s", tenths / 10, tenths % 10),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        let shown: Vec<_> = [-5, 0, 49, 50, 12_345, 59_499, 59_500, 125_000, 3_725_000].map(short).into();
        assert_eq!(shown, ["0.0s", "0.0s", "0.0s", "0.1s", "12.3s", "59.5s", "1m00s", "2m05s", "1h02m"]);
    }
}
