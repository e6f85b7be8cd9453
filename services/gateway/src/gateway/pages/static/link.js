// The pages that links in mails lead to: verify an address, change it, set a new password. Nothing happens unasked.

import { call, explain } from "./api.js";
import { announce, busy, el, hold } from "./dom.js";
import { signOut } from "./session.js";
import { begin } from "./top.js";
import { t } from "./texts.js";

const PASSWORD_LENGTH_MIN = 10;
const PASSWORD_LENGTH_MAX = 128;
const PAGES = {
  "/verify": {
    address: "/v1/users/verification", title: t("verify_title"), lead: t("verify_lead"), button: t("verify_button"), done: t("verify_done"),
  },
  "/email": {
    address: "/v1/users/email-change", title: t("change_title"), lead: t("change_lead"), button: t("change_button"), done: t("change_done"),
  },
  "/reset": {
    address: "/v1/password-resets/confirm", title: t("reset_title"), lead: t("reset_lead"), button: t("reset_button"), done: t("reset_done"),
    setsPassword: true,
  },
};
const page = PAGES[location.pathname];
const main = document.getElementById("main");

begin(() => {});
main.className = "page";
document.title = `${page.title} · Atelier`;
open();
addEventListener("hashchange", open); // a newer link, opened in the same tab, loads nothing anew

/** Takes the token out of the address, so that neither history nor a screenshot keeps it. */
function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (location.hash) history.replaceState(null, "", location.pathname);
  return token;
}

function open() {
  if (location.hash === "#main") return; // the link that skips to the content
  const token = takeToken();
  if (token) main.replaceChildren(linkForm(token));
  else show(t("link_missing"), t("home"));
}

function show(text, onward) {
  main.replaceChildren(el("section", { class: "card account" },
    el("h1", { text: page.title }), el("p", { text }), el("a", { class: "button primary", href: "/", text: onward })));
  announce(text);
}

/** A form, for what merely follows links (a mail scanner, a preview) must not use them up. */
function linkForm(token) {
  const password = page.setsPassword ? passwordField() : null;
  const message = el("p", { class: "error", role: "alert" });
  const submit = el("button", { class: "primary wide", type: "submit", text: page.button });

  async function send(event) {
    event.preventDefault();
    message.textContent = "";
    password?.complain("");
    const body = password ? { token, password: password.control.value } : { token };
    await busy(submit, async () => {
      try {
        await call("POST", page.address, { body });
        if (password) signOut(); // the reset ended the sessions; this device need not find out later
        show(page.done, password ? t("sign_in") : t("home"));
      } catch (error) {
        complain(error);
      }
    });
  }

  function complain(error) {
    const of = (pointer) => error.errors?.find((one) => one.pointer === pointer);
    const refused = of("/body/password");
    if (refused && password) {
      password.complain(refused.detail);
      return password.control.focus();
    }
    message.textContent = of("/body/token") ? t("link_not_valid") : explain(error);
    if (error.status === 429 && error.retrySeconds) {
      hold(submit, error.retrySeconds, (left) => (submit.textContent = left ? t("in_seconds", { seconds: left }) : page.button));
    }
  }

  return el("form", { class: "card account", "aria-labelledby": "link-title", on: { submit: send } },
    el("h1", { id: "link-title", text: page.title }), el("p", { class: "muted", text: page.lead }), password?.element, message, submit);
}

function passwordField() {
  const error = el("p", { class: "field-error", id: "password-error" });
  const control = el("input", {
    id: "password", name: "password", type: "password", autocomplete: "new-password", required: true,
    minlength: PASSWORD_LENGTH_MIN, maxlength: PASSWORD_LENGTH_MAX, "aria-describedby": "password-hint password-error",
  });
  const complain = (text) => {
    error.textContent = text;
    if (text) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  };
  const element = el("div", { class: "field" }, el("label", { for: "password", text: t("new_password") }),
    el("span", { class: "hint", id: "password-hint", text: t("password_hint") }), control, error);
  return { element, control, complain };
}
