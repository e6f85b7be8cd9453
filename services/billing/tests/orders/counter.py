"""What a test of orders does: sell a kind of work, order, pay, settle the work, and look at what became of it."""

import json
from typing import Any
from uuid import UUID

import httpx2

from billing.ledger.settlements import Settlement, settle
from billing.orders.rules import PLAN, order_id_in
from billing.orders.worker import OrderWorker
from common.http.identity import IDENTITY_HEADER, Caller, sign_identity
from common.ids import new_id

from ..stripe.shop import Shop

KIND = "text-to-design"
PRICE = 450
CREDITS = 5
_ON_SALE = """
    INSERT INTO order_products (kind, title, price_minor, currency) VALUES (:kind, 'One design', :price, 'eur')
    ON CONFLICT (kind) DO UPDATE SET active = true
"""


class Counter:
    """Buyers order here; `shop` has the vendor and the inbox."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.worker: OrderWorker = shop.parts.orders

    async def open(self) -> None:
        """Put a kind of work on sale."""
        async with self.shop.database.unit_of_work() as uow:
            await uow.execute(_ON_SALE, {"kind": KIND, "price": PRICE})

    def identity(self, order_id: UUID, plan: str = PLAN) -> dict[str, str]:
        """The header with which the gateway vouches for an order's buyer."""
        caller = Caller(order_id, order_id, plan)
        return {IDENTITY_HEADER: sign_identity(self.shop.settings.identity_secrets, caller)}

    async def ask(self, key: str | None = None, plan: str = PLAN, **changes: Any) -> httpx2.Response:
        """`POST /v1/orders`, as the gateway passes it on."""
        body = {
            "kind": KIND,
            "email": "ada@example.com",
            "locale": "en",
            "input": {"prompt": "a lighthouse"},
            "job_class": "image",
            "price_credits": CREDITS,
            "deadline_seconds": 600,
        }
        headers = self.identity(new_id(), plan) | ({"idempotency-key": key} if key else {})
        return await self.shop.http.post("/v1/orders", json=body | changes, headers=headers)

    async def ordered(self) -> dict[str, Any]:
        """An order that can be paid."""
        answer = await self.ask()
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def paid(self) -> dict[str, Any]:
        """An order whose payment has arrived; the inbox must be running."""
        order = await self.ordered()
        await self.shop.pay(order["checkout_url"])
        await self.shop.eventually(f"SELECT status FROM orders WHERE order_id = '{id_of(order)}'", "paid")  # noqa: S608
        return order

    async def state(self, order: dict[str, Any]) -> dict[str, Any]:
        """`GET /v1/orders/{id}` for its buyer."""
        answer = await self.shop.http.get(f"/v1/orders/{order['id']}", headers=self.identity(id_of(order)))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def work_ends(self, order: dict[str, Any], reason: Any, charge: int = 0) -> None:
        """The job of an order has its outcome, and the ledger has settled it."""
        job_id = (await self.shop.rows("SELECT job_id FROM orders WHERE order_id = :id", id=id_of(order)))[0].job_id
        settlement = Settlement(id_of(order), job_id, charge, reason, None)
        await self.shop.database.transact(settle, [settlement])

    async def failed(self) -> dict[str, Any]:
        """An order that was paid, and whose work came to nothing."""
        order = await self.paid()
        await self.work_ends(order, "failed")
        return order

    async def told(self, event_type: str) -> list[dict[str, Any]]:
        """The events of a type that were told, in their order."""
        rows = await self.shop.rows("SELECT body FROM outbox WHERE type = :type ORDER BY event_id", type=event_type)
        return [json.loads(row.body) for row in rows]

    async def refunds(self) -> list[dict[str, Any]]:
        """All refunds the vendor has."""
        return list((await self.shop.vendor.get("/stripe/v1/refunds")).json()["data"])

    async def balance(self, order: dict[str, Any]) -> tuple[int, int, int]:
        """Available, held and owed by the order's account."""
        rows = await self.shop.rows(
            "SELECT available_credits, held_credits, debt_credits FROM balances WHERE account_id = :id", id=id_of(order)
        )
        return (rows[0][0], rows[0][1], rows[0][2]) if rows else (0, 0, 0)


def id_of(order: dict[str, Any]) -> UUID:
    """The id behind its public form."""
    found = order_id_in(order["id"])
    assert found is not None
    return found
