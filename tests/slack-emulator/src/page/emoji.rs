//! Emoji by their names. Circles and marks are drawn, so that they look alike wherever pictures are made.

use super::html::escaped;

const DRAWN: &[(&str, &str, &str)] = &[
    ("red_circle", "#d92b3a", ""),
    ("large_green_circle", "#2f9e58", ""),
    ("large_blue_circle", "#2b6fd9", ""),
    ("blue_circle", "#2b6fd9", ""),
    ("large_yellow_circle", "#e0b01f", ""),
    ("large_orange_circle", "#e07b1f", ""),
    ("large_purple_circle", "#8b3fb0", ""),
    ("white_circle", "#d3d5d8", ""),
    ("black_circle", "#26282b", ""),
    ("white_check_mark", "#2f9e58", "M4.4 8.3l2.4 2.5 4.8-5.4"),
    ("heavy_check_mark", "#2f9e58", "M4.4 8.3l2.4 2.5 4.8-5.4"),
    ("x", "#d92b3a", "M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6"),
    ("no_entry", "#d92b3a", "M4.5 8h7"),
    ("no_entry_sign", "#d92b3a", "M4.8 11.2l6.4-6.4"),
    ("warning", "#e0b01f", "M8 4.4v4.2M8 11.2v.1"),
    ("information_source", "#2b6fd9", "M8 7.2v4M8 4.8v.1"),
    ("hourglass_flowing_sand", "#8a8d91", "M8 4.6V8l2.4 1.6"),
    ("hourglass", "#8a8d91", "M8 4.6V8l2.4 1.6"),
    ("double_vertical_bar", "#8a8d91", "M6.4 5.4v5.2M9.6 5.4v5.2"),
    ("arrow_right", "#2b6fd9", "M4.6 8h6.6M8.6 5.4L11.2 8l-2.6 2.6"),
    ("fast_forward", "#8a8d91", "M4.8 5.4L7.4 8l-2.6 2.6M8.4 5.4L11 8l-2.6 2.6"),
    ("raised_hand", "#e0a32f", "M5 8.6V6M7 8V4.6M9 8V4.6M11 8.6V6M5 8.6c0 1.6 1.2 3 3 3s3-1.4 3-3"),
];

/// Some more that apps for builds use, as the inside of a picture of 16 by 16.
const SHAPES: &[(&str, &str)] = &[
    (
        "eyes",
        r##"<g fill="#fff" stroke="#55585c" stroke-width=".8"><ellipse cx="4.6" cy="8" rx="3.2" ry="4.4"/><ellipse cx="11.4" cy="8" rx="3.2" ry="4.4"/></g><circle cx="5.6" cy="8.6" r="1.7" fill="#26282b"/><circle cx="12.4" cy="8.6" r="1.7" fill="#26282b"/>"##,
    ),
    (
        "sparkles",
        r##"<path fill="#e8b923" d="M7 2l1.4 4L12.4 7.4 8.4 8.8 7 12.8 5.6 8.8 1.6 7.4 5.6 6zM12.6 10l.7 2 2 .7-2 .7-.7 2-.7-2-2-.7 2-.7z"/>"##,
    ),
    (
        "rocket",
        r##"<path fill="#d3d5d8" d="M14 2c-4 0-7 2.4-8.6 6L8 10.6C11.6 9 14 6 14 2z"/><path fill="#d92b3a" d="M5.8 6.8L2.6 8l2 1.4zM9.2 10.2L8 13.4l-1.4-2z"/><circle cx="10.6" cy="5.4" r="1.3" fill="#2b6fd9"/><path fill="#e8a02f" d="M4.8 9.6L2 14l4.4-2.8z"/>"##,
    ),
    (
        "bell",
        r##"<path fill="#e8b923" d="M8 2a4.2 4.2 0 0 0-4.2 4.2c0 3.6-1.3 4.6-1.3 5.4h11c0-.8-1.3-1.8-1.3-5.4A4.2 4.2 0 0 0 8 2zM6.4 12.6a1.6 1.6 0 0 0 3.2 0z"/>"##,
    ),
    (
        "no_bell",
        r##"<path fill="#8a8d91" d="M8 2a4.2 4.2 0 0 0-4.2 4.2c0 3.6-1.3 4.6-1.3 5.4h11c0-.8-1.3-1.8-1.3-5.4A4.2 4.2 0 0 0 8 2zM6.4 12.6a1.6 1.6 0 0 0 3.2 0z"/><path stroke="#d92b3a" stroke-width="1.6" d="M2 2l12 12"/>"##,
    ),
    (
        "repeat",
        r##"<rect width="16" height="16" rx="3" fill="#2b6fd9"/><path d="M4 7.6c0-2 1.6-2.6 3-2.6h4.6M9.8 3l2 2-2 2M12 8.4c0 2-1.6 2.6-3 2.6H4.4M6.2 13l-2-2 2-2" fill="none" stroke="#fff" stroke-width="1.5"/>"##,
    ),
    (
        "lock",
        r##"<path d="M5 7.6V5.4a3 3 0 0 1 6 0v2.2" fill="none" stroke="#8a8d91" stroke-width="1.6"/><rect x="3.4" y="7.4" width="9.2" height="6.6" rx="1.4" fill="#e8b923"/>"##,
    ),
];

const SIGNS: &[(&str, &str)] = &[
    ("tada", "🎉"),
    ("mute", "🔇"),
    ("wrench", "🔧"),
    ("hammer", "🔨"),
    ("package", "📦"),
    ("key", "🔑"),
    ("link", "🔗"),
    ("bug", "🐛"),
    ("fire", "🔥"),
    ("monkey", "🐒"),
    ("monkey_face", "🐵"),
    ("+1", "👍"),
    ("-1", "👎"),
    ("wave", "👋"),
    ("clock1", "🕐"),
    ("stopwatch", "⏱"),
    ("calendar", "📅"),
    ("memo", "📝"),
    ("mag", "🔍"),
    ("zzz", "💤"),
    ("pray", "🙏"),
    ("heart", "❤"),
    ("star", "⭐"),
    ("thumbsup", "👍"),
    ("gear", "⚙"),
    ("books", "📚"),
    ("arrows_counterclockwise", "🔄"),
];

/// An emoji as HTML; its name, where it is not known here.
pub(super) fn emoji(name: &str) -> String {
    if let Some((_, colour, path)) = DRAWN.iter().find(|(known, ..)| *known == name) {
        let mark = if path.is_empty() {
            String::new()
        } else {
            format!(
                r##"<path d="{path}" fill="none" stroke="#fff" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round"/>"##
            )
        };
        return format!(
            r#"<svg class="emoji" viewBox="0 0 16 16" role="img" aria-label="{name}"><circle cx="8" cy="8" r="7" fill="{colour}"/>{mark}</svg>"#
        );
    }
    if let Some((_, shape)) = SHAPES.iter().find(|(known, _)| *known == name) {
        return format!(r#"<svg class="emoji" viewBox="0 0 16 16" role="img" aria-label="{name}">{shape}</svg>"#);
    }
    match SIGNS.iter().find(|(known, _)| *known == name) {
        Some((_, sign)) => format!(r#"<span class="emoji" role="img" aria-label="{name}">{sign}</span>"#),
        None => format!(":{}:", escaped(name)),
    }
}

/// Whether a name is one of an emoji, known or not.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_+-'".contains(c))
        && !name.chars().all(|c| c.is_ascii_digit())
}
