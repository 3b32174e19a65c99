//! What stands between angle brackets in texts: mentions and links.

/// What stands between `<` and `>`.
fn marked(text: &str) -> impl Iterator<Item = &str> {
    text.split('<').skip(1).filter_map(|part| part.split_once('>').map(|(inside, _)| inside))
}

/// Ids of the people that a text mentions.
pub(crate) fn mentions(text: &str) -> Vec<&str> {
    let names = marked(text).filter_map(|inside| inside.strip_prefix('@'));
    names.map(|name| name.split_once('|').map_or(name, |(name, _)| name)).collect()
}

/// URLs in a text, each once.
pub(crate) fn links(text: &str) -> Vec<String> {
    let is_link = |word: &&str| word.starts_with("https://") || word.starts_with("http://");
    let mut found: Vec<String> = Vec::new();
    let inside = marked(text).map(|inside| inside.split_once('|').map_or(inside, |(url, _)| url));
    let bare = text.split(|c: char| c.is_whitespace() || c == '<' || c == '>' || c == '|');
    for url in inside.chain(bare).filter(is_link) {
        let url = url.trim_end_matches(['.', ',', ')', '!', '?']).replace("&amp;", "&");
        if !found.contains(&url) {
            found.push(url);
        }
    }
    found
}

/// The host of a URL.
pub(crate) fn host(url: &str) -> Option<String> {
    let rest = url.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    Some(host.split_once(':').map_or(host, |(host, _)| host).to_ascii_lowercase())
}

/// What a person types, as Slack passes it on: links in angle brackets, and `&`, `<` and `>` escaped outside of them.
pub(crate) fn typed(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let is_marked = rest[at + 1..].starts_with(['@', '#', '!']) || rest[at + 1..].starts_with("http");
        let end = rest[at..].find('>').filter(|_| is_marked);
        let before = &rest[..at];
        out.push_str(&linked(before));
        match end {
            Some(end) => {
                out.push_str(&rest[at..=at + end]);
                rest = &rest[at + end + 1..];
            }
            None => {
                out.push_str("&lt;");
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(&linked(rest));
    out
}

fn linked(text: &str) -> String {
    let is_link = |word: &str| word.starts_with("https://") || word.starts_with("http://");
    let words = text.split_inclusive(char::is_whitespace).map(|piece| {
        let word = piece.trim_end();
        let escaped = word.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let space = &piece[word.len()..];
        if is_link(word) { format!("<{escaped}>{space}") } else { format!("{escaped}{space}") }
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_mentions_are_found_however_they_are_written() {
        let text = "hi <@U1> and <@U2|bob>: <https://ci.example.com/a?b=1&amp;c=2|#2>, http://x.example.com/y.";
        assert_eq!(mentions(text), ["U1", "U2"]);
        assert_eq!(links(text), ["https://ci.example.com/a?b=1&c=2", "http://x.example.com/y"]);
        assert_eq!(host("https://u:p@CI.example.com:8080/a").as_deref(), Some("ci.example.com"));
    }

    #[test]
    fn what_is_typed_is_escaped_but_for_marks() {
        let told = typed("a < b & c <@U1> see https://ci.example.com/1 <b>");
        assert_eq!(told, "a &lt; b &amp; c <@U1> see <https://ci.example.com/1> &lt;b&gt;");
    }
}
