//! Events of a build, as a server tells them.

use monkeyci_client::model::{BuildId, Event};
use monkeyci_slack::message::Story;
use serde_json::{Value, json};

/// A build of `acme/web` that is told event by event, a second apart.
pub struct Build {
    id: BuildId,
    events: Vec<Event>,
}

impl Build {
    /// Number `number`, pushed to `main` with that message, with these jobs.
    pub fn begin(number: u64, said: &str, jobs: &[&str]) -> Self {
        let id = format!("acme/web/build-{number}").parse().expect("an id");
        let mut build = Self { id, events: Vec::new() };
        let git = json!({ "url": "https://git.example.com/acme/web.git", "ref": "refs/heads/main",
                          "commitId": "1a2b3c4d5e6f708192a3b4c5d6e7f80910111213", "message": said, "author": "Ann" });
        build.and(
            json!({ "type": "build/triggered", "trigger": { "source": "github-webhook", "actor": "ann", "git": git } }),
        );
        build.and(json!({ "type": "build/initializing" }));
        build.and(json!({ "type": "build/start" }));
        let jobs: Vec<Value> =
            jobs.iter().map(|job| json!({ "id": job, "script": ["make ready", format!("make {job}")] })).collect();
        build.and(json!({ "type": "script/start", "jobs": jobs }));
        build
    }

    pub fn and(&mut self, kind: Value) -> &mut Self {
        let seq = self.events.len() as u64 + 1;
        let mut event = json!({ "position": seq, "subject": self.id, "seq": seq, "time": seq * 1000 });
        event.as_object_mut().expect("an object").extend(kind.as_object().expect("an object").clone());
        self.events.push(serde_json::from_value(event).expect("an event"));
        self
    }

    /// That job works on an environment.
    pub fn of_environment(&mut self, job: &str, environment: &str) -> &mut Self {
        let known = self.events.iter_mut().find_map(|event| match &mut event.kind {
            monkeyci_client::model::EventKind::ScriptStart { jobs, .. } => {
                jobs.iter_mut().find(|one| one.id.as_str() == job)
            }
            _ => None,
        });
        known.expect("a job").environment = Some(environment.to_owned());
        self
    }

    pub fn start(&mut self, job: &str) -> &mut Self {
        self.and(json!({ "type": "job/queued", "jobId": job, "attempt": 1 }));
        self.and(json!({ "type": "job/initializing", "jobId": job, "attempt": 1, "fence": 1, "worker": "w" }));
        self.and(json!({ "type": "job/start", "jobId": job, "attempt": 1 }))
    }

    pub fn pass(&mut self, job: &str) -> &mut Self {
        self.start(job).and(json!({ "type": "job/executed", "jobId": job, "attempt": 1, "result": { "exit": 0 } }));
        self.and(json!({ "type": "job/end", "jobId": job, "status": "success" }))
    }

    /// A job fails in its second line, with these tests.
    pub fn fail(&mut self, job: &str, tests: &[&str]) -> &mut Self {
        let cases: Vec<Value> = tests
            .iter()
            .map(|test| json!({ "testCase": test, "className": "auth", "failures": [{ "message": format!("{test} is wrong") }] }))
            .collect();
        let result = json!({ "cause": "failure", "exit": 101, "logBytes": 100, "monkey.ci/tests": [{ "name": "t", "testCases": cases }],
            "lines": [{ "index": 0, "exit": 0, "duration": 1, "logOffset": 0 }, { "index": 1, "exit": 101, "duration": 1, "logOffset": 9 }] });
        self.start(job).and(json!({ "type": "job/executed", "jobId": job, "attempt": 1, "result": result }));
        self.and(json!({ "type": "job/end", "jobId": job, "status": "failure", "cause": "failure" }))
    }

    pub fn end(&mut self, status: &str) -> &mut Self {
        self.and(json!({ "type": "build/end", "status": status }))
    }

    pub fn story(&self) -> Story {
        let mut story = Story::new(self.id.clone());
        for event in &self.events {
            story.apply(event);
        }
        // Told twice, it is the same.
        let before = story.clone();
        self.events.iter().for_each(|event| story.apply(event));
        assert_eq!(story, before);
        story
    }
}
