"""Use cases: how an attempt ends, each with what follows for the rule and what its owner is told."""

from datetime import timedelta
from typing import Literal

import structlog

from billing.purchases.rules import Purchase
from billing.purchases.settlement import settle_purchase
from billing.top_ups import rule_storage, storage
from billing.top_ups.rules import OffSessionPayment, TopUp, next_try_after
from common.clock import now
from common.db.unit_of_work import UnitOfWork
from common.events.top_ups import TopUpActionRequired, TopUpFailed

log = structlog.get_logger(__name__)

Closed = Literal["paid", "failed", "closed_before"]

_FOR_A_PERSON = frozenset({"no_card", "not_authenticated", "mismatch"})
"""What trying again with the same card cannot mend: the rule is switched off at once."""


async def settle(uow: UnitOfWork, top_up: TopUp, payment: OffSessionPayment) -> Closed:
    """The vendor says it is paid: grant by the payment's own key, as the webhook does, and close the attempt."""
    found = await storage.lock_open(uow, top_up.purchase_id)
    settlement = await settle_purchase(uow, top_up.purchase_id, payment.facts)
    if settlement.outcome == "mismatch":
        log.error("top_up_mismatch", purchase_id=top_up.reference, detail=settlement.detail)
        return await fail(uow, top_up, "mismatch") if found is not None else "closed_before"
    return await close_paid(uow, top_up)


async def close_paid(uow: UnitOfWork, top_up: TopUp) -> Closed:
    """Its purchase is paid, whoever heard of it first."""
    if await storage.lock_open(uow, top_up.purchase_id) is None:
        return "closed_before"
    await storage.close_paid(uow, top_up.purchase_id)
    await rule_storage.note_paid(uow, top_up.account_id)
    return "paid"


async def fail(uow: UnitOfWork, top_up: TopUp, reason: str) -> Closed:
    """It came to nothing: try again later, or switch the rule off; its owner is told."""
    if await storage.lock_open(uow, top_up.purchase_id) is None:
        return "closed_before"
    await storage.close_failed(uow, top_up.purchase_id, reason)
    declines = await rule_storage.note_decline(uow, top_up.account_id)
    next_try_at = None if reason in _FOR_A_PERSON else next_try_after(declines, now())
    if next_try_at is None:
        await rule_storage.switch_off(uow, top_up.account_id, reason)
    else:
        await rule_storage.try_again_at(uow, top_up.account_id, next_try_at)
    uow.emit(
        TopUpFailed(
            account_id=top_up.account_id,
            purchase_id=top_up.purchase_id,
            product=top_up.product_id,
            credits=top_up.credits,
            amount_minor=top_up.amount_minor,
            currency=top_up.currency,
            reason=reason,
            declines=declines,
            next_try_at=next_try_at,
        )
    )
    return "failed"


async def await_owner(uow: UnitOfWork, top_up: TopUp, purchase: Purchase, look_again: timedelta) -> None:
    """The bank wants its owner there: tell them where to pay, once."""
    found = await storage.lock_open(uow, top_up.purchase_id)
    if found is None or found.status == "requires_action":
        return
    if purchase.checkout_url is None or purchase.checkout_expires_at is None:
        raise AssertionError("an open purchase has a page")
    await storage.await_owner(uow, top_up.purchase_id, look_again)
    uow.emit(
        TopUpActionRequired(
            account_id=top_up.account_id,
            purchase_id=top_up.purchase_id,
            product=top_up.product_id,
            credits=top_up.credits,
            amount_minor=top_up.amount_minor,
            currency=top_up.currency,
            pay_url=purchase.checkout_url,
            expires_at=purchase.checkout_expires_at,
        )
    )
