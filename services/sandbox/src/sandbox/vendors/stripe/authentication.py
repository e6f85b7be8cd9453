"""What follows when a customer passes or fails the authentication of a payment: also for the invoice it pays."""

from sandbox.vendors.stripe.cards import Verdict
from sandbox.vendors.stripe.intents import Intents
from sandbox.vendors.stripe.invoices import Invoices
from sandbox.vendors.stripe.store import StripeObject, StripeStore
from sandbox.vendors.stripe.subscriptions import Subscriptions


class Authentication:
    """Ends the authentications that payments asked for."""

    def __init__(self, store: StripeStore, intents: Intents, invoices: Invoices, subscriptions: Subscriptions) -> None:
        self._store = store
        self._intents = intents
        self._invoices = invoices
        self._subscriptions = subscriptions

    def finish(self, intent_id: str, *, passed: bool) -> StripeObject:
        """The customer passed or failed; an invoice that waited for the payment is paid, its subscription active.

        Raises:
            StripeError: 400, nothing was asked of the customer; 404.
        """
        intent = self._intents.authenticate(intent_id, passed=passed)
        for payment in self._store.all("invoice_payment"):
            if payment["payment"]["payment_intent"] == intent_id:
                invoice = self._store.get("invoice", payment["invoice"])
                self._invoices.note(invoice, passed=passed)
                self._subscriptions.note_payment(invoice, Verdict.PAID if passed else Verdict.FAILED)
        return intent
