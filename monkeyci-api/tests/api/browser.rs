//! A browser of somebody who signs in, and a server with a provider to do that by.

use std::collections::BTreeMap;

use axum::body::Body;
use http::{Method, Request, header};
use monkeyci_api::Config;
use serde_json::{Value, json};

use super::house::{Answer, House};
use super::provider::{CLIENT, Provider, SECRET};

const REDIRECT: &str = "https://ci.example.com/v1/sign-in/corp/callback";

/// A browser: it keeps cookies, and follows where it is sent.
#[derive(Default)]
pub struct Browser {
    pub cookies: BTreeMap<String, String>,
}

impl Browser {
    pub async fn ask(&mut self, house: &House, method: Method, path: &str, body: Option<Value>) -> Answer {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "ci.example.com")
            .header(header::ORIGIN, "https://ci.example.com")
            .header(header::USER_AGENT, "Browser of the test")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::COOKIE, cookies.join("; "));
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let answer = house.send(request.body(body).expect("a request")).await;
        for set in answer.headers.get_all(header::SET_COOKIE) {
            let set = set.to_str().expect("a cookie");
            for word in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
                assert!(set.contains(word), "{set}");
            }
            let (name, value) = set.split(';').next().and_then(|pair| pair.split_once('=')).expect("a pair");
            assert!(name.starts_with("__Host-"), "{name}");
            if set.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.into(), value.into());
            }
        }
        answer
    }

    /// Begins to sign in; returns where the browser goes.
    pub async fn begin(&mut self, house: &House, path: &str, body: Value) -> String {
        let begun = self.ask(house, Method::POST, path, Some(body)).await.must(200).json();
        begun["url"].as_str().expect("an address").to_owned()
    }

    /// Goes to the provider, and comes back; returns the path that it comes back to.
    pub async fn visit(&self, url: &str) -> String {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let answer = http.get(url).send().await.expect("it answers");
        assert_eq!(answer.status().as_u16(), 303, "{:?}", answer.text().await);
        let to = answer.headers()[header::LOCATION].to_str().expect("an address").to_owned();
        to.strip_prefix("https://ci.example.com").expect("our address").to_owned()
    }

    /// Comes back with what the provider gave; returns where our page is shown then.
    pub async fn back(&mut self, house: &House, path: &str) -> String {
        let answer = self.ask(house, Method::GET, path, None).await.must(303);
        answer.headers[header::LOCATION].to_str().expect("a path").to_owned()
    }

    pub async fn sign_in(&mut self, house: &House) -> String {
        let url = self.begin(house, "/v1/sign-in/corp", json!({})).await;
        let back = self.visit(&url).await;
        self.back(house, &back).await
    }

    pub async fn me(&mut self, house: &House) -> Option<Value> {
        let answer = self.ask(house, Method::GET, "/v1/me", None).await;
        answer.status.is_success().then(|| answer.json())
    }
}

/// A server with one provider of that kind, which is called `corp`.
pub async fn with(kind: &str, more: &str) -> (House, Provider) {
    let provider = Provider::start(REDIRECT).await;
    let url = provider.issuer();
    let house = House::set_up(|config: &mut Config| {
        let secret = config.state.with_file_name("client.secret");
        std::fs::write(&secret, format!("{SECRET}\n")).expect("writes");
        let text = format!(
            "[[sign-in]]\nid = 'corp'\nkind = '{kind}'\nurl = '{url}'\nclient-id = '{CLIENT}'\nclient-secret-file = '{}'\n{more}",
            secret.display()
        );
        // Stories fail to sign in more often than a person does.
        config.rate_limits.sign_ins = 10_000;
        config.sign_in = toml::from_str::<Config>(&text).expect("a configuration").sign_in;
    });
    (house.await, provider)
}
