// The settings of a repository.

import { get, send } from "../api.js";
import { h, hold } from "../element.js";
import { ask, form } from "../form.js";
import { may } from "../me.js";
import { page, rest } from "../route.js";
import { environments } from "../settings/environments.js";
import { hooks } from "../settings/hooks.js";
import { settings, toFragment } from "../settings/page.js";
import { params } from "../settings/params.js";
import { schedules } from "../settings/schedules.js";
import { triggers } from "../settings/triggers.js";

/** Draws the view. */
export async function show({ params: { org, repo: id }, me, signal, draw, go }) {
  const path = rest.repo(org, id);
  let repo = await get(path, signal);
  const mayWrite = may(me, org, "maintainer");
  // Who looks after this repository alone sets up what is in it, and not what it is.
  const how = { signal, redraw: () => paint(), mayWrite: may(me, org, "maintainer", id) };
  const lists = [
    params(path, { ...how, hint: "Builds of this repository get them, in place of the organisation's of the same name." }),
    hooks(path, how), schedules(path, how), triggers(path, how), environments(path, how),
  ];
  const general = form({
    fields: [
      { name: "url", label: "Clone URL", value: repo.url, required: true, disabled: !mayWrite },
      { name: "defaultBranch", label: "Default branch", value: repo.defaultBranch, disabled: !mayWrite },
      { name: "visibility", label: "Who may see it", kind: "select", value: repo.visibility ?? "private", options: [["private", "Members"], ["public", "Everybody; settings and secrets stay with the members"]], disabled: !mayWrite },
      { name: "labels", label: "Labels", kind: "pairs", value: repo.labels, placeholder: "name" },
      { name: "cancelSuperseded", label: "A newer build cancels older ones of its branch", kind: "check", value: repo.cancelSuperseded, disabled: !mayWrite },
      { name: "poll", label: "Look for new commits every so many seconds", kind: "number", value: repo.poll, placeholder: "never", disabled: !mayWrite },
    ],
    submit: "Save",
    done: async ({ poll, ...values }) => {
      repo = await send("PUT", path, { ...values, poll: poll === "" ? undefined : Number(poll) }, repo);
      paint();
    },
  });
  const remove = () => ask(`Delete ${id}?`, {
    fields: [], submit: "Delete the repository", tone: "danger", about: "Its params, webhooks and builds go with it.",
    done: async () => {
      await send("DELETE", path);
      go(page.org(org));
    },
  });
  const badge = `${location.origin}${path}/badge.svg`;
  const paint = () => draw([
    h("header.head", h("h1", `Settings of ${id}`)),
    settings([
      ["general", "General", h("section.collection", { key: "general", id: "general" }, h("h2", "General"), hold(general))],
      ["params", "Params", lists[0].draw()], ["webhooks", "Webhooks", lists[1].draw()], ["schedules", "Schedules", lists[2].draw()],
      ["triggers", "Triggers", lists[3].draw()], ["environments", "Environments", lists[4].draw()],
      ["badge", "Badge", h("section.collection", { key: "badge", id: "badge" }, h("h2", "Badge"), h("p", h("img", { src: `${path}/badge.svg`, alt: "Badge", height: 20 })),
        h("pre", `[![build](${badge})](${location.origin}${page.repo(org, id)})`),
        mayWrite && h("p.danger-zone", h("button.danger", { type: "button", on: { click: remove } }, "Delete the repository")))],
    ]),
  ], { title: `Settings of ${id}`, trail: [[org, page.org(org)], [id, page.repo(org, id)], ["Settings", page.repoSettings(org, id)]] });
  paint();
  await Promise.all(lists.map((list) => list.load()));
  toFragment();
}
