// Who users of chats are: in an organisation, or those that whoever is signed in is.

import { send } from "../api.js";
import { h } from "../element.js";
import { agoElement } from "../time.js";
import { collection } from "./collection.js";

const e = encodeURIComponent;

const row = ({ org, provider, subject, name, person, integration, created }, mine) => [
  h("span.what", h("b", name || subject), h("span.meta", h("code", `${provider}:${subject}`), h("span", mine ? `you in ${org}` : person))),
  h("span.when", h("span", "linked ", agoElement(created)), h("span", integration ? `by ${integration}` : "by an owner")),
];
const withId = (path) => (item) => ({ ...item, id: `${item.org}/${item.provider}:${item.subject}`, at: path(item) });

/** Those that whoever is signed in is. */
export function ownChats(how) {
  return collection({
    ...how, title: "Chats", path: "/v1/me/chat-identities", noun: "a chat", empty: "You are nobody in any chat yet. The chat's integration tells you a code.",
    isFixed: true, mayAdd: false, key: ({ provider, subject }) => `${provider}:${subject}`, row: (item) => row(item, true),
    read: withId(({ org, provider, subject }) => `/v1/me/chat-identities/${e(org)}/${e(provider)}/${e(subject)}`),
  });
}

/** Those of the organisation at `path`. */
export function chats(path, how) {
  const at = (provider, subject) => `${path}/chat-identities/${e(provider)}/${e(subject)}`;
  return collection({
    ...how, title: "Chat identities", path: `${path}/chat-identities`, noun: "a chat identity", empty: "Nobody yet.", key: ({ provider, subject }) => `${provider}:${subject}`,
    hint: "Integrations may act for these people, when that user of the chat asks them to.",
    row: (item) => row(item, false),
    read: withId(({ provider, subject }) => at(provider, subject)),
    fields: (item) => [
      { name: "provider", label: "Chat", value: item?.provider ?? "slack", required: true, disabled: Boolean(item) },
      { name: "subject", label: "User there", value: item?.subject, required: true, disabled: Boolean(item), placeholder: "T123/U456" },
      { name: "name", label: "Called there", value: item?.name },
      { name: "person", label: "Is here", value: item?.person, required: true, placeholder: "ann" },
    ],
    save: ({ provider, subject, name, person }, item) =>
      send("PUT", item?.at ?? at(provider, subject), { person, name: name || undefined }, item ?? {}),
  });
}
