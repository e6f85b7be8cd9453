"""The rules of the ledger as tables of cases."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from billing.ledger.rules import (
    CREDITS_MAX,
    HOUSE_BOOK_OF_SOURCE,
    Account,
    Book,
    Entry,
    GrantRequest,
    Hold,
    HoldRequest,
    Refusal,
    Transfer,
)
from common.ids import new_id

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SOON, LATER = NOW + timedelta(days=1), NOW + timedelta(days=30)


def grant(book: Book, account_id: UUID, amount: int, expires_at: datetime | None = None, source: str = "promotion"):
    return book.grant(GrantRequest(account_id, amount, source, str(new_id()), "given", expires_at))


def hold(book: Book, account_id: UUID, amount: int, job_id: UUID | None = None) -> Hold | Refusal:
    return book.hold(HoldRequest(account_id, job_id or new_id(), amount, LATER))


def at(book: Book, now: datetime) -> Book:
    """The same accounts and holds at another time."""
    return Book(book._accounts.values(), book._holds.values(), now)


@pytest.fixture
def account_id() -> UUID:
    return new_id()


@pytest.fixture
def book() -> Book:
    return Book([], [], NOW)


@pytest.mark.parametrize("source", sorted(HOUSE_BOOK_OF_SOURCE))
def test_a_grant_comes_out_of_its_house_book(book: Book, account_id: UUID, source: str):
    lot = grant(book, account_id, 5, source=source)
    [transfer] = book.changes.transfers
    assert transfer.entries == (
        Entry(HOUSE_BOOK_OF_SOURCE[source], None, -5),
        Entry("available", account_id, 5, 5),
    )
    assert (transfer.kind, transfer.reference) == ("grant", f"{source}:{lot.reference}")
    assert (lot.granted, lot.remaining) == (5, 5)


@pytest.mark.parametrize("amount", [0, -1, CREDITS_MAX + 1])
def test_refuses_a_grant_out_of_range(book: Book, account_id: UUID, amount: int):
    with pytest.raises(ValueError, match="between 1 and"):
        grant(book, account_id, amount)
    assert book.changes.transfers == []


def test_a_hold_takes_what_expires_first(book: Book, account_id: UUID):
    never = grant(book, account_id, 10)
    later = grant(book, account_id, 10, LATER)
    soon = grant(book, account_id, 10, SOON)
    placed = hold(book, account_id, 15)
    assert isinstance(placed, Hold)
    assert placed.allocations == [(soon.lot_id, 10), (later.lot_id, 5)]
    assert [lot.remaining for lot in (never, later, soon)] == [10, 5, 0]


def test_of_two_lots_that_expire_together_the_older_goes_first(book: Book, account_id: UUID):
    older, younger = grant(book, account_id, 5, SOON), grant(book, account_id, 5, SOON)
    placed = hold(book, account_id, 6)
    assert isinstance(placed, Hold)
    assert placed.allocations == [(older.lot_id, 5), (younger.lot_id, 1)]


@pytest.mark.parametrize(
    ("available", "amount", "held"),
    [(10, 10, True), (10, 11, False), (10, 0, True), (0, 0, True), (0, 1, False), (10, 1, True)],
)
def test_a_hold_is_placed_when_credits_suffice(book: Book, account_id: UUID, available: int, amount: int, held: bool):
    if available:
        grant(book, account_id, available)
    answer = hold(book, account_id, amount)
    assert isinstance(answer, Hold) is held
    if isinstance(answer, Refusal):
        assert (answer.required, answer.available, answer.reason) == (amount, available, "insufficient_credits")
    account = book.account(account_id)
    assert (account.available, account.held) == ((available - amount, amount) if held else (available, 0))


def test_a_refusal_changes_nothing(book: Book, account_id: UUID):
    grant(book, account_id, 3)
    version = book.account(account_id).version
    assert isinstance(hold(book, account_id, 4), Refusal)
    assert book.account(account_id).version == version
    assert len(book.changes.transfers) == 1
    assert book.changes.new_holds == []


def test_debt_blocks_new_holds_but_not_free_jobs(account_id: UUID):
    book = Book([Account(account_id, debt=101)], [], NOW)
    grant(book, account_id, 100)
    refused = hold(book, account_id, 1)
    assert isinstance(refused, Refusal)
    assert refused.reason == "debt_outstanding"
    assert isinstance(hold(book, account_id, 0), Hold)


def test_a_job_has_one_hold_ever(book: Book, account_id: UUID):
    grant(book, account_id, 10)
    job_id = new_id()
    first = hold(book, account_id, 4, job_id)
    assert hold(book, account_id, 9, job_id) is first
    assert book.account(account_id).held == 4
    book.settle(job_id, 4, "completed")
    assert hold(book, account_id, 1, job_id) is first
    assert book.account(account_id).held == 0


@pytest.mark.parametrize(
    ("charge", "reason", "state", "kind"),
    [
        (10, "completed", "captured", "capture"),
        (3, "completed", "captured", "capture"),
        (0, "completed", "captured", "capture"),
        (3, "cancelled", "captured", "capture"),
        (0, "cancelled", "released", "release"),
        (0, "failed", "released", "release"),
        (0, "expired", "released", "release"),
    ],
)
def test_a_settlement_charges_and_gives_the_rest_back(
    book: Book, account_id: UUID, charge: int, reason: str, state: str, kind: str
):
    grant(book, account_id, 12)
    job_id = new_id()
    hold(book, account_id, 10, job_id)
    settled = book.settle(job_id, charge, reason)
    assert settled is not None
    assert (settled.state, settled.captured, settled.settled_at) == (state, charge, NOW)
    account = book.account(account_id)
    assert (account.available, account.held) == (12 - charge, 0)
    transfer = book.changes.transfers[-1]
    assert (transfer.kind, transfer.reference, transfer.job_id) == (kind, str(job_id), job_id)
    amounts = {entry.book: entry.amount for entry in transfer.entries}
    assert amounts == {
        book_name: amount
        for book_name, amount in {"held": -10, "revenue": charge, "available": 10 - charge}.items()
        if amount
    }


def test_the_second_settlement_does_nothing(book: Book, account_id: UUID):
    grant(book, account_id, 10)
    job_id = new_id()
    hold(book, account_id, 10, job_id)
    assert book.settle(job_id, 10, "completed") is not None
    posted = len(book.changes.transfers)
    assert book.settle(job_id, 0, "failed") is None
    assert book.settle(new_id(), 0, "failed") is None
    assert len(book.changes.transfers) == posted


@pytest.mark.parametrize("charge", [-1, 11])
def test_refuses_a_charge_outside_the_hold(book: Book, account_id: UUID, charge: int):
    grant(book, account_id, 20)
    job_id = new_id()
    placed = hold(book, account_id, 10, job_id)
    with pytest.raises(ValueError, match="not within"):
        book.settle(job_id, charge, "completed")
    assert isinstance(placed, Hold)
    assert placed.state == "held"
    assert book.account(account_id).held == 10


def test_what_comes_back_goes_to_the_lots_it_came_from_latest_expiry_first(book: Book, account_id: UUID):
    soon, never = grant(book, account_id, 10, SOON), grant(book, account_id, 10)
    job_id = new_id()
    hold(book, account_id, 15, job_id)
    book.settle(job_id, 8, "completed")
    assert (soon.remaining, never.remaining) == (2, 10)


@pytest.mark.parametrize(("charge", "returned", "expired"), [(0, 5, 10), (8, 5, 2), (12, 3, 0), (15, 0, 0)])
def test_what_comes_back_to_an_expired_lot_expires(
    book: Book, account_id: UUID, charge: int, returned: int, expired: int
):
    soon, never = grant(book, account_id, 10, SOON), grant(book, account_id, 5)
    job_id = new_id()
    hold(book, account_id, 15, job_id)
    late = at(book, SOON)  # the very moment of expiry is too late
    late.settle(job_id, charge, "completed")
    account = late.account(account_id)
    assert (account.available, account.held) == (returned, 0)
    assert (soon.remaining, never.remaining) == (0, returned)
    amounts = {entry.book: entry.amount for entry in late.changes.transfers[-1].entries}
    assert amounts.get("expired", 0) == expired
    assert amounts.get("available", 0) == returned


def test_a_free_job_is_held_and_settled_without_a_posting(book: Book, account_id: UUID):
    job_id = new_id()
    assert isinstance(hold(book, account_id, 0, job_id), Hold)
    settled = book.settle(job_id, 0, "completed")
    assert settled is not None
    assert settled.state == "captured"
    assert book.changes.transfers == []
    assert book.changes.settled_holds == [settled]


def test_an_unbalanced_transfer_cannot_be_made(account_id: UUID):
    with pytest.raises(AssertionError, match="does not sum to zero"):
        Transfer(new_id(), "grant", "r", account_id, None, "", NOW, (Entry("available", account_id, 1),))


def test_lots_that_hold_less_than_the_balance_are_noticed(account_id: UUID):
    book = Book([Account(account_id, available=5)], [], NOW)
    with pytest.raises(AssertionError, match="less than its balance"):
        hold(book, account_id, 5)
