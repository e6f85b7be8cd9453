"""Which plan counts: what was paid, grace, reversal, several subscriptions; and what a change means."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from billing.subscriptions.periods import Interval, Offer
from billing.subscriptions.rules import Paid, Standing, Subscription, effect_of, judge
from common.ids import new_id

RANKS = {"free": 0, "pro": 1, "enterprise": 2}
GRACE = timedelta(days=7)
START, END = datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
NEXT_END = datetime(2026, 6, 1, tzinfo=UTC)
SUBSCRIPTION = Subscription(
    new_id(), new_id(), "sub_1", "cus_1", "si_1", "active", "pro", "month", START, END, None, START, None, "month"
)
PAID = Paid("pro", START, END)
DAY = timedelta(days=1)


def standing(subscription: Subscription, *paid: Paid, at: datetime = START + DAY) -> Standing:
    return judge([(subscription, paid)], RANKS, at, GRACE)


def test_without_a_subscription_the_free_plan_counts() -> None:
    assert judge([], RANKS, START, GRACE) == Standing()


def test_the_plan_that_was_paid_for_counts_until_it_is_to_be_looked_at_again() -> None:
    found = standing(SUBSCRIPTION, PAID)
    assert (found.plan, found.status, found.next_plan, found.grace_ends_at) == ("pro", "active", "pro", None)
    assert found.review_at == END


def test_an_unpaid_first_invoice_gives_no_plan() -> None:
    assert standing(SUBSCRIPTION).plan == "free"


def test_a_downgrade_counts_from_the_renewal_on() -> None:
    lesser = replace(SUBSCRIPTION, plan="pro")
    paid = Paid("enterprise", START, END)
    assert (standing(lesser, paid).plan, standing(lesser, paid).next_plan) == ("enterprise", "pro")
    renewed = replace(lesser, period_starts_at=END, period_ends_at=NEXT_END)
    assert standing(renewed, paid, at=END + DAY).plan == "pro"
    assert standing(renewed, paid, Paid("pro", END, NEXT_END), at=END + DAY).plan == "pro"


def test_an_upgrade_counts_with_its_payment() -> None:
    better = replace(SUBSCRIPTION, plan="enterprise")
    assert standing(better, PAID).plan == "pro"
    assert standing(better, PAID, Paid("enterprise", START + DAY, END), at=START + DAY).plan == "enterprise"


def test_a_renewal_that_failed_keeps_the_plan_for_the_grace_period() -> None:
    due = replace(SUBSCRIPTION, status="past_due", period_starts_at=END, period_ends_at=NEXT_END)
    found = standing(due, PAID, at=END + DAY)
    assert (found.plan, found.status, found.grace_ends_at, found.review_at) == (
        "pro",
        "past_due",
        END + GRACE,
        END + GRACE,
    )
    assert standing(due, PAID, at=END + GRACE - timedelta(seconds=1)).plan == "pro"
    assert standing(due, PAID, at=END + GRACE).plan == "free"


def test_a_renewal_that_stripe_has_not_charged_yet_keeps_the_plan_too() -> None:
    assert standing(SUBSCRIPTION, PAID, at=END + timedelta(hours=1)).plan == "pro"


@pytest.mark.parametrize("status", ["canceled", "unpaid", "incomplete", "incomplete_expired", "paused"])
def test_a_subscription_that_stripe_has_ended_or_suspended_gives_no_plan(status: str) -> None:
    assert standing(replace(SUBSCRIPTION, status=status), PAID).plan == "free"


def test_paid_since_is_the_first_day_of_what_has_followed_without_a_gap() -> None:
    second, later = Paid("enterprise", END, NEXT_END), Paid("pro", NEXT_END + GRACE + DAY, NEXT_END + 40 * DAY)

    assert standing(SUBSCRIPTION, PAID).paid_since == START
    assert standing(SUBSCRIPTION, second, PAID, at=END + DAY).paid_since == START
    assert standing(SUBSCRIPTION, PAID, at=END + DAY).paid_since == START, "the grace period is no gap"
    assert standing(SUBSCRIPTION, PAID, second, later, at=later.starts_at).paid_since == later.starts_at
    assert standing(SUBSCRIPTION, PAID, at=END + GRACE).paid_since is None, "no plan counts any more"
    back = replace(PAID, reversed=True)
    assert standing(SUBSCRIPTION, back, second, at=END + DAY).paid_since == END, "that money went back"


def test_paid_since_looks_at_all_subscriptions_of_the_account() -> None:
    ended = replace(SUBSCRIPTION, subscription_id=new_id(), status="canceled", ended_at=END)
    again = replace(SUBSCRIPTION, started_at=END, period_starts_at=END, period_ends_at=NEXT_END)
    found = judge([(ended, [PAID]), (again, [Paid("pro", END, NEXT_END)])], RANKS, END + DAY, GRACE)
    assert (found.plan, found.paid_since) == ("pro", START)


def test_a_cancelled_one_goes_on_until_its_end_and_no_day_of_grace_longer() -> None:
    ending = replace(SUBSCRIPTION, cancel_at=END)
    assert (standing(ending, PAID).plan, standing(ending, PAID).next_plan) == ("pro", "free")
    assert standing(ending, PAID, at=END).plan == "free"


def test_money_that_went_back_in_full_ends_the_plan() -> None:
    assert standing(SUBSCRIPTION, replace(PAID, reversed=True)).plan == "free"
    upgrade = Paid("enterprise", START, END, reversed=True)
    assert standing(SUBSCRIPTION, PAID, upgrade).plan == "pro"


def test_the_best_of_several_subscriptions_counts() -> None:
    other = replace(SUBSCRIPTION, subscription_id=new_id(), plan="enterprise")
    held = [(SUBSCRIPTION, [PAID]), (other, [Paid("enterprise", START, END)])]
    for order in (held, held[::-1]):
        found = judge(order, RANKS, START + DAY, GRACE)
        assert (found.plan, found.subscription_id) == ("enterprise", other.subscription_id)


def test_a_living_subscription_counts_rather_than_an_ended_one() -> None:
    ended = replace(SUBSCRIPTION, subscription_id=new_id(), status="canceled", started_at=START + DAY)
    assert judge([(ended, []), (SUBSCRIPTION, [])], RANKS, START, GRACE).subscription_id == SUBSCRIPTION.subscription_id


@pytest.mark.parametrize(
    ("current", "wanted", "effect"),
    [
        (("pro", "month"), ("enterprise", "month"), "now"),
        (("pro", "year"), ("enterprise", "year"), "now"),
        (("enterprise", "month"), ("pro", "month"), "period_end"),
        (("enterprise", "year"), ("pro", "year"), "period_end"),
        (("pro", "month"), ("pro", "month"), "period_end"),
        (("pro", "month"), ("pro", "year"), "now"),
        (("pro", "month"), ("enterprise", "year"), "now"),
        (("pro", "year"), ("pro", "month"), "period_end"),
        (("pro", "year"), ("enterprise", "month"), "period_end"),
        (("enterprise", "year"), ("pro", "month"), "period_end"),
        (("enterprise", "month"), ("pro", "year"), "period_end"),
    ],
)
def test_when_a_change_takes_effect(current: tuple[str, Interval], wanted: tuple[str, Interval], effect: str) -> None:
    offers = [Offer(plan, interval, RANKS[plan], 0) for plan, interval in (current, wanted)]
    assert effect_of(*offers) == effect


def test_the_interval_of_the_period_under_way_is_told_apart_from_that_of_the_next() -> None:
    found = standing(replace(SUBSCRIPTION, interval="month", period_interval="year"), PAID)
    assert (found.interval, found.next_interval) == ("year", "month")
