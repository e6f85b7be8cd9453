"""Use case: give credits to an account by hand, or take them back, each adjustment once and with a reason.

What is given is a lot of its own; what is taken is what is available, soonest expiry first, and never more: nobody is
put into debt by hand. The customer reads the reason in their statement, and not who gave it.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import text

from billing.ledger import storage as ledger
from billing.ledger.announcements import announce_balances
from billing.ledger.rules import CREDITS_MAX, ClawbackRequest, GrantRequest
from common.db.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

REASON_LENGTH_MIN, REASON_LENGTH_MAX = 3, 200
MADE_BY_LENGTH_MAX = 100

_KNOWN = text("SELECT account_id, credits, reason FROM adjustments WHERE adjustment_id = :adjustment_id")
_NOTE = text(
    """
    INSERT INTO adjustments (adjustment_id, account_id, credits, reason, made_by, expires_at)
    VALUES (:adjustment_id, :account_id, :credits, :reason, :made_by, :expires_at)
    """
)


class AdjustmentRefused(ValueError):
    """It cannot be made; the message says why, to the operator."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Credits to give (positive) or to take (negative); one id is one adjustment, however often it is sent."""

    adjustment_id: UUID
    account_id: UUID
    credits: int
    reason: str
    made_by: str
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        if not 0 < abs(self.credits) <= CREDITS_MAX:
            raise AdjustmentRefused(f"credits are between 1 and {CREDITS_MAX}, or as many less")
        if not REASON_LENGTH_MIN <= len(self.reason.strip()) <= REASON_LENGTH_MAX:
            raise AdjustmentRefused(f"a reason has {REASON_LENGTH_MIN} to {REASON_LENGTH_MAX} characters")
        if not 0 < len(self.made_by.strip()) <= MADE_BY_LENGTH_MAX:
            raise AdjustmentRefused("somebody has to answer for it")
        if self.credits < 0 and self.expires_at is not None:
            raise AdjustmentRefused("only what is given expires")


@dataclass(frozen=True, slots=True)
class Adjusted:
    """What the account has afterwards; `fresh` is false when the adjustment had been made before."""

    fresh: bool
    available: int
    debt: int


async def adjust(uow: UnitOfWork, wish: Adjustment) -> Adjusted:
    """Make an adjustment, or find that it was made.

    Raises:
        AdjustmentRefused: the account has fewer credits than are to be taken, or the id stands for another adjustment.
    """
    await ledger.open_accounts(uow, [wish.account_id])
    book = await ledger.load_book(uow, [wish.account_id])
    account = book.account(wish.account_id)
    known = await uow.first(_KNOWN, {"adjustment_id": wish.adjustment_id})
    if known is not None:
        if tuple(known) != (wish.account_id, wish.credits, wish.reason.strip()):
            raise AdjustmentRefused("this id stands for another adjustment")
        return Adjusted(False, account.available, account.debt)
    reference, memo = str(wish.adjustment_id), wish.reason.strip()
    if wish.credits > 0:
        book.grant(GrantRequest(wish.account_id, wish.credits, "adjustment", reference, memo, wish.expires_at))
    elif -wish.credits > account.available:
        raise AdjustmentRefused(f"the account has {account.available} credits available")
    else:
        book.claw_back(
            ClawbackRequest(wish.account_id, -wish.credits, f"adjustment:{reference}", "", memo, "adjustments")
        )
    await uow.execute(
        _NOTE,
        {
            "adjustment_id": wish.adjustment_id,
            "account_id": wish.account_id,
            "credits": wish.credits,
            "reason": memo,
            "made_by": wish.made_by.strip(),
            "expires_at": wish.expires_at,
        },
    )
    await ledger.save(uow, book.changes)
    announce_balances(uow, book)
    log.info("credits_adjusted", account_id=str(wish.account_id), credits=wish.credits, adjustment_id=reference)
    return Adjusted(True, account.available, account.debt)
