//! GitHub tells who somebody is by its API.

use serde_json::Value;

use super::provider::Person;
use super::web::{Web, json};

/// What is asked for: addresses, and organisations where those decide.
pub const SCOPES: &str = "read:user user:email read:org";

/// Who has this access token.
///
/// # Errors
/// What went wrong, for the log.
pub async fn person(web: &Web, access: &str) -> Result<Person, String> {
    let api = match web.place().host_str() {
        Some("github.com") => "https://api.github.com".to_owned(),
        _ => format!("{}/api/v3", web.place().as_str().trim_end_matches('/')),
    };
    let ask = |path: &'static str| {
        let url = web.checked(&format!("{api}{path}"));
        async move { json(web.get(url?).bearer_auth(access)).await.map_err(|why| format!("{path}: {why}")) }
    };
    let user = ask("/user").await?;
    // The number stays; a login may be given up, and taken by somebody else.
    let subject = user["id"].as_u64().ok_or("/user: it has no id")?.to_string();
    let name = user["login"].as_str().unwrap_or_default().to_owned();
    let is_theirs = |email: &&Value| email["primary"] == true && email["verified"] == true;
    let emails = ask("/user/emails").await?;
    let email = emails.as_array().into_iter().flatten().find(is_theirs).and_then(|email| email["email"].as_str());
    let orgs = ask("/user/orgs?per_page=100").await?;
    let logins = orgs.as_array().into_iter().flatten().filter_map(|org| org["login"].as_str());
    let organisations = logins.map(str::to_owned).collect();
    Ok(Person { subject, name, email: email.map(str::to_owned), organisations })
}
