"""Carries one refund on by as much as can be done now.

That it is due is written before the vendor is asked, the vendor is asked under a key of the order's own id, and before
it is asked again it is looked at what has gone back already. So a crash at any point leaves a refund that the next
process finishes, and the money goes back once.
"""

import asyncio
from datetime import timedelta

import structlog

from billing.orders import refund_storage
from billing.orders.ports import OrderVendor, Refund
from billing.orders.rules import Order
from billing.orders.settlement import close_refunded
from billing.purchases.ports import AttemptSpent, PaymentsRefused, PaymentsUnavailable
from common.db.database import Database

log = structlog.get_logger(__name__)

ASKING_SECONDS_MAX = 15.0
PAUSE_FIRST_SECONDS = 2.0
PAUSE_MAX_SECONDS = 600.0
REFUSED_TRIES_MAX = 14
"""With the pauses: about an hour and a half."""


class Refunder:
    """Gives money back for work that came to nothing."""

    def __init__(self, database: Database, vendor: OrderVendor) -> None:
        self._database = database
        self._vendor = vendor

    async def go_on(self, order: Order) -> str:
        """One refund, claimed for this process, as far as it goes now; a word on how it stands."""
        try:
            return await self._step(order)
        except AttemptSpent as error:
            async with self._database.autocommit() as connection:
                await refund_storage.use_next_key(connection, order)
            return await self._later(order, error)
        except PaymentsUnavailable as error:
            return await self._later(order, error)
        except PaymentsRefused as error:  # a key that was revoked is soon another one
            if order.tries < REFUSED_TRIES_MAX:
                return await self._later(order, error)
            return await self._give_to_people(order, str(error))

    async def _step(self, order: Order) -> str:
        try:
            async with asyncio.timeout(ASKING_SECONDS_MAX):
                refund = await self._pay_back(order)
        except TimeoutError as error:
            raise PaymentsUnavailable("no answers in time") from error
        if refund is not None and not refund.under_way:
            return await self._give_to_people(order, f"refund {refund.refund_id} failed at once")
        closed = await self._database.transact(close_refunded, order, None if refund is None else refund.refund_id)
        return "refunded" if closed else "closed_before"

    async def _pay_back(self, order: Order) -> Refund | None:
        """The refund; None where the money is back already, by hand or by a dispute."""
        if order.tries > 1 and await self._is_back(order):
            return None
        try:
            return await self._vendor.pay_back(order)
        except PaymentsRefused:
            if await self._is_back(order):
                return None
            raise

    async def _is_back(self, order: Order) -> bool:
        return (await self._vendor.reversals(order)).leaves_nothing_of(order.price_minor)

    async def _give_to_people(self, order: Order, error: str) -> str:
        await self._database.transact(refund_storage.mark_failed, order.order_id, "refund_due", error)
        log.error("order_refund_failed", order_id=order.reference, error=error[:200])
        return "failed"

    async def _later(self, order: Order, error: Exception) -> str:
        log.warning("order_refund_waits", order_id=order.reference, tries=order.tries, error=str(error)[:200])
        pause = timedelta(seconds=pause_seconds(order.tries))
        async with self._database.autocommit() as connection:
            await refund_storage.go_on_later(connection, order, pause, str(error))
        return "waits"


def pause_seconds(tries: int) -> float:
    """How long to wait after so many tries without an answer: 2 s, doubling to ten minutes."""
    return float(min(PAUSE_MAX_SECONDS, PAUSE_FIRST_SECONDS * 2.0 ** min(tries - 1, 12)))
