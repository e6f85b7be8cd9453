"""What a statement and the ledger's part of a receipt say, and how a statement is written as CSV."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from common.ids import to_text

PREFIX = "txn"
BOOKS = ("available", "held", "debt")
TransferKind = Literal["grant", "hold", "capture", "release", "expiry", "clawback", "repayment"]
KINDS: tuple[TransferKind, ...] = get_args(TransferKind)
CSV_HEADER = (
    "id", "kind", "job_id", "memo", "occurred_at",
    "available_change", "held_change", "debt_change", "available_after", "held_after", "debt_after",
)  # fmt: skip
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_REASON_MEMO = "job "


@dataclass(frozen=True, slots=True)
class Amounts:
    """Credits by book; `debt` is positive where the account owes (more)."""

    available: int
    held: int
    debt: int


@dataclass(slots=True)
class Line:
    """A movement as the entries tell it: what was left only of the books it touched."""

    transfer_id: UUID
    kind: TransferKind
    job_id: UUID | None
    memo: str
    occurred_at: datetime
    change: dict[str, int]
    after: dict[str, int | None]


@dataclass(frozen=True, slots=True)
class Transaction:
    """One movement of an account's credits, and what the account had right after it."""

    transfer_id: UUID
    kind: TransferKind
    job_id: UUID | None
    memo: str
    occurred_at: datetime
    change: Amounts
    balance_after: Amounts


@dataclass(frozen=True, slots=True)
class Posting:
    """One of a job's transfers: what it moved into `available`, and what of it had expired meanwhile."""

    transfer_id: UUID
    kind: TransferKind
    memo: str
    occurred_at: datetime
    available: int
    expired: int


@dataclass(frozen=True, slots=True)
class TakenLot:
    """Credits of one lot that a job's hold was made of."""

    lot_id: UUID
    source: str
    taken: int
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class JobCredits:
    """The ledger's facts about one job. `held = captured + returned + expired + open`, always."""

    job_id: UUID
    state: Literal["held", "captured", "released"]
    held: int
    captured: int
    held_at: datetime
    expires_at: datetime
    settled_at: datetime | None
    postings: tuple[Posting, ...]
    lots: tuple[TakenLot, ...]

    def posting(self, kind: TransferKind) -> Posting | None:
        """The job's transfer of this kind. A price of 0 moves nothing, so it has none."""
        return next((posting for posting in self.postings if posting.kind == kind), None)

    @property
    def settlement(self) -> Posting | None:
        """The transfer that ended the hold."""
        return self.posting("capture") or self.posting("release")

    @property
    def returned(self) -> int:
        """Credits of the hold that became available again."""
        return 0 if self.settlement is None else self.settlement.available

    @property
    def expired(self) -> int:
        """Credits of the hold that were to go back and whose time had come meanwhile."""
        return 0 if self.settlement is None else self.settlement.expired

    @property
    def open(self) -> int:
        """Credits that are still set aside."""
        return self.held if self.state == "held" else 0

    @property
    def reason(self) -> str | None:
        """Why it was settled, as the ledger's memo says: `completed`, `failed`, `cancelled`, `expired`."""
        settlement = self.settlement
        if settlement is None or not settlement.memo.startswith(_REASON_MEMO):
            return None
        return settlement.memo.removeprefix(_REASON_MEMO)


def fill_from_neighbours(lines: Sequence[Line]) -> None:
    """Say of untouched books what was left, where a line beside says it. The lines follow each other, newest first."""
    for book in BOOKS:
        known: int | None = None
        for line in lines:
            after = line.after[book]
            if after is None:
                line.after[book] = known
            else:
                known = after - line.change[book]
        known = None
        for line in reversed(lines):
            known = line.after[book] = known if line.after[book] is None else line.after[book]


def unknown(lines: Sequence[Line]) -> list[tuple[str, UUID]]:
    """The books and transfers after which it is still open what was left."""
    return [(book, line.transfer_id) for line in lines for book in BOOKS if line.after[book] is None]


def fill(lines: Sequence[Line], found: Mapping[tuple[str, UUID], int]) -> list[Transaction]:
    """The finished transactions, with what was found of the unknown; an account begins with nothing."""
    return [
        Transaction(
            transfer_id=line.transfer_id,
            kind=line.kind,
            job_id=line.job_id,
            memo=line.memo,
            occurred_at=line.occurred_at,
            change=Amounts(**line.change),
            balance_after=Amounts(
                **{
                    book: found.get((book, line.transfer_id), 0) if after is None else after
                    for book, after in line.after.items()
                }
            ),
        )
        for line in lines
    ]


def wants_csv(accept: str | None, asked: Literal["json", "csv"] | None) -> bool:
    """Whether a statement is to be CSV: `?format=` decides, else `Accept` (RFC 9110 §12.5.1) that ranks CSV first."""
    if asked is not None:
        return asked == "csv"
    ranks = {"text/csv": 0.0, "application/json": 0.0}
    for item in (accept or "").split(","):
        media_type, *parameters = (part.strip().lower() for part in item.split(";"))
        if media_type in ranks:
            ranks[media_type] = _quality(parameters)
    return ranks["text/csv"] > ranks["application/json"]


def csv_lines(rows: Iterable[Sequence[str | int | None]]) -> str:
    """Lines of CSV (RFC 4180). Texts that a spreadsheet would take for a formula begin with an apostrophe.

    Numbers are ours and stay numbers: `-5` computes nothing, and `'-5` could not be added up.
    """
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def csv_row(transaction: Transaction) -> tuple[str | int | None, ...]:
    """A transaction's cells, in the order of `CSV_HEADER`."""
    change, after = transaction.change, transaction.balance_after
    return (
        to_text(PREFIX, transaction.transfer_id),
        transaction.kind,
        None if transaction.job_id is None else to_text("job", transaction.job_id),
        transaction.memo,
        transaction.occurred_at.isoformat(),
        change.available,
        change.held,
        change.debt,
        after.available,
        after.held,
        after.debt,
    )


def _cell(value: str | int | None) -> str | int | None:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value


def _quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
