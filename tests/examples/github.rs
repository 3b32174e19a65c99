//! The double of GitHub that tests tell of builds, for stories: says where it listens, and takes statuses until it is ended.
//!
//! ```text
//! cargo run -p monkeyci-tests --example github
//! ```

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

#[expect(dead_code, reason = "tests ask it more")]
#[path = "../fixture/github.rs"]
mod github;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    runtime.block_on(async {
        let github = github::GitHub::open().await;
        println!("{}", github.url);
        std::future::pending::<()>().await;
    });
}
