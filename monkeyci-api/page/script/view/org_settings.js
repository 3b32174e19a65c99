// The settings of an organisation.

import { get, send } from "../api.js";
import { h, hold } from "../element.js";
import { ask, form } from "../form.js";
import { may } from "../me.js";
import { page, rest } from "../route.js";
import { audit } from "../settings/audit.js";
import { chats } from "../settings/chats.js";
import { members } from "../settings/members.js";
import { settings, toFragment } from "../settings/page.js";
import { paramSets } from "../settings/param_sets.js";
import { params } from "../settings/params.js";
import { pipelines } from "../settings/pipelines.js";
import { roleBindings } from "../settings/role_bindings.js";
import { serviceAccounts } from "../settings/service_accounts.js";
import { sshKeys } from "../settings/ssh_keys.js";
import { subscriptions } from "../settings/subscriptions.js";

/** Draws the view. */
export async function show({ params: { org: id }, me, signal, draw, go }) {
  const path = rest.org(id);
  let org = await get(path, signal);
  const isOwner = may(me, id, "owner");
  const redraw = () => paint();
  const lists = {
    params: params(path, { signal, redraw, mayWrite: may(me, id, "maintainer"), hint: "Every build of the organisation's repositories gets them." }),
    sets: paramSets(path, { signal, redraw, mayWrite: may(me, id, "maintainer") }),
    pipelines: pipelines(path, { signal, redraw, mayWrite: may(me, id, "maintainer") }),
    keys: sshKeys(path, { signal, redraw, mayWrite: may(me, id, "maintainer") }),
    // Addresses of others stand in them.
    subscriptions: may(me, id, "maintainer") ? subscriptions(path, { signal, redraw, mayWrite: true }) : null,
    members: members(path, { signal, redraw, mayWrite: isOwner }),
    roles: roleBindings(path, { signal, redraw, mayWrite: isOwner }),
    accounts: serviceAccounts(path, { signal, redraw, mayWrite: isOwner }),
    chats: may(me, id, "maintainer") ? chats(path, { signal, redraw, mayWrite: isOwner }) : null,
    audit: isOwner ? audit(path, { signal, redraw }) : null,
  };
  const general = form({
    fields: [{ name: "name", label: "Name", value: org.name, disabled: !isOwner }],
    submit: "Save",
    done: async ({ name }) => {
      org = await send("PUT", path, { name: name || undefined }, org);
      redraw();
    },
  });
  const remove = () => ask(`Delete ${id}?`, {
    fields: [], submit: "Delete the organisation", tone: "danger", about: "Its repositories, params and builds go with it.",
    done: async () => {
      await send("DELETE", path);
      go("/");
    },
  });
  const paint = () => draw([
    h("header.head", h("h1", "Settings of ", h("bdi", org.name || id))),
    settings([
      ["general", "General", h("section.collection", { key: "general", id: "general" }, h("h2", "General"), hold(general), isOwner && h("p.danger-zone", h("button.danger", { type: "button", on: { click: remove } }, "Delete the organisation")))],
      ["params", "Params", lists.params.draw()], ["param-sets", "Param sets", lists.sets.draw()], ["pipelines", "Pipelines", lists.pipelines.draw()], ["ssh-keys", "SSH keys", lists.keys.draw()],
      ...(lists.subscriptions ? [["subscriptions", "Subscriptions", lists.subscriptions.draw()]] : []),
      ["members", "Members", lists.members.draw()], ["roles", "Roles in repositories", lists.roles.draw()], ["service-accounts", "Service accounts", lists.accounts.draw()],
      ...(lists.chats ? [["chat-identities", "Chat identities", lists.chats.draw()]] : []),
      ...(lists.audit ? [["audit", "Audit", lists.audit.draw()]] : []),
    ]),
  ], { title: `Settings of ${id}`, trail: [[org.name || id, page.org(id)], ["Settings", page.orgSettings(id)]] });
  paint();
  await Promise.all(Object.values(lists).map((list) => list?.load()));
  toFragment();
}
