"""Checkout sessions: made from line items, then paid, declined or expired."""

import copy
import time
from typing import Any

from sandbox.tokens import stripe_id
from sandbox.vendors.stripe.catalogue import Catalogue
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.events import Events
from sandbox.vendors.stripe.form import Params, listing, mapping, required, text, whole
from sandbox.vendors.stripe.payments import Payments
from sandbox.vendors.stripe.store import StripeObject, StripeStore
from sandbox.vendors.stripe.subscriptions import new_subscription, paid_invoice

_DAY_SECONDS = 86_400
_HIDDEN = "_hidden"


class Checkout:
    """Owns the sessions' lives. What a session keeps to itself is under a key no answer shows."""

    def __init__(
        self,
        store: StripeStore,
        events: Events,
        catalogue: Catalogue,
        payments: Payments,
        public_url: str,
    ) -> None:
        self._store = store
        self._events = events
        self._catalogue = catalogue
        self._payments = payments
        self._public_url = public_url

    def create(self, params: Params) -> StripeObject:
        """An open session with its payment page.

        Raises:
            StripeError: 400, a missing or odd field; 404, no such price or customer.
        """
        mode = text(params, "mode") or "payment"
        if mode not in ("payment", "subscription"):
            raise StripeError(400, f"The sandbox has no Checkout mode {mode}", param="mode")
        customer, email = text(params, "customer"), text(params, "customer_email")
        if customer:
            if email:
                raise StripeError(400, "You may only specify one of these parameters: customer, customer_email.")
            email = self._store.get("customer", customer, "customer")["email"]
        items = [self._item(item) for item in listing(params, "line_items")]
        _check_items(items, mode)
        session = _session(params, mode, items, customer)
        session["customer_details"] = {"email": email, "name": None, "phone": None} if email else None
        session["url"] = f"{self._public_url}/stripe/pay/{session['id']}"
        session[_HIDDEN] = {
            "items": items,
            "payment_intent_data": mapping(params, "payment_intent_data"),
            "subscription_data": mapping(params, "subscription_data"),
            "intent": None,
        }
        return self._store.add(session)

    def get(self, session_id: str) -> StripeObject:
        """A session as it is now: one past its time has expired.

        Raises:
            StripeError: 404.
        """
        session = self._store.get("checkout.session", session_id, "session")
        if session["status"] == "open" and session["expires_at"] <= time.time():
            self._close_as_expired(session)
        return session

    def expire(self, session_id: str) -> StripeObject:
        """Expires an open session.

        Raises:
            StripeError: 400, it is not open; 404.
        """
        session = self.get(session_id)
        if session["status"] != "open":
            message = f'Only Checkout Sessions with a status in ["open"] can be expired, not {session["status"]}.'
            raise StripeError(400, message)
        self._close_as_expired(session)
        return session

    def line_items(self, session: StripeObject) -> list[StripeObject]:
        """What is bought."""
        items: list[StripeObject] = session[_HIDDEN]["items"]
        return items

    def pay(self, session: StripeObject, email: str | None = None) -> bool:
        """The customer pays; says every event Stripe would. False, and nothing happens, unless it is open."""
        if session["status"] != "open":
            return False
        details = session["customer_details"] or {"email": email or "customer@example.com", "name": None}
        session["customer_details"] = details
        if session["customer"] is None and (
            session["mode"] == "subscription" or session["customer_creation"] == "always"
        ):
            session["customer"] = self._catalogue.create_customer({"email": details["email"]})["id"]
        intent = self._intent(session)
        intent["customer"] = session["customer"]
        self._payments.succeed(intent, details["email"])
        session.update(status="complete", payment_status="paid", url=None)
        if session["mode"] == "subscription":
            self._subscribe(session)
        else:
            session["payment_intent"] = intent["id"]
        self._events.emit("checkout.session.completed", shown(session))
        return True

    def decline(self, session: StripeObject) -> bool:
        """The card is declined; the session stays open. False unless it was open."""
        if session["status"] != "open":
            return False
        email = (session["customer_details"] or {}).get("email")
        self._payments.decline(self._intent(session), email)
        return True

    def _close_as_expired(self, session: StripeObject) -> None:
        session.update(status="expired", url=None)
        self._events.emit("checkout.session.expired", shown(session))

    def _intent(self, session: StripeObject) -> StripeObject:
        hidden = session[_HIDDEN]
        if hidden["intent"] is None:
            hidden["intent"] = self._payments.open_intent(
                session["amount_total"],
                session["currency"],
                session["customer"],
                hidden["payment_intent_data"],
            )
        intent: StripeObject = hidden["intent"]
        return intent

    def _subscribe(self, session: StripeObject) -> None:
        hidden = session[_HIDDEN]
        metadata = mapping(hidden["subscription_data"], "metadata")
        subscription = new_subscription(session["customer"], self.line_items(session), session["currency"], metadata)
        invoice = paid_invoice(subscription, session, self.line_items(session))
        subscription["latest_invoice"] = session["invoice"] = invoice["id"]
        session["subscription"] = subscription["id"]
        self._store.add(subscription)
        self._store.add(invoice)
        self._events.emit("customer.subscription.created", subscription)
        self._events.emit("invoice.paid", invoice)

    def _item(self, params: Any) -> StripeObject:
        if not isinstance(params, dict):
            raise StripeError(400, "Invalid object", param="line_items")
        price_id = text(params, "price")
        if price_id:
            price = self._store.get("price", price_id, "line_items[0][price]")
        else:
            price_data = mapping(params, "price_data")
            if not price_data:
                raise StripeError(400, "You must specify either `price` or `price_data`.", param="line_items")
            price = self._catalogue.create_price(price_data)
            price["active"] = False
        quantity = whole(params, "quantity", 1) or 0
        if quantity < 1:
            raise StripeError(400, "This value must be greater than or equal to 1.", param="quantity")
        amount = price["unit_amount"] * quantity
        return {
            "id": stripe_id("li"),
            "object": "item",
            "amount_discount": 0,
            "amount_subtotal": amount,
            "amount_tax": 0,
            "amount_total": amount,
            "currency": price["currency"],
            "description": self._store.get("product", price["product"])["name"],
            "metadata": {},
            "price": copy.deepcopy(price),
            "quantity": quantity,
        }


def shown(session: StripeObject) -> StripeObject:
    """A session without what it keeps to itself."""
    return {name: value for name, value in session.items() if name != _HIDDEN}


def _check_items(items: list[StripeObject], mode: str) -> None:
    if not items:
        raise StripeError(400, "Missing required param: line_items.", param="line_items")
    if len({item["currency"] for item in items}) != 1:
        raise StripeError(400, "All line items must have the same currency.", param="line_items")
    recurring = any(item["price"]["recurring"] for item in items)
    if mode == "payment" and recurring:
        raise StripeError(400, "You specified `payment` mode but passed a recurring price.", param="line_items")
    if mode == "subscription" and not recurring:
        raise StripeError(
            400, "You must provide at least one recurring price in `subscription` mode.", param="line_items"
        )


def _session(params: Params, mode: str, items: list[StripeObject], customer: str | None) -> StripeObject:
    now = int(time.time())
    total = sum(item["amount_total"] for item in items)
    return {
        "id": f"cs_test_{stripe_id('a', 56)[2:]}",
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "after_expiration": None,
        "allow_promotion_codes": None,
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": None,
        "cancel_url": text(params, "cancel_url"),
        "client_reference_id": text(params, "client_reference_id"),
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "created": now,
        "currency": items[0]["currency"],
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {"after_submit": None, "submit": None},
        "customer": customer,
        "customer_creation": None if customer else (text(params, "customer_creation") or "if_required"),
        "customer_details": None,
        "customer_email": text(params, "customer_email"),
        "discounts": [],
        "expires_at": whole(params, "expires_at", now + _DAY_SECONDS),
        "invoice": None,
        "invoice_creation": None,
        "livemode": False,
        "locale": text(params, "locale"),
        "metadata": mapping(params, "metadata"),
        "mode": mode,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required" if mode == "payment" else "always",
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": text(params, "submit_type"),
        "subscription": None,
        "success_url": required(params, "success_url"),
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": None,
        "wallet_options": None,
    }
