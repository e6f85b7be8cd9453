"""Setup intents: a card saved for later without a payment."""

import time

from sandbox.tokens import stripe_id
from sandbox.vendors.stripe.cards import DECLINED, Behaviour, Cards, behaviour_of
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.events import Events
from sandbox.vendors.stripe.form import Params, mapping, text, truth
from sandbox.vendors.stripe.store import StripeObject, StripeStore, shown


class SetupIntents:
    """Saves payment methods; only a card that is always declined cannot be saved."""

    def __init__(self, store: StripeStore, events: Events, cards: Cards) -> None:
        self._store = store
        self._events = events
        self._cards = cards

    def create(self, params: Params) -> StripeObject:
        """A setup intent, confirmed at once with `confirm=true`; says `setup_intent.created`.

        Raises:
            StripeError: 400, a missing field; 402, the card was declined; 404.
        """
        customer, method_id = text(params, "customer"), text(params, "payment_method")
        if customer:
            self._store.get("customer", customer, "customer")
        intent = self._store.add(_intent(customer, params))
        if method_id:
            method = self._cards.owned(method_id, customer)
            intent.update(status="requires_confirmation", payment_method=method["id"])
        self._events.emit("setup_intent.created", intent)
        return self.confirm(intent["id"], params) if truth(params, "confirm", False) else intent

    def confirm(self, intent_id: str, params: Params) -> StripeObject:
        """Saves the payment method; says `setup_intent.succeeded` or `setup_intent.setup_failed`.

        Raises:
            StripeError: 400, it has none or is over; 402, the card was declined; 404.
        """
        intent = self._store.get("setup_intent", intent_id)
        method_id = text(params, "payment_method") or intent["payment_method"]
        if method_id is None or intent["status"] not in ("requires_payment_method", "requires_confirmation"):
            message = f"You cannot confirm this SetupIntent with a status of {intent['status']}."
            raise StripeError(400, message, code="setup_intent_unexpected_state")
        self.finish(intent, self._cards.owned(method_id, intent["customer"]))
        return intent

    def finish(self, intent: StripeObject, method: StripeObject) -> None:
        """Saves a payment method through an intent.

        Raises:
            StripeError: 402, the card was declined.
        """
        if behaviour_of(method) is Behaviour.DECLINED:
            intent.update(status="requires_payment_method", last_setup_error=DECLINED.as_error(), payment_method=None)
            self._events.emit("setup_intent.setup_failed", intent)
            details = {**DECLINED.as_error(), "setup_intent": shown(intent), "payment_method": shown(method)}
            raise StripeError(402, DECLINED.message, code=DECLINED.code, details=details)
        if intent["customer"]:
            self._cards.attach(method, intent["customer"])
        intent.update(status="succeeded", payment_method=method["id"], last_setup_error=None)
        self._events.emit("setup_intent.succeeded", intent)


def _intent(customer: str | None, params: Params) -> StripeObject:
    intent_id = stripe_id("seti")
    return {
        "id": intent_id,
        "object": "setup_intent",
        "application": None,
        "automatic_payment_methods": None,
        "cancellation_reason": None,
        "client_secret": f"{intent_id}_secret_{stripe_id('x', 16)}",
        "created": int(time.time()),
        "customer": customer,
        "description": text(params, "description"),
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": mapping(params, "metadata"),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "single_use_mandate": None,
        "status": "requires_payment_method",
        "usage": text(params, "usage") or "off_session",
    }
