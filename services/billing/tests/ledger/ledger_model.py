"""The ledger once more, as small as it can be: parcels of credits in lists, written from the product's words alone.

It shares no code with the ledger. Time is a whole number of hours; whatever expires does so at half past, so that no
moment is both before and after.
"""

from collections import Counter
from dataclasses import dataclass, field

HOUSE_BOOK = {
    "purchase": "purchases",
    "promotion": "promotions",
    "subscription": "subscriptions",
    "adjustment": "adjustments",
}
NEVER = 10**9


@dataclass
class Parcel:
    """Credits that came together; `number` is their age."""

    number: int
    granted: int
    rest: int
    expires_hour: int | None
    payment: int | None = None

    def turn(self) -> tuple[int, int]:
        """Who is spent first: the soonest to expire, then the older."""
        return (NEVER if self.expires_hour is None else self.expires_hour, self.number)


@dataclass
class ModelHold:
    """What a job has set aside, and from which parcels, in the order they were spent."""

    account: int
    amount: int
    lapses_hour: int
    taken: list[tuple[Parcel, int]]
    state: str = "held"
    captured: int = 0


@dataclass
class Payment:
    """A purchase that may be reversed; the totals only grow."""

    account: int
    granted: int
    paid_minor: int
    reversed_minor: int = 0
    reinstated_minor: int = 0
    taken_back: int = 0


@dataclass
class ModelAccount:
    """One customer. `postings` counts the movements, as the ledger's version does."""

    parcels: list[Parcel] = field(default_factory=list)
    debt: int = 0
    postings: int = 0

    @property
    def available(self) -> int:
        return sum(parcel.rest for parcel in self.parcels)

    def take(self, amount: int, first: int | None = None) -> list[tuple[Parcel, int]]:
        """As much of the amount as there is, from the parcels of the payment `first` before the others."""
        taken = []
        for parcel in sorted(self.parcels, key=lambda one: (first is None or one.payment != first, one.turn())):
            part = min(parcel.rest, amount)
            parcel.rest -= part
            amount -= part
            if part:
                taken.append((parcel, part))
        return taken


class LedgerModel:
    """Customers, holds, payments and the house's books."""

    def __init__(self, accounts: int) -> None:
        self.hour = 0
        self.accounts = [ModelAccount() for _ in range(accounts)]
        self.holds: dict[int, ModelHold] = {}
        self.refused: set[int] = set()
        self.payments: dict[int, Payment] = {}
        self.house: Counter[str] = Counter()
        self._parcels = 0

    def held(self, account: int) -> int:
        return sum(hold.amount for hold in self.holds.values() if hold.account == account and hold.state == "held")

    def grant(
        self, account: int, credits: int, source: str, hours: int | None = None, payment: int | None = None
    ) -> None:
        """Debt is repaid before anything else."""
        customer = self.accounts[account]
        repaid = min(customer.debt, credits)
        customer.debt -= repaid
        self._parcels += 1
        expires_hour = None if hours is None else self.hour + hours
        customer.parcels.append(Parcel(self._parcels, credits, credits - repaid, expires_hour, payment))
        customer.postings += 1
        self.house[HOUSE_BOOK[source]] -= credits

    def buy(self, account: int, payment: int, credits: int, paid_minor: int) -> None:
        self.payments[payment] = Payment(account, credits, paid_minor)
        self.grant(account, credits, "purchase", payment=payment)

    def submit(self, account: int, job: int, price: int, lapses_in_hours: int) -> bool:
        """A job is held once, and a refusal changes nothing."""
        customer = self.accounts[account]
        if price > customer.available or (price and customer.debt):
            self.refused.add(job)
            return False
        self.holds[job] = ModelHold(account, price, self.hour + lapses_in_hours, customer.take(price))
        customer.postings += bool(price)
        return True

    def settle(self, job: int, charge: int, delivered: bool) -> None:
        """What was spent first is charged first; the rest goes where it came from, or is gone with its parcel."""
        hold = self.holds.get(job)
        if hold is None or hold.state != "held":
            return
        customer = self.accounts[hold.account]
        hold.state = "captured" if charge or delivered else "released"
        hold.captured = charge
        customer.postings += bool(hold.amount)
        self.house["revenue"] += charge
        for parcel, part in hold.taken:
            spent = min(part, charge)
            charge -= spent
            if self._is_over(parcel):
                self.house["expired"] += part - spent
            else:
                parcel.rest += part - spent
        due = min(customer.debt, customer.available)
        if due:
            customer.take(due)
            customer.debt -= due
            customer.postings += 1

    def lapsed(self) -> list[int]:
        return [job for job, hold in self.holds.items() if hold.state == "held" and hold.lapses_hour <= self.hour - 1]

    def expire_parcels(self) -> int:
        total = 0
        for customer in self.accounts:
            for parcel in customer.parcels:
                if parcel.rest and self._is_over(parcel):
                    total += parcel.rest
                    self.house["expired"] += parcel.rest
                    parcel.rest = 0
                    customer.postings += 1
        return total

    def reverse(self, payment: int, reversed_minor: int, reinstated_minor: int) -> int:
        """The highest totals count; what they call for is taken back or given back, spent credits become debt."""
        known = self.payments[payment]
        known.reversed_minor = max(known.reversed_minor, reversed_minor)
        known.reinstated_minor = max(known.reinstated_minor, reinstated_minor)
        net = max(0, known.reversed_minor - known.reinstated_minor)
        share, odd = divmod(known.granted * net, known.paid_minor)
        target = min(known.granted, share + bool(odd))
        change = target - known.taken_back
        known.taken_back = target
        if change > 0:
            customer = self.accounts[known.account]
            found = sum(part for _, part in customer.take(change, first=payment))
            customer.debt += change - found
            customer.postings += 1
            self.house["refunds"] += change
        elif change < 0:
            self.grant(known.account, -change, "purchase")
        return change

    def _is_over(self, parcel: Parcel) -> bool:
        return parcel.expires_hour is not None and parcel.expires_hour <= self.hour - 1
