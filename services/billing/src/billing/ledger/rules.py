"""The rules of the ledger, free of any database: how balances, lots and holds change and which entries tell of it.

Storage locks the accounts concerned and loads them into a `Book`; the rules are applied one after the other; storage
writes what changed. A book works on many accounts and many requests at once, so one transaction serves a batch.

Sign convention: an entry is positive in a customer's book when the customer has more of it (`debt` is negative: it
is owed), and the house books take the other side, so that every transfer sums to zero.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from common.ids import new_id

GrantSource = Literal["purchase", "promotion", "subscription", "adjustment"]
SettlementReason = Literal["completed", "failed", "cancelled", "expired"]
HOUSE_BOOK_OF_SOURCE = {
    "purchase": "purchases",
    "promotion": "promotions",
    "subscription": "subscriptions",
    "adjustment": "adjustments",
}
CREDITS_MAX = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a transfer: an amount in a book, of a customer where `account_id` is set."""

    book: str
    account_id: UUID | None
    amount: int
    balance_after: int | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """A balanced movement. `(kind, reference)` is unique for ever: the same movement cannot be posted twice."""

    transfer_id: UUID
    kind: str
    reference: str
    account_id: UUID
    job_id: UUID | None
    memo: str
    occurred_at: datetime
    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        if sum(entry.amount for entry in self.entries) != 0:
            raise AssertionError(f"transfer {self.kind} {self.reference} does not sum to zero")


@dataclass(slots=True)
class Lot:
    """Credits that came together and expire together."""

    lot_id: UUID
    account_id: UUID
    source: str
    reference: str
    granted: int
    remaining: int
    expires_at: datetime | None

    def burn_order(self) -> tuple[bool, float, bytes]:
        """Soonest expiry first, never-expiring last, then the older one."""
        expiry = self.expires_at.timestamp() if self.expires_at else 0.0
        return (self.expires_at is None, expiry, self.lot_id.bytes)


@dataclass(slots=True)
class Hold:
    """Credits set aside for one job, and the lots they were taken from."""

    hold_id: UUID
    job_id: UUID
    account_id: UUID
    amount: int
    expires_at: datetime
    captured: int = 0
    state: Literal["held", "captured", "released"] = "held"
    settled_at: datetime | None = None
    allocations: list[tuple[UUID, int]] = field(default_factory=list)


@dataclass(slots=True)
class Account:
    """A customer's balances and the lots behind them."""

    account_id: UUID
    available: int = 0
    held: int = 0
    debt: int = 0
    version: int = 0
    lots: dict[UUID, Lot] = field(default_factory=dict)
    read_version: int = field(init=False)
    """The version it had when it was read; what is written is refused when another writer was faster."""

    def __post_init__(self) -> None:
        self.read_version = self.version


@dataclass(frozen=True, slots=True)
class HoldRequest:
    """A job wants its price set aside until it is settled."""

    account_id: UUID
    job_id: UUID
    amount: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing was held."""

    job_id: UUID
    account_id: UUID
    required: int
    available: int
    reason: Literal["insufficient_credits", "debt_outstanding"]


@dataclass(frozen=True, slots=True)
class GrantRequest:
    """Credits to be given, under a reference that makes giving them twice impossible."""

    account_id: UUID
    credits: int
    source: GrantSource
    reference: str
    memo: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ClawbackRequest:
    """Credits whose payment was reversed. `lot_reference` names the grant that the payment had paid for."""

    account_id: UUID
    credits: int
    reference: str
    lot_reference: str
    memo: str
    house_book: Literal["refunds", "adjustments"] = "refunds"


@dataclass(slots=True)
class Changes:
    """All that a book did, for storage to write in one go."""

    transfers: list[Transfer] = field(default_factory=list)
    accounts: dict[UUID, Account] = field(default_factory=dict)
    new_lots: list[Lot] = field(default_factory=list)
    lots: dict[UUID, Lot] = field(default_factory=dict)
    new_holds: list[Hold] = field(default_factory=list)
    settled_holds: list[Hold] = field(default_factory=list)


class Book:
    """The accounts and open holds of one transaction. Not one method does I/O; each keeps every invariant."""

    def __init__(self, accounts: Iterable[Account], holds: Iterable[Hold], now: datetime) -> None:
        self._accounts = {account.account_id: account for account in accounts}
        self._holds = {hold.job_id: hold for hold in holds}
        self._now = now
        self.changes = Changes()

    def account(self, account_id: UUID) -> Account:
        """The account as it stands now in this book; one that is unknown has nothing."""
        return self._accounts.setdefault(account_id, Account(account_id))

    def knows(self, account_id: UUID) -> bool:
        """Whether the account was loaded, or was changed here."""
        return account_id in self._accounts

    def hold_of(self, job_id: UUID) -> Hold | None:
        """The hold of a job, if this book has one."""
        return self._holds.get(job_id)

    def grant(self, request: GrantRequest) -> Lot:
        """Give credits as a new lot.

        Raises:
            ValueError: the amount is not between 1 and `CREDITS_MAX`.
        """
        if not 0 < request.credits <= CREDITS_MAX:
            raise ValueError(f"a grant must be between 1 and {CREDITS_MAX} credits")
        account = self.account(request.account_id)
        repaid = min(account.debt, request.credits)
        lot = Lot(
            lot_id=new_id(),
            account_id=request.account_id,
            source=request.source,
            reference=request.reference,
            granted=request.credits,
            remaining=request.credits - repaid,
            expires_at=request.expires_at,
        )
        account.lots[lot.lot_id] = lot
        account.debt -= repaid
        account.available += lot.remaining
        self.changes.new_lots.append(lot)
        self._post(
            account,
            kind="grant",
            reference=f"{request.source}:{request.reference}",
            job_id=None,
            memo=request.memo,
            entries=_without_zeros(
                Entry(HOUSE_BOOK_OF_SOURCE[request.source], None, -request.credits),
                Entry("available", account.account_id, lot.remaining, account.available),
                Entry("debt", account.account_id, repaid, -account.debt),
            ),
        )
        return lot

    def expire(self, lot_id: UUID, account_id: UUID) -> int:
        """Take what is left of a lot whose time has come; says how much that was. Nothing before its time."""
        account = self.account(account_id)
        lot = account.lots.get(lot_id)
        if lot is None or not lot.remaining or lot.expires_at is None or lot.expires_at > self._now:
            return 0
        rest = lot.remaining
        lot.remaining = 0
        account.available -= rest
        self.changes.lots[lot_id] = lot
        self._post(
            account,
            kind="expiry",
            reference=f"{lot_id}:{account.version}",
            job_id=None,
            memo=f"credits of {lot.source} expired",
            entries=(
                Entry("available", account_id, -rest, account.available),
                Entry("expired", None, rest),
            ),
        )
        return rest

    def claw_back(self, request: ClawbackRequest) -> int:
        """Take credits back whose payment was reversed: from the lot of that payment first, then from the others.

        What is spent already becomes debt, which blocks new holds until it is repaid. Answers how much that was.

        Raises:
            ValueError: the amount is not positive.
        """
        if request.credits <= 0:
            raise ValueError("a clawback takes at least one credit")
        account = self.account(request.account_id)
        own_first = sorted(
            account.lots.values(), key=lambda lot: (lot.reference != request.lot_reference, lot.burn_order())
        )
        missing = self._take(own_first, request.credits)
        account.available -= request.credits - missing
        account.debt += missing
        self._post(
            account,
            kind="clawback",
            reference=request.reference,
            job_id=None,
            memo=request.memo,
            entries=_without_zeros(
                Entry("available", account.account_id, missing - request.credits, account.available),
                Entry("debt", account.account_id, -missing, -account.debt),
                Entry(request.house_book, None, request.credits),
            ),
        )
        return missing

    def repay(self, account_id: UUID, reference: str) -> int:
        """Pay debt from what has become available (a released hold, say); says how much was paid."""
        account = self.account(account_id)
        due = min(account.debt, account.available)
        if not due:
            return 0
        self._take(sorted(account.lots.values(), key=Lot.burn_order), due)
        account.available -= due
        account.debt -= due
        self._post(
            account,
            kind="repayment",
            reference=reference,
            job_id=None,
            memo="debt repaid",
            entries=(
                Entry("available", account_id, -due, account.available),
                Entry("debt", account_id, due, -account.debt),
            ),
        )
        return due

    def hold(self, request: HoldRequest) -> Hold | Refusal:
        """Set the price of a job aside, from the lots that expire first; or say why not. A job has one hold ever."""
        known = self._holds.get(request.job_id)
        if known is not None:
            return known
        account = self.account(request.account_id)
        if account.debt > 0 and request.amount > 0:
            return self._refuse(request, account, "debt_outstanding")
        if request.amount > account.available:
            return self._refuse(request, account, "insufficient_credits")
        hold = Hold(new_id(), request.job_id, request.account_id, request.amount, request.expires_at)
        self._allocate(account, hold)
        account.available -= hold.amount
        account.held += hold.amount
        self._holds[hold.job_id] = hold
        self.changes.new_holds.append(hold)
        if hold.amount:
            self._post(
                account,
                kind="hold",
                reference=str(hold.job_id),
                job_id=hold.job_id,
                memo="price of the job set aside",
                entries=(
                    Entry("available", account.account_id, -hold.amount, account.available),
                    Entry("held", account.account_id, hold.amount, account.held),
                ),
            )
        return hold

    def settle(self, job_id: UUID, charge: int, reason: SettlementReason) -> Hold | None:
        """Charge a job and give the rest of its hold back. Nothing happens when it has no open hold.

        Raises:
            ValueError: the charge is negative or more than was held.
        """
        hold = self._holds.get(job_id)
        if hold is None or hold.state != "held":
            return None
        if not 0 <= charge <= hold.amount:
            raise ValueError(f"a charge of {charge} is not within the {hold.amount} credits held")
        account = self.account(hold.account_id)
        returned, expired = self._give_back(account, hold, hold.amount - charge)
        account.held -= hold.amount
        account.available += returned
        hold.captured = charge
        hold.state = "captured" if charge or reason == "completed" else "released"
        hold.settled_at = self._now
        self.changes.settled_holds.append(hold)
        if hold.amount:
            self._post(
                account,
                kind="capture" if hold.state == "captured" else "release",
                reference=str(job_id),
                job_id=job_id,
                memo=f"job {reason}",
                entries=_without_zeros(
                    Entry("held", account.account_id, -hold.amount, account.held),
                    Entry("revenue", None, charge),
                    Entry("available", account.account_id, returned, account.available),
                    Entry("expired", None, expired),
                ),
            )
        self.repay(hold.account_id, str(job_id))
        return hold

    def _refuse(
        self, request: HoldRequest, account: Account, reason: Literal["insufficient_credits", "debt_outstanding"]
    ) -> Refusal:
        return Refusal(request.job_id, request.account_id, request.amount, account.available, reason)

    def _allocate(self, account: Account, hold: Hold) -> None:
        missing = self._take(sorted(account.lots.values(), key=Lot.burn_order), hold.amount, hold.allocations)
        if missing:
            raise AssertionError(f"lots of account {account.account_id} hold less than its balance")

    def _take(self, lots: Iterable[Lot], amount: int, taken_from: list[tuple[UUID, int]] | None = None) -> int:
        """Take an amount from lots in this order, noting from which; answers what they do not hold."""
        for lot in lots:
            if not amount:
                break
            taken = min(lot.remaining, amount)
            if taken:
                lot.remaining -= taken
                amount -= taken
                self.changes.lots[lot.lot_id] = lot
                if taken_from is not None:
                    taken_from.append((lot.lot_id, taken))
        return amount

    def _give_back(self, account: Account, hold: Hold, amount: int) -> tuple[int, int]:
        """Return credits to the lots they came from, latest-expiring first: what expires first was spent first.

        Answers how many came back and how many had expired meanwhile.
        """
        returned = expired = 0
        pairs = [(account.lots[lot_id], taken) for lot_id, taken in hold.allocations]
        for lot, taken in sorted(pairs, key=lambda pair: pair[0].burn_order(), reverse=True):
            share = min(taken, amount)
            amount -= share
            if not share:
                continue
            if lot.expires_at is not None and lot.expires_at <= self._now:
                expired += share
            else:
                lot.remaining += share
                self.changes.lots[lot.lot_id] = lot
                returned += share
        if amount:
            raise AssertionError(f"hold {hold.hold_id} was allocated less than its amount")
        return returned, expired

    def _post(
        self, account: Account, *, kind: str, reference: str, job_id: UUID | None, memo: str, entries: tuple[Entry, ...]
    ) -> None:
        account.version += 1
        self.changes.accounts[account.account_id] = account
        self.changes.transfers.append(
            Transfer(new_id(), kind, reference, account.account_id, job_id, memo, self._now, entries)
        )


def _without_zeros(*entries: Entry) -> tuple[Entry, ...]:
    return tuple(entry for entry in entries if entry.amount)
