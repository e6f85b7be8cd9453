"""The worker behind the webhook: takes stored events under a lease, tries again, gives up."""

import asyncio
import random
import time
from datetime import timedelta

import structlog
from opentelemetry.trace import SpanKind

from billing.ledger.reversals import NothingGranted
from billing.purchases.ports import PaymentsRefused, PaymentsUnavailable
from billing.stripe import storage
from billing.stripe.answers import ObjectMissing
from billing.stripe.client import StripeApi
from billing.stripe.handling import handle, label_of
from billing.stripe.metrics import given_up, oldest_unhandled, stripe_events
from billing.stripe.storage import ClaimedEvent
from billing.subscriptions.following import GRACE
from common.db.database import Database, is_transient
from common.telemetry.tracing import span

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
LANES = 4
LEASE = timedelta(seconds=60)  # longer than `FETCH_SECONDS_MAX` and the transaction can take together
TRIES_MAX = 34  # with the pauses below: a little more than a day
PAUSE_FIRST_SECONDS = 1.0
PAUSE_MAX_SECONDS = 3600.0
OBSERVE_SECONDS = 5.0
KEPT = timedelta(days=30)  # as long as Stripe lists its own
PRUNED_AT_ONCE_MAX = 500

_EXPECTED = (ObjectMissing, NothingGranted, PaymentsUnavailable, PaymentsRefused)


class Inbox:
    """Runs in every billing process; the rows are shared among them by their leases."""

    def __init__(
        self, database: Database, api: StripeApi, *, poll_seconds: float = POLL_SECONDS, grace: timedelta = GRACE
    ) -> None:
        self._database = database
        self._api = api
        self._grace = grace
        self._poll_seconds = poll_seconds
        self._awake = asyncio.Event()
        self._busy = 0
        self._observed_at = -OBSERVE_SECONDS

    def wake(self) -> None:
        """There may be something to do: look now. A hint; the poll finds whatever was stored without one."""
        self._awake.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set and what was begun is done; an event cut off comes back later."""
        async with asyncio.TaskGroup() as lanes:
            while not stopping.is_set():
                self._awake.clear()
                try:
                    for event in await self._claim():
                        self._busy += 1
                        lanes.create_task(self._lane(event))
                    await self._look_after()
                except Exception as error:
                    if not is_transient(error):
                        raise
                    log.warning("stripe_inbox_waits_for_database", error=repr(error)[:200])
                await self._pause()

    async def _claim(self) -> list[ClaimedEvent]:
        free = LANES - self._busy
        if free <= 0:
            return []
        async with self._database.autocommit() as connection:
            return await storage.claim_due(connection, free, LEASE)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._poll_seconds):
                await self._awake.wait()
        except TimeoutError:
            return

    async def _lane(self, event: ClaimedEvent) -> None:
        try:
            with span(
                f"process {event.type}",
                kind=SpanKind.CONSUMER,
                parent=event.traceparent,
                attributes={"messaging.message.id": event.event_id, "messaging.system": "stripe"},
            ):
                await self._process(event)
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("stripe_event_left_to_its_lease", event_id=event.event_id, error=repr(error)[:200])
        finally:
            self._busy -= 1
            self._awake.set()

    async def _process(self, event: ClaimedEvent) -> None:
        try:
            outcome: str = await handle(self._database, self._api, event, self._grace)
        except _EXPECTED as error:
            log.warning("stripe_event_not_handled", **_named(event), error=storage.first_error_line(error))
            outcome = await self._try_again(event, error)
        except Exception as error:  # one odd event must not stop the others; it stays in the queue
            log.exception("stripe_event_failed", **_named(event))
            outcome = await self._try_again(event, error)
        if outcome == "mismatch":
            log.error("stripe_event_mismatch", **_named(event))
        else:
            log.info("stripe_event_processed", **_named(event), outcome=outcome)
        stripe_events.labels(label_of(event.type), outcome).inc()

    async def _try_again(self, event: ClaimedEvent, error: Exception) -> str:
        async with self._database.autocommit() as connection:
            if event.attempts >= TRIES_MAX:
                await storage.park(connection, event.event_id, storage.first_error_line(error))
                return "given_up"
            pause = timedelta(seconds=pause_seconds(event.attempts))
            await storage.retry_later(connection, event, pause, storage.first_error_line(error))
        return "retried"

    async def _look_after(self) -> None:
        """Every few seconds: publish the figures, and forget what was handled long ago."""
        if time.monotonic() - self._observed_at < OBSERVE_SECONDS:
            return
        self._observed_at = time.monotonic()
        async with self._database.autocommit() as connection:
            state = await storage.inbox_state(connection)
            await storage.prune_handled(connection, KEPT, PRUNED_AT_ONCE_MAX)
        oldest_unhandled.set(state.oldest_unhandled_seconds)
        given_up.set(state.given_up)


def pause_seconds(attempts: int) -> float:
    """How long to wait after so many tries: 1 s, doubling to an hour, spread a little."""
    pause = min(PAUSE_MAX_SECONDS, PAUSE_FIRST_SECONDS * 2.0 ** min(attempts - 1, 20))
    return pause * random.uniform(0.8, 1.2)  # noqa: S311 - spreads retries, guards nothing


def _named(event: ClaimedEvent) -> dict[str, object]:
    return {"event_id": event.event_id, "type": event.type, "attempts": event.attempts}
