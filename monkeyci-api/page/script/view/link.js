// Somebody says who they are in a chat, with the code that was told to them there.

import { send } from "../api.js";
import { h, hold } from "../element.js";
import { form } from "../form.js";

const E = encodeURIComponent;

/** Draws the view. */
export async function show({ me, draw, go }) {
  const typed = decodeURIComponent(location.hash.slice(1));
  if (!me) return go(`/login?next=${E(`/link${location.hash}`)}`, { replace: true });
  // The code must not stay in the address bar or the history.
  if (typed) history.replaceState({}, "", "/link");
  const frame = (...parts) => draw(h("section.narrow", h("h1", "Link a chat"), parts), { title: "Link a chat", trail: [["Link a chat", "/link"]] });
  const ask = (refused) => frame(refused && h("p.refusal", { role: "alert" }, refused), hold(form({
    fields: [{ name: "code", label: "The code that you were told in the chat", required: true, placeholder: "7QF3-M1XA-09RT-KWZD" }],
    submit: "Go on",
    done: async ({ code }) => preview(code, await send("POST", "/v1/links/preview", { code })),
  })));
  const preview = (code, { org, integration, provider, subject, name }) => frame(
    h("p", h("b", integration), " asks whether ", h("b", name || subject), ` in ${provider} (`, h("code", subject), ") is you."),
    h("p", "If you say so, whatever that user of the chat asks for in ", h("b", org), " is done in your name, ", h("b", me.name), ". Say so only where you yourself asked for this code a moment ago."),
    hold(form({
      fields: [], submit: `Yes, that is me: ${me.name}`, cancel: () => go("/account"),
      done: async () => {
        await send("POST", "/v1/links/confirm", { code });
        frame(h("p", h("b", name || subject), ` in ${provider} is you in `, h("b", org), " from now on. You may go back to the chat."), h("p", h("a", { href: "/account" }, "Your account")));
      },
    })));
  if (!typed) return ask();
  try {
    preview(typed, await send("POST", "/v1/links/preview", { code: typed }));
  } catch (error) {
    ask(error.message);
  }
}
