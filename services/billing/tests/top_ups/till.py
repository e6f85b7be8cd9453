"""What a test does about automatic top-ups: save a card, set a rule, run low, let the worker look."""

import asyncio
import json
from typing import Any
from uuid import UUID

from billing.ledger.grants import Grant, post_grants
from billing.purchases.checkout import CheckoutDesk
from billing.stripe.off_session import OffSessionApi
from billing.top_ups.assembly import TopUpParts, build_top_ups
from billing.top_ups.buying import Buyer
from billing.top_ups.placing import place_due
from billing.top_ups.storage import LEASE, claim_due
from common.http.identity import require_identity
from common.ids import new_id

from ..stripe.shop import PUBLIC_URL, Shop

PATH = "/v1/credits/auto-top-up"
PRICE = 499
CREDITS = 50
GOOD = "4242424242424242"
DECLINED_LATER = "4000000000000341"
WANTS_ITS_OWNER = "4000002760003184"


class Till:
    """A shop whose customer lets it buy by itself."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.paused = False
        self.parts = self.build()
        shop.app.include_router(self.parts.router)

    def build(self) -> TopUpParts:
        """The parts as another process would have them."""
        identify = require_identity(self.shop.settings.identity_secrets)
        return build_top_ups(self.shop.settings, self.shop.database, self.shop.parts.api, identify, lambda: self.paused)

    async def get(self, account_id: UUID | None = None) -> dict[str, Any]:
        answer = await self.shop.http.get(PATH, headers=self.shop.identity(account_id))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def put(self, **changed: Any) -> Any:
        rule = {"enabled": True, "threshold_credits": 20, "product_id": "pack-50", "monthly_ceiling_minor": 10_000}
        headers = self.shop.identity() | {"content-type": "application/json"}
        return await self.shop.http.put(PATH, content=json.dumps(rule | changed), headers=headers)

    async def save_card(self, number: str = GOOD) -> None:
        answer = await self.shop.http.post(f"{PATH}/card", headers=self.shop.identity())
        assert answer.status_code == 201, answer.text
        paid = await self.shop.vendor.post(answer.json()["url"], data={"card": number})
        assert paid.status_code == 303, paid.text

    async def open(self, number: str = GOOD, credits: int = 5, **rule: Any) -> None:
        """A customer with a few credits, a card on file and a rule."""
        grant = Grant(self.shop.account_id, credits, "promotion", str(new_id()), "for a test")
        await self.shop.database.transact(post_grants, [grant])
        await self.save_card(number)
        answer = await self.put(**rule)
        assert answer.status_code == 200, answer.text

    async def look(self, times: int = 1) -> None:
        """The worker looks, whatever pause it had agreed with itself."""
        for _ in range(times):
            await self.make_due()
            await self.parts.worker.look()

    async def two_hands(self) -> None:
        """Two processes work on one attempt at once: the first one's lease was over before it was done."""
        await self.shop.database.transact(place_due, PUBLIC_URL)
        async with self.shop.database.autocommit() as connection:
            (claimed,) = await claim_due(connection, 1, LEASE)
        buyer = self.build_buyer()
        await asyncio.gather(*(buyer.go_on(claimed) for _ in range(6)))

    def build_buyer(self) -> Buyer:
        api = self.shop.parts.api
        return Buyer(self.shop.database, OffSessionApi(api), CheckoutDesk(self.shop.database, api, PUBLIC_URL))

    async def make_due(self) -> None:
        async with self.shop.database.unit_of_work() as uow:
            await uow.execute("UPDATE top_ups SET next_step_at = now()")

    async def wait_is_over(self) -> None:
        """Hours pass."""
        async with self.shop.database.unit_of_work() as uow:
            await uow.execute("UPDATE auto_top_ups SET next_try_at = now()")

    async def statuses(self) -> list[str]:
        return [row.status for row in await self.shop.rows("SELECT status FROM top_ups ORDER BY purchase_id")]

    async def intents(self) -> list[dict[str, Any]]:
        """The payment intents the vendor has, newest first."""
        answer = await self.shop.vendor.get("/stripe/v1/payment_intents", params={"limit": 100})
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    async def told(self, event_type: str) -> list[dict[str, Any]]:
        """The events of a type, oldest first."""
        rows = await self.shop.rows("SELECT body FROM outbox WHERE type = :type ORDER BY event_id", type=event_type)
        return [json.loads(row.body) for row in rows]
