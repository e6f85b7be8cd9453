"""What a Checkout session means for a purchase, and where buyers may return to."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from billing.purchases.rules import (
    CheckoutSession,
    Closed,
    Mismatch,
    Paid,
    Purchase,
    ReturnUrlRefused,
    Undecided,
    check_return_url,
    origin_of,
    purchase_id_in,
)
from billing.purchases.rules import judge as judge_session
from common.ids import new_id

NOW = datetime(2026, 11, 21, tzinfo=UTC)

PURCHASE = Purchase(
    purchase_id=new_id(),
    account_id=new_id(),
    product_id="pack-50",
    credits=50,
    amount_minor=499,
    currency="eur",
    status="open",
    success_url="https://a.example/",
    cancel_url="https://a.example/",
    checkout_attempt=1,
    checkout_url="https://pay.example/",
    checkout_expires_at=NOW,
    stripe_session_id="cs_1",
    stripe_payment_intent_id=None,
    request_hash="",
    created_at=NOW,
    paid_at=None,
)
PAID = CheckoutSession(
    session_id="cs_1",
    client_reference_id=PURCHASE.reference,
    status="complete",
    payment_status="paid",
    amount_subtotal_minor=499,
    amount_total_minor=499,
    currency="eur",
    payment_intent_id="pi_1",
    payment_intent_status="succeeded",
    url=None,
    expires_at=NOW,
)


def judge(**changes: Any) -> Any:
    return judge_session(PURCHASE, replace(PAID, **changes))


def test_a_paid_session_is_paid_by_its_payment_intent() -> None:
    assert judge() == Paid("pi_1")


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_total_minor": 498},
        {"amount_total_minor": 500},
        {"amount_total_minor": None},
        {"amount_total_minor": 0},
        {"currency": "usd"},
        {"currency": "EUR"},
        {"currency": None},
        {"payment_intent_id": None},
        {"payment_status": "something_new"},
    ],
)
def test_grants_nothing_when_the_money_is_not_what_was_ordered(changes: dict[str, Any]) -> None:
    assert isinstance(judge(**changes), Mismatch)


@pytest.mark.parametrize("payment_status", ["unpaid", "no_payment_required", "paid"])
def test_an_open_session_decides_nothing_whatever_its_payment_status(payment_status: str) -> None:
    assert judge(status="open", payment_status=payment_status, amount_total_minor=0) == Undecided()


def test_money_under_way_decides_nothing_until_it_failed() -> None:
    assert judge(payment_status="unpaid", payment_intent_status="processing") == Undecided()
    assert judge(payment_status="unpaid", payment_intent_status="requires_payment_method") == Closed("failed")
    assert judge(payment_status="unpaid", payment_intent_status="canceled") == Closed("failed")


def test_an_expired_session_closes_the_purchase() -> None:
    assert judge(status="expired", payment_status="unpaid") == Closed("expired")


def test_a_coupon_for_the_whole_price_is_paid_by_the_session_itself() -> None:
    free = {"payment_status": "no_payment_required", "payment_intent_id": None, "amount_total_minor": 0}
    assert judge(**free) == Paid("cs_1")
    assert isinstance(judge(**free, amount_subtotal_minor=1), Mismatch)
    assert isinstance(judge(**{**free, "amount_total_minor": 1}), Mismatch)


def test_a_second_payment_for_a_paid_purchase_is_for_a_person() -> None:
    paid = replace(PURCHASE, status="paid", stripe_payment_intent_id="pi_1", paid_at=NOW)
    assert judge_session(paid, PAID) == Paid("pi_1")
    assert isinstance(judge_session(paid, replace(PAID, session_id="cs_2", payment_intent_id="pi_2")), Mismatch)


def test_knows_its_own_references_only() -> None:
    assert purchase_id_in(PURCHASE.reference) == PURCHASE.purchase_id
    for other in (None, "", "order-17", "acc_01jd0000000000000000000000", PURCHASE.reference + "0"):
        assert purchase_id_in(other) is None


ALLOWED = {origin_of("https://atelier.example"), origin_of("http://127.0.0.1:8000")}


@pytest.mark.parametrize(
    "url",
    [
        "https://atelier.example/thanks?session={CHECKOUT_SESSION_ID}#top",
        "https://ATELIER.example:443/",
        "http://127.0.0.1:8000",
    ],
)
def test_lets_buyers_return_to_allowed_origins(url: str) -> None:
    assert check_return_url(url, ALLOWED) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "https://atelier.example.evil.example/",
        "https://atelier.example@evil.example/",
        "https://user:secret@atelier.example/",
        "https://atelier.example:8443/",
        "http://atelier.example/",
        "//atelier.example/",
        "/thanks",
        "javascript:alert(1)",
        "https://evil.example\\@atelier.example/",
        "https://atelier.example/\nset-cookie",
        "https://atelier.example/ x",
        "https://atelier.exampl\u00e9/",
        "https://[::1",
        "https://atelier.example:99999/",
        "https://",
        "",
        "https://atelier.example/" + "a" * 2048,
    ],
)
def test_sends_buyers_nowhere_else(url: str) -> None:
    with pytest.raises(ReturnUrlRefused):
        check_return_url(url, ALLOWED)
