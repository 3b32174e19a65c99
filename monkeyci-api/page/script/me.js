// Who is signed in, and what they may do.

import { forget, get, send } from "./api.js";

const ROLES = ["viewer", "developer", "maintainer", "owner"];
let known;

/** Who asks; null for somebody who is not signed in. Asked once. */
export function me() {
  known ??= get("/v1/me").catch((error) => {
    if (error.status === 401) return null;
    known = undefined;
    throw error;
  });
  return known;
}

/** Whether `person` has at least `role` in an organisation, or in the repository of it that is named. */
export function may(person, org, role, repo) {
  if (!person) return false;
  const most = Math.max(ROLES.indexOf(person.orgs?.[org]), ROLES.indexOf(person.repos?.[org]?.[repo]));
  return person.admin || most >= ROLES.indexOf(role);
}

/** Signs in with a token. */
export async function signIn(token) {
  forget();
  known = Promise.resolve(await send("POST", "/v1/session", { token }));
  return known;
}

/** Signs out. */
export async function signOut() {
  await send("DELETE", "/v1/session");
  forget();
  known = Promise.resolve(null);
}
