"""Random histories against a small model of its own: after every step each invariant holds.

The model keeps one number for each credit bucket and knows nothing of entries; the book's entries are summed up
and compared with it. The invariants are those that ledgers of this kind are fuzzed for: conservation, no negative
part, balances derived from entries, holds that add up, lots that add up, refusals that change nothing.
"""

import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from billing.ledger.rules import Account, Book, GrantRequest, Hold, HoldRequest, Refusal
from common.ids import new_id

START = datetime(2030, 1, 1, tzinfo=UTC)
ACCOUNTS = tuple(new_id() for _ in range(2))


@dataclass
class Parcel:
    """Credits of one grant in the model."""

    rest: int
    expires_hour: int | None
    number: int


@dataclass
class ModelHold:
    account: UUID
    amount: int
    taken: list[tuple[Parcel, int]]


@dataclass
class Model:
    """The same rules once more, written for reading only: sorted lists and sums."""

    parcels: dict[UUID, list[Parcel]] = field(default_factory=lambda: {account: [] for account in ACCOUNTS})
    holds: dict[UUID, ModelHold] = field(default_factory=dict)
    granted = revenue = expired = 0

    def available(self, account: UUID) -> int:
        return sum(parcel.rest for parcel in self.parcels[account])

    def held(self, account: UUID) -> int:
        return sum(hold.amount for hold in self.holds.values() if hold.account == account)

    def hold(self, account: UUID, job: UUID, amount: int) -> bool:
        if amount > self.available(account):
            return False
        last = 10**9
        ordered = sorted(
            self.parcels[account],
            key=lambda p: (last if p.expires_hour is None else p.expires_hour, p.number),
        )
        taken, missing = [], amount
        for parcel in ordered:
            part = min(parcel.rest, missing)
            parcel.rest -= part
            missing -= part
            taken.append((parcel, part))
        self.holds[job] = ModelHold(account, amount, taken)
        return True

    def settle(self, job: UUID, charge: int, hour: int) -> None:
        hold = self.holds.pop(job)
        self.revenue += charge
        for parcel, part in hold.taken:  # what was spent first is charged first
            spent = min(part, charge)
            charge -= spent
            if parcel.expires_hour is not None and parcel.expires_hour <= hour:
                self.expired += part - spent
            else:
                parcel.rest += part - spent


class LedgerMachine(RuleBasedStateMachine):
    """Grants, holds, settlements and the passing of time, one book a step as in life."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.hour = 0
        self.accounts: dict[UUID, Account] = {account: Account(account) for account in ACCOUNTS}
        self.holds: dict[UUID, Hold] = {}
        self.sums: dict[tuple[str, UUID | None], int] = {}
        self.references: set[tuple[str, str]] = set()
        self.posted: dict[UUID, int] = dict.fromkeys(ACCOUNTS, 0)
        self.number = 0

    def book(self) -> Book:
        return Book(self.accounts.values(), self.holds.values(), START + timedelta(hours=self.hour))

    def absorb(self, book: Book) -> None:
        """What storage would do with the changes: entries are the only source of the sums."""
        for transfer in book.changes.transfers:
            assert (transfer.kind, transfer.reference) not in self.references
            self.references.add((transfer.kind, transfer.reference))
            self.posted[transfer.account_id] += 1
            for entry in transfer.entries:
                key = (entry.book, entry.account_id)
                self.sums[key] = self.sums.get(key, 0) + entry.amount
                assert entry.amount != 0
                if entry.account_id is not None:
                    assert entry.balance_after == self.sums[key]
        for hold in book.changes.new_holds:
            self.holds[hold.job_id] = hold

    @rule(
        account=st.sampled_from(ACCOUNTS),
        amount=st.integers(1, 30),
        lifetime_hours=st.none() | st.integers(0, 12),
        source=st.sampled_from(["purchase", "promotion", "subscription", "adjustment"]),
    )
    def grant(self, account: UUID, amount: int, lifetime_hours: int | None, source: str) -> None:
        expires_hour = None if lifetime_hours is None else self.hour + lifetime_hours + 1
        expires_at = None if expires_hour is None else START + timedelta(hours=expires_hour)
        book = self.book()
        book.grant(GrantRequest(account, amount, source, str(new_id()), "", expires_at))  # type: ignore[arg-type]
        self.absorb(book)
        self.number += 1
        self.model.parcels[account].append(Parcel(amount, expires_hour, self.number))
        self.model.granted += amount

    @rule(account=st.sampled_from(ACCOUNTS), amount=st.integers(0, 60))
    def hold(self, account: UUID, amount: int) -> None:
        before = copy.deepcopy(self.accounts)
        job, book = new_id(), self.book()
        answer = book.hold(HoldRequest(account, job, amount, START + timedelta(days=9)))
        accepted = self.model.hold(account, job, amount)
        assert isinstance(answer, Hold) == accepted
        if isinstance(answer, Refusal):
            assert self.accounts == before
            assert book.changes.transfers == []
        self.absorb(book)

    @precondition(lambda self: self.model.holds)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(sorted(self.model.holds)))
        charge = data.draw(st.integers(0, self.model.holds[job].amount))
        reason = data.draw(st.sampled_from(["completed", "cancelled"]) if charge else
                           st.sampled_from(["completed", "failed", "cancelled", "expired"]))  # fmt: skip
        book = self.book()
        assert book.settle(job, charge, reason) is not None
        self.absorb(book)
        self.model.settle(job, charge, self.hour)

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def settle_again(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(sorted(self.holds)))
        if job not in self.model.holds:
            book = self.book()
            assert book.settle(job, 0, "failed") is None
            assert book.hold(HoldRequest(ACCOUNTS[0], job, 1, START)) is self.holds[job]
            assert book.changes.transfers == []

    @rule(hours=st.integers(1, 6))
    def time_passes(self, hours: int) -> None:
        self.hour += hours

    @invariant()
    def nothing_is_made_or_lost(self) -> None:
        assert sum(self.sums.values()) == 0
        house = -sum(v for (name, _), v in self.sums.items() if name in
                     ("purchases", "promotions", "subscriptions", "adjustments"))  # fmt: skip
        assert house == self.model.granted

    @invariant()
    def balances_are_what_the_model_and_the_entries_say(self) -> None:
        for account_id, account in self.accounts.items():
            assert account.available == self.sums.get(("available", account_id), 0)
            assert account.available == self.model.available(account_id)
            assert account.held == self.sums.get(("held", account_id), 0) == self.model.held(account_id)
            assert account.version == self.posted[account_id]

    @invariant()
    def no_part_is_negative(self) -> None:
        for account in self.accounts.values():
            assert min(account.available, account.held, account.debt) >= 0
            assert all(0 <= lot.remaining <= lot.granted for lot in account.lots.values())

    @invariant()
    def lots_add_up_to_what_is_available_and_match_the_model_one_by_one(self) -> None:
        for account_id, account in self.accounts.items():
            assert sum(lot.remaining for lot in account.lots.values()) == account.available
            rests = [parcel.rest for parcel in self.model.parcels[account_id]]
            assert [lot.remaining for lot in account.lots.values()] == rests

    @invariant()
    def open_holds_add_up(self) -> None:
        opened = {job: hold for job, hold in self.holds.items() if hold.state == "held"}
        assert opened.keys() == self.model.holds.keys()
        for hold in self.holds.values():
            assert sum(amount for _, amount in hold.allocations) == hold.amount
            assert 0 <= hold.captured <= hold.amount

    @invariant()
    def revenue_and_expiry_are_what_the_model_says(self) -> None:
        captured = sum(hold.captured for hold in self.holds.values())
        assert self.sums.get(("revenue", None), 0) == self.model.revenue == captured
        assert self.sums.get(("expired", None), 0) == self.model.expired


LedgerMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestLedger = LedgerMachine.TestCase
