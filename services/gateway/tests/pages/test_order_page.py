"""The page of an order, run by node over a few lines of pretended DOM: what a buyer reads in each of its faces."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from common.ids import new_id, to_text

from .test_behaviour import modules, pytestmark, run

__all__ = ["modules", "pytestmark"]

ID = "ord_01k9zv4m5sfv8b2c3d4e5f6g7h"
ORDER: dict[str, Any] = {
    "id": ID, "kind": "text-to-design", "title": "One design", "status": "open", "price_minor": 999, "currency": "eur",
    "checkout_url": "https://pay.example/cs_1", "checkout_expires_at": None, "created_at": "2026-11-21T12:00:00Z",
    "paid_at": None, "ended_at": None, "work": None,
}  # fmt: skip
WORK: dict[str, Any] = {
    "status": "running", "progress": 0.4, "message": "drawing", "queue": None, "result": None, "error": None,
    "started_at": None, "finished_at": None,
}  # fmt: skip
DONE = WORK | {
    "status": "succeeded",
    "result": {"image": {"url": "https://pictures.example/1.webp", "media_type": "image/webp"}},
}
LOST = WORK | {"status": "failed", "error": {"code": "REFUSED", "detail": "The vendor would not."}}
PAGE = """
class Node {
  constructor(tag) { Object.assign(this, { tag, children: [], attributes: {}, style: {}, dataset: {} }); }
  setAttribute(name, value) { this.attributes[name] = value; }
  addEventListener() {}
  append(...children) { this.children.push(...children); }
  replaceChildren(...children) { this.children = children; }
  get words() { return [this.textContent ?? "", ...this.children.map((child) => child.words ?? "")].join(" "); }
  get links() {
    const own = this.attributes.href ?? this.attributes.src;
    return [own, ...this.children.flatMap((child) => child.links ?? [])].filter(Boolean);
  }
}
const byId = {}, kept = { ...before }, asked = [];
let address = hash, left = answers.length;
globalThis.document = {
  documentElement: {}, hidden: false, createElement: (tag) => new Node(tag),
  getElementById: (id) => (byId[id] ??= new Node("div")),
};
globalThis.location = { pathname: "/orders/" + id, hash, origin: "https://studio.example" };
globalThis.history = { replaceState: (state, title, url) => { address = url; } };
globalThis.localStorage = {
  getItem: (name) => kept[name] ?? null, setItem: (name, value) => { kept[name] = value; }, removeItem: () => {},
};
globalThis.setTimeout = (done) => { queueMicrotask(done); };
globalThis.clearTimeout = () => {};
const result = await new Promise(async (resolve) => {
  const seen = () => ({ words: byId.main.words, links: byId.main.links, address, kept, asked });
  globalThis.fetch = async (path, { headers }) => {
    asked.push([path, headers.Authorization]);
    if (!left) { resolve(seen()); return new Promise(() => {}); }
    const [status, body] = answers[answers.length - left--];
    return new Response(JSON.stringify(body), { status });
  };
  await import("./order.js");
  for (let turn = 0; turn < 200; turn += 1) await new Promise((next) => setImmediate(next));
  resolve(seen());
});
"""


def look(modules: Path, answers: list[Any], *, hash: str = "#token=atl_order_x", before: Any = None) -> dict[str, Any]:
    """What the page shows after these answers of the API."""
    return dict(run(modules, PAGE, id=ID, hash=hash, answers=answers, before=before or {}))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ("Not paid yet", "Pay now", "€9.99")),
        ({"status": "expired"}, ("This order was not paid", "Nothing was charged.")),
        ({"status": "paid"}, ("Your request is safe with us", "You may close this page")),
        ({"status": "paid", "work": WORK}, ("Being made", "Drawing", "In progress")),
        ({"status": "delivered", "work": DONE}, ("Your order is ready", "Download", "Ready")),
        ({"status": "paid", "work": LOST}, ("We could not finish", "The vendor would not.", "goes back to you")),
        ({"status": "refunding", "work": LOST}, ("We could not finish", "Paying back", "goes back to you")),
        ({"status": "refunded", "work": LOST}, ("We could not finish", "Paid back", "on its way back")),
    ],
)
def test_each_face_says_how_the_order_stands(modules: Path, changes: dict[str, Any], words: tuple[str, ...]) -> None:
    seen = look(modules, [[200, ORDER | changes]])

    assert [word for word in words if word not in seen["words"]] == []


def test_the_page_refreshes_itself_until_the_result_is_there(modules: Path) -> None:
    answers = [ORDER, ORDER | {"status": "paid", "work": WORK}, ORDER | {"status": "delivered", "work": DONE}]
    seen = look(modules, [[200, answers[0]], [503, {}], [200, answers[1]], [200, answers[2]], [200, answers[0]]])

    assert "Your order is ready" in seen["words"]
    assert "https://pictures.example/1.webp" in seen["links"]
    assert seen["asked"] == [[f"/v1/orders/{ID}", "Bearer atl_order_x"]] * 4


def test_the_token_leaves_the_address_and_a_reload_still_has_it(modules: Path) -> None:
    first = look(modules, [[200, ORDER]])
    again = look(modules, [[200, ORDER]], hash="", before=first["kept"])

    assert first["address"] == f"/orders/{ID}"
    assert "Not paid yet" in again["words"]


def test_without_its_token_the_page_tells_where_the_link_is(modules: Path) -> None:
    missing = look(modules, [], hash="")
    wrong = look(modules, [[401, {"code": "UNAUTHORIZED"}]])

    assert missing["asked"] == []
    assert all("by the link in the mail" in seen["words"] for seen in (missing, wrong))


def test_an_address_to_pay_at_that_is_none_is_no_link(modules: Path) -> None:
    seen = look(modules, [[200, ORDER | {"checkout_url": "javascript:alert(1)"}]])

    assert "Not paid yet" in seen["words"]
    assert not [link for link in seen["links"] if "script" in link]


async def test_serves_the_page_of_an_order_under_its_id(browser: httpx2.AsyncClient) -> None:
    page = await browser.get(f"/orders/{to_text('ord', new_id())}")
    odd = await browser.get("/orders/x")

    assert (page.status_code, odd.status_code) == (200, 404)
    assert "/pages/order.js" in page.text
