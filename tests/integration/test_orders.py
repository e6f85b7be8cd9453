"""A finished product for nothing but an address: ordered, paid, watched, delivered; or lost and paid back once."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx2
import pytest

from atelier_local.stack import Stack
from common.ids import from_text, new_id
from sandbox.client import SandboxClient

from .conftest import query
from .studio import SECONDS_MAX, until
from .tenants import put_on_sale

PRICE = 450
EVERY_PROVIDER = ("openai", "replicate")


class Buyer:
    """Somebody without an account."""

    def __init__(self, http: httpx2.AsyncClient, locale: str = "en") -> None:
        self.http = http
        self.email = f"buyer-{new_id().hex}@example.com"
        self.locale = locale
        self.order: dict[str, Any] = {}

    async def ask(self, kind: str = "text-to-design", key: str | None = None, **job_input: Any) -> httpx2.Response:
        """Order something."""
        job_input = job_input or {"prompt": f"a lighthouse {new_id().hex}"}
        body = {"kind": kind, "email": self.email, "locale": self.locale, "input": job_input}
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self.http.post("/v1/orders", json=body, headers=headers)

    async def orders(self, kind: str = "text-to-design", **job_input: Any) -> None:
        """Order something that must be taken."""
        answer = await self.ask(kind, **job_input)
        assert answer.status_code == 201, answer.text
        self.order = answer.json()

    async def pays(self) -> None:
        """Pay on Stripe's page."""
        paid = await self.http.post(self.order["checkout_url"], follow_redirects=False)
        assert paid.status_code == 303, paid.text

    async def looks(self, part: str = "") -> dict[str, Any]:
        """The order as it stands, or something of it."""
        answer = await self.http.get(
            f"/v1/orders/{self.order['id']}{part}", headers={"Authorization": f"Bearer {self.order['token']}"}
        )
        answer.raise_for_status()  # 503 while billing is away is waited out
        return dict(answer.json())

    async def waits_for(self, status: str, seconds: float = SECONDS_MAX) -> dict[str, Any]:
        """The order, once it has this status and its work is shown."""

        async def there() -> dict[str, Any] | None:
            order = await self.looks()
            return order if order["status"] == status and order["work"] else None

        return dict(await until(there, seconds=seconds, what=f"the order being {status}"))

    async def mails(self, sandbox: SandboxClient, count: int) -> list[dict[str, Any]]:
        """The mails to the buyer, oldest first, once there are so many."""

        async def there() -> list[dict[str, Any]] | None:
            mails = await sandbox.inbox(to=self.email)
            return mails[::-1] if len(mails) >= count else None

        return list(await until(there, what=f"{count} mails"))


@pytest.fixture
async def buyer(stack: Stack) -> AsyncIterator[Buyer]:
    """Somebody who wants one thing."""
    async with a_buyer(stack) as one:
        yield one


@asynccontextmanager
async def a_buyer(stack: Stack, locale: str = "en") -> AsyncIterator[Buyer]:
    """As the fixture, in a language."""
    await put_on_sale(stack)
    async with httpx2.AsyncClient(base_url=stack.urls["gateway"], timeout=30, trust_env=False) as http:
        yield Buyer(http, locale)


async def of_account(stack: Stack, buyer: Buyer, sql: str) -> list[asyncpg.Record]:
    """What billing's books say of the order's account."""
    return await query(stack, "billing", sql, from_text("ord", buyer.order["id"]))


async def closes_at_zero(stack: Stack, buyer: Buyer) -> None:
    """Nothing is available, held or owed."""

    async def zero() -> bool:
        rows = await of_account(
            stack, buyer, "SELECT available_credits + held_credits + debt_credits FROM balances WHERE account_id = $1"
        )
        return [row[0] for row in rows] == [0]

    await until(zero, what="the account closing at zero")


async def test_anybody_buys_watches_and_gets_what_they_paid_for(
    stack: Stack, buyer: Buyer, sandbox: SandboxClient
) -> None:
    await buyer.orders()
    assert (await buyer.looks())["status"] == "open"
    await buyer.pays()
    order = await buyer.waits_for("delivered")

    assert order["work"]["status"] == "succeeded"
    assert (order["price_minor"], order["currency"]) == (PRICE, "eur")
    picture = await buyer.http.get(order["work"]["result"]["image"]["url"])
    assert picture.headers["content-type"] == "image/webp"
    files = (await buyer.looks("/artefacts"))["items"]
    assert [file["id"] for file in files] == [order["work"]["result"]["image"]["id"]]
    assert (await buyer.http.get(files[0]["url"])).content == picture.content
    received, ready = await buyer.mails(sandbox, 2)
    assert (received["subject"], ready["subject"]) == (
        "We have received your order: One design", "Text to design: your order is ready",
    )  # fmt: skip
    (link,) = re.findall(r"\S+/orders/\S+", ready["text"])
    assert link == buyer.order["page_url"]
    page = await buyer.http.get(link)
    assert page.status_code == 200
    await closes_at_zero(stack, buyer)
    assert "charge" not in order["work"]


async def test_french_buyers_read_french(stack: Stack, sandbox: SandboxClient) -> None:
    async with a_buyer(stack, "fr") as buyer:
        await buyer.orders()
        await buyer.pays()
        await buyer.waits_for("delivered")
        received, ready = await buyer.mails(sandbox, 2)

    assert received["subject"] == "Nous avons reçu votre commande : One design"
    assert ready["subject"] == "Text to design : votre commande est prête"


async def test_work_that_fails_for_good_is_paid_back_by_itself_once(
    stack: Stack, buyer: Buyer, sandbox: SandboxClient
) -> None:
    for vendor in EVERY_PROVIDER:
        await sandbox.fault(vendor, None, {"status": 400}, times=None)
    await buyer.orders()
    await buyer.pays()
    order = await buyer.waits_for("refunded")

    assert order["work"]["status"] == "failed"
    assert order["work"]["error"]["detail"]
    mails = await buyer.mails(sandbox, 3)
    assert [mail["subject"] for mail in mails[1:]].count("Your money is on its way back: 4.50\u00a0EUR") == 1
    assert [mail["subject"] for mail in mails].count("Text to design: we could not finish your order") == 1
    await closes_at_zero(stack, buyer)
    (row,) = await of_account(stack, buyer, "SELECT stripe_payment_intent_id FROM orders WHERE order_id = $1")
    answer = await sandbox.http.get(
        "/stripe/v1/refunds",
        params={"payment_intent": row[0]},
        headers={"Authorization": f"Bearer {stack.environment['STRIPE_API_KEY']}"},
    )
    assert [refund["amount"] for refund in answer.json()["data"]] == [PRICE]


async def test_a_payment_told_again_and_again_in_any_order_starts_the_work_once(
    stack: Stack, buyer: Buyer, sandbox: SandboxClient
) -> None:
    await sandbox.fault("webhook", "checkout.session.completed", {"duplicate": 5})
    await sandbox.fault("webhook", "payment_intent.succeeded", {"reorder": True})
    await buyer.orders()
    await buyer.pays()
    await buyer.waits_for("delivered")
    await asyncio.sleep(1)

    kinds = await of_account(stack, buyer, "SELECT kind FROM transfers WHERE account_id = $1 ORDER BY transfer_id")
    assert [row[0] for row in kinds] == ["grant", "hold", "capture"]
    assert len(await buyer.mails(sandbox, 2)) == 2


async def test_an_order_survives_the_death_of_billing_between_payment_and_refund(
    stack: Stack, buyer: Buyer, sandbox: SandboxClient
) -> None:
    for vendor in EVERY_PROVIDER:
        await sandbox.fault(vendor, None, {"status": 400}, times=None)
    await sandbox.fault("stripe", "refunds.create", {"status": 503}, times=6)
    await buyer.orders()
    await buyer.pays()
    await buyer.waits_for("refunding")
    await asyncio.to_thread(stack.kill, "billing")
    await buyer.waits_for("refunded")

    await closes_at_zero(stack, buyer)


async def test_an_order_is_refused_for_what_a_job_would_be_refused_for(stack: Stack, buyer: Buyer) -> None:
    odd = await buyer.ask(prompt="", colour="blue")
    unknown = await buyer.ask("portrait")
    unsold = await buyer.http.post(
        "/v1/orders", json={"kind": "text-to-design", "email": "not an address", "input": {"prompt": "a lighthouse"}}
    )

    assert {answer.status_code for answer in (odd, unknown, unsold)} == {422}
    assert {error["pointer"] for error in odd.json()["errors"]} >= {"/body/input/prompt"}
    assert unknown.json()["errors"][0]["pointer"] == "/body/kind"
    assert unsold.json()["errors"][0]["pointer"] == "/body/email"


async def test_one_key_is_one_order_and_its_token_opens_no_other(stack: Stack, buyer: Buyer) -> None:
    key, prompt = new_id().hex, "a lighthouse"
    first, again = await buyer.ask(key=key, prompt=prompt), await buyer.ask(key=key, prompt=prompt)
    other = await buyer.ask(prompt=prompt)
    changed = await buyer.ask(key=key, prompt="a windmill")

    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert changed.json()["code"] == "IDEMPOTENCY_KEY_REUSED"
    path = f"/v1/orders/{other.json()['id']}"
    for token in (first.json()["token"], "atl_order_" + "A" * 43, "nonsense"):
        answer = await buyer.http.get(path, headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
    assert (await buyer.http.get(path)).status_code == 401


async def test_what_is_sold_is_data(stack: Stack, buyer: Buyer) -> None:
    items = (await buyer.http.get("/v1/orders/products")).json()["items"]

    assert {item["kind"] for item in items} >= {"coloring-book", "text-to-design"}
