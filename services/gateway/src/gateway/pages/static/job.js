// The result page of any job: its three faces, kept up to date until the outcome and its cost are known.

import { accountForm } from "./account.js";
import { call, explain, Problem } from "./api.js";
import { announce, busy, el, pause, safeUrl } from "./dom.js";
import { follow } from "./events.js";
import { isOver, isSettled, withEvent, withSnapshot } from "./job_state.js";
import { hasExpired, withFreshLinks } from "./links.js";
import { resultView } from "./result.js";
import { begin } from "./top.js";
import { creditsText, duration, fullMoment, humanise, t, waitText } from "./texts.js";

const POLL_MS = 4000;
const main = document.getElementById("main");
const id = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const path = `/v1/jobs/${encodeURIComponent(id)}`;
let visit = new AbortController();

begin((session) => {
  visit.abort();
  visit = new AbortController();
  main.className = "page";
  if (session) watch(visit.signal);
  else main.replaceChildren(accountForm({ signIn: true, title: t("sign_in_to_see"), lead: t("sign_in_to_see_more") }));
});

/** Reads the job, draws it, and follows it by stream, or by asking while the stream is silent. */
async function watch(signal) {
  const view = jobView();
  const titles = call("GET", "/v1/kinds").then(({ items }) => items, () => []);
  let job = null;
  let connected = false;
  const following = new AbortController();
  signal.addEventListener("abort", () => following.abort());

  const show = async (next) => {
    job = next;
    if (hasExpired(job.result)) job = { ...job, result: await withFreshLinks(job.result, () => call("GET", `${path}/artefacts`, { signal })) };
    const kind = (await titles).find((one) => one.name === job.kind);
    if (!signal.aborted) view.show(job, kind?.title ?? humanise(job.kind), { refresh });
    if (isSettled(job)) following.abort();
  };

  async function refresh() {
    const snapshot = await call("GET", path, { signal });
    if (!signal.aborted) await show(withSnapshot(job, snapshot));
  }

  // A page that was left open for long has old addresses too.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && hasExpired(job?.result)) show(job).then(view.redraw, () => {});
  }, { signal });

  while (!job && !signal.aborted) {
    try {
      await refresh();
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && error.status === 404) return notThere();
      if (error instanceof Problem && error.status === 401) return;
      unreachable(error);
      await pause(POLL_MS, signal);
    }
  }
  if (signal.aborted || isSettled(job)) return;
  follow(`${path}/events`, {
    signal: following.signal,
    onOpen: () => {},
    onLive: (flag) => (connected = flag),
    onEvent: (type, event) => (type === "reset" ? refresh().catch(() => {}) : show(withEvent(job, event))),
  }).catch(() => {}); // what cannot be followed is asked after below
  while (!following.signal.aborted) {
    await pause(POLL_MS, following.signal);
    if (following.signal.aborted) break;
    if (!document.hidden && (!connected || isOver(job))) await refresh().catch(() => {}); // the next turn asks again
  }
  if (!signal.aborted) await refresh().catch(() => {}); // the API's own word on it, where it has it by now
}

function notThere() {
  document.title = `${t("not_there")} · Atelier`;
  main.replaceChildren(el("section", { class: "card centred" }, el("h1", { text: t("not_there") }),
    el("p", { class: "muted", text: t("not_there_more") }), el("a", { class: "button primary", href: "/", text: t("home") })));
}

function unreachable(error) {
  main.replaceChildren(el("section", { class: "card centred", role: "alert" }, el("p", { text: explain(error) })));
}

/** The article. Only a change of face draws it anew, so that focus and screen readers are left in peace. */
function jobView() {
  let face = null;
  let parts = null;
  let last = null;

  function redraw() {
    face = null;
    if (last) show(...last);
  }

  function show(job, title, actions) {
    last = [job, title, actions];
    const next = isOver(job) ? job.status : "going";
    if (next !== face) {
      const before = face;
      face = next;
      parts = next === "going" ? goingFace(job, title, actions) : next === "succeeded" ? readyFace(job, title) : lostFace(job, title);
      main.replaceChildren(parts.element);
      if (before) main.focus({ preventScroll: true });
    }
    parts.update(job);
    document.title = `${job.status === "running" ? `${Math.round(job.progress * 100)} % · ` : ""}${t(`status.${job.status}`)} · ${title}`;
  }

  return { show, redraw };
}

function frame(job, title, ...children) {
  const heading = el("h1", { text: t(`face.${job.status}`) });
  const pill = el("span", { class: `pill ${isOver(job) ? job.status : "going"}`, text: t(`status.${job.status}`) });
  const element = el("article", { class: "card job-page" },
    el("p", { class: "eyebrow" }, el("span", { text: title }), pill), heading, ...children);
  return { element, heading, pill };
}

function goingFace(job, title, { refresh }) {
  const bar = el("progress", { max: 1, "aria-label": t("progress") });
  const percent = el("span", { class: "percent" });
  const message = el("p", { class: "step" });
  const wait = el("p", { class: "muted" });
  const preview = el("img", { class: "preview", alt: "", hidden: true });
  const error = el("p", { class: "error", role: "alert" });
  const cancel = el("button", { class: "quiet", type: "button", text: t("cancel") });
  cancel.addEventListener("click", () => confirm(t("cancel_confirm")) && busy(cancel, async () => {
    cancel.textContent = t("cancelling");
    try {
      await call("POST", `${path}/cancel`);
      cancel.dataset.held = "true"; // once is enough
      await refresh();
    } catch (problem) {
      cancel.textContent = t("cancel");
      error.textContent = explain(problem);
    }
  }));
  const { element, heading, pill } = frame(job, title, preview, el("div", { class: "bar" }, bar, percent), message, wait,
    el("p", { class: "muted", text: t("may_close") }), error, el("div", { class: "actions" }, cancel));

  function update(now) {
    heading.textContent = t(`face.${now.status}`);
    pill.textContent = t(`status.${now.status}`);
    if (now.status === "running") bar.value = now.progress;
    else bar.removeAttribute("value");
    percent.textContent = now.status === "running" ? `${Math.round(now.progress * 100)} %` : "";
    message.textContent = now.status === "running" ? sentence(now.message) || t("starting") : placeText(now.queue);
    wait.textContent = now.queue ? t("ready_in", { wait: waitText(now.queue.finish) }) : "";
    const url = safeUrl(now.preview);
    if (url && preview.src !== url) preview.src = url;
    preview.hidden = !url;
    announce(`${heading.textContent}. ${message.textContent}. ${wait.textContent}`);
  }
  return { element, update };
}

const sentence = (text) => (text ? text.charAt(0).toUpperCase() + text.slice(1) : "");
const placeText = (queue) => (queue ? (queue.position > 0 ? t("ahead", { count: queue.position }) : t("next_in_line")) : "");

function readyFace(job, title) {
  const charge = el("p", { class: "muted" });
  const { element } = frame(job, title, timesOf(job), job.files_deleted_at ? el("p", { class: "notice", text: t("files_deleted", { time: fullMoment(job.files_deleted_at) }) }) : null,
    resultView(job.result ?? {}, title), charge,
    el("div", { class: "actions" },
      el("button", { class: "quiet", type: "button", text: t("print"), on: { click: () => print() } }),
      el("a", { class: "button quiet", href: `/#kind=${encodeURIComponent(job.kind)}`, text: t("again") }),
      el("a", { class: "button quiet", href: "/", text: t("all_work") })));
  announce(t("face.succeeded"));
  return { element, update: (now) => (charge.textContent = chargeText(now.charge)) };
}

function chargeText({ settled, charged, returned }) {
  if (!settled) return t("charging");
  if (!charged) return t("free");
  return returned ? t("charged_part", { charged: creditsText(charged), returned }) : t("charged", { credits: creditsText(charged) });
}

function lostFace(job, title) {
  const why = el("p", { class: "why" });
  const money = el("p", { class: "notice good" });
  const { element } = frame(job, title, why, money, timesOf(job), el("div", { class: "actions" },
    el("a", { class: "button primary", href: `/#kind=${encodeURIComponent(job.kind)}`, text: t("try_again") }),
    el("a", { class: "button quiet", href: "/", text: t("all_work") })));
  announce(t(`face.${job.status}`));
  const update = (now) => {
    why.textContent = now.status === "rejected" ? t("rejected_why", { credits: creditsText(now.charge.price) }) : sentence(now.error?.detail);
    why.hidden = !why.textContent;
    money.textContent = backText(now);
  };
  return { element, update };
}

function backText({ status, charge }) {
  if (status === "rejected") return t("nothing_charged");
  if (!charge.settled) return t("returning", { credits: creditsText(charge.price) });
  if (charge.charged) return t("charged_part", { charged: creditsText(charge.charged), returned: charge.returned });
  return charge.returned ? t("returned", { credits: creditsText(charge.returned) }) : t("nothing_charged");
}

function timesOf(job) {
  const took = job.started_at && job.finished_at ? (new Date(job.finished_at) - new Date(job.started_at)) / 1000 : null;
  const facts = [t("asked", { time: fullMoment(job.created_at) }), job.status === "succeeded" && took !== null ? t("took", { time: duration(took) }) : null];
  return el("p", { class: "muted small", text: facts.filter(Boolean).join(" · ") });
}
