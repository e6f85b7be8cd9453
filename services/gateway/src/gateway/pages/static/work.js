// Draws the form for new work: any kind the API offers, its price, and what the API says to a submission.

import { call, explain, Problem } from "./api.js";
import { announce, busy, el, hold } from "./dom.js";
import { schemaForm } from "./schema_form.js";
import { creditsText, t } from "./texts.js";

const DRAFT = "atelier.draft.";

/** The panel; `kinds` come from `GET /v1/kinds`, `offerCredits` leads to the packs. */
export function workPanel(kinds, offerCredits) {
  const wanted = new URLSearchParams(location.hash.slice(1)).get("kind");
  const chooser = el("select", { id: "kind" }, kinds.map((kind) =>
    el("option", { value: kind.name, text: kind.enabled ? kind.title : `${kind.title} · ${t("kind_off")}`, disabled: !kind.enabled, selected: kind.name === wanted })));
  const summary = el("p", { class: "muted", id: "kind-summary" });
  const place = el("div");
  const field = el("div", { class: "field", hidden: kinds.length < 2 }, el("label", { for: "kind", text: t("kind") }), chooser);
  const draw = () => {
    const kind = kinds.find((one) => one.name === chooser.value) ?? kinds[0];
    summary.textContent = kind.summary;
    place.replaceChildren(kindForm(kind, offerCredits));
  };
  chooser.addEventListener("change", draw);
  if (kinds.length) draw();
  else summary.textContent = t("no_kinds");
  const title = kinds.length === 1 ? kinds[0].title : t("new_work");
  return el("section", { class: "card", "aria-labelledby": "work-title" }, el("h2", { id: "work-title", text: title }), field, summary, place);
}

/** What a job of the kind costs with this input, in credits. */
export function priceOf({ price }, input) {
  for (const [member, credits] of Object.entries(price.credits_with_member ?? {})) if (input[member] != null) return credits;
  if (price.by_field === null) return price.base_credits;
  return price.credits_by_value[String(input[price.by_field])] ?? price.base_credits;
}

function kindForm(kind, offerCredits) {
  const fields = schemaForm(kind.input_schema);
  const message = el("div", { class: "error", role: "alert" });
  const submit = el("button", { class: "primary", type: "submit", disabled: !kind.enabled });
  const example = el("button", { class: "quiet", type: "button", text: t("fill_example"), on: { click: () => { fields.fill(kind.example); changed(); } } });
  const form = el("form", { on: { submit: send, input: changed } }, fields.element, message, el("div", { class: "actions" }, submit, example));
  let unanswered = null; // a submission nobody answered: sent again as it is, it is the same job

  function price() {
    const credits = priceOf(kind, fields.read());
    submit.textContent = credits ? t("start", { credits: creditsText(credits) }) : t("start_free");
  }

  function changed() {
    if (!submit.dataset.held) price();
    sessionStorage.setItem(DRAFT + kind.name, JSON.stringify(fields.read()));
  }

  async function send(event) {
    event.preventDefault();
    message.replaceChildren();
    const input = fields.read();
    const text = JSON.stringify(input);
    if (unanswered?.text !== text) unanswered = { text, key: crypto.randomUUID() };
    await busy(submit, async () => {
      try {
        const job = await call("POST", `/v1/jobs/${encodeURIComponent(kind.name)}`, { body: input, headers: { "Idempotency-Key": unanswered.key } });
        unanswered = null;
        announce(t("accepted"));
        location.assign(`/jobs/${job.id}`);
      } catch (error) {
        if (error instanceof Problem && error.status < 500) unanswered = null;
        complain(error);
      }
    });
  }

  function complain(error) {
    const left = error.code === "VALIDATION_FAILED" ? fields.complain(error.errors) : [];
    const text = error.code === "VALIDATION_FAILED" ? t("check_fields") : explain(error);
    message.append(el("p", { text }), ...left.map(({ pointer, detail }) => el("p", { class: "small", text: `${pointer}: ${detail}` })));
    if (error.status === 402) message.append(el("button", { class: "primary", type: "button", text: t("buy_more"), on: { click: offerCredits } }));
    if (error.jobId) message.append(el("a", { href: `/jobs/${encodeURIComponent(error.jobId)}`, text: t("see_job") }));
    if (error.status === 429 && error.retrySeconds) {
      hold(submit, error.retrySeconds, (left) => (left ? (submit.textContent = t("in_seconds", { seconds: left })) : (message.replaceChildren(), price())));
    }
  }

  const draft = sessionStorage.getItem(DRAFT + kind.name);
  if (draft) fields.fill(JSON.parse(draft));
  price();
  return form;
}
