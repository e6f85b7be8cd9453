"""Subscriptions: started by Checkout, renewed on request, past due, cancelled."""

import time

from sandbox.vendors.stripe.cards import Verdict
from sandbox.vendors.stripe.coupons import Coupons
from sandbox.vendors.stripe.customers import Customers
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.events import Events
from sandbox.vendors.stripe.form import Params
from sandbox.vendors.stripe.invoice_objects import Draft, Line
from sandbox.vendors.stripe.invoices import Invoices
from sandbox.vendors.stripe.periods import period_end
from sandbox.vendors.stripe.schedule_phases import cancel_schedule, enter_next_phase
from sandbox.vendors.stripe.store import HIDDEN, StripeObject, StripeStore
from sandbox.vendors.stripe.subscription_objects import (
    discount_object,
    item_object,
    items_of,
    period_line,
    period_of,
    subscription_object,
)

_UPDATED = "customer.subscription.updated"
_ENDED = ("canceled", "incomplete_expired")


class Subscriptions:
    """Owns the subscriptions' lives; what changes their items is in `plan_changes`."""

    def __init__(
        self, store: StripeStore, events: Events, customers: Customers, invoices: Invoices, coupons: Coupons
    ) -> None:
        self._store = store
        self._events = events
        self._customers = customers
        self._invoices = invoices
        self._coupons = coupons

    def start(
        self,
        customer: str,
        bought: list[StripeObject],
        method: StripeObject | None,
        data: Params,
        discount: StripeObject | None,
    ) -> StripeObject:
        """A subscription to the recurring prices of what was bought, and its first invoice, paid.

        `bought` are line items of one currency, `discount` the ids of coupon and promotion code. Says
        `customer.subscription.created` and what the invoice says.
        """
        subscription = subscription_object(customer, bought[0]["currency"], data)
        once: list[Line] = []
        for one in bought:
            if one["price"]["recurring"]:
                items_of(subscription).append(item_object(subscription, one["price"], one["quantity"]))
            else:
                now = subscription["created"]
                once.append(Line(one["amount_subtotal"], one["description"], one["price"], one["quantity"], now, now))
        subscription["default_payment_method"] = method["id"] if method else None
        if discount:
            self._add_discount(subscription, discount)
        self._store.add(subscription)
        now = subscription["created"]
        invoice = self.bill(subscription, [*self._period_lines(subscription), *once], "subscription_create", (now, now))
        self._events.emit("customer.subscription.created", subscription)
        self._invoices.collect(invoice, method, off_session=False)
        return subscription

    def living(self, subscription_id: str) -> StripeObject:
        """A subscription that has not ended.

        Raises:
            StripeError: 404, none or over, as Stripe answers for both.
        """
        subscription = self._store.get("subscription", subscription_id)
        if subscription["status"] in _ENDED:
            message = f"No such subscription: '{subscription_id}'"
            raise StripeError(404, message, code="resource_missing", param="id")
        return subscription

    def bill(self, subscription: StripeObject, lines: list[Line], reason: str, period: tuple[int, int]) -> StripeObject:
        """A finalized invoice of a subscription, not collected yet."""
        discount, coupon = self._discount(subscription, reason)
        draft = Draft(
            customer=subscription["customer"],
            currency=subscription["currency"],
            lines=lines,
            reason=reason,
            period=period,
            subscription=subscription,
            discount=discount,
            coupon=coupon,
        )
        invoice = self._invoices.issue(draft)
        subscription["latest_invoice"] = invoice["id"]
        return invoice

    def collect(self, subscription: StripeObject, invoice: StripeObject, verdict: Verdict | None = None) -> Verdict:
        """Charges an open invoice without the customer, and lets the subscription become active or past due."""
        method = self._customers.payment_method(subscription["customer"], subscription["default_payment_method"])
        result = self._invoices.collect(invoice, method, verdict, off_session=True)
        self.note_payment(invoice, result)
        return result

    def note_payment(self, invoice: StripeObject, result: Verdict) -> None:
        """What a payment's end means for the subscription of an invoice; says `customer.subscription.updated`."""
        details = (invoice["parent"] or {}).get("subscription_details")
        if details is None:
            return
        subscription = self._store.get("subscription", details["subscription"])
        if subscription["latest_invoice"] != invoice["id"] or subscription["status"] in _ENDED:
            return
        with self._events.changing(_UPDATED, subscription):
            if result is Verdict.PAID:
                subscription["status"] = "active"
            elif subscription["status"] == "active":
                subscription["status"] = "past_due"

    def renew(self, subscription_id: str, verdict: Verdict | None) -> StripeObject:
        """The period ends: the next begins with an invoice, or the subscription ends when it was to be cancelled.

        Raises:
            StripeError: 404, none or over.
        """
        subscription = self.living(subscription_id)
        ended = period_of(subscription)
        cancel_at = subscription["cancel_at"]
        if subscription["cancel_at_period_end"] or (cancel_at is not None and cancel_at <= ended[1]):
            self._end(subscription, ended[1])
            return subscription
        with self._events.changing(_UPDATED, subscription):
            if enter_next_phase(self._store, self._events, subscription):
                subscription["billing_cycle_anchor"] = ended[1]
            for item in items_of(subscription):
                start, price = item["current_period_end"], item["price"]
                end = period_end(subscription["billing_cycle_anchor"], start, price["recurring"])
                item.update(current_period_start=start, current_period_end=end)
            pending = subscription[HIDDEN]["pending_lines"]
            lines = [*pending, *self._period_lines(subscription)]
            pending.clear()
            invoice = self.bill(subscription, lines, "subscription_cycle", ended)
        self.collect(subscription, invoice, verdict)
        return subscription

    def fail_for_good(self, subscription_id: str, status: str) -> StripeObject:
        """All retries of the latest invoice failed: the subscription is cancelled or left unpaid.

        Raises:
            StripeError: 400, neither `canceled` nor `unpaid`; 404.
        """
        subscription = self.living(subscription_id)
        if status == "canceled":
            self._end(subscription, int(time.time()), reason="payment_failed")
        elif status == "unpaid":
            with self._events.changing(_UPDATED, subscription):
                subscription["status"] = "unpaid"
        else:
            raise StripeError(400, "status is canceled or unpaid.", param="status")
        return subscription

    def cancel(self, subscription_id: str, details: Params) -> StripeObject:
        """Ends a subscription now; says `customer.subscription.deleted`.

        Raises:
            StripeError: 404, none or over.
        """
        subscription = self.living(subscription_id)
        subscription["cancellation_details"].update(comment=details.get("comment"), feedback=details.get("feedback"))
        self._end(subscription, int(time.time()))
        return subscription

    def _end(self, subscription: StripeObject, at: int, reason: str = "cancellation_requested") -> None:
        subscription.update(status="canceled", ended_at=at, canceled_at=subscription["canceled_at"] or at)
        subscription["cancellation_details"]["reason"] = reason
        cancel_schedule(self._store, self._events, subscription)
        self._events.emit("customer.subscription.deleted", subscription)

    def _period_lines(self, subscription: StripeObject) -> list[Line]:
        return [
            period_line(item, self._store.get("product", item["price"]["product"])["name"])
            for item in items_of(subscription)
        ]

    def _add_discount(self, subscription: StripeObject, asked: StripeObject) -> None:
        coupon = self._coupons.coupon(asked)
        discount = self._store.add(discount_object(subscription, asked))
        subscription["discounts"] = [discount["id"]]
        invoices = {"once": 1, "repeating": coupon["duration_in_months"] or 1, "forever": -1}
        subscription[HIDDEN]["discount_invoices_left"] = invoices[coupon["duration"]]

    def _discount(self, subscription: StripeObject, reason: str) -> tuple[StripeObject | None, StripeObject | None]:
        """The discount and coupon of the next invoice; `repeating` counts one invoice for a month."""
        left = subscription[HIDDEN]["discount_invoices_left"]
        if left == 0 or reason == "subscription_update" or not subscription["discounts"]:
            return None, None
        subscription[HIDDEN]["discount_invoices_left"] = left - 1 if left > 0 else left
        discount = self._store.get("discount", subscription["discounts"][0])
        if left == 1:
            subscription["discounts"] = []
        return discount, self._store.get("coupon", discount["source"]["coupon"])
