// SSH keys, by which the server reads repositories: the public part is seen, the private one goes in and never comes out.

import { send } from "../api.js";
import { h } from "../element.js";
import { agoElement } from "../time.js";
import { collection } from "./collection.js";
import { field, fromLines, shown } from "./labels.js";

/** The keys of the organisation at `path`. */
export function sshKeys(path, how) {
  const at = (name) => `${path}/ssh-keys/${encodeURIComponent(name)}`;
  return collection({
    ...how, title: "SSH keys", path: `${path}/ssh-keys`, noun: "a key", empty: "No SSH keys yet: only repositories that everybody may read are cloned.", key: ({ name }) => name,
    hint: "Repositories with an address of SSH are cloned with the keys that have their labels. Give the public part to the forge, as a deploy key that may only read.",
    row: ({ name, publicKey, fingerprint, labelFilters, description, version, updated }) => [
      h("span.what", h("b", name), h("span.meta", h("span", shown(labelFilters)), description && h("span", description)), h("code.url", publicKey)),
      h("span.value", h("code", { title: "Its fingerprint, as forges show it" }, fingerprint)),
      h("span.when", h("span", `version ${version}`), agoElement(updated)),
    ],
    fields: (item) => [
      { name: "name", label: "Name", value: item?.name, required: true, disabled: Boolean(item), placeholder: "deploy" },
      { name: "privateKey", label: "Private key", kind: "area", placeholder: "-----BEGIN OPENSSH PRIVATE KEY-----",
        hint: item ? "What it is now cannot be seen. Left empty it stays." : "Left empty, a new key is made here, and its private part never leaves the server." },
      field(item?.labelFilters),
      { name: "knownHosts", label: "Known hosts", kind: "area", value: item?.knownHosts, placeholder: "git.example.com ssh-ed25519 AAAA…",
        hint: "For hosts other than github.com, gitlab.com, bitbucket.org and codeberg.org: lines as ssh-keyscan prints them." },
      { name: "description", label: "What it is for", value: item?.description },
    ],
    save: ({ name, privateKey, labelFilters, knownHosts, description }, item) =>
      send("PUT", at(item?.name ?? name), {
        privateKey: privateKey.trim() || undefined, labelFilters: fromLines(labelFilters), knownHosts: knownHosts.trim() || undefined, description: description || undefined,
      }, item ?? {}),
  });
}
