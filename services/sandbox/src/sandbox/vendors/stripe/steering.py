"""What tests order pretended Stripe to do, under `/sandbox/stripe`: time passes, banks decide, cards go bad."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.vendors.stripe.authentication import Authentication
from sandbox.vendors.stripe.cards import Cards, Verdict
from sandbox.vendors.stripe.checkout import Checkout
from sandbox.vendors.stripe.completion import Completion
from sandbox.vendors.stripe.disputes import Disputes
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.invoices import Invoices
from sandbox.vendors.stripe.refunds import Refunds
from sandbox.vendors.stripe.store import StripeObject, shown
from sandbox.vendors.stripe.subscriptions import Subscriptions

Orders = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Steered:
    """The parts that take orders."""

    checkout: Checkout
    completion: Completion
    subscriptions: Subscriptions
    invoices: Invoices
    authentication: Authentication
    cards: Cards
    refunds: Refunds
    disputes: Disputes


class Steering:
    """The endpoints; each takes a JSON object and answers the object it changed."""

    def __init__(self, parts: Steered) -> None:
        self._parts = parts

    def routes(self) -> list[Route]:
        """The routes, relative to `/sandbox/stripe`."""
        parts = self._parts
        return [
            self._order("/subscriptions/{id}/renew", self._renew),
            self._order("/subscriptions/{id}/give_up", self._give_up),
            self._order("/invoices/{id}/retry", self._retry),
            self._order("/checkout/sessions/{id}/async_payment", self._settle),
            self._order("/payment_intents/{id}/authenticate", self._authenticate),
            self._order(
                "/payment_methods/{id}",
                lambda object_id, orders: parts.cards.behave(object_id, _word(orders, "behaviour")),
            ),
            self._order("/refunds/{id}", self._refund),
            self._order("/disputes", self._dispute),
            self._order(
                "/disputes/{id}", lambda object_id, orders: parts.disputes.decide(object_id, _word(orders, "status"))
            ),
        ]

    def _order(self, path: str, act: Callable[[str, Orders], StripeObject]) -> Route:
        async def endpoint(request: Request) -> Response:
            orders = _orders(await request.body())
            return JSONResponse(shown(act(request.path_params.get("id", ""), orders)))

        return Route(path, endpoint, methods=["POST"])

    def _renew(self, subscription_id: str, orders: Orders) -> StripeObject:
        if orders.get("advance", "period") != "period":
            raise StripeError(400, "Only a period can be advanced.", param="advance")
        return self._parts.subscriptions.renew(subscription_id, _outcome(orders))

    def _give_up(self, subscription_id: str, orders: Orders) -> StripeObject:
        return self._parts.subscriptions.fail_for_good(subscription_id, _word(orders, "status"))

    def _retry(self, invoice_id: str, orders: Orders) -> StripeObject:
        invoices = self._parts.invoices
        invoice = invoices.open_one(invoice_id)
        result = invoices.collect(invoice, invoices.method_for(invoice, {}), _outcome(orders), off_session=True)
        self._parts.subscriptions.note_payment(invoice, result)
        return invoice

    def _settle(self, session_id: str, orders: Orders) -> StripeObject:
        session = self._parts.checkout.get(session_id)
        self._parts.completion.settle(session, arrived=_choice(orders, "outcome", _ARRIVED))
        return session

    def _authenticate(self, intent_id: str, orders: Orders) -> StripeObject:
        return self._parts.authentication.finish(intent_id, passed=_choice(orders, "outcome", _ARRIVED))

    def _refund(self, refund_id: str, orders: Orders) -> StripeObject:
        reason = str(orders.get("failure_reason") or "lost_or_stolen_card")
        return self._parts.refunds.become(refund_id, _word(orders, "status"), reason)

    def _dispute(self, _: str, orders: Orders) -> StripeObject:
        amount = orders.get("amount")
        if amount is not None and not isinstance(amount, int):
            raise StripeError(400, "amount is a whole number of minor units.", param="amount")
        reason = str(orders.get("reason") or "fraudulent")
        return self._parts.disputes.open(_word(orders, "payment_intent"), amount, reason)


_ARRIVED = {"succeeded": True, "failed": False}


def _orders(body: bytes) -> Orders:
    try:
        orders = json.loads(body or b"{}")
    except ValueError:
        raise StripeError(400, "The body is not JSON.") from None
    if not isinstance(orders, dict):
        raise StripeError(400, "The body is not a JSON object.")
    return orders


def _word(orders: Orders, name: str) -> str:
    value = orders.get(name)
    if not isinstance(value, str) or not value:
        raise StripeError(400, f"{name} is missing.", param=name)
    return value


def _choice(orders: Orders, name: str, choices: dict[str, T]) -> T:
    value = _word(orders, name)
    if value not in choices:
        raise StripeError(400, f"{name} is one of {', '.join(choices)}.", param=name)
    return choices[value]


def _outcome(orders: Orders) -> Verdict | None:
    """How a payment ends; None leaves it to the card."""
    if orders.get("outcome") is None:
        return None
    return _choice(orders, "outcome", {verdict.value: verdict for verdict in Verdict})
