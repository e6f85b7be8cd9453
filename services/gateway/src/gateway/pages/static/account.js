// Draws sign-up and sign-in: one small form, two modes.

import { call, explain, Problem } from "./api.js";
import { busy, el, hold } from "./dom.js";
import { keep } from "./session.js";
import { language, t } from "./texts.js";

const PASSWORD_LENGTH_MIN = 10;

/** The form; who comes from a mail has an account, so a page may begin with `signIn`. */
export function accountForm({ signIn = false, title = null, lead = null } = {}) {
  const heading = el("h2", { id: "account-title" });
  const hint = el("p", { class: "muted" });
  const email = input("email", "email", "email");
  const password = input("password", "password", "current-password");
  const message = el("p", { class: "error", role: "alert" });
  const submit = el("button", { class: "primary wide", type: "submit" });
  const other = el("button", { class: "link", type: "button", on: { click: () => show(!signIn) } });
  const form = el("form", { class: "card account", "aria-labelledby": "account-title", on: { submit: send } },
    heading, hint, email.element, password.element, message, submit, other);

  function show(toSignIn) {
    signIn = toSignIn;
    heading.textContent = title ?? t(signIn ? "sign_in" : "sign_up");
    hint.textContent = lead ?? (signIn ? "" : t("sign_up_hint"));
    hint.hidden = !hint.textContent;
    submit.textContent = t(signIn ? "sign_in" : "sign_up");
    other.textContent = t(signIn ? "no_account" : "have_account");
    password.control.autocomplete = signIn ? "current-password" : "new-password";
    password.control.minLength = signIn ? 1 : PASSWORD_LENGTH_MIN;
    password.hint.textContent = signIn ? "" : t("password_hint");
    clear();
  }

  function clear() {
    message.textContent = "";
    email.complain("");
    password.complain("");
  }

  async function send(event) {
    event.preventDefault();
    clear();
    const body = { email: email.control.value.trim(), password: password.control.value };
    await busy(submit, async () => {
      try {
        keep(signIn ? await call("POST", "/v1/sessions", { body }) : await call("POST", "/v1/users", { body: { ...body, locale: language } }));
      } catch (error) {
        complain(error);
      }
    });
  }

  function complain(error) {
    if (error instanceof Problem && error.code === "EMAIL_TAKEN") show(true);
    const fields = { "/body/email": email, "/body/password": password };
    const placed = (error.errors ?? []).filter(({ pointer, detail }) => fields[pointer]?.complain(detail));
    if (placed.length) return fields[placed[0].pointer].control.focus();
    message.textContent = explain(error);
    if (error.status === 429 && error.retrySeconds) {
      hold(submit, error.retrySeconds, (left) => (submit.textContent = left ? t("in_seconds", { seconds: left }) : t(signIn ? "sign_in" : "sign_up")));
    }
  }

  show(signIn);
  return form;
}

function input(name, type, autocomplete) {
  const hint = el("span", { class: "hint", id: `${name}-hint` });
  const error = el("p", { class: "field-error", id: `${name}-error` });
  const control = el("input", {
    id: name, name, type, autocomplete, required: true, maxlength: type === "email" ? 254 : 128,
    "aria-describedby": `${name}-hint ${name}-error`,
  });
  const complain = (text) => {
    error.textContent = text;
    control.toggleAttribute("aria-invalid", Boolean(text));
    if (text) control.setAttribute("aria-invalid", "true");
    return true;
  };
  const element = el("div", { class: "field" }, el("label", { for: name, text: t(name) }), hint, control, error);
  return { element, control, hint, complain };
}
