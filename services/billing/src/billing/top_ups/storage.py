"""The SQL of attempts: placed under their rules' locks, taken under a lease, closed once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.top_ups.rules import TopUp
from common.db.unit_of_work import UnitOfWork

LEASE = timedelta(minutes=2)  # longer than all calls of one step with their deadlines take

_LOCK_LOW = text(
    """
    SELECT rule.account_id, rule.product_id FROM auto_top_ups rule JOIN balances USING (account_id)
    WHERE rule.enabled AND rule.next_try_at <= now() AND balances.available_credits < rule.threshold_credits
      AND NOT EXISTS (SELECT 1 FROM top_ups WHERE top_ups.account_id = rule.account_id
                      AND top_ups.status IN ('pending', 'requires_action'))
    ORDER BY rule.next_try_at, rule.account_id LIMIT :limit FOR UPDATE OF rule SKIP LOCKED
    """
)
# A statement of its own after the rules are locked, so that it sees whatever the last holder of the locks has done.
_PLACE = text(
    """
    WITH allowed AS (
        SELECT new.purchase_id, rule.account_id, product.product_id, product.credits, product.amount_minor,
               product.currency, new.return_url, new.idempotency_key, new.request_hash
        FROM unnest(CAST(:account_ids AS uuid[]), CAST(:purchase_ids AS uuid[]), CAST(:return_urls AS text[]),
                    CAST(:keys AS text[]), CAST(:hashes AS text[]))
             AS new (account_id, purchase_id, return_url, idempotency_key, request_hash)
        JOIN auto_top_ups rule USING (account_id)
        JOIN balances USING (account_id)
        JOIN products product ON product.product_id = rule.product_id AND product.active
        WHERE rule.enabled AND rule.next_try_at <= now() AND balances.available_credits < rule.threshold_credits
          AND NOT EXISTS (SELECT 1 FROM top_ups WHERE top_ups.account_id = rule.account_id
                          AND top_ups.status IN ('pending', 'requires_action'))
          AND product.amount_minor + (
              SELECT coalesce(sum(top_ups.amount_minor), 0) FROM top_ups JOIN purchases USING (purchase_id)
              WHERE top_ups.account_id = rule.account_id AND top_ups.created_at >= :month
                AND (top_ups.status <> 'failed' OR purchases.status = 'paid')
          ) <= rule.monthly_ceiling_minor
    ), ordered AS (
        INSERT INTO purchases (purchase_id, account_id, product_id, credits, amount_minor, currency, success_url,
                               cancel_url, idempotency_key, request_hash)
        SELECT purchase_id, account_id, product_id, credits, amount_minor, currency, return_url, return_url,
               idempotency_key, request_hash
        FROM allowed RETURNING purchase_id, account_id, amount_minor, currency
    )
    INSERT INTO top_ups (purchase_id, account_id, amount_minor, currency)
    SELECT purchase_id, account_id, amount_minor, currency FROM ordered
    RETURNING account_id
    """
)
_SET_ASIDE = text(
    """
    UPDATE auto_top_ups SET next_try_at = now() + CAST(:pause AS interval)
    WHERE account_id = ANY(CAST(:account_ids AS uuid[])) AND enabled
    """
)
_COLUMNS = """
    top_ups.purchase_id, top_ups.account_id, purchases.product_id, purchases.credits, top_ups.amount_minor,
    top_ups.currency, top_ups.status, top_ups.customer_id, top_ups.payment_method_id, top_ups.payment_intent_id,
    top_ups.key_number, top_ups.tries, top_ups.created_at, purchases.status AS purchase_status, top_ups.failure_code
"""
_CLAIM = text(
    f"""
    WITH due AS (
        SELECT purchase_id FROM top_ups
        WHERE status IN ('pending', 'requires_action') AND next_step_at <= now()
        ORDER BY next_step_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE top_ups SET tries = top_ups.tries + 1, next_step_at = now() + CAST(:lease AS interval)
    FROM due JOIN purchases USING (purchase_id)
    WHERE top_ups.purchase_id = due.purchase_id
    RETURNING {_COLUMNS}
    """  # noqa: S608 - constants
)
_LOCK_OPEN = text(
    f"""
    SELECT {_COLUMNS} FROM top_ups JOIN purchases USING (purchase_id)
    WHERE top_ups.purchase_id = :purchase_id AND top_ups.status IN ('pending', 'requires_action')
    FOR UPDATE OF top_ups
    """  # noqa: S608 - constants
)
_CHOOSE = text(
    """
    UPDATE top_ups SET customer_id = :customer_id, payment_method_id = :payment_method_id
    WHERE purchase_id = :purchase_id AND payment_method_id IS NULL
    """
)
_NOTE_INTENT = text(
    """
    UPDATE top_ups SET payment_intent_id = :payment_intent_id, failure_code = :code
    WHERE purchase_id = :purchase_id
    """
)
_NEXT_KEY = text(
    "UPDATE top_ups SET key_number = key_number + 1 WHERE purchase_id = :purchase_id AND key_number = :key_number"
)
_LATER = text(
    """
    UPDATE top_ups SET next_step_at = now() + CAST(:pause AS interval)
    WHERE purchase_id = :purchase_id AND tries = :tries AND status IN ('pending', 'requires_action')
    """
)
_AWAIT_OWNER = text(
    """
    UPDATE top_ups SET status = 'requires_action', next_step_at = now() + CAST(:pause AS interval)
    WHERE purchase_id = :purchase_id
    """
)
_CLOSE = text(
    """
    UPDATE top_ups SET status = :status, failure_code = coalesce(:code, failure_code), closed_at = now()
    WHERE purchase_id = :purchase_id
    """
)
_FAIL_PURCHASE = text(
    "UPDATE purchases SET status = 'failed' WHERE purchase_id = :purchase_id AND status IN ('created', 'open')"
)


@dataclass(frozen=True, slots=True)
class NewTopUp:
    """What is written for an attempt, should its account need one; the id is chosen before."""

    account_id: UUID
    purchase_id: UUID
    return_url: str
    idempotency_key: str
    request_hash: str


async def lock_low_accounts(uow: UnitOfWork, limit: int) -> list[tuple[UUID, str]]:
    """Accounts below their threshold that have no attempt open, with the pack they want; their rules are locked."""
    return [(row.account_id, row.product_id) for row in await uow.rows(_LOCK_LOW, {"limit": limit})]


async def place(uow: UnitOfWork, new: Sequence[NewTopUp], month: datetime) -> set[UUID]:
    """Begin attempts for those that still need and may have one, and say which; `lock_low_accounts` comes first."""
    rows = await uow.rows(
        _PLACE,
        {
            "account_ids": [one.account_id for one in new],
            "purchase_ids": [one.purchase_id for one in new],
            "return_urls": [one.return_url for one in new],
            "keys": [one.idempotency_key for one in new],
            "hashes": [one.request_hash for one in new],
            "month": month,
        },
    )
    return {row.account_id for row in rows}


async def set_aside(uow: UnitOfWork, account_ids: Sequence[UUID], pause: timedelta) -> None:
    """Look at these accounts again after a pause, so that others have their turn."""
    await uow.execute(_SET_ASIDE, {"account_ids": list(account_ids), "pause": pause})


async def claim_due(connection: AsyncConnection, limit: int, lease: timedelta) -> list[TopUp]:
    """Take attempts whose next step is due, for the length of a lease."""
    found = await connection.execute(_CLAIM, {"limit": limit, "lease": lease})
    return [TopUp(*tuple(row)) for row in found.all()]


async def lock_open(uow: UnitOfWork, purchase_id: UUID) -> TopUp | None:
    """An attempt that is not closed, locked until the transaction ends."""
    row = await uow.first(_LOCK_OPEN, {"purchase_id": purchase_id})
    return TopUp(*tuple(row)) if row is not None else None


async def choose_card(connection: AsyncConnection, purchase_id: UUID, customer_id: str, payment_method_id: str) -> None:
    """Write whom the attempt charges, before it does; once for each attempt."""
    parameters = {"customer_id": customer_id, "payment_method_id": payment_method_id}
    await connection.execute(_CHOOSE, {"purchase_id": purchase_id, **parameters})


async def note_intent(connection: AsyncConnection, purchase_id: UUID, payment_intent_id: str, code: str | None) -> None:
    """The vendor has this payment for the attempt."""
    await connection.execute(
        _NOTE_INTENT, {"purchase_id": purchase_id, "payment_intent_id": payment_intent_id, "code": code}
    )


async def use_next_key(connection: AsyncConnection, top_up: TopUp) -> None:
    """What is stored under this key is no payment: ask under the next."""
    await connection.execute(_NEXT_KEY, {"purchase_id": top_up.purchase_id, "key_number": top_up.key_number})


async def go_on_later(connection: AsyncConnection, top_up: TopUp, pause: timedelta) -> None:
    """The next step after a pause, unless somebody else has taken the attempt since."""
    await connection.execute(_LATER, {"purchase_id": top_up.purchase_id, "tries": top_up.tries, "pause": pause})


async def await_owner(uow: UnitOfWork, purchase_id: UUID, pause: timedelta) -> None:
    """Its owner has to pay on a page; look at the purchase now and then."""
    await uow.execute(_AWAIT_OWNER, {"purchase_id": purchase_id, "pause": pause})


async def close_paid(uow: UnitOfWork, purchase_id: UUID) -> None:
    """The money came and its credits were granted."""
    await uow.execute(_CLOSE, {"purchase_id": purchase_id, "status": "paid", "code": None})


async def close_failed(uow: UnitOfWork, purchase_id: UUID, code: str) -> None:
    """No money will come of it."""
    await uow.execute(_CLOSE, {"purchase_id": purchase_id, "status": "failed", "code": code[:100]})
    await uow.execute(_FAIL_PURCHASE, {"purchase_id": purchase_id})
