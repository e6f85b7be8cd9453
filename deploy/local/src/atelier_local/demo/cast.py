"""Owns who takes part in the demonstration, and the customer's balance as it should be."""

import secrets
from dataclasses import dataclass, field

from atelier_local.demo.backstage import Backstage
from atelier_local.demo.checks import expect, wait_for
from atelier_local.demo.output import Screen
from atelier_local.demo.studio import Studio
from atelier_local.demo.target import DemoTarget

_SETTLE_SECONDS_MAX = 5.0


@dataclass(slots=True)
class Cast:
    """The parts the chapters play with. `balance_credits` is what the customer must have by our own sums."""

    target: DemoTarget
    screen: Screen
    studio: Studio
    backstage: Backstage
    email: str = field(default_factory=lambda: f"ada-{secrets.token_hex(4)}@example.com")
    balance_credits: int = 0
    mails_due: int = 0

    def has(self, *vendors: str) -> bool:
        """Whether all these vendors are stand-ins."""
        return self.target.sandbox_vendors.issuperset(vendors)

    def check_balance(self) -> None:
        """Compare `GET /v1/credits` with our own sums, lots included.

        Raises:
            DemoFailed: they differ, also after the moment that the last events may take.
        """

        def settled() -> dict[str, object] | None:
            credits = self.studio.get("/v1/credits")
            return credits if credits["held"] == 0 else None

        credits = wait_for("a balance with nothing held", settled, _SETTLE_SECONDS_MAX)
        told, own = credits["available"], self.balance_credits
        expect(told == own, f"GET /v1/credits says {told} available; our own sum is {own}")
        expect(credits["debt"] == 0, f"there is a debt of {credits['debt']} credits")
        lots = credits["lots"]
        expect(isinstance(lots, list) and sum(lot["remaining"] for lot in lots) == own, "the lots do not add up")
