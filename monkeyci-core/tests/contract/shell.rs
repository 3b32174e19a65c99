//! A shell for a person, in the place of a job.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::FutureExt as _;
use monkeyci_core::executor::terminal::{Screen, Size};
use monkeyci_core::executor::{ExecutorError, Order, Sitting, Terminal};
use monkeyci_core::job_dir::{JobDir, Program};
use monkeyci_core::model::Job;
use tokio::io::AsyncWrite;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::fixture::{Fixture, alive};

const PATIENCE: Duration = Duration::from_secs(60);

const SIZE: Size = Size { rows: 33, columns: 101 };

/// What a shell wrote so far.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Said {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("not poisoned")).into_owned()
    }
}

impl AsyncWrite for Said {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A shell that is open.
struct Open {
    keys: Option<mpsc::Sender<Bytes>>,
    size: watch::Sender<Size>,
    output: Said,
    errors: Said,
    cancel: CancellationToken,
    dir: JobDir,
    task: JoinHandle<Result<Option<i32>, ExecutorError>>,
}

impl Open {
    fn new(fixture: &Fixture, job: Job, on_screen: bool) -> Self {
        let order = fixture.order(Job { command: vec!["/bin/sh".into()], ..job }, Program::default());
        std::fs::write(order.dir.work().join("given"), "a gift\n").expect("a file");
        Self::by(fixture, order, on_screen, None)
    }

    /// One in the place of a job, or beside it.
    fn by(fixture: &Fixture, order: Order, on_screen: bool, beside: Option<Program>) -> Self {
        let ((keys, input), (size, sized)) = (mpsc::channel(16), watch::channel(SIZE));
        let (output, errors, cancel) = (Said::default(), Said::default(), CancellationToken::new());
        let terminal = Terminal {
            input,
            output: Box::new(output.clone()),
            errors: Box::new(errors.clone()),
            screen: on_screen.then(|| Screen { kind: "vt100".into(), size: sized }),
            guard: Box::new(()),
        };
        let open = Box::new(move || async move { Some(terminal) }.boxed());
        let sitting = Sitting { cancel: cancel.clone(), open };
        let (executor, dir) = (Arc::clone(&fixture.executor), order.dir.clone());
        let task = tokio::spawn(async move {
            match beside {
                None => executor.shell(&order, sitting).await,
                Some(program) => executor.enter(&order, program, sitting).await,
            }
        });
        Self { keys: Some(keys), size, output, errors, cancel, dir, task }
    }

    async fn types(&self, text: &str) {
        let keys = self.keys.as_ref().expect("not over");
        keys.send(Bytes::copy_from_slice(text.as_bytes())).await.expect("somebody listens");
    }

    async fn said(&self, text: &str) {
        let limit = Instant::now() + PATIENCE;
        while !self.output.text().contains(text) {
            let said = || (self.output.text(), self.errors.text());
            assert!(Instant::now() < limit && !self.task.is_finished(), "`{text}` was not said: {:?}", said());
            tokio::time::sleep(Duration::from_millis(2)).await; // poll
        }
    }

    /// Waits for its end, at which nothing is left.
    async fn end(&mut self, fixture: &Fixture) -> Result<Option<i32>, ExecutorError> {
        let ended = tokio::time::timeout(PATIENCE, &mut self.task).await.expect("it ends").expect("no panic");
        assert_eq!(fixture.left().await, Vec::<String>::new());
        assert_eq!(alive(&self.dir), Vec::<String>::new(), "left behind");
        ended
    }
}

pub async fn a_shell_on_pipes_finds_what_the_job_would(fixture: &Fixture) {
    let job = Job { work_dir: Some("sub".into()), ..fixture.job("pipes", []) };
    let job = Job { env: [("GREETING".into(), "hello  there".into())].into(), ..job };
    let mut open = Open::new(fixture, job, false);
    std::fs::create_dir(open.dir.work().join("sub")).expect("a folder");
    open.types("echo \"$GREETING\"; cat ../given; basename \"$PWD\"; echo oops >&2\n").await;
    open.said("sub\n").await;
    // What it leaves running is not waited for.
    open.types("sleep 300 &\n").await;
    open.types("seq 100000; exit 7\n").await;
    assert_eq!(open.end(fixture).await.expect("a shell"), Some(7));
    let said = open.output.text();
    assert!(said.starts_with("hello  there\na gift\nsub\n1\n2\n") && said.ends_with("\n99999\n100000\n"), "{said}");
    assert_eq!(open.errors.text(), "oops\n");
}

pub async fn a_shell_on_pipes_ends_with_what_is_piped_in(fixture: &Fixture) {
    let mut open = Open::new(fixture, fixture.job("end", []), false);
    open.types("cat given\n").await;
    open.keys = None;
    assert_eq!(open.end(fixture).await.expect("a shell"), Some(0));
    assert_eq!(open.output.text(), "a gift\n");
}

pub async fn a_shell_on_a_screen_has_a_terminal(fixture: &Fixture) {
    let mut open = Open::new(fixture, fixture.job("screen", []), true);
    open.types("tty && stty size && echo \"[$TERM]\"\n").await;
    open.said("33 101\r\n[vt100]\r\n").await;
    assert!(open.output.text().contains("/dev/pts/"), "{}", open.output.text());
    open.size.send_replace(Size { rows: 20, columns: 70 });
    open.types("until [ \"$(stty size)\" = '20 70' ]; do sleep 0.05; done; echo re''sized\n").await;
    open.said("resized").await;
    // Any byte may be shown, also those that mean something where there is no terminal.
    open.types("printf '\\001\\000\\002'; echo bytes''shown\n").await;
    open.said("bytesshown").await;
    // What says so has the foreground.
    open.types("sh -c 'echo sl\"\"eeps; exec sleep 300'\n").await;
    open.said("sleeps").await;
    open.types("\u{3}").await;
    open.types("seq 50000; exit 9\n").await;
    assert_eq!(open.end(fixture).await.expect("a shell"), Some(9));
    assert!(open.output.text().contains("\r\n49999\r\n50000\r\n"), "the end is missing");
    assert_eq!(open.errors.text(), "");
}

pub async fn a_shell_ends_when_it_is_canceled(fixture: &Fixture) {
    for on_screen in [false, true] {
        let mut open = Open::new(fixture, fixture.job("canceled", []), on_screen);
        open.types("sleep 300 & echo it''runs\n").await;
        open.said("itruns").await;
        open.cancel.cancel();
        assert_eq!(open.end(fixture).await.expect("a shell"), None);
    }
}

pub async fn a_shell_that_is_not_there_is_named(fixture: &Fixture) {
    let order =
        fixture.order(Job { command: vec!["/no/such/shell".into()], ..fixture.job("none", []) }, Program::default());
    let open = Box::new(|| async { panic!("there is nothing to be opened") }.boxed());
    let error = fixture.executor.shell(&order, Sitting { cancel: CancellationToken::new(), open }).await;
    let error = error.expect_err("no shell").to_string();
    assert!(error.contains("`/no/such/shell`"), "{error}");
    if let Some(image) = &fixture.image {
        assert!(error.contains(image), "{error}");
    }
    assert_eq!(fixture.left().await, Vec::<String>::new());
}

pub async fn a_shell_beside_a_job_leaves_nothing_and_ends_with_it(fixture: &Fixture) {
    let lines = ["echo made > made; echo run''s; until test -e end; do sleep 0.1; done"];
    let order = fixture.order(fixture.job("beside", lines), Program::default());
    let program = Program::read(&order.dir.control()).expect("what it runs");
    let program = Program {
        lines: Vec::new(),
        command: vec![b"/bin/sh".to_vec()],
        env: vec![("GREETING".into(), b"hello".to_vec())],
        lease_ms: 0,
        grace_ms: 1000,
        ..program
    };
    let naps: Vec<String> = (0..4).map(|_| nap()).collect();
    let again = || order.with_job(order.job.clone());
    let mut job = fixture.start(again());
    job.said("runs").await;
    let enter = |on_screen| Open::by(fixture, again(), on_screen, Some(program.clone()));
    let ended = async |mut open: Open| {
        tokio::time::timeout(PATIENCE, &mut open.task).await.expect("it ends").expect("no panic").expect("a shell")
    };

    let open = enter(false);
    open.types(&format!("cat made; echo $GREETING; sleep {} & sleep 0; exit 7\n", naps[0])).await;
    open.said("made\nhello\n").await;
    assert_eq!(ended(open).await, Some(7));
    assert!(!sleeps(&naps[0]), "what it left running goes on");

    // Also what ignores that nobody is at the terminal any more.
    let open = enter(true);
    open.types(&format!("trap '' HUP; sleep {} & sleep {} & echo sle''eps\n", naps[1], naps[2])).await;
    open.said("sleeps").await;
    open.cancel.cancel();
    assert_eq!(ended(open).await, None);
    assert!(!sleeps(&naps[1]) && !sleeps(&naps[2]), "what it left running goes on");

    let open = enter(true);
    open.types(&format!("stty size; touch end; sleep {}\n", naps[3])).await;
    open.said("33 101").await;
    let ran = job.end().await;
    assert_eq!(ran.outcome().code, Some(0));
    open.cancel.cancel();
    assert_eq!(ended(open).await, None);
    assert!(!sleeps(&naps[3]));
    assert_eq!(fixture.left().await, Vec::<String>::new());
}

/// Seconds to sleep that nobody else on this machine has: other executors tell the same story at the same time.
fn nap() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(100);
    format!("{}{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Whether somebody on this machine sleeps so long.
fn sleeps(seconds: &str) -> bool {
    let processes = std::fs::read_dir("/proc").expect("processes").flatten();
    processes
        .filter_map(|process| std::fs::read(process.path().join("cmdline")).ok())
        .any(|line| line.split(|byte| *byte == 0).any(|word| word == seconds.as_bytes()))
}
