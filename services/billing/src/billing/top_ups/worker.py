"""The worker of automatic top-ups: looks for accounts that are low, and carries open attempts on.

Holds are not slowed: what they leave is looked at every two seconds, and only of accounts with a rule.
"""

import asyncio
from collections.abc import Callable

import structlog

from billing.top_ups import storage
from billing.top_ups.buying import Buyer
from billing.top_ups.metrics import top_up_steps
from billing.top_ups.placing import place_due
from billing.top_ups.rules import TopUp
from common.db.database import Database, is_transient
from common.db.recurring import work_until
from common.telemetry.tracing import span

log = structlog.get_logger(__name__)

POLL_SECONDS = 2.0
AT_ONCE_MAX = 4


class TopUpWorker:
    """Runs in every billing process; rules are shared by locks, attempts by leases.

    Args:
        paused: whether nothing new is to be begun for now; what was begun comes to its end.
    """

    def __init__(self, database: Database, buyer: Buyer, public_url: str, paused: Callable[[], bool]) -> None:
        self._database = database
        self._buyer = buyer
        self._public_url = public_url
        self._paused = paused

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set and what was begun is done."""
        await work_until(stopping, self.look, POLL_SECONDS, waits="top_ups_wait_for_database")

    async def look(self) -> bool:
        """Begin what is due and take one step of some attempts; whether there was anything to do."""
        if not self._paused():
            await self._database.transact(place_due, self._public_url)
        async with self._database.autocommit() as connection:
            claimed = await storage.claim_due(connection, AT_ONCE_MAX, storage.LEASE)
        async with asyncio.TaskGroup() as steps:
            for top_up in claimed:
                steps.create_task(self._step(top_up))
        return bool(claimed)

    async def _step(self, top_up: TopUp) -> None:
        with span("top up", attributes={"atelier.purchase_id": top_up.reference}):
            try:
                state = await self._buyer.go_on(top_up)
            except Exception as error:
                if is_transient(error):
                    log.warning("top_up_left_to_its_lease", purchase_id=top_up.reference, error=repr(error)[:200])
                else:  # one odd attempt must not stop the others; it is looked at again when its lease is over
                    log.exception("top_up_step_failed", purchase_id=top_up.reference)
                state = "error"
        top_up_steps.labels(state).inc()
        log.info("top_up_step", purchase_id=top_up.reference, state=state, tries=top_up.tries)
