// Why a build runs and on what, in few words.

import { h } from "../element.js";

const SOURCES = {
  cli: "from a terminal", api: "by hand", "github-webhook": "push to GitHub", "github-app": "GitHub app",
  "gitlab-webhook": "push to GitLab", "bitbucket-webhook": "push to Bitbucket", "gitea-webhook": "push to Gitea",
  schedule: "by schedule", poll: "new commit seen", build: "after another build",
};

/** The kind of event that caused a build, in words. */
export const source = (trigger) => SOURCES[trigger?.source ?? "cli"] ?? trigger.source;

/**
 * The branch, tag or other ref of a trigger by its short name.
 * @returns {{ kind: "branch" | "tag" | "ref", name: string } | null}
 */
export function ref(trigger) {
  const full = trigger?.git?.ref;
  if (!full) return null;
  if (full.startsWith("refs/heads/")) return { kind: "branch", name: full.slice(11) };
  if (full.startsWith("refs/tags/")) return { kind: "tag", name: full.slice(10) };
  return { kind: "ref", name: full.replace(/^refs\//, "") };
}

/** The first line of the commit's message, or what stands for it. */
export function headline(trigger, number) {
  const line = trigger?.git?.message?.split("\n").find((one) => one.trim() !== "");
  return line ? line.slice(0, 300) : `Build ${number}`;
}

/** A text of the model as it reads: secrets as `«NAME@1»`. */
export function plain(text) {
  if (typeof text === "string") return text;
  return (text ?? []).map((part) => (typeof part === "string" ? part : `«${part.secret}»`)).join("");
}

/** Who wrote the commit, else who asked for the build: by name, with the address when it is pointed at. */
export function person(trigger) {
  const who = trigger?.git?.author ?? trigger?.actor;
  const name = who?.replace(/\s*<[^<>]*>\s*$/, "") || who;
  return name ? h("span.who", { title: who }, h("bdi", name)) : null;
}

/** The ref as a small label. */
export function refLabel(trigger) {
  const found = ref(trigger);
  return found && h("span.ref", { class: found.kind, title: `${found.kind} ${found.name}` }, h("bdi", found.name));
}

/** The commit, shortened. */
export function commitLabel(trigger) {
  const id = trigger?.git?.commitId;
  return id ? h("code.commit", { title: id }, id.slice(0, 8)) : null;
}

/** How many files changed. */
export function changes(trigger) {
  const { added = [], modified = [], removed = [] } = trigger?.changes ?? {};
  return { added, modified, removed, count: added.length + modified.length + removed.length };
}
