//! Pairs of measurements, and how they are shown.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How a section ends; an error means that it could not be measured.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// What a figure is held to.
pub enum Goal {
    /// Ours takes at most this long, on an idle machine of two cores.
    Within(Duration),
    /// Ours takes at most so many times as long as the floor.
    Times(f64),
    /// It is only shown.
    Shown,
}

/// Prints the heading of a section.
pub fn title(name: &str, about: &str) {
    println!("\n{about} ({name})");
    println!("{:44} {:>10} {:>10} {:>8}   goal", "", "floor", "ours", "ratio");
}

/// How often each pair is measured: `MONKEYCI_BENCH_PAIRS`, else `usual`.
pub fn rounds(usual: usize) -> usize {
    setting("PAIRS", usual).max(1)
}

/// A number from the environment variable `MONKEYCI_BENCH_<NAME>`.
pub fn setting(name: &str, usual: usize) -> usize {
    std::env::var(format!("MONKEYCI_BENCH_{name}")).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
}

/// Measures both in turns, once without looking at it, and prints the medians.
pub fn pairs(
    what: &str,
    rounds: usize,
    goal: &Goal,
    mut floor: impl FnMut() -> Outcome<Duration>,
    mut ours: impl FnMut() -> Outcome<Duration>,
) -> Outcome<Duration> {
    floor()?;
    ours()?;
    let mut pairs = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        pairs.push((floor()?.as_secs_f64(), ours()?.as_secs_f64()));
    }
    let of = |pick: fn(&(f64, f64)) -> f64| median(pairs.iter().map(pick).collect());
    let (floor, ours, ratio) = (of(|pair| pair.0), of(|pair| pair.1), of(|pair| pair.1 / pair.0));
    let verdict = match goal {
        Goal::Within(most) => verdict(&time(most.as_secs_f64()), ours <= most.as_secs_f64()),
        Goal::Times(most) => verdict(&format!("{most} ×"), ratio <= *most),
        Goal::Shown => String::new(),
    };
    println!("{what:44} {:>10} {:>10} {ratio:>6.2} ×   {verdict}", time(floor), time(ours));
    Ok(Duration::from_secs_f64(ours))
}

/// Prints what was measured in turns, floor and ours, by how much longer ours takes: the median of the pairs' differences, which
/// is held to `most`.
pub fn beside(what: &str, pairs: Vec<(Duration, Duration)>, most: Option<Duration>) {
    let of = |pick: fn(&(Duration, Duration)) -> f64| median(pairs.iter().map(pick).collect());
    let (floor, ours) = (of(|pair| pair.0.as_secs_f64()), of(|pair| pair.1.as_secs_f64()));
    let more = of(|pair| pair.1.as_secs_f64() - pair.0.as_secs_f64());
    let most = most.map(|most| most.as_secs_f64());
    let verdict = most.map_or(String::new(), |most| verdict(&format!("{} more", time(most)), more <= most));
    println!("{what:44} {:>10} {:>10} {:>8}   {verdict}", time(floor), time(ours), format!("{:+.0} ms", more * 1e3));
}

/// Prints a figure that is no time.
pub fn amount(what: &str, floor: &str, ours: &str, most: &str, holds: bool) {
    println!("{what:44} {floor:>10} {ours:>10} {:>8}   {}", "", verdict(most, holds));
}

/// Says that something could not be measured, and why; `need` is its name in `MONKEYCI_TEST_REQUIRE`.
pub fn skipped(need: &str, why: &str) -> Outcome {
    let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
    if required.split(',').any(|name| name == need || name == "all") {
        return Err(format!("`{need}` is required and missing: {why}").into());
    }
    println!("skipped: {need}: {why}");
    Ok(())
}

/// How long something took, without the drop of what it made.
pub fn timed<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<Duration> {
    let begin = Instant::now();
    let made = black_box(work()?);
    let took = begin.elapsed();
    drop(made);
    Ok(took)
}

fn verdict(most: &str, holds: bool) -> String {
    format!("≤ {most}{}", if holds { "" } else { "   OVER" })
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

fn time(seconds: f64) -> String {
    match seconds {
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 0.001 => format!("{:.1} ms", s * 1e3),
        s => format!("{:.1} µs", s * 1e6),
    }
}
