//! Bitbucket Cloud tells who somebody is by its API.

use serde_json::Value;

use super::provider::Person;
use super::web::{Web, json};

/// What is asked for.
pub const SCOPES: &str = "account email";

/// Where its API is, beneath the provider that is in the configuration.
fn api(web: &Web) -> String {
    match web.place().host_str() {
        Some("bitbucket.org") => "https://api.bitbucket.org/2.0".to_owned(),
        _ => format!("{}/2.0", web.place().as_str().trim_end_matches('/')),
    }
}

/// Who has this access token.
///
/// # Errors
/// What went wrong, for the log.
pub async fn person(web: &Web, access: &str, wants_workspaces: bool) -> Result<Person, String> {
    let api = api(web);
    let ask = |path: &'static str| {
        let url = web.checked(&format!("{api}{path}"));
        async move { json(web.get(url?).bearer_auth(access)).await.map_err(|why| format!("{path}: {why}")) }
    };
    let user = ask("/user").await?;
    let subject = user["uuid"].as_str().ok_or("/user: it has no uuid")?.to_owned();
    let name = user["username"].as_str().or(user["nickname"].as_str()).unwrap_or_default().to_owned();
    let is_theirs = |email: &&Value| email["is_primary"] == true && email["is_confirmed"] == true;
    let emails = ask("/user/emails").await?;
    let email = values(&emails).find(is_theirs).and_then(|email| email["email"].as_str()).map(str::to_owned);
    let mut organisations = Vec::new();
    if wants_workspaces {
        let memberships = ask("/user/permissions/workspaces?pagelen=100").await?;
        let slugs = values(&memberships).filter_map(|membership| membership["workspace"]["slug"].as_str());
        organisations = slugs.map(str::to_owned).collect();
    }
    Ok(Person { subject, name, email, organisations })
}

fn values(page: &Value) -> impl Iterator<Item = &Value> {
    page["values"].as_array().into_iter().flatten()
}
