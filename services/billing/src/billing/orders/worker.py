"""The worker of orders: follows their work to its outcome, gives money back, tidies up, forgets buyers."""

import asyncio
import time
from datetime import timedelta

import structlog

from billing.orders import refund_storage
from billing.orders.metrics import refund_steps, refunds_failed
from billing.orders.refunding import Refunder
from billing.orders.rules import Order
from common.db.database import Database, is_transient
from common.db.recurring import work_until
from common.db.unit_of_work import UnitOfWork
from common.events.orders import OrderBuyerForgotten
from common.telemetry.tracing import span

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
OUTCOMES_AT_ONCE_MAX = 100
REFUNDS_AT_ONCE_MAX = 4
HOUSEKEEPING_SECONDS = 60.0
HOUSEKEEPING_AT_ONCE_MAX = 200


class OrderWorker:
    """Runs in every billing process; orders are shared by row locks, refunds by leases.

    Args:
        buyer_life: how long after its end an order still knows its buyer.
    """

    def __init__(self, database: Database, refunder: Refunder, buyer_life: timedelta) -> None:
        self._database = database
        self._refunder = refunder
        self._buyer_life = buyer_life
        self._kept_house_at = -HOUSEKEEPING_SECONDS

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set and what was begun is done."""
        await work_until(stopping, self._turn, POLL_SECONDS, waits="orders_wait_for_database")

    async def _turn(self) -> bool:
        busy = await self.look()
        if time.monotonic() - self._kept_house_at >= HOUSEKEEPING_SECONDS:
            self._kept_house_at = time.monotonic()
            await self.keep_house()
        return busy

    async def look(self) -> bool:
        """Follow outcomes and take one step of some refunds; whether there was anything to do."""
        moved = await self._database.transact(refund_storage.follow_outcomes, OUTCOMES_AT_ONCE_MAX)
        for order_id, status in moved.items():
            log.info("order_work_ended", order_id=str(order_id), status=status)
        async with self._database.autocommit() as connection:
            claimed = await refund_storage.claim_due(connection, REFUNDS_AT_ONCE_MAX, refund_storage.LEASE)
        async with asyncio.TaskGroup() as steps:
            for order in claimed:
                steps.create_task(self._step(order))
        return bool(moved or claimed)

    async def keep_house(self) -> None:
        """Close what was abandoned, forget who bought long ago, and publish what waits for people."""
        expired = await self._database.transact(refund_storage.expire_abandoned, HOUSEKEEPING_AT_ONCE_MAX)
        forgotten = await self._database.transact(forget_buyers, self._buyer_life)
        if expired or forgotten:
            log.info("orders_tidied", expired=expired, buyers_forgotten=forgotten)
        async with self._database.autocommit() as connection:
            refunds_failed.set(await refund_storage.waiting_for_people(connection))

    async def _step(self, order: Order) -> None:
        with span("order refund", attributes={"atelier.order_id": order.reference}):
            try:
                state = await self._refunder.go_on(order)
            except Exception as error:
                if is_transient(error):
                    log.warning("order_refund_left_to_its_lease", order_id=order.reference, error=repr(error)[:200])
                else:  # one odd order must not stop the others; it is looked at again when its lease is over
                    log.exception("order_refund_step_failed", order_id=order.reference)
                state = "error"
        refund_steps.labels(state).inc()
        log.info("order_refund_step", order_id=order.reference, state=state, tries=order.tries)


async def forget_buyers(uow: UnitOfWork, buyer_life: timedelta) -> int:
    """Erase who bought long ago here, and have everybody else do the same; how many."""
    forgotten = await refund_storage.forget_buyers(uow, buyer_life, HOUSEKEEPING_AT_ONCE_MAX)
    for one in forgotten:
        uow.emit(OrderBuyerForgotten(account_id=one.order_id, order_id=one.order_id, job_id=one.job_id))
    return len(forgotten)
