use monkeyci_client::ClientError;

use crate::server::{Server, answer, problem};

fn cut(status: u16, headers: &str, body: &str, of: usize) -> Vec<u8> {
    format!("HTTP/1.1 {status} Status\r\n{headers}content-length: {of}\r\n\r\n{body}").into_bytes()
}

async fn downloaded(server: &Server) -> Result<(String, u64), ClientError> {
    let mut to = Vec::new();
    let size = server.client().org("acme").repo("web").build(3).artifact("dist").download(&mut to).await?;
    Ok((String::from_utf8(to).expect("text"), size))
}

#[tokio::test]
async fn a_download_goes_on_where_it_broke_off() {
    let server = Server::new(vec![
        cut(200, "", "one ", 10),
        cut(206, "content-range: bytes 4-9/10\r\n", "tw", 6),
        // A proxy that knows nothing of ranges.
        answer(200, "", "one two th"),
    ])
    .await;
    assert_eq!(downloaded(&server).await.expect("downloaded"), ("one two th".into(), 10));
    let ranges: Vec<_> = server.asked().iter().map(|request| request.header("range").map(str::to_owned)).collect();
    assert_eq!(ranges, [None, Some("bytes=4-".to_owned()), Some("bytes=6-".to_owned())]);
}

#[tokio::test]
async fn another_part_or_another_artifact_is_refused() {
    for second in [answer(206, "content-range: bytes 0-3/10\r\n", "one "), answer(200, "", "one")] {
        let server = Server::new(vec![cut(200, "", "one ", 10), second]).await;
        assert!(matches!(downloaded(&server).await, Err(ClientError::Protocol { .. })));
    }
    let server = Server::new(vec![problem(404, "", "no artifact `dist`")]).await;
    assert!(matches!(downloaded(&server).await, Err(ClientError::NotFound(_))));
}
