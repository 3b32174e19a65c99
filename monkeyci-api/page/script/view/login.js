// Signing in: by an account elsewhere, or with a token: pasted, or from the link that the server printed.

import { get, send } from "../api.js";
import { h, hold } from "../element.js";
import { form } from "../form.js";
import { signIn } from "../me.js";

/** What the server's words for a refused sign-in mean. */
export const REFUSED = {
  over: "This sign-in is over, or was begun in another browser. Begin once more.",
  denied: "You did not allow it there.",
  provider: "The provider did not answer as it should. Try again later.",
  rules: "Your account there is not one that this server lets in.",
  unknown: "You have no account here yet. Ask whoever runs this server.",
  disabled: "Your account here is disabled.",
  often: "Too many sign-ins failed. Wait a minute.",
  taken: "That account signs in somebody else here.",
  server: "The server could not write that down. Try again later.",
};

/** Draws the view. */
export async function show({ query, draw, go }) {
  const wanted = query.get("next") ?? "/";
  const next = /^\/(?!\/)/.test(wanted) && !wanted.startsWith("/login") ? wanted : "/";
  const enter = async (token) => {
    await signIn(token.trim());
    go(next, { replace: true });
  };
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  // The token must not stay in the address bar or the history, whatever comes of it.
  if (token) history.replaceState({}, "", location.pathname + location.search);
  let refused = REFUSED[query.get("refused")] ?? null;
  if (token) {
    try {
      return await enter(token);
    } catch (error) {
      refused = error.message;
    }
  }
  const made = form({
    fields: [{ name: "token", label: "Token", kind: "secret", placeholder: "mci_…", required: true }],
    submit: "Sign in",
    done: ({ token: typed }) => enter(typed),
  });
  const providers = await get("/v1/sign-in").then((list) => list.items, () => []);
  const leave = async ({ id }) => {
    const { url } = await send("POST", `/v1/sign-in/${encodeURIComponent(id)}`, { next });
    location.assign(url);
  };
  const told = h("p.refusal", { role: "alert", hidden: true });
  const failed = (error) => {
    told.textContent = error.message;
    told.hidden = false;
  };
  const buttons = h("div.actions", providers.map((provider) => h("button.primary",
    { type: "button", on: { click: () => leave(provider).catch(failed) } }, `Sign in with ${provider.name}`)), told);
  draw(h("section.narrow", h("h1", "Sign in"), refused && h("p.refusal", { role: "alert" }, refused), providers.length > 0 && hold(buttons), hold(made),
    h("p.hint", "A token is made by the program: ", h("code", "monkeyci token create"), ". A new server prints a link that signs you in.")),
  { title: "Sign in", trail: [] });
  document.querySelector("main input")?.focus();
}
