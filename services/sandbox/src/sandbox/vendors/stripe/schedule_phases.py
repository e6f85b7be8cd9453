"""What time does to a subscription with a schedule: the next phase begins, the last one ends, or all of it ends."""

import copy
import time

from sandbox.vendors.stripe.events import Events
from sandbox.vendors.stripe.store import StripeObject, StripeStore
from sandbox.vendors.stripe.subscription_objects import items_of, period_of, plan_object

KIND = "subscription_schedule"


def current_phase_of(schedule: StripeObject) -> StripeObject:
    """The phase under way."""
    start = schedule["current_phase"]["start_date"]
    found: StripeObject = next(phase for phase in schedule["phases"] if phase["start_date"] == start)
    return found


def enter_next_phase(store: StripeStore, events: Events, subscription: StripeObject) -> bool:
    """As a period ends: the phase that begins then is entered; whether it begins periods of another length.

    A schedule without a further phase lets its subscription go. Called within the change of the subscription.
    """
    if not subscription["schedule"]:
        return False
    schedule = store.get(KIND, subscription["schedule"])
    _, ended_at = period_of(subscription)
    if current_phase_of(schedule)["end_date"] > ended_at:
        return False
    following = [phase for phase in schedule["phases"] if phase["start_date"] >= current_phase_of(schedule)["end_date"]]
    if not following:
        subscription["schedule"] = None
        schedule.update(
            status="released",
            released_at=int(time.time()),
            released_subscription=subscription["id"],
            subscription=None,
            current_phase=None,
        )
        events.emit("subscription_schedule.released", schedule)
        return False
    phase, (item,) = following[0], items_of(subscription)
    with events.changing("subscription_schedule.updated", schedule):
        schedule["current_phase"] = {"start_date": phase["start_date"], "end_date": phase["end_date"]}
    price, before = store.get("price", phase["items"][0]["price"]), item["price"]
    item.update(price=copy.deepcopy(price), plan=plan_object(price), quantity=phase["items"][0]["quantity"])
    subscription["default_payment_method"] = phase["default_payment_method"]  # what a phase does not name is gone
    subscription["discounts"] = [found["discount"] for found in phase["discounts"] if found["discount"]]
    return any(before["recurring"][name] != price["recurring"][name] for name in ("interval", "interval_count"))


def cancel_schedule(store: StripeStore, events: Events, subscription: StripeObject) -> None:
    """The subscription has ended, and its schedule with it."""
    if not subscription["schedule"]:
        return
    schedule = store.get(KIND, subscription["schedule"])
    schedule.update(status="canceled", canceled_at=int(time.time()), current_phase=None)
    events.emit("subscription_schedule.canceled", schedule)
