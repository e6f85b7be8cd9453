"""The SQL of Stripe's events: the inbox they are stored in and the queue they are taken from."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.stripe.signature import StripeEvent
from common.db.unit_of_work import UnitOfWork

ERROR_LENGTH_MAX = 500

_STORE = text(
    """
    INSERT INTO stripe_events (
        event_id, type, object_id, api_version, livemode, created, raw, handled_at, next_try_at, traceparent
    ) VALUES (
        :event_id, :type, :object_id, :api_version, :livemode, :created, :raw,
        CASE WHEN CAST(:to_do AS boolean) THEN NULL ELSE now() END,
        CASE WHEN CAST(:to_do AS boolean) THEN now() END, :traceparent
    ) ON CONFLICT DO NOTHING
    """
)
_CLAIM = text(
    """
    UPDATE stripe_events SET attempts = attempts + 1, next_try_at = now() + CAST(:lease AS interval)
    WHERE event_id IN (
        SELECT event_id FROM stripe_events
        WHERE handled_at IS NULL AND next_try_at <= now()
        ORDER BY next_try_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    RETURNING event_id, type, object_id, attempts, traceparent
    """
)
_LOCK_UNHANDLED = text(
    "SELECT event_id FROM stripe_events WHERE event_id = :event_id AND handled_at IS NULL FOR UPDATE"
)
_HANDLED = text(
    "UPDATE stripe_events SET handled_at = now(), next_try_at = NULL, error = NULL WHERE event_id = :event_id"
)
_PARK = text(
    """
    UPDATE stripe_events SET next_try_at = NULL, error = :error
    WHERE event_id = :event_id AND handled_at IS NULL
    """
)
_RETRY = text(
    """
    UPDATE stripe_events SET next_try_at = now() + CAST(:pause AS interval), error = :error
    WHERE event_id = :event_id AND handled_at IS NULL AND attempts = :attempts
    """
)
_STATE = text(
    """
    SELECT coalesce(extract(epoch FROM now() - min(received_at) FILTER (WHERE next_try_at IS NOT NULL)), 0),
           count(*) FILTER (WHERE next_try_at IS NULL)
    FROM stripe_events WHERE handled_at IS NULL
    """
)
_PRUNE = text(
    """
    DELETE FROM stripe_events WHERE event_id IN (
        SELECT event_id FROM stripe_events
        WHERE received_at < now() - CAST(:age AS interval) AND handled_at IS NOT NULL
        ORDER BY received_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    """
)


@dataclass(frozen=True, slots=True)
class ClaimedEvent:
    """An event this worker has for the time of its lease; `attempts` counts this one."""

    event_id: str
    type: str
    object_id: str | None
    attempts: int
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class InboxState:
    """How far behind the inbox is, and how many events wait for a person."""

    oldest_unhandled_seconds: float
    given_up: int


async def store_event(
    connection: AsyncConnection, event: StripeEvent, raw: bytes, *, to_do: bool, traceparent: str | None
) -> bool:
    """Keep a delivery for ever after; False when this event was delivered before.

    Args:
        to_do: whether there is anything to do about it; otherwise it is on record only.
    """
    result = await connection.execute(
        _STORE,
        {
            "event_id": event.id,
            "type": event.type,
            "object_id": event.data.object.id,
            "api_version": event.api_version,
            "livemode": event.livemode,
            "created": event.created,
            "raw": raw,
            "to_do": to_do,
            "traceparent": traceparent,
        },
    )
    return bool(result.rowcount)


async def claim_due(connection: AsyncConnection, limit: int, lease: timedelta) -> list[ClaimedEvent]:
    """Take events whose time has come, for the length of a lease; other workers pass them over."""
    rows = (await connection.execute(_CLAIM, {"limit": limit, "lease": lease})).all()
    return [ClaimedEvent(*row) for row in rows]


async def lock_unhandled(uow: UnitOfWork, event_id: str) -> bool:
    """Lock an event until the transaction ends; False when somebody has handled it."""
    return await uow.first(_LOCK_UNHANDLED, {"event_id": event_id}) is not None


async def mark_handled(uow: UnitOfWork, event_id: str) -> None:
    """Done with."""
    await uow.execute(_HANDLED, {"event_id": event_id})


async def park(connection: AsyncConnection, event_id: str, error: str) -> None:
    """Leave an event to the operator."""
    await connection.execute(_PARK, {"event_id": event_id, "error": error[:ERROR_LENGTH_MAX]})


async def retry_later(connection: AsyncConnection, event: ClaimedEvent, pause: timedelta, error: str) -> None:
    """Try again after a pause, unless another worker has taken the event since."""
    await connection.execute(
        _RETRY,
        {
            "event_id": event.event_id,
            "attempts": event.attempts,
            "pause": pause,
            "error": error[:ERROR_LENGTH_MAX],
        },
    )


async def inbox_state(connection: AsyncConnection) -> InboxState:
    """The figures of the inbox."""
    row = (await connection.execute(_STATE)).one()
    return InboxState(float(row[0]), int(row[1]))


async def prune_handled(connection: AsyncConnection, age: timedelta, limit: int) -> int:
    """Forget handled events received longer than `age` ago, some at a time; says how many."""
    result = await connection.execute(_PRUNE, {"age": age, "limit": limit})
    return int(result.rowcount)


def first_error_line(error: BaseException) -> str:
    """What to keep of an exception; PostgreSQL's text has no place for NUL."""
    return f"{type(error).__name__}: {error}".replace("\0", "")[:ERROR_LENGTH_MAX]
