"""Puts into the inbox what it has not seen, and waits until the inbox is done with it. The inbox alone repairs."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence

from sqlalchemy import text

from billing.reconciliation.rules import Listed
from billing.stripe.handling import HANDLED_TYPES
from billing.stripe.listing import ListedEvent
from billing.stripe.storage import store_event
from common.db.database import Database
from common.telemetry.tracing import traceparent

POLL_SECONDS = 0.25
PATIENCE_SECONDS = 30.0

_KNOWN = text("SELECT event_id FROM stripe_events WHERE event_id = ANY(CAST(:ids AS text[]))")
# Stripe's own event may be gone, or was handled when it told less: this stands in for it, one for each payment.
_ASK_AGAIN = text(
    """
    INSERT INTO stripe_events (event_id, type, object_id, livemode, created, raw, next_try_at, traceparent)
    VALUES (:event_id, :type, :object_id, :livemode, now(), :raw, now(), :traceparent)
    ON CONFLICT (event_id) DO UPDATE
    SET handled_at = NULL, attempts = 0, next_try_at = now(), error = NULL, received_at = now(),
        traceparent = excluded.traceparent
    """
)
_UNTRIED = text(
    """
    SELECT count(*) FROM stripe_events
    WHERE event_id = ANY(CAST(:ids AS text[])) AND handled_at IS NULL AND next_try_at IS NOT NULL AND error IS NULL
    """
)


class Feeder:
    """Feeds one billing's inbox.

    Args:
        livemode: whether we work with real money.
        wake: tells the inbox worker of this process that there is something to do.
    """

    def __init__(self, database: Database, *, livemode: bool, wake: Callable[[], None]) -> None:
        self._database = database
        self._livemode = livemode
        self._wake = wake

    async def feed(self, listed: Sequence[ListedEvent]) -> list[str]:
        """Store the events of a page that the inbox has not seen; their ids."""
        ids = [one.event.id for one in listed]
        async with self._database.autocommit() as connection:
            known = set((await connection.execute(_KNOWN, {"ids": ids})).scalars())
            for one in listed:
                if one.event.id not in known:
                    await store_event(
                        connection,
                        one.event,
                        one.raw,
                        to_do=one.event.type in HANDLED_TYPES,
                        traceparent=traceparent(),
                    )
        self._wake()
        return [event_id for event_id in ids if event_id not in known]

    async def ask_again(self, payments: Sequence[Listed]) -> list[str]:
        """Have the inbox look at payments as they are now; the ids of the events that stand for them."""
        ids = []
        async with self._database.autocommit() as connection:
            for event_type, object_id in (told for payment in payments for told in _tells_of(payment)):
                event_id = f"reconcile_{object_id}"
                about = {"id": event_id, "object": "event", "data": {"object": {"id": object_id}}}
                await connection.execute(
                    _ASK_AGAIN,
                    {
                        "event_id": event_id,
                        "type": event_type,
                        "object_id": object_id,
                        "livemode": self._livemode,
                        "raw": json.dumps(about).encode(),
                        "traceparent": traceparent(),
                    },
                )
                ids.append(event_id)
        self._wake()
        return ids

    async def settled(self, event_ids: Sequence[str]) -> bool:
        """Wait until each of these was tried once; False when none was for `PATIENCE_SECONDS`.

        An event that failed is tried again by the inbox, later and later; a run does not wait for that.
        """
        left, since = len(event_ids), time.monotonic()
        while event_ids:
            async with self._database.autocommit() as connection:
                untried = int((await connection.execute(_UNTRIED, {"ids": list(event_ids)})).scalar_one())
            if not untried:
                return True
            if untried < left:
                left, since = untried, time.monotonic()
            elif time.monotonic() - since > PATIENCE_SECONDS:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True


def _tells_of(payment: Listed) -> list[tuple[str, str]]:
    """Types and objects of the events that lead the inbox to a payment, with what was reversed of it."""
    if payment.payment_intent_ids:
        return [("payment_intent.succeeded", intent_id) for intent_id in payment.payment_intent_ids]
    return [("checkout.session.completed" if payment.kind == "session" else "invoice.paid", payment.payment_id)]
