"""Subscription schedules: made from a subscription, told what its next phases are, released again.

Only what is made of a running subscription; phases change prices without prorations, at the end of a period.
"""

import copy
import time
from typing import Any

from sandbox.tokens import stripe_id
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.events import Events
from sandbox.vendors.stripe.form import Params, listing, mapping, merged, one_of, required, text, whole
from sandbox.vendors.stripe.periods import period_end
from sandbox.vendors.stripe.schedule_phases import KIND, current_phase_of
from sandbox.vendors.stripe.store import StripeObject, StripeStore
from sandbox.vendors.stripe.subscription_objects import items_of, period_of
from sandbox.vendors.stripe.subscriptions import Subscriptions

_PRORATIONS = ("create_prorations", "none", "always_invoice")
_UPDATED = "customer.subscription.updated"
_PHASES_MAX = 10


class Schedules:
    """Owns the schedules; what becomes of them as time passes is in `schedule_phases`."""

    def __init__(self, store: StripeStore, events: Events, subscriptions: Subscriptions) -> None:
        self._store = store
        self._events = events
        self._subscriptions = subscriptions

    def create(self, params: Params) -> StripeObject:
        """A schedule whose one phase is the period under way; says `subscription_schedule.created`.

        Raises:
            StripeError: 400, not from a subscription, or it has a schedule; 404.
        """
        subscription = self._subscriptions.living(required(params, "from_subscription"))
        if subscription["schedule"]:
            raise StripeError(
                400,
                "You cannot migrate a subscription that is already attached to a schedule: "
                f"`{subscription['schedule']}`.",
                param="from_subscription",
            )
        if "phases" in params:
            raise StripeError(400, "You cannot set `phases` if `from_subscription` is set.", param="phases")
        schedule = self._store.add(_schedule_object(subscription))
        self._events.emit("subscription_schedule.created", schedule)
        with self._events.changing(_UPDATED, subscription):
            subscription["schedule"] = schedule["id"]
        return schedule

    def update(self, schedule_id: str, params: Params) -> StripeObject:
        """Sets the phases from the present one on; says `subscription_schedule.updated`.

        Raises:
            StripeError: 400, an odd field or a schedule that is over; 404.
        """
        schedule = self._active(schedule_id)
        one_of(params, "proration_behavior", _PRORATIONS, "create_prorations")
        end_behavior = one_of(params, "end_behavior", ("release",), "release")
        phases = self._phases(schedule, listing(params, "phases")) if "phases" in params else None
        with self._events.changing("subscription_schedule.updated", schedule):
            schedule["end_behavior"] = end_behavior
            schedule["metadata"] = merged(schedule["metadata"], params)
            if phases is not None:
                schedule["phases"] = phases
        return schedule

    def release(self, schedule_id: str) -> StripeObject:
        """Leaves the subscription as it is and to itself; says `subscription_schedule.released`.

        Raises:
            StripeError: 400, it is over; 404.
        """
        schedule = self._active(schedule_id)
        subscription = self._store.get("subscription", schedule["subscription"])
        with self._events.changing(_UPDATED, subscription):
            subscription["schedule"] = None
        schedule.update(
            status="released",
            released_at=int(time.time()),
            released_subscription=schedule["subscription"],
            subscription=None,
            current_phase=None,
        )
        self._events.emit("subscription_schedule.released", schedule)
        return schedule

    def _active(self, schedule_id: str) -> StripeObject:
        schedule = self._store.get(KIND, schedule_id)
        if schedule["status"] != "active":
            message = f"This schedule is in the `{schedule['status']}` state and cannot be changed."
            raise StripeError(400, message, code="resource_missing" if schedule["status"] == "canceled" else None)
        return schedule

    def _phases(self, schedule: StripeObject, asked: list[Any]) -> list[StripeObject]:
        if not 1 <= len(asked) <= _PHASES_MAX or not all(isinstance(phase, dict) for phase in asked):
            raise StripeError(400, f"Between 1 and {_PHASES_MAX} phases are needed.", param="phases")
        present = current_phase_of(schedule)
        if whole(asked[0], "start_date") != present["start_date"]:
            raise StripeError(400, "You can not modify the start date of the current phase.", param="phases")
        made: list[StripeObject] = [past for past in schedule["phases"] if past["end_date"] <= present["start_date"]]
        start = present["start_date"]
        for phase in asked:
            if whole(phase, "start_date", start) != start:
                raise StripeError(400, "A phase begins when the one before it ends.", param="phases")
            made.append(self._phase(phase, start, present["currency"]))
            start = made[-1]["end_date"]
        return made

    def _phase(self, phase: Params, start: int, currency: str) -> StripeObject:
        items = []
        for item in listing(phase, "items"):
            price = self._store.get("price", required(item, "price"), "phases[items][price]")
            if not price["recurring"] or not price["active"] or price["currency"] != currency:
                raise StripeError(400, "The price must be sold, recur and have the currency.", param="phases")
            items.append(_phase_item(price["id"], whole(item, "quantity", 1) or 1))
        if len(items) != 1:
            raise StripeError(400, "The sandbox's phases have one item each.", param="phases")
        end, duration = whole(phase, "end_date"), mapping(phase, "duration")
        if (end is None) == (not duration):
            raise StripeError(400, "A phase has either `end_date` or `duration`.", param="phases")
        if end is None:
            lasts = {
                "interval": required(duration, "interval"),
                "interval_count": whole(duration, "interval_count", 1) or 1,
            }
            end = period_end(start, start, lasts)
        if end <= start:
            raise StripeError(400, "A phase ends after it begins.", param="phases")
        proration = one_of(phase, "proration_behavior", _PRORATIONS, "create_prorations")
        made = _phase_object(items, currency, start, end, proration, text(phase, "description"))
        if method := text(phase, "default_payment_method"):
            made["default_payment_method"] = self._store.get("payment_method", method)["id"]
        made["discounts"] = [_phase_discount(discount) for discount in listing(phase, "discounts")]
        return made


def _schedule_object(subscription: StripeObject) -> StripeObject:
    start, end = period_of(subscription)
    items = [_phase_item(item["price"]["id"], item["quantity"]) for item in items_of(subscription)]
    phase = _phase_object(items, subscription["currency"], start, end, "create_prorations", None)
    phase["default_payment_method"] = subscription["default_payment_method"]
    phase["discounts"] = [_phase_discount({"discount": discount}) for discount in subscription["discounts"]]
    return {
        "id": stripe_id("sub_sched"),
        "object": KIND,
        "application": None,
        "billing_mode": copy.deepcopy(subscription["billing_mode"]) | {"updated_at": None},
        "canceled_at": None,
        "completed_at": None,
        "created": int(time.time()),
        "current_phase": {"start_date": start, "end_date": end},
        "customer": subscription["customer"],
        "customer_account": None,
        "default_settings": {
            "application_fee_percent": None,
            "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
            "billing_cycle_anchor": "automatic",
            "billing_thresholds": None,
            "collection_method": "charge_automatically",
            "default_payment_method": None,
            "description": None,
            "invoice_settings": {"account_tax_ids": None, "days_until_due": None, "issuer": {"type": "self"}},
            "on_behalf_of": None,
            "transfer_data": None,
        },
        "end_behavior": "release",
        "livemode": False,
        "metadata": {},
        "pause_schedules": [],
        "phases": [phase],
        "released_at": None,
        "released_subscription": None,
        "status": "active",
        "subscription": subscription["id"],
        "test_clock": None,
    }


def _phase_item(price_id: str, quantity: int) -> StripeObject:
    return {
        "billing_thresholds": None,
        "discounts": [],
        "metadata": {},
        "plan": price_id,
        "price": price_id,
        "quantity": quantity,
        "tax_rates": [],
    }


def _phase_discount(asked: Params) -> StripeObject:
    return {
        "coupon": text(asked, "coupon"),
        "discount": text(asked, "discount"),
        "promotion_code": text(asked, "promotion_code"),
    }


def _phase_object(
    items: list[StripeObject], currency: str, start: int, end: int, proration: str, description: str | None
) -> StripeObject:
    return {
        "add_invoice_items": [],
        "application_fee_percent": None,
        "automatic_tax": None,
        "billing_cycle_anchor": None,
        "billing_thresholds": None,
        "collection_method": None,
        "currency": currency,
        "default_payment_method": None,
        "default_tax_rates": [],
        "description": description,
        "discounts": [],
        "end_date": end,
        "invoice_settings": None,
        "items": items,
        "metadata": {},
        "on_behalf_of": None,
        "proration_behavior": proration,
        "start_date": start,
        "transfer_data": None,
        "trial": False,
        "trial_end": None,
    }
