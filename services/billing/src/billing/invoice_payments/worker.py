"""The worker of invoices' money: takes the steps that are due, and publishes what waits for people."""

import asyncio
import time
from collections.abc import Awaitable

import structlog
from prometheus_client import Counter, Gauge

from billing.invoice_payments import storage
from billing.invoice_payments.collecting import Collector
from common.db.database import Database, is_transient
from common.db.recurring import work_until
from common.telemetry.tracing import span

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.5
COUNT_SECONDS = 60.0
AT_ONCE_MAX = 4

_steps = Counter("invoice_payment_steps_total", "Steps of invoices' money by how they ended", ["state"])
_waiting = Gauge("surplus_refunds_failed", "Payments of invoices paid twice that could not be given back; must be 0")


class InvoicePaymentWorker:
    """Runs in every billing process; steps are shared by leases."""

    def __init__(self, database: Database, collector: Collector) -> None:
        self._database = database
        self._collector = collector
        self._counted_at = -COUNT_SECONDS

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set and what was begun is done."""
        await work_until(stopping, self._turn, POLL_SECONDS, waits="invoice_payments_wait_for_database")

    async def _turn(self) -> bool:
        busy = await self.look()
        if time.monotonic() - self._counted_at >= COUNT_SECONDS:
            self._counted_at = time.monotonic()
            async with self._database.autocommit() as connection:
                _waiting.set(await storage.waiting_for_people(connection))
        return busy

    async def look(self) -> bool:
        """Take one step of some bills and refunds; whether there was anything to do."""
        async with self._database.autocommit() as connection:
            bills = await storage.claim_due(connection, AT_ONCE_MAX)
            surplus = await storage.claim_surplus(connection, AT_ONCE_MAX)
        async with asyncio.TaskGroup() as steps:
            for bill in bills:
                steps.create_task(self._step(self._collector.go_on(bill), bill.reference))
            for one in surplus:
                steps.create_task(self._step(self._collector.give_back(one), one.reference))
        return bool(bills or surplus)

    async def _step(self, work: Awaitable[str], reference: str) -> None:
        with span("invoice payment", attributes={"atelier.invoice_id": reference}):
            try:
                state = await work
            except Exception as error:
                if is_transient(error):
                    log.warning("invoice_step_left_to_its_lease", invoice_id=reference, error=repr(error)[:200])
                else:  # one odd invoice must not stop the others; it is looked at again when its lease is over
                    log.exception("invoice_step_failed", invoice_id=reference)
                state = "error"
        _steps.labels(state).inc()
