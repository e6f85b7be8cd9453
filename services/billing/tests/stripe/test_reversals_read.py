"""What refunds and disputes as Stripe lists them add up to."""

from typing import Any

import pytest
import stripe

from billing.purchases.ports import PaymentsRefused, PaymentsUnavailable
from billing.purchases.reversals import Reversals
from billing.stripe.reversals import read_payment_of, read_reversals


def _refund(amount: int, status: str | None, currency: str = "eur") -> stripe.StripeObject:
    return _object(id="re_1", amount=amount, status=status, currency=currency)


def _dispute(amount: int, *moved: int, status: str = "needs_response", currency: str = "eur") -> stripe.StripeObject:
    movements = [{"id": "txn_1", "amount": each, "currency": "usd"} for each in moved]
    return _object(id="du_1", amount=amount, status=status, currency=currency, balance_transactions=movements)


def _object(**values: Any) -> stripe.StripeObject:
    return stripe.StripeObject.construct_from(values, None)


@pytest.mark.parametrize(
    ("status", "reinstated"),
    [("pending", 0), ("requires_action", 0), ("succeeded", 0), (None, 0), ("failed", 100), ("canceled", 100)],
)
def test_a_refund_counts_until_it_fails(status: str | None, reinstated: int) -> None:
    assert read_reversals([_refund(100, status)], [], "eur") == Reversals(100, reinstated, 100, reinstated)


@pytest.mark.parametrize(
    ("dispute", "expected"),
    [
        (_dispute(499, status="warning_needs_response"), Reversals(0, 0)),
        (_dispute(499, -540), Reversals(499, 0)),
        (_dispute(499, -540, status="lost"), Reversals(499, 0)),
        (_dispute(499, -540, status="won"), Reversals(499, 0)),
        (_dispute(499, -540, 538, status="won"), Reversals(499, 499)),
    ],
    ids=["inquiry", "withdrawn", "lost", "won without the money", "reinstated"],
)
def test_a_dispute_counts_by_what_it_moved(dispute: stripe.StripeObject, expected: Reversals) -> None:
    assert read_reversals([], [dispute], "eur") == expected


def test_all_of_a_payment_adds_up() -> None:
    refunds = [_refund(100, "succeeded"), _refund(50, "failed")]
    disputes = [_dispute(200, -200), _dispute(149, -149, 149)]
    assert read_reversals(refunds, disputes, "eur") == Reversals(499, 199, 150, 50)


@pytest.mark.parametrize(
    ("refunds", "disputes"), [([_refund(1, "succeeded", "usd")], []), ([], [_dispute(1, -1, currency="usd")])]
)
def test_amounts_in_another_currency_are_left_to_a_person(
    refunds: list[stripe.StripeObject], disputes: list[stripe.StripeObject]
) -> None:
    with pytest.raises(PaymentsRefused):
        read_reversals(refunds, disputes, "eur")


def test_an_answer_of_another_shape_is_asked_again() -> None:
    with pytest.raises(PaymentsUnavailable):
        read_reversals([_object(id="re_1")], [], "eur")
    with pytest.raises(PaymentsUnavailable):
        read_reversals([], [_object(id="du_1", amount=1, currency="eur")], "eur")
    with pytest.raises(PaymentsUnavailable):
        read_payment_of(_object(payment_intent="pi_1"))


def test_a_charge_without_a_payment_intent_has_no_payment_of_ours() -> None:
    assert read_payment_of(_object(id="ch_1", payment_intent=None)) is None
    assert read_payment_of(_object(id="ch_1", payment_intent="pi_1")) == "pi_1"


@pytest.mark.parametrize(
    ("reversals", "paid_minor", "expected"),
    [(Reversals(499, 0), 499, True), (Reversals(499, 1), 499, False), (Reversals(0, 0), 0, False)],
)
def test_knows_when_a_whole_payment_is_back_with_the_buyer(
    reversals: Reversals, paid_minor: int, expected: bool
) -> None:
    assert reversals.leaves_nothing_of(paid_minor) is expected
