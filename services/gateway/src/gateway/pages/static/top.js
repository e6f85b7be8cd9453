// Draws what every page has: the line at the top with the account, and the words of the skeleton.

import { el } from "./dom.js";
import { current, onChange, signOut } from "./session.js";
import { language, t } from "./texts.js";

/** Fills the skeleton in and calls `render` now, and again whenever somebody signs in or out. */
export function begin(render) {
  document.documentElement.lang = language;
  document.getElementById("skip").textContent = t("skip");
  const who = el("div", { class: "who" });
  document.getElementById("top").append(who);
  const draw = () => {
    const session = current();
    who.replaceChildren(...(session ? [
      el("span", { class: "email", title: t("signed_in_as", { email: session.user.email }), text: session.user.email }),
      el("button", { class: "quiet", type: "button", text: t("sign_out"), on: { click: signOut } }),
    ] : []));
    render(session);
  };
  onChange(draw);
  draw();
}
