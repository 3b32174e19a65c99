//! Asks a program for its jobs, and checks what it answers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use monkeyci_model::job::{Hook, limits};
use monkeyci_model::plan::PROTOCOL;
use monkeyci_model::script::{self, Question};
use monkeyci_model::{Job, Plan};
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::output::Output;
use super::run::{ANSWER, Errand, QUESTION, lend, put, value};
use super::{Asked, ProgramError, Programs};
use crate::executor::Inner;
use crate::job_dir::{JobDir, Program};
use crate::secret::{Masker, Secrets};
use crate::workspace::copy_tree;

/// Bytes that a program may print while it plans.
const LOG_BYTES: u64 = 16 * 1024 * 1024;

impl Programs {
    /// The jobs that a program answers with, and what it printed.
    pub(super) async fn plan(
        &self,
        program: &Path,
        image: Option<String>,
        question: &Question,
        asked: Asked<'_>,
        cancel: &CancellationToken,
    ) -> Result<(Plan, String), ProgramError> {
        let mut output = Output::new(&self.secrets).logged(self.log.as_ref());
        let (limit, inside) = (self.shared.plan_limit, image.is_some());
        let errand = Errand {
            image,
            fork: asked.trigger.fork,
            ..Errand::new("plan", limit, LOG_BYTES, Some(script::ANSWER_BYTES))
        };
        let question = json(question);
        let (program, checkout, in_place) = (program.to_owned(), asked.checkout.to_owned(), asked.in_place);
        let prepare = move |dir: &JobDir| {
            let Inner { control, report, work } = Inner::of(dir, inside);
            let root = if in_place && !inside {
                checkout.canonicalize().map_err(ProgramError::io("cannot read", &checkout))?
            } else {
                copy_tree(&checkout, &dir.work()).map_err(ProgramError::io("cannot copy", &checkout))?;
                work
            };
            put(dir, QUESTION, &question)?;
            let program = lend(dir, &program, inside)?;
            let env = [
                ("CI", b"true".to_vec()),
                ("MONKEYCI", b"true".to_vec()),
                (script::CHECKOUT, value(&root)),
                (script::PROGRAM, value(&program)),
                (script::QUESTION, value(&control.join(QUESTION))),
                (script::ANSWER, value(&report.join(ANSWER))),
            ];
            let env = env.map(|(name, value)| (name.to_owned(), value)).into();
            Ok(Program { command: vec![value(&program), b"plan".to_vec()], env, root, ..Program::default() })
        };
        let ran = self.shared.run(&errand, prepare, &mut output, cancel).await?;
        let output = output.finish();
        if let Some(how) = ran.how {
            return Err(ProgramError::Ended { how, output });
        }
        let answer = match ran.answer {
            Ok(Some(answer)) => answer,
            Ok(None) => {
                let how = format!("it ended well and wrote no answer to the file that `{}` names", script::ANSWER);
                return Err(ProgramError::Ended { how, output });
            }
            Err(why) => return Err(ProgramError::Answer { why, output }),
        };
        match read(&answer).and_then(|plan| without_secrets(plan, &self.secrets)) {
            Ok(plan) => Ok((plan, output)),
            Err(why) => Err(ProgramError::Answer { why: self.secrets.masked(&why), output }),
        }
    }
}

pub(super) fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("plain data can be JSON")
}

/// Reads an answer. The error says what is wrong with it, and where.
fn read(answer: &[u8]) -> Result<Plan, String> {
    #[derive(Deserialize)]
    #[serde(expecting = "an object with `protocol` and `jobs`")]
    struct Head {
        protocol: u32,
    }
    #[derive(Deserialize)]
    struct Body {
        #[serde(deserialize_with = "jobs")]
        jobs: Vec<Job>,
        #[serde(default)]
        warnings: Vec<String>,
        #[serde(default)]
        extensions: BTreeMap<String, BTreeSet<Hook>>,
    }
    // The version first: of another one, nothing else can be expected to be understood.
    let head: Head = serde_json::from_slice(answer).map_err(|error| format!("the answer is no plan: {error}"))?;
    if head.protocol != PROTOCOL {
        let (its, ours) = (head.protocol, PROTOCOL);
        let todo = if its > ours { "a newer MonkeyCI" } else { "a newer SDK in the script" };
        return Err(format!("its answer is of protocol {its}, and this version reads protocol {ours}: use {todo}"));
    }
    let body: Body = serde_json::from_slice(answer).map_err(|error| format!("the answer is no plan: {error}"))?;
    Ok(Plan { protocol: PROTOCOL, jobs: body.jobs, warnings: body.warnings, extensions: body.extensions })
}

/// Reads jobs one by one, no more than a build may have, and names the one that is wrong.
fn jobs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Job>, D::Error> {
    struct Jobs;
    impl<'de> Visitor<'de> for Jobs {
        type Value = Vec<Job>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a list of jobs")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Job>, A::Error> {
            let mut jobs: Vec<Job> = Vec::new();
            loop {
                let next = seq.next_element::<Job>().map_err(|error| {
                    let after = jobs.last().map_or(String::new(), |job| format!(", after `{}`", job.id));
                    de::Error::custom(format!("job {}{after}: {error}", jobs.len() + 1))
                })?;
                match next {
                    None => return Ok(jobs),
                    Some(_) if jobs.len() == limits::JOBS => {
                        return Err(de::Error::custom(format!("a build has at most {} jobs", limits::JOBS)));
                    }
                    Some(job) => jobs.push(job),
                }
            }
        }
    }
    deserializer.deserialize_seq(Jobs)
}

/// The plan with references in the place of secrets, which may stand in lines, commands and variables alone.
fn without_secrets(mut plan: Plan, secrets: &Secrets) -> Result<Plan, String> {
    if secrets.is_empty() {
        return Ok(plan);
    }
    let mut masker = secrets.masker();
    for warning in &mut plan.warnings {
        *warning = masker.text(warning);
    }
    plan.jobs.iter_mut().try_for_each(|job| take_in(job, secrets, &mut masker))?;
    Ok(plan)
}

/// Puts references in the place of secrets of a job. The error says where one stands that must not.
pub(super) fn take_in(job: &mut Job, secrets: &Secrets, masker: &mut Masker<()>) -> Result<(), String> {
    secrets.take_in(job);
    let text = String::from_utf8(json(&*job)).expect("JSON is UTF-8");
    if masker.text(&text) == text {
        return Ok(());
    }
    Err(format!("the value of a secret stands {}", place(job, masker)))
}

fn place(job: &Job, masker: &mut Masker<()>) -> String {
    let fields = serde_json::to_value(job).expect("plain data can be JSON");
    let mut holds = |text: &str| masker.text(text) != text;
    let field = fields.as_object().into_iter().flatten().find(|(_, value)| holds(&value.to_string()));
    let field = field.map(|(name, _)| name.as_str()).unwrap_or_default();
    format!("in `{field}` of job `{}`, where it would be kept in the clear: use it in lines and `env` alone", job.id)
}

#[cfg(test)]
mod tests {
    use monkeyci_model::SecretRef;

    use super::*;

    fn refusal(answer: &str) -> String {
        read(answer.as_bytes()).expect_err("no plan")
    }

    #[test]
    fn what_is_no_plan_is_told_with_its_place() {
        insta::assert_snapshot!(
            [
                "",
                "[]",
                r#"{"jobs": []}"#,
                r#"{"protocol": 7, "nodes": []}"#,
                r#"{"protocol": 0}"#,
                r#"{"protocol": 1}"#,
                "{\"protocol\": 1, \"jobs\": [\n{\"id\": \"a\"},\n{\"id\": \"b\", \"timeout\": \"soon\"}]}",
                r#"{"protocol": 1, "jobs": [{"id": "a b"}]}"#,
            ]
            .map(refusal)
            .join("\n"),
            @"
        the answer is no plan: EOF while parsing a value at line 1 column 0
        the answer is no plan: invalid length 0, expected an object with `protocol` and `jobs` at line 1 column 2
        the answer is no plan: missing field `protocol` at line 1 column 12
        its answer is of protocol 7, and this version reads protocol 1: use a newer MonkeyCI
        its answer is of protocol 0, and this version reads protocol 1: use a newer SDK in the script
        the answer is no plan: missing field `jobs` at line 1 column 15
        the answer is no plan: job 2, after `a`: invalid type: string \"soon\", expected u64 at line 3 column 29
        the answer is no plan: job 1: job id `a b` holds ` `; letters, digits, `_`, `-` and `.` are allowed at line 1 column 38
        "
        );
    }

    #[test]
    fn one_job_more_than_a_build_may_have_is_refused_before_all_are_read() {
        let one = |index: usize| format!(r#"{{"id":"job-{index}"}}"#);
        let plan = |count| {
            let jobs: Vec<_> = (0..count).map(one).collect();
            format!(r#"{{"protocol":1,"jobs":[{}]}}"#, jobs.join(","))
        };
        assert_eq!(read(plan(limits::JOBS).as_bytes()).expect("a plan").jobs.len(), limits::JOBS);
        assert!(refusal(&plan(limits::JOBS + 1)).contains("at most 100000 jobs"));
    }

    #[test]
    fn a_secret_becomes_a_reference_where_it_may_stand_and_is_refused_elsewhere() {
        let mut secrets = Secrets::new();
        secrets.insert(SecretRef { name: "TOKEN".into(), version: 1 }, "hunter22".into());
        let plan = |job: &str| {
            let plan = format!(r#"{{"protocol":1,"jobs":[{{"id":"a",{job}}}],"warnings":["hunter22"]}}"#);
            without_secrets(read(plan.as_bytes()).expect("a plan"), &secrets)
        };
        let good = plan(r#""env":{"T":"x hunter22"}"#).expect("taken in");
        assert_eq!(good.jobs[0].env["T"].to_string(), "x «TOKEN@1»");
        assert_eq!(good.warnings, ["***"]);
        for (job, field) in
            [(r#""labels":{"x":"hunter22"}"#, "labels"), (r#""extensions":{"hunter22":1}"#, "extensions")]
        {
            let error = plan(job).expect_err("refused");
            assert!(error.contains(&format!("in `{field}` of job `a`")) && !error.contains("hunter22"), "{error}");
        }
    }
}
