"""Use case: bring an order in line with what Stripe says of its money: start its work once, notice what went back.

Payment, credits, hold and the job's way to generation are one transaction. Events that speak of one payment meet at the
order's row lock, and at the grant's reference (the payment, not the event), which is unique in the database.
"""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import structlog

from billing.ledger.grants import Grant, post_grants
from billing.ledger.holds import place_holds
from billing.orders import refund_storage, storage
from billing.orders.rules import Order, judge
from billing.purchases.reversals import Reversals, follow_reversals
from billing.purchases.rules import CheckoutSession, Closed, Mismatch, Paid, Undecided
from billing.purchases.settlement import lot_reference
from common.bus.handlers import Received
from common.clock import now
from common.db.unit_of_work import UnitOfWork
from common.events.jobs import JobSubmitted
from common.events.orders import OrderPaid, OrderRefunded
from common.telemetry.tracing import traceparent

log = structlog.get_logger(__name__)

Outcome = Literal[
    "order_paid", "order_paid_before", "order_expired", "undecided", "mismatch", "returned_ungranted", "unknown_order",
    "taken_back", "given_back",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of it; `detail` says what differs in a mismatch."""

    outcome: Outcome
    detail: str = ""


async def settle_order(uow: UnitOfWork, order_id: UUID, session: CheckoutSession, reversals: Reversals) -> Settlement:
    """Act on the state of an order's session and payment, in whatever order and however often it is told.

    Raises:
        NothingGranted: what was reversed is not paid yet, as far as Stripe shows; try again later.
    """
    order = await storage.lock_order(uow, order_id)
    if order is None:
        return Settlement("unknown_order")
    verdict = judge(order, session)
    match verdict:
        case Paid():
            return await _paid(uow, order, session, verdict, reversals)
        case Closed():
            expired = await storage.mark_expired(uow, order_id, session)
            return Settlement("order_expired" if expired else "undecided")
        case Undecided():
            await follow_reversals(uow, session, reversals)
            return Settlement("undecided")
        case Mismatch():
            return _mismatch(verdict.reason, session, reversals)


def _mismatch(reason: str, session: CheckoutSession, reversals: Reversals) -> Settlement:
    if reversals.leaves_nothing_of(session.amount_total_minor or 0):
        return Settlement("returned_ungranted")
    return Settlement("mismatch", reason)


async def _paid(
    uow: UnitOfWork, order: Order, session: CheckoutSession, paid: Paid, reversals: Reversals
) -> Settlement:
    gone = reversals.leaves_nothing_of(order.price_minor)
    fresh = order.paid_at is None
    if fresh:
        if order.email is None or order.input is None:
            return _mismatch("paid after its buyer was forgotten", session, reversals)
        await _grant(uow, order, session, paid)
        if gone:  # there is nothing to work for any more
            await refund_storage.mark_returned(uow, order.order_id)
        else:
            await _begin_work(uow, order, order.email, order.input)
    difference = await follow_reversals(uow, session, reversals)
    returned_minor = await refund_storage.note_refunds(
        uow, order.order_id, reversals.refunded_minor, reversals.refunds_failed_minor
    )
    if not fresh:
        await _follow_money(uow, order, gone=gone, came_again=reversals.reinstated_minor > 0)
    if order.status in ("paid", "delivered") or (fresh and not gone):
        await _follow_refund_by_hand(uow, order, returned_minor)
    if difference:
        return Settlement("taken_back" if difference > 0 else "given_back")
    return Settlement("order_paid" if fresh else "order_paid_before")


async def _grant(uow: UnitOfWork, order: Order, session: CheckoutSession, paid: Paid) -> None:
    await storage.mark_paid(uow, order, session, now())
    grant = Grant(
        account_id=order.account_id,
        credits=order.price_credits,
        source="purchase",
        reference=lot_reference(paid.payment_reference),
        memo=f"{order.kind} {order.reference}",
    )
    (outcome,) = await post_grants(uow, [grant])
    if not outcome.granted:
        raise AssertionError(f"the payment of {order.reference} was granted for something else")


async def _begin_work(uow: UnitOfWork, order: Order, email: str, job_input: dict[str, object]) -> None:
    """Say that the order is paid, then hold its credits, which says `credits.held`: generation runs what that names."""
    paid_at = now()
    job = order.job(job_input, paid_at)
    uow.emit(
        OrderPaid(
            account_id=order.account_id,
            order_id=order.order_id,
            job=job,
            product=order.title,
            amount_minor=order.price_minor,
            currency=order.currency,
            email=email,
            locale=order.locale,
            paid_at=paid_at,
        )
    )
    submitted = JobSubmitted(account_id=order.account_id, job=job)
    await place_holds([Received(submitted, traceparent())], uow)
    log.info("order_paid", order_id=order.reference, kind=order.kind, job_id=str(order.job_id))


async def _follow_money(uow: UnitOfWork, order: Order, *, gone: bool, came_again: bool) -> None:
    """A refund was made by somebody else than us, or did not arrive after all."""
    if order.status == "refund_due" and gone:
        await close_refunded(uow, order, None)
    elif order.status == "refund_failed" and gone:
        await refund_storage.mark_returned(uow, order.order_id)
    elif order.status == "refunded" and not gone and came_again:
        await refund_storage.mark_failed(uow, order.order_id, "refunded", "the refund did not arrive")
        log.error("order_refund_did_not_arrive", order_id=order.reference)


async def _follow_refund_by_hand(uow: UnitOfWork, order: Order, returned_minor: int) -> None:
    """Somebody has given money back at Stripe while the work is under way or done: its buyer is told of each sum once.

    Work that is under way goes on; it ends as refunded when all of the price is back by then.
    """
    if order.status == "delivered" and returned_minor >= order.price_minor:
        await refund_storage.mark_returned(uow, order.order_id)
    if returned_minor > 0:
        await _tell_refund(uow, order, min(returned_minor, order.price_minor))


async def close_refunded(uow: UnitOfWork, order: Order, refund_id: str | None) -> bool:
    """The money is on its way back: the buyer is told once. False when it was closed before."""
    if not await refund_storage.mark_refunded(uow, order.order_id, refund_id):
        return False
    await _tell_refund(uow, order, order.price_minor)
    log.info("order_refunded", order_id=order.reference, refund_id=refund_id)
    return True


async def _tell_refund(uow: UnitOfWork, order: Order, amount_minor: int) -> None:
    if not await refund_storage.may_tell(uow, order.order_id, amount_minor):
        return
    uow.emit(
        OrderRefunded(
            account_id=order.account_id,
            order_id=order.order_id,
            product=order.title,
            amount_minor=amount_minor,
            currency=order.currency,
        )
    )
