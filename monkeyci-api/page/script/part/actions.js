// What people do with builds: run, cancel, retry, approve, reject.

import { send } from "../api.js";
import { ask } from "../form.js";
import { page, rest } from "../route.js";
import { ref } from "./trigger.js";

/** Asks what to build, and goes there. */
export function run(org, repo, go, { branch = "", params = {} } = {}) {
  ask(`Run ${repo}`, {
    fields: [
      { name: "branch", label: "Branch", value: branch, placeholder: "the default branch" },
      { name: "tag", label: "Tag", placeholder: "instead of a branch" },
      { name: "commit", label: "Commit", placeholder: "the newest", hint: "40 or 64 hex digits." },
      { name: "params", label: "Params", kind: "pairs", value: params, hint: "For this build, in place of those that the repository has." },
    ],
    submit: "Run",
    done: async (values) => {
      const body = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== "" && !isEmpty(value)));
      const made = await send("POST", `${rest.repo(org, repo)}/builds`, body);
      go(page.build(org, repo, made.number));
    },
  });
}

const isEmpty = (value) => typeof value === "object" && Object.keys(value).length === 0;

/** Runs a build's ref again with its params, after asking. */
export function runLike(org, repo, trigger, go) {
  const plain = Object.entries(trigger.params ?? {}).filter(([, value]) => typeof value === "string");
  const at = ref(trigger);
  run(org, repo, go, { branch: at?.kind === "branch" ? at.name : "", params: Object.fromEntries(plain) });
}

/** Asks for a reason and cancels. */
export function cancel({ org, repo, number }, done) {
  reason(`Cancel build #${number}?`, "Cancel the build", "danger", (body) => send("POST", `${rest.build(org, repo, number)}/cancel`, body).then(done));
}

/** Does an ended build again, in a new one. */
export async function retry({ org, repo, number }, failed, go) {
  const made = await send("POST", `${rest.build(org, repo, number)}/retry`, { failed });
  go(page.build(org, repo, made.number));
}

/** Lets the script of a fork run at the commit of a build, in a new one. */
export async function approveScript({ org, repo, number }, go) {
  const made = await send("POST", `${rest.build(org, repo, number)}/approve-script`, {});
  go(page.build(org, repo, made.number));
}

/** Lets a job go on that waits for a person. */
export function approve({ org, repo, number }, job, done) {
  reason(`Approve ${job}?`, "Approve", "", (body) => send("POST", `${rest.job(org, repo, number, job)}/approve`, body).then(done));
}

/** Ends a job that waits for a person. */
export function reject({ org, repo, number }, job, done) {
  reason(`Reject ${job}?`, "Reject", "danger", (body) => send("POST", `${rest.job(org, repo, number, job)}/reject`, body).then(done));
}

function reason(title, submit, tone, act) {
  ask(title, {
    fields: [{ name: "reason", label: "Why", placeholder: "for others; may stay empty" }],
    submit, tone,
    done: ({ reason: text }) => act(text ? { reason: text } : {}),
  });
}
