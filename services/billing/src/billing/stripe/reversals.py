"""Reads refunds and disputes as Stripe lists them: which payment they are of, and what they add up to.

Everything is counted so that it can only grow, whatever happens to an object afterwards. A refund counts from the
moment it exists, and comes back when it failed or was canceled. A dispute counts by its movements of money and not by
its status: an inquiry moves none, and a dispute is won some time before the money is there.
"""

from collections.abc import Iterable

import stripe
from pydantic import BaseModel, ConfigDict, ValidationError

from billing.purchases.ports import PaymentsRefused, PaymentsUnavailable
from billing.purchases.reversals import Reversals

_ENDED_WITHOUT_MONEY = frozenset({"failed", "canceled"})


class _Reversal(BaseModel):
    """What charges, refunds and disputes have in common: the payment they belong to."""

    model_config = ConfigDict(extra="ignore")

    id: str
    payment_intent: str | None = None


class _Refund(BaseModel):
    """A refund (docs.stripe.com/api/refunds/object)."""

    model_config = ConfigDict(extra="ignore")

    amount: int
    currency: str
    status: str | None = None


class _Movement(BaseModel):
    """A balance transaction: in the currency of our balance, so that only its direction can be compared."""

    model_config = ConfigDict(extra="ignore")

    amount: int


class _Dispute(BaseModel):
    """A dispute with what it moved, to us or away from us (docs.stripe.com/api/disputes/object)."""

    model_config = ConfigDict(extra="ignore")

    amount: int
    currency: str
    balance_transactions: list[_Movement]


def read_payment_of(answer: stripe.StripeObject) -> str | None:
    """The payment intent of a charge, refund or dispute; None for a charge that was made without one.

    Raises:
        PaymentsUnavailable: what was answered is no such object.
    """
    try:
        return _Reversal.model_validate(answer.to_dict()).payment_intent
    except ValidationError as error:
        raise PaymentsUnavailable("the answer is not a charge, refund or dispute") from error


def read_reversals(
    refunds: Iterable[stripe.StripeObject], disputes: Iterable[stripe.StripeObject], currency: str
) -> Reversals:
    """What the refunds and disputes of one payment add up to, in its currency.

    Raises:
        PaymentsUnavailable: what was answered are no refunds or disputes.
        PaymentsRefused: amounts in another currency: for a person.
    """
    try:
        refunded = [_Refund.model_validate(answer.to_dict()) for answer in refunds]
        disputed = [_Dispute.model_validate(answer.to_dict()) for answer in disputes]
    except ValidationError as error:
        raise PaymentsUnavailable("the answer is not a list of refunds or disputes") from error
    if {*(refund.currency for refund in refunded), *(dispute.currency for dispute in disputed)} - {currency}:
        raise PaymentsRefused(f"a refund or dispute is not in {currency}, the currency of its payment")
    refunds_made = sum(refund.amount for refund in refunded)
    refunds_failed = sum(refund.amount for refund in refunded if refund.status in _ENDED_WITHOUT_MONEY)
    moved = [(dispute.amount, each.amount) for dispute in disputed for each in dispute.balance_transactions]
    return Reversals(
        reversed_minor=refunds_made + sum(amount for amount, balance in moved if balance < 0),
        reinstated_minor=refunds_failed + sum(amount for amount, balance in moved if balance > 0),
        refunded_minor=refunds_made,
        refunds_failed_minor=refunds_failed,
    )
