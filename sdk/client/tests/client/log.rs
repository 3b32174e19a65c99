use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::TryStreamExt;
use monkeyci_client::{ClientError, LogRef};

use crate::server::{Server, answer, cut, ended, problem};

fn piece(text: &str, end: usize) -> String {
    format!("id: {end}\ndata: {}\n\n", STANDARD.encode(text))
}

fn log(server: &Server) -> LogRef {
    server.client().org("acme").repo("web").build(3).job("unit").attempt(1).log()
}

async fn followed(log: &LogRef, offset: u64) -> Result<String, ClientError> {
    let pieces: Vec<_> = log.follow(offset).try_collect().await?;
    Ok(String::from_utf8(pieces.concat()).expect("text"))
}

#[tokio::test]
async fn a_log_is_followed_over_cuts_with_every_byte_once() {
    let server = Server::new(vec![
        cut(&format!("{}{}data: bm90IHd", piece("one\n", 4), piece("tw", 6))),
        // More than was asked for: the beginning came before.
        ended(&piece("two\nthr", 11)),
        ended(&format!("{}{}event: end\n\n", piece("thr", 11), piece("ee\n", 14))),
    ])
    .await;
    assert_eq!(followed(&log(&server), 0).await.expect("a log"), "one\ntwo\nthree\n");
    let at = "GET /v1/orgs/acme/repos/web/builds/3/jobs/unit/attempts/1/log?";
    let lines = [0, 6, 11].map(|offset| format!("{at}offset={offset}&follow=true"));
    assert_eq!(server.lines(), lines);
}

#[tokio::test]
async fn a_log_with_a_hole_is_an_error_and_no_other_log() {
    for (messages, why) in [
        (piece("x", 9), "bytes 0 to 8 of a log are missing"),
        ("id: 1\ndata: ???\n\n".to_owned(), "Invalid symbol"),
        ("data: eA==\n\n".to_owned(), "does not say where it belongs"),
        ("id: 0\ndata: eA==\n\n".to_owned(), "does not say where it belongs"),
        ("id: -1\ndata: eA==\n\n".to_owned(), "does not say where it belongs"),
    ] {
        let server = Server::new(vec![ended(&messages)]).await;
        let error = followed(&log(&server), 0).await.expect_err("a hole").to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[tokio::test]
async fn what_stands_there_is_read_in_ranges() {
    let server = Server::new(vec![
        answer(206, "content-range: bytes 2-5/6\r\n", "llo\n"),
        problem(416, "", "the log ends at byte 6"),
    ])
    .await;
    let pieces: Vec<_> = log(&server).bytes(2).try_collect().await.expect("a log");
    assert_eq!(pieces.concat(), b"llo\n");
    let ranges: Vec<_> = server.asked().iter().map(|request| request.header("range").map(str::to_owned)).collect();
    assert_eq!(ranges, [Some("bytes=2-1048577".to_owned()), Some("bytes=6-1048581".to_owned())]);
}
