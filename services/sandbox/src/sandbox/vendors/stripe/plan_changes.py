"""Changes of a subscription by API or portal: price, quantity, cancellation at the period's end, with prorations."""

import copy
import time
from typing import Any

from sandbox.vendors.stripe.cards import Verdict
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.events import Events
from sandbox.vendors.stripe.form import Params, listing, mapping, merged, one_of, text, truth, whole
from sandbox.vendors.stripe.invoice_objects import Line
from sandbox.vendors.stripe.invoices import Invoices
from sandbox.vendors.stripe.periods import period_end, share_left
from sandbox.vendors.stripe.store import HIDDEN, StripeObject, StripeStore
from sandbox.vendors.stripe.subscription_objects import (
    item_object,
    items_of,
    period_line,
    period_of,
    plan_object,
)
from sandbox.vendors.stripe.subscriptions import Subscriptions

_PRORATIONS = ("create_prorations", "none", "always_invoice")
_BEHAVIOURS = ("allow_incomplete", "error_if_incomplete")


class PlanChanges:
    """Changes subscriptions. Unused time is credited and the rest of the period charged, to the second."""

    def __init__(self, store: StripeStore, events: Events, subscriptions: Subscriptions, invoices: Invoices) -> None:
        self._store = store
        self._events = events
        self._subscriptions = subscriptions
        self._invoices = invoices

    def update(self, subscription_id: str, params: Params) -> StripeObject:
        """Changes a subscription; says `customer.subscription.updated` and what an invoice at once says.

        Raises:
            StripeError: 400, an odd field; 402, the invoice could not be paid and that was to be an error; 404.
        """
        subscription = self._subscriptions.living(subscription_id)
        proration = one_of(params, "proration_behavior", _PRORATIONS, "create_prorations")
        on_failure = one_of(params, "payment_behavior", _BEHAVIOURS, "allow_incomplete")
        changes = [self._change(subscription, entry) for entry in listing(params, "items")]
        before = copy.deepcopy(subscription)
        invoice: StripeObject | None = None
        with self._events.changing("customer.subscription.updated", subscription):
            self._set_plain(subscription, params)
            lines: list[Line] = []
            at = whole(params, "proration_date") or int(time.time())
            moved = any(self._restarts(item, price) for item, price, _, _ in changes)
            for item, price, quantity, deleted in changes:
                lines += self._apply(subscription, item, price, quantity, deleted=deleted, at=at, moved=moved)
            if proration == "none":
                lines = [line for line in lines if not line.proration]
            if lines and (moved or proration == "always_invoice"):
                invoice = self._subscriptions.bill(subscription, lines, "subscription_update", period_of(before))
            else:
                subscription[HIDDEN]["pending_lines"] += lines
        if invoice is not None:
            self._collect(subscription, invoice, before, strict=on_failure == "error_if_incomplete")
        return subscription

    def _collect(
        self, subscription: StripeObject, invoice: StripeObject, before: StripeObject, *, strict: bool
    ) -> None:
        result = self._subscriptions.collect(subscription, invoice)
        if result is Verdict.PAID or not strict:
            return
        error = self._invoices.declined(invoice)
        self._invoices.give_up(invoice["id"], "void")
        with self._events.changing("customer.subscription.updated", subscription):
            subscription.update(before)
        raise error

    def update_item(self, item_id: str, params: Params) -> StripeObject:
        """Changes one item, as `subscriptions.update` does.

        Raises:
            StripeError: as there; 404.
        """
        subscription, item = self.find_item(item_id)
        entry = {name: value for name, value in params.items() if name in ("price", "quantity", "metadata")}
        self.update(subscription["id"], {**params, "items": [{"id": item_id, **entry}], "metadata": {}})
        return item

    def find_item(self, item_id: str) -> tuple[StripeObject, StripeObject]:
        """A subscription and its item.

        Raises:
            StripeError: 404.
        """
        for subscription in self._store.all("subscription"):
            for item in items_of(subscription):
                if item["id"] == item_id:
                    return subscription, item
        message = f"No such subscription_item: '{item_id}'"
        raise StripeError(404, message, code="resource_missing", param="item")

    def _change(self, subscription: StripeObject, entry: Any) -> tuple[StripeObject | None, StripeObject, int, bool]:
        if not isinstance(entry, dict):
            raise StripeError(400, "Invalid object", param="items")
        item_id, price_id = text(entry, "id"), text(entry, "price")
        item = next((one for one in items_of(subscription) if one["id"] == item_id), None)
        if item_id and item is None:
            raise StripeError(404, f"No such subscription_item: '{item_id}'", code="resource_missing", param="items")
        if item is None and price_id is None:
            raise StripeError(400, "Missing required param: items[0][price].", param="items")
        price = self._store.get("price", price_id, "items[0][price]") if price_id else (item or {})["price"]
        if not price["recurring"] or price["currency"] != subscription["currency"]:
            raise StripeError(400, "The price must recur and have the subscription's currency.", param="items")
        if price_id and not price["active"]:
            raise StripeError(400, f"The price specified is inactive: {price_id}.", param="items")
        quantity = whole(entry, "quantity", item["quantity"] if item else 1) or 0
        return item, price, quantity, truth(entry, "deleted", False)

    def _restarts(self, item: StripeObject | None, price: StripeObject) -> bool:
        if item is None:
            return False
        old = item["price"]["recurring"]
        return any(old[name] != price["recurring"][name] for name in ("interval", "interval_count"))

    def _apply(
        self,
        subscription: StripeObject,
        item: StripeObject | None,
        price: StripeObject,
        quantity: int,
        *,
        deleted: bool,
        at: int,
        moved: bool,
    ) -> list[Line]:
        """Changes one item; the lines are the credit for the old and the charge for the new."""
        items = items_of(subscription)
        if item is None:
            item = item_object(subscription, price, quantity)
            item.update(zip(("current_period_start", "current_period_end"), period_of(subscription), strict=True))
            items.append(item)
            return [self._proration(item, at, 1)]
        credit = self._proration(item, at, -1)
        if deleted:
            items.remove(item)
            return [credit]
        if item["price"]["id"] == price["id"] and item["quantity"] == quantity:
            return []
        item.update(price=copy.deepcopy(price), plan=plan_object(price), quantity=quantity)
        if not moved:
            return [credit, self._proration(item, at, 1)]
        subscription["billing_cycle_anchor"] = at
        item.update(current_period_start=at, current_period_end=period_end(at, at, price["recurring"]))
        return [credit, period_line(item, self._name(price))]

    def _proration(self, item: StripeObject, at: int, sign: int) -> Line:
        start, end = item["current_period_start"], item["current_period_end"]
        price, quantity = item["price"], item["quantity"]
        amount = round(price["unit_amount"] * quantity * share_left(start, end, at))
        words = "Remaining time on" if sign > 0 else "Unused time on"
        return Line(
            amount=sign * amount,
            description=f"{words} {quantity} × {self._name(price)}",
            price=price,
            quantity=quantity,
            start=min(max(at, start), end),
            end=end,
            subscription_item=item["id"],
            proration=True,
        )

    def _name(self, price: StripeObject) -> str:
        return str(self._store.get("product", price["product"])["name"])

    def _set_plain(self, subscription: StripeObject, params: Params) -> None:
        if subscription["schedule"] and ("cancel_at" in params or "cancel_at_period_end" in params):
            raise StripeError(
                400,
                f"The subscription is managed by the subscription schedule `{subscription['schedule']}`, and updating "
                "any cancelation behavior directly is not allowed. Please update the schedule instead.",
            )
        subscription["metadata"] = merged(subscription["metadata"], params)
        subscription["description"] = text(params, "description") or subscription["description"]
        method = text(params, "default_payment_method")
        if method:
            subscription["default_payment_method"] = self._store.get("payment_method", method)["id"]
        details = mapping(params, "cancellation_details")
        subscription["cancellation_details"].update(
            {name: text(details, name) for name in ("comment", "feedback") if name in details}
        )
        if "cancel_at" in params:
            self._cancel_at(subscription, whole(params, "cancel_at"))
        if "cancel_at_period_end" in params:
            at_end = truth(params, "cancel_at_period_end", False)
            subscription["cancel_at_period_end"] = at_end
            self._cancel_at(subscription, period_of(subscription)[1] if at_end else None)

    def _cancel_at(self, subscription: StripeObject, at: int | None) -> None:
        subscription["cancel_at"] = at
        subscription["canceled_at"] = int(time.time()) if at else None
        subscription["cancellation_details"]["reason"] = "cancellation_requested" if at else None
