"""The SQL of statements: an account's transfers, newest first, and the postings of one job.

A transfer's id is made while its account is locked, and the lock outlives the commit. So ids of one account grow in the
order of posting, nothing ever appears below an id that was read, and a walk down the ids misses and repeats nothing.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from billing.statements.rules import (
    KINDS,
    JobCredits,
    Line,
    Posting,
    TakenLot,
    Transaction,
    TransferKind,
    fill,
    fill_from_neighbours,
    unknown,
)
from common.db.database import Database

_NEWEST = UUID(int=2**128 - 1)

_PAGE = text(
    """
    SELECT page.*, moved.*
    FROM (
        SELECT transfer_id, kind, job_id, memo, occurred_at FROM transfers
        WHERE account_id = :account_id AND transfer_id < :before AND kind = ANY(CAST(:kinds AS text[]))
        ORDER BY transfer_id DESC LIMIT :limit
    ) AS page CROSS JOIN LATERAL (
        SELECT CAST(coalesce(sum(amount_credits) FILTER (WHERE book = 'available'), 0) AS bigint) AS available,
               CAST(coalesce(sum(amount_credits) FILTER (WHERE book = 'held'), 0) AS bigint) AS held,
               CAST(-coalesce(sum(amount_credits) FILTER (WHERE book = 'debt'), 0) AS bigint) AS debt,
               max(balance_after_credits) FILTER (WHERE book = 'available') AS available_after,
               max(balance_after_credits) FILTER (WHERE book = 'held') AS held_after,
               -max(balance_after_credits) FILTER (WHERE book = 'debt') AS debt_after
        FROM entries WHERE entries.transfer_id = page.transfer_id
    ) AS moved
    ORDER BY page.transfer_id DESC
    """
)
_LEFT = text(
    """
    WITH moments AS (
        SELECT book, transfer_id, balance_after_credits AS balance, false AS asked FROM entries
        WHERE account_id = :account_id AND book = ANY(CAST(:touched AS text[]))
      UNION ALL
        SELECT book, transfer_id, NULL, true
        FROM unnest(CAST(:books AS text[]), CAST(:transfer_ids AS uuid[])) AS question (book, transfer_id)
    ), known AS (
        SELECT *, count(balance) OVER (PARTITION BY book ORDER BY transfer_id) AS since FROM moments
    ), filled AS (
        SELECT book, transfer_id, asked, max(balance) OVER (PARTITION BY book, since) AS balance FROM known
    )
    SELECT book, transfer_id, CASE WHEN book = 'debt' THEN -balance ELSE balance END AS balance
    FROM filled WHERE asked AND balance IS NOT NULL
    """
)
_END = text(
    """
    SELECT transfer_id FROM transfers
    WHERE account_id = :account_id AND transfer_id < :before AND kind = ANY(CAST(:kinds AS text[]))
    ORDER BY transfer_id DESC OFFSET :rows - 1 LIMIT 2
    """
)
_JOB = text(
    """
    SELECT hold_id, hold.job_id, hold.amount_credits, hold.captured_credits, hold.state, hold.created_at,
           hold.expires_at, hold.settled_at,
           transfer.transfer_id, transfer.kind, transfer.memo, transfer.occurred_at, moved.available, moved.expired
    FROM holds AS hold
    LEFT JOIN transfers AS transfer
        ON transfer.account_id = hold.account_id AND transfer.reference = CAST(hold.job_id AS text)
       AND transfer.kind IN ('hold', 'capture', 'release', 'repayment')
    LEFT JOIN LATERAL (
        SELECT CAST(coalesce(sum(amount_credits) FILTER (WHERE book = 'available'), 0) AS bigint) AS available,
               CAST(coalesce(sum(amount_credits) FILTER (WHERE book = 'expired'), 0) AS bigint) AS expired
        FROM entries WHERE entries.transfer_id = transfer.transfer_id
    ) AS moved ON true
    WHERE hold.job_id = :job_id AND hold.account_id = :account_id
    ORDER BY transfer.transfer_id
    """
)
_LOTS = text(
    """
    SELECT lot_id, lots.source, hold_lots.amount_credits, lots.expires_at FROM hold_lots JOIN lots USING (lot_id)
    WHERE hold_id = :hold_id ORDER BY lots.expires_at NULLS LAST, lot_id
    """
)


async def transactions(
    database: Database, account_id: UUID, *, before: UUID | None, kind: TransferKind | None, limit: int
) -> Sequence[Transaction]:
    """At most `limit` of an account's transfers, newest first, those older than `before`.

    What was left of a book that a transfer did not touch is what an earlier one left. Neighbours tell most of it; the
    entries of that book are read once for the rest: seldom any but those of debt, of which few accounts have some.
    """
    parameters = {**_range(account_id, before, kind), "limit": limit}
    async with database.autocommit() as connection:
        lines = [_line(row) for row in (await connection.execute(_PAGE, parameters)).all()]
        if kind is None:
            fill_from_neighbours(lines)
        questions = unknown(lines)
        if not questions:
            return fill(lines, {})
        rows = await connection.execute(
            _LEFT,
            {
                "account_id": account_id,
                "touched": sorted({book for book, _ in questions}),
                "books": [book for book, _ in questions],
                "transfer_ids": [transfer_id for _, transfer_id in questions],
            },
        )
        return fill(lines, {(row.book, row.transfer_id): row.balance for row in rows})


async def end_of(
    database: Database, account_id: UUID, *, before: UUID | None, kind: TransferKind | None, rows: int
) -> UUID | None:
    """The last of the next `rows` transfers; None where no more follow after it."""
    async with database.autocommit() as connection:
        found = await connection.execute(_END, {**_range(account_id, before, kind), "rows": rows})
        ids = found.scalars().all()
    return ids[0] if len(ids) > 1 else None


async def job_credits(database: Database, account_id: UUID, job_id: UUID) -> JobCredits | None:
    """What the ledger knows of one job of the account; None where it held nothing for it.

    Hold and postings are read in one statement, so they never tell of different moments; lots of a hold are fixed.
    """
    async with database.autocommit() as connection:
        rows = (await connection.execute(_JOB, {"account_id": account_id, "job_id": job_id})).all()
        if not rows:
            return None
        lots = (await connection.execute(_LOTS, {"hold_id": rows[0].hold_id})).all()
    return _job_credits(rows, [TakenLot(*lot) for lot in lots])


def _range(account_id: UUID, before: UUID | None, kind: TransferKind | None) -> dict[str, Any]:
    """Conditions without an OR, so that the index serves them in every plan."""
    return {"account_id": account_id, "before": before or _NEWEST, "kinds": list(KINDS) if kind is None else [kind]}


def _line(row: Any) -> Line:
    return Line(
        transfer_id=row.transfer_id,
        kind=row.kind,
        job_id=row.job_id,
        memo=row.memo,
        occurred_at=row.occurred_at,
        change={"available": row.available, "held": row.held, "debt": row.debt},
        after={"available": row.available_after, "held": row.held_after, "debt": row.debt_after},
    )


def _job_credits(rows: Sequence[Any], lots: Sequence[TakenLot]) -> JobCredits:
    hold = rows[0]
    return JobCredits(
        job_id=hold.job_id,
        state=hold.state,
        held=hold.amount_credits,
        captured=hold.captured_credits,
        held_at=hold.created_at,
        expires_at=hold.expires_at,
        settled_at=hold.settled_at,
        postings=tuple(
            Posting(row.transfer_id, row.kind, row.memo, row.occurred_at, row.available, row.expired)
            for row in rows
            if row.transfer_id is not None
        ),
        lots=tuple(lots),
    )
