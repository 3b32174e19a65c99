// Signing in with a token: pasted, or from the link that the server printed.

import { h, hold } from "../element.js";
import { form } from "../form.js";
import { signIn } from "../me.js";

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
  let refused = null;
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
  draw(h("section.narrow", h("h1", "Sign in"), refused && h("p.refusal", { role: "alert" }, refused), hold(made),
    h("p.hint", "A token is made by the program: ", h("code", "monkeyci token create"), ". A new server prints a link that signs you in.")),
  { title: "Sign in", trail: [] });
  document.querySelector("main input")?.focus();
}
