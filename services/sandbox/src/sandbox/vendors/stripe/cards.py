"""Payment methods: made from Stripe's test card numbers or `pm_card_…` names, kept for customers, good or bad."""

import time
from dataclasses import dataclass
from enum import StrEnum

from sandbox.tokens import stripe_id
from sandbox.vendors.stripe.errors import StripeError, documented
from sandbox.vendors.stripe.events import Events
from sandbox.vendors.stripe.form import Params, required
from sandbox.vendors.stripe.store import HIDDEN, StripeObject, StripeStore


class Behaviour(StrEnum):
    """What a payment method does when it is charged."""

    SUCCEEDS = "succeeds"
    DECLINED = "card_declined"
    DECLINED_OFF_SESSION = "declined_off_session"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    LOST = "lost_card"
    EXPIRED = "expired_card"
    AUTHENTICATION = "authentication_required"
    REFUNDS_PEND = "refunds_pend"


class Verdict(StrEnum):
    """What comes of a payment; also what a test may order."""

    PAID = "paid"
    FAILED = "failed"
    REQUIRES_ACTION = "requires_action"


@dataclass(frozen=True, slots=True)
class Decline:
    """Why a card was declined, in Stripe's codes (docs.stripe.com/declines/codes)."""

    code: str
    decline_code: str
    message: str

    def as_error(self) -> StripeObject:
        """The error object that intents and 402 answers carry."""
        return {
            "advice_code": "try_again_later",
            "code": self.code,
            "decline_code": self.decline_code,
            "doc_url": documented(self.code),
            "message": self.message,
            "type": "card_error",
        }


DECLINED = Decline("card_declined", "generic_decline", "Your card was declined.")
AUTHENTICATION_REQUIRED = Decline(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)
TRANSFER_FAILED = Decline("payment_method_provider_decline", "generic_decline", "The bank transfer did not arrive.")
_DECLINES = {
    Behaviour.DECLINED: DECLINED,
    Behaviour.DECLINED_OFF_SESSION: DECLINED,
    Behaviour.INSUFFICIENT_FUNDS: Decline("card_declined", "insufficient_funds", "Your card has insufficient funds."),
    Behaviour.LOST: Decline("card_declined", "lost_card", "Your card was declined."),
    Behaviour.EXPIRED: Decline("expired_card", "expired_card", "Your card has expired."),
}

DEFAULT_NUMBER = "4242424242424242"
_NUMBERS = {
    DEFAULT_NUMBER: Behaviour.SUCCEEDS,
    "5555555555554444": Behaviour.SUCCEEDS,
    "4000000000000002": Behaviour.DECLINED,
    "4000000000000341": Behaviour.DECLINED_OFF_SESSION,
    "4000000000009995": Behaviour.INSUFFICIENT_FUNDS,
    "4000000000009987": Behaviour.LOST,
    "4000000000000069": Behaviour.EXPIRED,
    "4000002760003184": Behaviour.AUTHENTICATION,
    "4000000000007726": Behaviour.REFUNDS_PEND,
}
_NAMES = {
    "pm_card_visa": DEFAULT_NUMBER,
    "pm_card_mastercard": "5555555555554444",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeDeclinedExpiredCard": "4000000000000069",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_pendingRefund": "4000000000007726",
}


class Cards:
    """Makes payment methods, gives them to customers and knows how each will behave."""

    def __init__(self, store: StripeStore, events: Events) -> None:
        self._store = store
        self._events = events

    def from_number(self, number: str | None, email: str | None) -> StripeObject:
        """A card by its number; an unknown one behaves as a good Visa."""
        digits = "".join(letter for letter in number or DEFAULT_NUMBER if letter.isdigit()) or DEFAULT_NUMBER
        return self._add("card", _NUMBERS.get(digits, Behaviour.SUCCEEDS), email, {"card": _card(digits)})

    def bank_transfer(self, email: str | None) -> StripeObject:
        """A payment method whose money arrives later; its refunds are pending at first."""
        return self._add("customer_balance", Behaviour.REFUNDS_PEND, email, {"customer_balance": {}})

    def find(self, method_id: str) -> StripeObject:
        """A payment method by id; one of Stripe's `pm_card_…` names makes a new one.

        Raises:
            StripeError: 404.
        """
        if method_id in _NAMES:
            return self.from_number(_NAMES[method_id], None)
        return self._store.get("payment_method", method_id, "payment_method")

    def attach(self, method: StripeObject, customer_id: str) -> StripeObject:
        """Saves a payment method for a customer; says `payment_method.attached`.

        Raises:
            StripeError: 400, it is another's; 404, no such customer.
        """
        self._store.get("customer", customer_id, "customer")
        if method["customer"] not in (None, customer_id):
            message = "The payment method you provided has already been attached to a customer."
            raise StripeError(400, message, param="payment_method")
        if method["customer"] is None:
            method["customer"] = customer_id
            self._events.emit("payment_method.attached", method)
        return method

    def attach_by_id(self, method_id: str, params: Params) -> StripeObject:
        """`POST /v1/payment_methods/{id}/attach`."""
        return self.attach(self.find(method_id), required(params, "customer"))

    def detach(self, method_id: str) -> StripeObject:
        """Takes a payment method from its customer, for ever; says `payment_method.detached`.

        Raises:
            StripeError: 400, nobody has it; 404.
        """
        method = self.find(method_id)
        owner = method["customer"]
        if owner is None:
            raise StripeError(400, "The payment method you provided is not attached to a customer.")
        method["customer"] = None
        settings = self._store.get("customer", owner)["invoice_settings"]
        if settings["default_payment_method"] == method_id:
            settings["default_payment_method"] = None
        self._events.emit("payment_method.detached", method, {"customer": owner})
        return method

    def owned(self, method_id: str, customer_id: str | None) -> StripeObject:
        """A payment method that this customer may be charged with.

        Raises:
            StripeError: 400, it belongs to somebody else; 404.
        """
        method = self.find(method_id)
        if method["customer"] not in (None, customer_id):
            message = f"The payment method {method_id} does not belong to the Customer you supplied."
            raise StripeError(400, message, code="payment_method_customer_mismatch", param="payment_method")
        return method

    def behave(self, method_id: str, behaviour: str) -> StripeObject:
        """Changes how a payment method behaves from now on.

        Raises:
            StripeError: 400, no such behaviour; 404.
        """
        method = self._store.get("payment_method", method_id)
        try:
            method[HIDDEN]["behaviour"] = Behaviour(behaviour)
        except ValueError:
            raise StripeError(400, f"behaviour is one of {', '.join(Behaviour)}", param="behaviour") from None
        return method

    def _add(self, kind: str, behaviour: Behaviour, email: str | None, more: StripeObject) -> StripeObject:
        return self._store.add(
            {
                "id": stripe_id("pm"),
                "object": "payment_method",
                "allow_redisplay": "limited",
                "billing_details": {"address": None, "email": email, "name": None, "phone": None, "tax_id": None},
                "created": int(time.time()),
                "customer": None,
                "livemode": False,
                "metadata": {},
                "type": kind,
                **more,
                HIDDEN: {"behaviour": behaviour},
            }
        )


def behaviour_of(method: StripeObject) -> Behaviour:
    """How a payment method behaves."""
    return Behaviour(method[HIDDEN]["behaviour"])


def verdict_on(method: StripeObject, *, off_session: bool) -> Verdict:
    """What charging a payment method comes to; with the customer present, authentication is passed."""
    behaviour = behaviour_of(method)
    if behaviour is Behaviour.AUTHENTICATION:
        return Verdict.REQUIRES_ACTION if off_session else Verdict.PAID
    if behaviour is Behaviour.DECLINED_OFF_SESSION and not off_session:
        return Verdict.PAID
    return Verdict.FAILED if behaviour in _DECLINES else Verdict.PAID


def decline_of(method: StripeObject) -> Decline:
    """Why a payment method is declined when it is."""
    return _DECLINES.get(behaviour_of(method), DECLINED)


def details_in_charge(method: StripeObject) -> StripeObject:
    """A payment method as the charge that used it shows it."""
    kind = method["type"]
    if kind != "card":
        return {kind: {}, "type": kind}
    card = {name: method["card"][name] for name in _CARD_IN_CHARGE}
    network = {"installments": None, "mandate": None, "network": card["brand"], "three_d_secure": None}
    return {"card": {**card, **network, "amount_authorized": None}, "type": kind}


_CARD_IN_CHARGE = (
    "brand checks country exp_month exp_year fingerprint funding last4 regulated_status wallet".split()  # noqa: SIM905
)


def _card(digits: str) -> StripeObject:
    brand = "mastercard" if digits.startswith("5") else "visa"
    return {
        "brand": brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "display_brand": brand,
        "exp_month": 12,
        "exp_year": 2030,
        "fingerprint": stripe_id("x", 16)[2:],
        "funding": "credit",
        "generated_from": None,
        "last4": digits[-4:],
        "networks": {"available": [brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
