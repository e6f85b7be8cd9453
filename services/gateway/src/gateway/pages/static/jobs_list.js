// Draws the account's jobs, newest first, and moves each row along as its events arrive.

import { call, explain } from "./api.js";
import { el, safeUrl } from "./dom.js";
import { isOver, withEvent, withSnapshot } from "./job_state.js";
import { withFreshLinks } from "./links.js";
import { firstImage } from "./result.js";
import { creditsText, moment, t } from "./texts.js";

const PAGE = 12;

/** The panel. `refresh()` reads the newest again, `take(event)` moves one job, `live(flag)` shows the connection. */
export function jobsPanel(titles) {
  const rows = new Map();
  const list = el("ul", { class: "jobs" });
  const empty = el("p", { class: "muted", text: t("no_jobs"), hidden: true });
  const error = el("p", { class: "error", role: "alert" });
  const more = el("button", { class: "quiet", type: "button", text: t("older"), hidden: true, on: { click: older } });
  const dot = el("span", { class: "live", text: t("offline") });
  const element = el("section", { class: "card jobs-card", "aria-labelledby": "jobs-title" },
    el("div", { class: "card-head" }, el("h2", { id: "jobs-title", text: t("jobs_title") }), dot), list, empty, error, more);
  let cursor = null;
  let paged = false;

  async function load(query) {
    try {
      const page = await call("GET", `/v1/jobs?limit=${PAGE}${query}`);
      page.items.forEach(put);
      error.textContent = "";
      empty.hidden = rows.size > 0;
      return page;
    } catch (problem) {
      error.textContent = explain(problem);
      return null;
    }
  }

  async function refresh() {
    const page = await load("");
    if (page && !paged) more.hidden = !(cursor = page.next_cursor);
  }

  async function older() {
    const page = await load(`&cursor=${encodeURIComponent(cursor)}`);
    if (!page) return;
    paged = true;
    more.hidden = !(cursor = page.next_cursor);
  }

  function put(snapshot) {
    const known = rows.get(snapshot.id);
    const job = withSnapshot(known?.job, snapshot);
    const row = rowOf(job, titles);
    if (known) known.row.replaceWith(row);
    else place(row, job);
    rows.set(job.id, { job, row });
  }

  // Ids grow with time: the newest is the greatest.
  function place(row, job) {
    const before = [...rows.values()].filter((one) => one.job.id < job.id).sort((a, b) => (a.job.id < b.job.id ? 1 : -1))[0];
    list.insertBefore(row, before?.row ?? null);
  }

  async function take(event) {
    const known = rows.get(event.job_id);
    if (known) {
      known.job = withEvent(known.job, event);
      const row = rowOf(known.job, titles);
      const focused = known.row.contains(document.activeElement);
      known.row.replaceWith(row);
      known.row = row;
      if (focused) row.querySelector("a").focus();
      return;
    }
    if (event.type !== "job.submitted") return;
    put(await call("GET", `/v1/jobs/${event.job_id}`).catch(() => submitted(event)));
    empty.hidden = true;
  }

  const live = (flag) => {
    dot.textContent = t(flag ? "live" : "offline");
    dot.classList.toggle("on", flag);
  };
  return { element, refresh, take, live };
}

function rowOf(job, titles) {
  const image = job.status === "succeeded" ? safeUrl(firstImage(job.result)?.url) : null;
  const fresh = async () => {
    const result = await withFreshLinks(job.result, () => call("GET", `/v1/jobs/${job.id}/artefacts`));
    const url = safeUrl(firstImage(result)?.url);
    if (url && url !== image) picture.src = url;
  };
  const cost = job.charge.settled ? job.charge.charged : job.charge.price;
  const picture = image ? el("img", { src: image, alt: "", loading: "lazy", decoding: "async" }) : null;
  picture?.addEventListener("error", fresh, { once: true });
  return el("li", {}, el("a", { href: `/jobs/${job.id}`, class: "job" },
    el("span", { class: "thumb" }, picture),
    el("span", { class: "job-name" },
      el("span", { text: titles.get(job.kind) ?? job.kind }),
      el("span", { class: "muted small", text: `${moment(job.created_at)} · ${creditsText(cost)}` }),
      job.status === "running" ? el("progress", { max: 1, value: job.progress, "aria-label": t("progress") }) : null),
    el("span", { class: `pill ${isOver(job) ? job.status : "going"}`, text: t(`status.${job.status}`) })));
}

function submitted(event) {
  const charge = { price: event.price_credits, held: 0, charged: 0, returned: 0, settled: false };
  return { id: event.job_id, kind: event.kind, status: "submitted", progress: 0, charge, created_at: event.occurred_at };
}
