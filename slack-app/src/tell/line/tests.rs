use proptest::prelude::*;

use super::*;

fn place() -> Place {
    Place::new("T1", "C1")
}

/// What a subscription with the usual wishes has told of builds of a ref that end so, one after the other: `x` failed, `.`
/// succeeded, `w` waits for a person and then succeeds.
fn told(ends: &str, not_before: Option<Millis>) -> Line {
    let (mut line, mut was_bad) = (Line::default(), false);
    for (index, end) in ends.chars().enumerate() {
        let build = index as u64 + 1;
        let news = |came, on: Option<Moment>| News {
            build,
            time: build as Millis * 1000,
            came,
            wanted: on.into_iter().map(|on| wanted(on, not_before)).collect(),
        };
        if end == 'w' {
            line.tell(&news(None, Some(Moment::Waiting)));
        }
        let after = match (end, was_bad) {
            ('x', false) => news(Some(Came::Bad), Some(Moment::Failed)),
            ('x', true) => news(Some(Came::Bad), None),
            (_, true) => news(Some(Came::Good), Some(Moment::Recovered)),
            (_, false) => news(Some(Came::Good), None),
        };
        was_bad = end == 'x';
        // As a job fails, and as the build ends; and again after a crash.
        for _ in 0..3 {
            line.tell(&after);
        }
        if not_before.is_none() {
            for post in line.posts.iter_mut().filter(|post| post.stand == Stand::Wanted) {
                post.stand = Stand::At { ts: format!("{build}.0") };
            }
        }
    }
    line
}

fn wanted(on: Moment, not_before: Option<Millis>) -> Wanted {
    Wanted {
        place: place(),
        on,
        subscription: "web".into(),
        why: "it does".into(),
        not_before,
        style: None,
        together: None,
    }
}

/// The messages in brief: for what, of which build now, how many builds are broken, whether it was mended.
fn brief(line: &Line) -> Vec<String> {
    let post = |post: &Post| {
        let red = post.red.as_ref().map(|red| format!(" {}-{}", red.first, red.last)).unwrap_or_default();
        let mended =
            post.red.as_ref().and_then(|red| red.mended).map(|(by, _)| format!(" mended {by}")).unwrap_or_default();
        let silent = if matches!(post.stand, Stand::Silent { .. }) { " silent" } else { "" };
        format!("{} #{}{red}{mended}{silent}", post.on.as_str(), post.build)
    };
    line.posts.iter().map(post).collect()
}

#[test]
fn what_follows_each_other_is_told_in_one_message() {
    for (ends, messages) in [
        ("", vec![]),
        (".....", vec![]),
        ("x", vec!["failed #1 1-1"]),
        (".xxx", vec!["failed #4 2-4"]),
        (".xx.", vec!["failed #3 2-3 mended 4", "recovered #4 2-3 mended 4"]),
        ("x.x", vec!["failed #1 1-1 mended 2", "recovered #2 1-1 mended 2", "failed #3 3-3"]),
        ("w", vec!["waiting #1"]),
        ("xw", vec!["failed #1 1-1 mended 2", "waiting #2"]),
    ] {
        assert_eq!(brief(&told(ends, None)), messages, "{ends}");
    }
}

#[test]
fn what_is_mended_in_the_quiet_hours_is_never_told() {
    assert_eq!(brief(&told("xx.", Some(1_000_000))), ["failed #2 1-2 mended 3 silent"]);
    assert_eq!(brief(&told("xx.x", Some(1_000_000))), ["failed #2 1-2 mended 3 silent", "failed #4 4-4"]);
}

#[test]
fn a_build_that_is_overtaken_changes_nothing() {
    let mut line = told(".xx", None);
    let late = |came, on: Option<Moment>| News {
        build: 1,
        time: 9000,
        came: Some(came),
        wanted: on.into_iter().map(|on| wanted(on, None)).collect(),
    };
    let before = line.clone();
    line.tell(&late(Came::Good, None));
    line.tell(&late(Came::Bad, Some(Moment::Failed)));
    assert_eq!(line, before);
}

#[test]
fn what_is_older_than_what_stands_there_is_dropped() {
    let mut line = told("x", None);
    line.posts[0].shown = Some(Shown { digest: "d".into(), build: 1, seq: 9 });
    assert!(line.posts[0].is_stale(1, 8) && !line.posts[0].is_stale(1, 9) && !line.posts[0].is_stale(2, 1));
}

proptest! {
    #[test]
    fn a_build_has_one_message_at_most_and_an_uneventful_one_none(ends in "[.xw]{0,60}") {
        let line = told(&ends, None);
        let kept: Vec<&Post> = line.posts.iter().collect();
        for pair in kept.windows(2) {
            prop_assert!(pair[0].build <= pair[1].build);
        }
        let mut begun: Vec<u64> = kept.iter().map(|post| post.begun).collect();
        let all = begun.len();
        begun.dedup();
        prop_assert_eq!(begun.len(), all);
        let chars: Vec<char> = ends.chars().collect();
        for build in begun {
            let at = usize::try_from(build).expect("small") - 1;
            let before = at.checked_sub(1).map(|at| chars[at]);
            let eventful = chars[at] == 'w' || (chars[at] == 'x') != (before == Some('x'));
            prop_assert!(eventful, "#{build} of {ends}");
        }
        prop_assert!(line.posts.len() <= KEPT);
    }

    #[test]
    fn what_is_kept_is_read_back(ends in "[.xw]{0,20}") {
        let line = told(&ends, None);
        let json = serde_json::to_string(&line).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<Line>(&json).expect("a line"), line);
    }
}

#[test]
fn a_thousand_builds_are_told_in_no_more_messages_than_things_changed() {
    // 20 branches with 50 builds each, of which one in eight breaks what was fine, and every other one mends it.
    let mut seed = 7_u64;
    let mut draw = |of: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % of
    };
    let (mut messages, mut changes, mut failures) = (0, 0, 0);
    for _ in 0..20 {
        let (mut ends, mut is_bad) = (String::new(), false);
        for _ in 0..50 {
            let turns = if is_bad { draw(2) == 0 } else { draw(8) == 0 };
            is_bad ^= turns;
            changes += usize::from(turns);
            failures += usize::from(is_bad);
            ends.push(if is_bad { 'x' } else { '.' });
        }
        messages += told(&ends, None).posts.len();
    }
    assert_eq!(messages, changes, "one for each change, and nothing else");
    assert!(failures > 150 && messages < 250, "{failures} builds failed, {messages} messages");
}
