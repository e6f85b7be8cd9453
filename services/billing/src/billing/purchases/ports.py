"""The port to the payment vendor as a checkout needs it: open a session, and the ways that can fail."""

from typing import Protocol

from billing.purchases.rules import CheckoutSession, Purchase


class PaymentsUnavailable(Exception):
    """The vendor did not give an answer in time, or one that may be different next time. Try again later."""


class PaymentsRefused(Exception):
    """The vendor does not accept the request as it is: configuration or a fault of ours, for a person."""


class AttemptSpent(PaymentsUnavailable):
    """The vendor has stored an error under this attempt's idempotency key and repeats it: use the next."""


class CheckoutGateway(Protocol):
    """Opens the vendor's payment page for a purchase."""

    async def open_session(self, purchase: Purchase, product_name: str) -> CheckoutSession:
        """The session of this attempt of the purchase: the same one however often it is asked for.

        Raises:
            AttemptSpent: a stored error answers for this attempt.
            PaymentsUnavailable: no answer, or not now.
            PaymentsRefused: never like this.
        """
