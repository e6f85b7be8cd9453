// The studio's home: who one is, what one has, what can be asked for, and what became of it.

import { accountForm } from "./account.js";
import { call, explain } from "./api.js";
import { creditsPanel, packsPanel, returnNotice } from "./credits.js";
import { el } from "./dom.js";
import { follow } from "./events.js";
import { jobsPanel } from "./jobs_list.js";
import { begin } from "./top.js";
import { creditsText, t } from "./texts.js";
import { workPanel } from "./work.js";

const POLL_MS = 5000;
const main = document.getElementById("main");
let visit = new AbortController();

begin((session) => {
  visit.abort();
  visit = new AbortController();
  const { signal } = visit;
  main.className = session ? "studio" : "welcome";
  if (session) studio(signal);
  else welcome(signal);
});

async function kindsOnOffer() {
  return (await call("GET", "/v1/kinds")).items;
}

function welcome(signal) {
  const offers = el("ul", { class: "offers" });
  main.replaceChildren(
    el("section", { class: "hero" }, el("h1", { text: t("tagline") }), el("p", { class: "lead", text: t("tagline_more") }), offers),
    el("div", { class: "side" }, accountForm(), packsPanel(false)));
  kindsOnOffer().then((kinds) => {
    if (!signal.aborted) offers.replaceChildren(...kinds.filter((kind) => kind.enabled).map(offerRow));
  }, (problem) => offers.replaceChildren(el("li", { class: "error", text: explain(problem) })));
}

function offerRow(kind) {
  const prices = [kind.price.base_credits, ...Object.values(kind.price.credits_by_value)];
  const price = prices.length > 1 ? `${Math.min(...prices)}–${creditsText(Math.max(...prices))}` : creditsText(prices[0]);
  return el("li", {}, el("strong", { text: kind.title }), el("span", { class: "muted", text: kind.summary }), el("span", { class: "pill", text: price }));
}

async function studio(signal) {
  const credits = creditsPanel();
  const packs = packsPanel(true);
  const notice = returnNotice(credits.refresh);
  const work = el("div", { class: "work" });
  const titles = new Map();
  const jobs = jobsPanel(titles);
  main.replaceChildren(...[notice?.element, el("h1", { class: "visually-hidden", text: "Atelier" }), work,
    el("div", { class: "side" }, credits.element, packs), jobs.element].filter(Boolean));
  await offer(work, titles, packs, signal);
  if (!signal.aborted) live({ credits, jobs, notice, signal });
}

/** Draws the form; when the kinds cannot be read, a way to ask again. */
async function offer(place, titles, packs, signal) {
  try {
    const kinds = await kindsOnOffer();
    if (signal.aborted) return;
    for (const kind of kinds) titles.set(kind.name, kind.title);
    place.replaceChildren(workPanel(kinds, () => {
      packs.scrollIntoView({ block: "nearest" });
      packs.focus();
    }));
  } catch (problem) {
    const again = el("button", { class: "quiet", type: "button", text: t("try_now"), on: { click: () => offer(place, titles, packs, signal) } });
    place.replaceChildren(el("section", { class: "card" }, el("p", { class: "error", text: explain(problem) }), again));
  }
}

function live({ credits, jobs, notice, signal }) {
  let connected = false;
  const refresh = () => Promise.all([credits.refresh(), jobs.refresh()]);
  refresh();
  const poll = setInterval(() => !connected && !document.hidden && refresh(), POLL_MS);
  signal.addEventListener("abort", () => clearInterval(poll));
  follow("/v1/events", {
    signal,
    onOpen: (resumed) => resumed || refresh(),
    onLive: (flag) => jobs.live((connected = flag)),
    onEvent: (type, event) => {
      if (type === "reset") refresh();
      else if (type === "balance.changed") credits.changed(event);
      else if (type === "purchase.completed") notice?.arrived(event.credits);
      else if (type.startsWith("job.")) jobs.take(event);
    },
  }).catch(() => {}); // signed out, which draws the page anew; all else is tried again inside
}
