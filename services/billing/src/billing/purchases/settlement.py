"""Use case: bring a purchase in line with what Stripe says of its session, and grant its credits once."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import structlog

from billing.ledger.grants import Grant, post_grants
from billing.purchases import storage
from billing.purchases.rules import CheckoutSession, Closed, Mismatch, Paid, Purchase, Undecided, judge
from common.db.unit_of_work import UnitOfWork
from common.events.credits import PurchaseCompleted

log = structlog.get_logger(__name__)

PURPOSE = "credits"

Outcome = Literal["granted", "granted_before", "expired", "failed", "undecided", "mismatch", "unknown_purchase"]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of it; `detail` says what differs in a mismatch."""

    outcome: Outcome
    detail: str = ""


def lot_reference(payment_reference: str) -> str:
    """Under what the ledger knows the grant that a payment has paid for."""
    return f"stripe:{payment_reference}:{PURPOSE}"


async def settle_purchase(uow: UnitOfWork, purchase_id: UUID, session: CheckoutSession) -> Settlement:
    """Act on the state of a session, in whatever order and however often it is told.

    Two events about one payment meet at the purchase's row lock, and at the grant's reference (the payment,
    not the event), which is unique in the database.
    """
    purchase = await storage.lock_purchase(uow, purchase_id)
    if purchase is None:
        return Settlement("unknown_purchase")
    verdict = judge(purchase, session)
    match verdict:
        case Paid():
            return await _grant(uow, purchase, session, verdict)
        case Closed():
            changed = await storage.mark_closed(uow, purchase_id, verdict.status, session)
            return Settlement(verdict.status if changed else "undecided")
        case Undecided():
            return Settlement("undecided")
        case Mismatch():
            return Settlement("mismatch", verdict.reason)


async def _grant(uow: UnitOfWork, purchase: Purchase, session: CheckoutSession, paid: Paid) -> Settlement:
    await storage.mark_paid(uow, purchase.purchase_id, session)
    grant = Grant(
        account_id=purchase.account_id,
        credits=purchase.credits,
        source="purchase",
        reference=lot_reference(paid.payment_reference),
        memo=f"{purchase.product_id} {purchase.reference}",
    )
    (outcome,) = await post_grants(uow, [grant])
    if not outcome.granted:
        return Settlement("granted_before")
    uow.emit(
        PurchaseCompleted(
            account_id=purchase.account_id,
            purchase_id=purchase.purchase_id,
            product=purchase.product_id,
            credits=purchase.credits,
            amount_minor=purchase.amount_minor,
            currency=purchase.currency,
            available_credits=outcome.available_credits,
        )
    )
    log.info("purchase_completed", purchase_id=purchase.reference, credits=purchase.credits)
    return Settlement("granted")
