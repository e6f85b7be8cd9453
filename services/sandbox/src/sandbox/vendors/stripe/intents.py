"""Payment intents by API: created, confirmed with or without the customer there, authenticated, cancelled."""

import time

from sandbox.vendors.stripe.cards import AUTHENTICATION_REQUIRED, Cards, Decline, Verdict, decline_of, verdict_on
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.events import Events
from sandbox.vendors.stripe.form import Params, merged, required, text, truth, whole
from sandbox.vendors.stripe.payments import Payments
from sandbox.vendors.stripe.store import StripeObject, StripeStore, shown

_CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


class Intents:
    """What `payment_intents` does when our server drives it, as for an automatic top-up."""

    def __init__(self, store: StripeStore, events: Events, payments: Payments, cards: Cards) -> None:
        self._store = store
        self._events = events
        self._payments = payments
        self._cards = cards

    def create(self, params: Params) -> StripeObject:
        """A payment intent, confirmed at once with `confirm=true`; says `payment_intent.created`.

        Raises:
            StripeError: 400, a missing or odd field; 402, the payment method was declined; 404.
        """
        amount = whole(params, "amount")
        if amount is None:
            raise StripeError(400, "Missing required param: amount.", code="parameter_missing", param="amount")
        if amount < 1:
            raise StripeError(400, "This value must be greater than or equal to 1.", param="amount")
        if truth(params, "off_session", False) and not truth(params, "confirm", False):
            raise StripeError(400, "You cannot set `off_session` without `confirm`.", param="off_session")
        customer = text(params, "customer")
        if customer:
            self._store.get("customer", customer, "customer")
        method_id = text(params, "payment_method")
        method = self._cards.owned(method_id, customer) if method_id else None
        intent = self._payments.open_intent(amount, required(params, "currency").lower(), customer, params)
        if method:
            intent.update(status="requires_confirmation", payment_method=method["id"])
        self._events.emit("payment_intent.created", intent)
        return self._confirm(intent, params) if truth(params, "confirm", False) else intent

    def update(self, intent_id: str, params: Params) -> StripeObject:
        """Changes metadata and description.

        Raises:
            StripeError: 404.
        """
        intent = self._store.get("payment_intent", intent_id)
        intent["metadata"] = merged(intent["metadata"], params)
        intent["description"] = text(params, "description") or intent["description"]
        return intent

    def confirm(self, intent_id: str, params: Params) -> StripeObject:
        """Charges the payment method.

        Raises:
            StripeError: 400, it has none or is over; 402, declined; 404.
        """
        intent = self._store.get("payment_intent", intent_id)
        if intent["status"] not in _CONFIRMABLE:
            raise _unexpected(intent, "confirm")
        return self._confirm(intent, params)

    def cancel(self, intent_id: str, params: Params) -> StripeObject:
        """Ends an intent that was not paid; says `payment_intent.canceled`.

        Raises:
            StripeError: 400, it is over; 404.
        """
        intent = self._store.get("payment_intent", intent_id)
        if intent["status"] not in _CONFIRMABLE:
            raise _unexpected(intent, "cancel")
        intent.update(
            status="canceled",
            canceled_at=int(time.time()),
            cancellation_reason=text(params, "cancellation_reason"),
            next_action=None,
        )
        self._events.emit("payment_intent.canceled", intent)
        return intent

    def authenticate(self, intent_id: str, *, passed: bool) -> StripeObject:
        """The customer passed or failed the authentication that was asked for.

        Raises:
            StripeError: 400, none was asked for; 404.
        """
        intent = self._store.get("payment_intent", intent_id)
        if intent["status"] != "requires_action":
            raise StripeError(400, f"This PaymentIntent's status is {intent['status']}, not requires_action.")
        method = self._store.get("payment_method", intent["payment_method"])
        if passed:
            self._payments.succeed(intent, method)
            self._save(intent, method)
        else:
            self._payments.decline(intent, method, why=_NOT_AUTHENTICATED)
        return intent

    def _confirm(self, intent: StripeObject, params: Params) -> StripeObject:
        method_id = text(params, "payment_method") or intent["payment_method"]
        if method_id is None:
            message = "You cannot confirm this PaymentIntent because it's missing a payment method."
            raise StripeError(400, message, code="payment_intent_unexpected_state")
        method = self._cards.owned(method_id, intent["customer"])
        off_session = truth(params, "off_session", False)
        match verdict_on(method, off_session=True):
            case Verdict.REQUIRES_ACTION if not off_session:
                self._payments.ask_customer(intent, method, text(params, "return_url"))
            case Verdict.REQUIRES_ACTION:
                raise self._declined(intent, method, AUTHENTICATION_REQUIRED)
            case Verdict.FAILED if verdict_on(method, off_session=off_session) is Verdict.FAILED:
                raise self._declined(intent, method, decline_of(method))
            case _:
                self._payments.succeed(intent, method)
                self._save(intent, method)
        return intent

    def _declined(self, intent: StripeObject, method: StripeObject, why: Decline) -> StripeError:
        self._payments.decline(intent, method, why=why)
        error = why.as_error()
        details = {**error, "charge": intent["latest_charge"], "payment_intent": shown(intent)}
        details["payment_method"] = shown(method)
        return StripeError(402, why.message, kind="card_error", code=why.code, details=details)

    def _save(self, intent: StripeObject, method: StripeObject) -> None:
        if intent["setup_future_usage"] and intent["customer"]:
            self._cards.attach(method, intent["customer"])


_NOT_AUTHENTICATED = Decline(
    "payment_intent_authentication_failure",
    "authentication_required",
    "The provided payment method has failed authentication.",
)


def _unexpected(intent: StripeObject, verb: str) -> StripeError:
    message = f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}."
    details = {"payment_intent": shown(intent)}
    return StripeError(400, message, code="payment_intent_unexpected_state", details=details)
