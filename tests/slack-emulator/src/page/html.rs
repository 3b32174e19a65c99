//! HTML that cannot be broken by what is shown.

/// A text, as it stands between tags and in attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A link, where the address is one that a browser may follow.
pub(super) fn link(url: &str, html: &str) -> String {
    let is_safe = ["https://", "http://", "mailto:"].iter().any(|start| url.starts_with(start));
    if is_safe { format!(r#"<a href="{}" rel="noreferrer">{html}</a>"#, escaped(url)) } else { html.to_owned() }
}

/// Hidden fields of a form.
pub(super) fn hidden(fields: &[(&str, &str)]) -> String {
    let one =
        |(name, value): &(&str, &str)| format!(r#"<input type="hidden" name="{name}" value="{}">"#, escaped(value));
    fields.iter().map(one).collect()
}
