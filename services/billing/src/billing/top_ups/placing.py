"""Use case: begin an attempt for each account below its threshold, one at a time and within its ceiling."""

from datetime import timedelta
from uuid import UUID

import structlog

from billing.purchases.rules import PREFIX, hash_request
from billing.top_ups import storage
from billing.top_ups.rules import month_of
from common.clock import now
from common.db.unit_of_work import UnitOfWork
from common.ids import new_id, to_text

log = structlog.get_logger(__name__)

BATCH_MAX = 100
BARRED_PAUSE = timedelta(minutes=1)


async def place_due(uow: UnitOfWork, public_url: str) -> int:
    """Begin what is due; says how many attempts that are.

    The locks of the rules put attempts of one account in a row, so that each sees what the one before has cost.
    Accounts that are low and may not buy (the ceiling, a pack no longer sold) are set aside for a minute.
    """
    low = await storage.lock_low_accounts(uow, BATCH_MAX)
    if not low:
        return 0
    new = [_new(account_id, product_id, public_url) for account_id, product_id in low]
    placed = await storage.place(uow, new, month_of(now()))
    if barred := [account_id for account_id, _ in low if account_id not in placed]:
        await storage.set_aside(uow, barred, BARRED_PAUSE)
    if placed:
        log.info("top_ups_begun", count=len(placed))
    return len(placed)


def desk_key(purchase_id: UUID) -> str:
    """The idempotency key of the attempt's purchase, under which a payment page can be opened for it."""
    return f"top_up:{to_text(PREFIX, purchase_id)}"


def _new(account_id: UUID, product_id: str, public_url: str) -> storage.NewTopUp:
    purchase_id = new_id()
    return storage.NewTopUp(
        account_id=account_id,
        purchase_id=purchase_id,
        return_url=f"{public_url}/?purchase={to_text(PREFIX, purchase_id)}",
        idempotency_key=desk_key(purchase_id),
        request_hash=hash_request(product_id, None, None),
    )
