"""What a Checkout session means for an order, whatever else has become of it."""

from dataclasses import replace
from typing import Any

import pytest

from billing.orders.rules import Order, judge, order_id_in
from billing.purchases.rules import CheckoutSession, Closed, Mismatch, Paid, Undecided
from common.clock import now
from common.ids import new_id, to_text

ORDER = Order(
    order_id=new_id(), job_id=new_id(), kind="text-to-design", title="One design", price_minor=450, currency="eur",
    status="open", email="ada@example.com", locale="en", input={}, job_class="image", price_credits=5,
    deadline_seconds=600, request_hash="h", checkout_attempt=1, checkout_url=None, checkout_expires_at=None,
    stripe_session_id=None, stripe_payment_intent_id=None, refund_attempt=1, tries=0, created_at=now(), paid_at=None,
    ended_at=None, returned_minor=0,
)  # fmt: skip
SESSION = CheckoutSession(
    session_id="cs_1", client_reference_id=ORDER.reference, status="complete", payment_status="paid",
    amount_subtotal_minor=450, amount_total_minor=450, currency="eur", payment_intent_id="pi_1",
    payment_intent_status="succeeded", url=None, expires_at=now(),
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Paid("pi_1")),
        ({"status": "open"}, Undecided()),
        ({"status": "expired"}, Closed("expired")),
        ({"payment_status": "unpaid", "payment_intent_status": "processing"}, Undecided()),
        ({"payment_status": "unpaid", "payment_intent_status": "requires_payment_method"}, Closed("failed")),
    ],
)
def test_a_session_is_followed(changes: dict[str, Any], verdict: object) -> None:
    assert judge(ORDER, replace(SESSION, **changes)) == verdict


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_total_minor": 449},
        {"amount_total_minor": 451},
        {"currency": "usd"},
        {"payment_intent_id": None},
        {"payment_status": "no_payment_required", "payment_intent_id": None, "amount_total_minor": 0},
    ],
)
def test_what_is_not_the_price_is_for_a_person(changes: dict[str, Any]) -> None:
    assert isinstance(judge(ORDER, replace(SESSION, **changes)), Mismatch)


@pytest.mark.parametrize("status", ["paid", "delivered", "refund_due", "refunded"])
def test_a_second_payment_is_for_a_person_and_the_first_is_not(status: Any) -> None:
    paid = replace(ORDER, status=status, stripe_payment_intent_id="pi_1", paid_at=now())

    assert judge(paid, SESSION) == Paid("pi_1")
    assert isinstance(judge(paid, replace(SESSION, session_id="cs_2", payment_intent_id="pi_2")), Mismatch)


def test_an_order_is_told_from_everything_else_by_its_reference() -> None:
    assert order_id_in(ORDER.reference) == ORDER.order_id
    assert [order_id_in(text) for text in (None, "", "ord_", to_text("pur", new_id()), to_text("sbo", new_id()))] == [
        None
    ] * 5
