//! Functions, as they are invoked and through the gateway.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixListener;

use crate::Caller;

/// A function that answers what it is sent, and says which of its headers it saw; it ends with the test.
pub fn echo(caller: &Caller) -> tokio::task::JoinHandle<()> {
    let socket = caller.folder.path().join("fn.sock");
    let listener = UnixListener::bind(&socket).expect("a socket");
    let id = "ocid1.fnfunc.oc1..f".to_owned();
    let mut state = caller.oracle.state();
    state.settings.functions.insert(id.clone(), format!("unix:{}", socket.display()));
    state.settings.routes.insert("/webhook/".into(), id);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut came = Vec::new();
                let (head, length) = loop {
                    let mut piece = [0; 4096];
                    let read = stream.read(&mut piece).await.unwrap_or(0);
                    came.extend_from_slice(&piece[..read]);
                    let text = String::from_utf8_lossy(&came).into_owned();
                    let Some((head, body)) = text.split_once("\r\n\r\n") else {
                        if read == 0 { return } else { continue }
                    };
                    let length = head
                        .lines()
                        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
                    if body.len() >= length.unwrap_or(0) {
                        break (head.to_owned(), length.unwrap_or(0));
                    }
                };
                let body = came[came.len() - length..].to_vec();
                let header = |name: &str| {
                    let line = head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}: ")));
                    line.map_or("", |line| &line[name.len() + 2..]).to_owned()
                };
                let (path, signature) = (header("fn-http-request-url"), header("fn-http-h-x-hub-signature-256"));
                let is_contract = head.starts_with("POST /call ")
                    && !header("fn-call-id").is_empty()
                    && !header("fn-deadline").is_empty();
                let status = if is_contract { "200 OK" } else { "502 Bad Gateway" };
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\nfn-http-status: 202\r\nfn-http-h-x-path: {path}\r\nfn-http-h-x-signature: {signature}\r\ncontent-length: {length}\r\n\r\n"
                );
                drop(stream.write_all(&[answer.as_bytes(), &body].concat()).await);
            });
        }
    })
}

#[tokio::test]
async fn a_forge_reaches_a_function_through_the_gateway() {
    let caller = Caller::new().await;
    let _function = echo(&caller);
    let url = format!("{}/gateway/webhook/github/1?x=y", caller.oracle.url());
    let request = reqwest::Client::new().post(url).header("x-hub-signature-256", "sha256=ab").body("{\"a\":1}");
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 202);
    assert_eq!(
        (&answer.headers()["x-path"], &answer.headers()["x-signature"]),
        (&"/webhook/github/1?x=y".parse().expect("one"), &"sha256=ab".parse().expect("one"))
    );
    assert_eq!(answer.text().await.expect("a text"), "{\"a\":1}");
    let invoke = "/20181201/functions/ocid1.fnfunc.oc1..f/actions/invoke";
    assert_eq!(caller.post(invoke, &json!({ "a": 1 })).await.must(200).text(), "{\"a\":1}");
    assert_eq!(
        caller.post("/20181201/functions/ocid1.fnfunc.oc1..g/actions/invoke", &Value::Null).await.refusal().0,
        404
    );
    // Nobody listens.
    caller.oracle.state().settings.functions.insert("ocid1.fnfunc.oc1..h".into(), "unix:/nowhere".into());
    let refused = caller.post("/20181201/functions/ocid1.fnfunc.oc1..h/actions/invoke", &Value::Null).await;
    assert_eq!(refused.refusal(), (502, "FunctionInvokeContainerInitFail".into()));
}
