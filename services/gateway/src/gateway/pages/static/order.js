// The page of an order by somebody without an account: to be paid, in progress, ready, or failed and paid back.

import { explain, Problem, problemOf } from "./api.js";
import { announce, el, pause, safeUrl } from "./dom.js";
import { withFreshLinks } from "./links.js";
import { resultView } from "./result.js";
import { begin } from "./top.js";
import { fullMoment, money, t, waitText } from "./texts.js";

const POLL_MS = 4000;
const TIMEOUT_MS = 30_000;
const SETTLED = ["delivered", "refunded", "expired"];
const PILLS = { ready: "succeeded", lost: "failed" };
const main = document.getElementById("main");
const id = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const stored = `atelier.order.${id}`;
let shown = null;

begin(() => {});
main.className = "page";
watch(takeToken());

/** The token of the address, which is cleared of it, or the one kept on this device for a reload. */
function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!given) return localStorage.getItem(stored);
  localStorage.setItem(stored, given);
  history.replaceState(null, "", location.pathname);
  return given;
}

/** Asks until nothing changes any more; a page nobody looks at rests. */
async function watch(token) {
  if (!token) return message(t("order_in_mail"));
  for (let over = false; !over; await pause(over ? 0 : POLL_MS)) {
    if (document.hidden && shown) continue;
    try {
      const order = await ask(token);
      if (order.work?.result) order.work.result = await withFreshLinks(order.work.result, () => ask(token, "/artefacts"));
      show(order);
      over = SETTLED.includes(order.status) && (order.status === "expired" || isOver(order.work));
    } catch (error) {
      over = error instanceof Problem && (error.status === 401 || error.status === 404);
      if (over) message(t("order_in_mail"));
      else if (!shown) message(explain(error));
    }
  }
}

/** Reads the order, or something of it, with its own token, whoever may be signed in. */
async function ask(token, part = "") {
  const answer = await fetch(`/v1/orders/${encodeURIComponent(id)}${part}`, {
    credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS), headers: { Accept: "application/json", Authorization: `Bearer ${token}` },
  });
  if (!answer.ok) throw await problemOf(answer);
  return answer.json();
}

const isOver = (work) => ["succeeded", "failed", "cancelled"].includes(work?.status);

/** `open`, `expired`, `going`, `ready` or `lost`. */
function faceOf({ status, work }) {
  if (status === "open" || status === "expired") return status;
  if (status.startsWith("refund") || work?.status === "failed" || work?.status === "cancelled") return "lost";
  return work?.status === "succeeded" ? "ready" : "going";
}

function message(text) {
  main.replaceChildren(el("section", { class: "card centred", role: "alert" }, el("p", { text })));
}

/** Draws anew only what changed, so that focus and screen readers are left in peace. */
function show(order) {
  const { status, work } = order;
  const now = JSON.stringify([status, work && { ...work, queue: work.queue?.position }]);
  if (now === shown) return;
  shown = now;
  const face = faceOf(order);
  const going = work?.status ?? "submitted";
  const title = t(face === "going" ? `face.${going}` : `order.${face}`);
  const pill = el("span", { class: `pill ${PILLS[face] ?? "going"}`, text: t(face === "going" ? `status.${going}` : `order_status.${status}`) });
  main.replaceChildren(el("article", { class: "card job-page" },
    el("p", { class: "eyebrow" }, el("span", { text: order.title }), pill), el("h1", { text: title }), BODIES[face](order),
    el("p", { class: "muted small", text: `${money(order.price_minor, order.currency)} · ${fullMoment(order.created_at)} · ${order.id}` })));
  document.title = `${title} · ${order.title}`;
  announce(title);
}

const line = (text, kind = "muted") => (text ? el("p", { class: kind, text }) : null);

const sentence = (text) => (text ? text.charAt(0).toUpperCase() + text.slice(1) : "");

const BODIES = {
  open: ({ checkout_url }) => [line(t("order_unpaid")), el("div", { class: "actions" },
    safeUrl(checkout_url) && el("a", { class: "button primary", href: safeUrl(checkout_url), text: t("order_pay") }))],
  expired: () => line(t("nothing_charged")),
  going: ({ work }) => {
    const bar = el("progress", { max: 1, "aria-label": t("progress") });
    if (work?.status === "running") bar.value = work.progress;
    return [el("div", { class: "bar" }, bar), line(sentence(work?.message), "step"),
      line(work?.queue && t("ready_in", { wait: waitText(work.queue.finish) })), line(t("may_close"))];
  },
  ready: ({ work, title }) => [work.files_deleted_at && line(t("order_files_deleted", { time: fullMoment(work.files_deleted_at) }), "notice"), resultView(work.result ?? {}, title), el("div", { class: "actions" },
    el("button", { class: "quiet", type: "button", text: t("print"), on: { click: () => print() } }))],
  lost: ({ status, work }) => [line(work?.error?.detail, "why"), line(t(status === "refunded" ? "order_refunded" : "order_refunding"), "notice good")],
};
