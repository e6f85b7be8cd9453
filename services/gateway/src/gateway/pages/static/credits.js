// Draws the account's credits, the packs to buy, and what became of a purchase one comes back from.

import { call, explain } from "./api.js";
import { announce, busy, el, pause, safeUrl } from "./dom.js";
import { creditsText, day, knows, money, numberText, t } from "./texts.js";

const CHECK_MS = 2500;
const CHECKS_MAX = 24;

/** The panel of credits. `refresh()` asks again, `changed(event)` takes a `balance.changed` in. */
export function creditsPanel() {
  const available = el("strong", { class: "balance", text: "–" });
  const held = el("span", { class: "muted" });
  const debt = el("span", { class: "error" });
  const lots = el("ul", { class: "lots" });
  const fold = el("details", { class: "fold", hidden: true }, el("summary", { text: t("lots") }), lots);
  const error = el("p", { class: "error", role: "alert" });
  const element = el("section", { class: "card", "aria-labelledby": "credits-title" },
    el("h2", { id: "credits-title", text: t("credits_title") }),
    el("p", { class: "figures" }, el("span", {}, available, " ", el("span", { class: "muted", text: t("available") })), held, debt), fold, error);
  let soon = null;

  function show({ available: free, held: kept, debt: owed }) {
    available.textContent = numberText(free);
    held.textContent = kept ? `${numberText(kept)} ${t("held")}` : "";
    debt.textContent = owed ? `${numberText(owed)} ${t("debt")}` : "";
  }

  async function refresh() {
    try {
      const credits = await call("GET", "/v1/credits");
      show(credits);
      lots.replaceChildren(...credits.lots.filter((lot) => lot.remaining > 0).map(lotRow));
      fold.hidden = !lots.children.length;
      error.textContent = "";
    } catch (problem) {
      error.textContent = explain(problem);
    }
  }

  function changed(event) {
    show({ available: event.available_credits, held: event.held_credits, debt: event.debt_credits });
    clearTimeout(soon);
    soon = setTimeout(refresh, 2500); // the lots may be read 30 times a minute; the sums are in the event
  }

  return { element, refresh, changed };
}

/** The packs for sale; `buyable` where somebody is signed in. */
export function packsPanel(buyable) {
  const list = el("ul", { class: "packs" });
  const error = el("p", { class: "error", role: "alert" });
  const element = el("section", { class: "card", id: "buy", tabindex: "-1", "aria-labelledby": "buy-title" },
    el("h2", { id: "buy-title", text: t("buy_title") }), list, error, el("p", { class: "muted small", text: t("buy_note") }));
  call("GET", "/v1/products").then(
    ({ items }) => list.replaceChildren(...items.map((product) => packRow(product, buyable, error))),
    (problem) => (error.textContent = explain(problem)),
  );
  return element;
}

/** A word about the purchase that Stripe sent the reader back from, or nothing. Signed in readers only. */
export function returnNotice(onArrived) {
  const query = new URLSearchParams(location.search);
  const outcome = query.get("checkout");
  if (!outcome) return null;
  const notice = el("p", { class: outcome === "success" ? "notice good" : "notice", role: "status" });
  const say = (text) => (notice.textContent = text);
  if (outcome === "success") {
    say(t("paid_waiting"));
    watchPurchase(query.get("purchase"), say).then((arrived) => arrived && onArrived());
  } else {
    say(t("checkout_cancelled"));
  }
  history.replaceState(null, "", location.pathname + location.hash);
  return { element: notice, arrived: (credits) => say(t("paid_done", { credits: creditsText(credits) })) };
}

/** Asks after a purchase until it is paid; the event stream usually tells sooner. */
async function watchPurchase(id, say) {
  for (let check = 0; id && check < CHECKS_MAX; check += 1) {
    const purchase = await call("GET", `/v1/purchases/${encodeURIComponent(id)}`).catch(() => null);
    if (purchase?.status === "paid") {
      say(t("paid_done", { credits: creditsText(purchase.credits) }));
      return true;
    }
    if (purchase?.status === "failed" || purchase?.status === "expired") {
      say(t("purchase_failed"));
      return false;
    }
    await pause(CHECK_MS);
  }
  say(t("paid_slow"));
  return false;
}

function lotRow(lot) {
  const key = `source.${lot.source}`;
  return el("li", {},
    el("span", { text: knows(key) ? t(key) : lot.source }),
    el("span", { text: t("lot_left", lot) }),
    el("span", { class: "muted", text: lot.expires_at ? t("expires", { date: day(lot.expires_at) }) : t("never_expires") }));
}

function packRow(product, buyable, error) {
  const price = money(product.amount_minor, product.currency);
  const name = creditsText(product.credits);
  const label = [el("span", { text: name }), el("strong", { text: price })];
  if (!buyable) return el("li", { class: "pack" }, label);
  const key = crypto.randomUUID();
  const button = el("button", { class: "pack", type: "button", "aria-label": t("buy", { name, price }) }, label);
  button.addEventListener("click", () => busy(button, async () => {
    error.textContent = "";
    try {
      const opened = await call("POST", "/v1/checkout", { body: { product_id: product.id }, headers: { "Idempotency-Key": key } });
      announce(t("buy_note"));
      location.assign(safeUrl(opened.url));
    } catch (problem) {
      error.textContent = explain(problem);
    }
  }));
  return el("li", {}, button);
}
