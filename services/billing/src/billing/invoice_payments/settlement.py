"""Use case: bring an invoice in line with what Stripe says of its money. Credits are never touched.

Events that speak of one payment meet at the invoice's row lock. The first payment pays it, once; any other goes back.
"""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import structlog

from billing.invoice_payments import storage
from billing.invoice_payments.rules import Bill, judge
from billing.purchases.reversals import Reversals
from billing.purchases.rules import CheckoutSession, Mismatch, Undecided
from common.clock import now
from common.db.unit_of_work import UnitOfWork
from common.events.documents import InvoicePaid

log = structlog.get_logger(__name__)

Outcome = Literal[
    "invoice_paid", "invoice_paid_before", "invoice_paid_twice", "invoice_reversed", "undecided", "mismatch",
    "unknown_invoice",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of it; `detail` says what differs in a mismatch."""

    outcome: Outcome
    detail: str = ""


async def settle_invoice(
    uow: UnitOfWork, invoice_id: UUID, session: CheckoutSession, reversals: Reversals
) -> Settlement:
    """Act on the state of a session of an invoice's link, in whatever order and however often it is told."""
    bill = await storage.lock_bill(uow, invoice_id)
    if bill is None:
        return Settlement("unknown_invoice")
    verdict = judge(bill, session)
    match verdict:
        case Undecided():
            return Settlement("undecided")
        case Mismatch(reason=reason):
            return Settlement("mismatch", reason)
    return await _paid(uow, bill, verdict.payment_reference, reversals)


async def _paid(uow: UnitOfWork, bill: Bill, payment: str, reversals: Reversals) -> Settlement:
    outcome: Outcome = "invoice_paid_before"
    if bill.paid_at is None and bill.status != "void":
        await _mark_paid(uow, bill, payment)
        outcome = "invoice_paid"
    elif bill.stripe_payment_intent_id != payment:
        if await storage.insert_surplus(uow, bill.invoice_id, payment, bill.amount_minor):
            log.warning("invoice_paid_twice", invoice_id=bill.reference, payment=payment, status=bill.status)
        return Settlement("invoice_paid_twice")
    reversed_minor = reversals.reversed_minor - reversals.reinstated_minor
    if await storage.note_reversed(uow, payment, reversed_minor):
        log.warning("invoice_payment_reversed", invoice_id=bill.reference, reversed_minor=reversed_minor)
        return Settlement("invoice_reversed")
    return Settlement(outcome)


async def _mark_paid(uow: UnitOfWork, bill: Bill, payment: str) -> None:
    paid_at = now()
    await storage.mark_paid(uow, bill.invoice_id, payment, paid_at)
    uow.emit(
        InvoicePaid(
            account_id=bill.account_id,
            invoice_id=bill.invoice_id,
            number=bill.number,
            amount_minor=bill.amount_minor,
            currency=bill.currency.upper(),
            paid_at=paid_at,
        )
    )
