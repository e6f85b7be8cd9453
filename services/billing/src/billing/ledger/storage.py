"""The ledger's SQL: lock and load accounts into a book, write all that changed in one statement."""

from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from billing.ledger.rules import Account, Book, Changes, Hold, Lot
from common.clock import now
from common.db.database import Database, sqlstate
from common.db.outbox_record import OutboxRecord
from common.db.unit_of_work import UnitOfWork

_OPEN_ACCOUNTS = text(
    "INSERT INTO balances (account_id) SELECT unnest(CAST(:account_ids AS uuid[])) ON CONFLICT DO NOTHING"
)
_LOCK_BALANCES = text(
    """
    SELECT account_id, available_credits, held_credits, debt_credits, version, statement_timestamp() AS moment
    FROM balances WHERE account_id = ANY(CAST(:account_ids AS uuid[])) ORDER BY account_id FOR UPDATE
    """
)
_LOAD_LOTS = text(
    """
    SELECT lot_id, account_id, source, reference, granted_credits, remaining_credits, expires_at FROM lots
    WHERE account_id = ANY(CAST(:account_ids AS uuid[])) AND remaining_credits > 0
    UNION
    SELECT lot.lot_id, lot.account_id, source, reference, granted_credits, remaining_credits, lot.expires_at
    FROM holds JOIN hold_lots USING (hold_id) JOIN lots AS lot USING (lot_id)
    WHERE holds.job_id = ANY(CAST(:job_ids AS uuid[])) AND holds.state = 'held'
    """
)
_READ_ACCOUNTS = text(
    """
    SELECT balances.account_id, available_credits, held_credits, debt_credits, version,
           lot_id, source, reference, granted_credits, remaining_credits, expires_at,
           statement_timestamp() AS moment
    FROM balances LEFT JOIN lots ON lots.account_id = balances.account_id AND remaining_credits > 0
    WHERE balances.account_id = ANY(CAST(:account_ids AS uuid[]))
    """
)
_LOAD_HOLDS = text(
    """
    SELECT hold_id, job_id, account_id, amount_credits, captured_credits, state, expires_at, settled_at,
           ARRAY(SELECT lot_id FROM hold_lots WHERE hold_lots.hold_id = holds.hold_id ORDER BY lot_id) AS lot_ids,
           ARRAY(SELECT amount_credits FROM hold_lots WHERE hold_lots.hold_id = holds.hold_id ORDER BY lot_id) AS shares
    FROM holds WHERE job_id = ANY(CAST(:job_ids AS uuid[]))
    """
)
_GRANTED = text(
    """
    SELECT source, reference FROM lots
    WHERE (source, reference) IN (SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:references AS text[])))
    """
)
_SAVE = text(
    """
    WITH expected AS (
        SELECT * FROM unnest(CAST(:b_id AS uuid[]), CAST(:b_read AS bigint[])) AS row (account_id, version)
    ), locked AS (
        SELECT account_id FROM balances JOIN expected USING (account_id, version)
        ORDER BY account_id FOR UPDATE OF balances
    ), claimed AS (
        INSERT INTO inbox (event_id) SELECT unnest(CAST(:i_id AS uuid[]))
    ), posted AS (
        INSERT INTO outbox (event_id, topic, type, body, traceparent)
        SELECT * FROM unnest(
            CAST(:o_id AS uuid[]), CAST(:o_topic AS text[]), CAST(:o_type AS text[]),
            CAST(:o_body AS text[]), CAST(:o_traceparent AS text[])
        )
    ), saved_transfers AS (
        INSERT INTO transfers (transfer_id, kind, reference, account_id, job_id, memo, occurred_at)
        SELECT * FROM unnest(
            CAST(:t_id AS uuid[]), CAST(:t_kind AS text[]), CAST(:t_reference AS text[]), CAST(:t_account AS uuid[]),
            CAST(:t_job AS uuid[]), CAST(:t_memo AS text[]), CAST(:t_at AS timestamptz[])
        )
    ), saved_entries AS (
        INSERT INTO entries (transfer_id, line, book, account_id, amount_credits, balance_after_credits)
        SELECT * FROM unnest(
            CAST(:e_transfer AS uuid[]), CAST(:e_line AS smallint[]), CAST(:e_book AS text[]),
            CAST(:e_account AS uuid[]), CAST(:e_amount AS bigint[]), CAST(:e_after AS bigint[])
        )
    ), new_lots AS (
        INSERT INTO lots (lot_id, account_id, source, reference, granted_credits, remaining_credits, expires_at)
        SELECT * FROM unnest(
            CAST(:n_id AS uuid[]), CAST(:n_account AS uuid[]), CAST(:n_source AS text[]), CAST(:n_reference AS text[]),
            CAST(:n_granted AS bigint[]), CAST(:n_remaining AS bigint[]), CAST(:n_expires AS timestamptz[])
        )
    ), changed_lots AS (
        UPDATE lots SET remaining_credits = changed.remaining
        FROM unnest(CAST(:l_id AS uuid[]), CAST(:l_remaining AS bigint[])) AS changed (lot_id, remaining)
        WHERE lots.lot_id = changed.lot_id AND (SELECT count(*) FROM locked) > 0
    ), new_holds AS (
        INSERT INTO holds (hold_id, job_id, account_id, amount_credits, state, expires_at)
        SELECT hold_id, job_id, account_id, amount, 'held', expires_at FROM unnest(
            CAST(:h_id AS uuid[]), CAST(:h_job AS uuid[]), CAST(:h_account AS uuid[]), CAST(:h_amount AS bigint[]),
            CAST(:h_expires AS timestamptz[])
        ) AS placed (hold_id, job_id, account_id, amount, expires_at)
    ), new_hold_lots AS (
        INSERT INTO hold_lots (hold_id, lot_id, amount_credits)
        SELECT * FROM unnest(CAST(:a_hold AS uuid[]), CAST(:a_lot AS uuid[]), CAST(:a_amount AS bigint[]))
    ), settled_holds AS (
        UPDATE holds SET state = settled.state, captured_credits = settled.captured, settled_at = settled.at
        FROM unnest(
            CAST(:s_id AS uuid[]), CAST(:s_state AS text[]), CAST(:s_captured AS bigint[]), CAST(:s_at AS timestamptz[])
        ) AS settled (hold_id, state, captured, at)
        WHERE holds.hold_id = settled.hold_id AND holds.state = 'held'
        RETURNING holds.hold_id
    ), changed_balances AS (
        UPDATE balances
        SET available_credits = changed.available, held_credits = changed.held, debt_credits = changed.debt,
            version = changed.version
        FROM locked JOIN unnest(
            CAST(:b_id AS uuid[]), CAST(:b_available AS bigint[]), CAST(:b_held AS bigint[]), CAST(:b_debt AS bigint[]),
            CAST(:b_version AS bigint[])
        ) AS changed (account_id, available, held, debt, version) USING (account_id)
        WHERE balances.account_id = locked.account_id
        RETURNING balances.account_id
    )
    SELECT ledger_expect_written(
        (SELECT count(*) FROM settled_holds), :settled_due, (SELECT count(*) FROM changed_balances), :balances_due
    )
    """
)
_CONFLICTS = frozenset(
    {
        "23505",  # unique_violation: the event, the hold or the transfer is there already
        "40001",  # serialization_failure: an account has changed since it was read
        "40P01",  # deadlock_detected
    }
)


async def open_accounts(uow: UnitOfWork, account_ids: Sequence[UUID]) -> None:
    """Make sure that each account has a balance row to lock."""
    await uow.execute(_OPEN_ACCOUNTS, {"account_ids": list(account_ids)})


async def load_book(uow: UnitOfWork, account_ids: Sequence[UUID], job_ids: Sequence[UUID] = ()) -> Book:
    """Lock the accounts, in id order so that two batches cannot deadlock, and load them with the jobs' holds.

    The book's time is the database's: a process whose clock is wrong must not expire anybody's credits.
    """
    balances = await uow.rows(_LOCK_BALANCES, {"account_ids": sorted(account_ids)})
    accounts = {row.account_id: _account(row) for row in balances}
    for row in await uow.rows(_LOAD_LOTS, {"account_ids": list(account_ids), "job_ids": list(job_ids)}):
        accounts[row.account_id].lots[row.lot_id] = _lot(row)
    holds = [] if not job_ids else await uow.rows(_LOAD_HOLDS, {"job_ids": list(job_ids)})
    return Book(accounts.values(), [_hold(row) for row in holds], _moment(balances))


async def granted_references(uow: UnitOfWork, keys: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of the `(source, reference)` keys under which credits were given before."""
    rows = await uow.rows(_GRANTED, {"sources": [key[0] for key in keys], "references": [key[1] for key in keys]})
    return {(row.source, row.reference) for row in rows}


async def read_book(database: Database, account_ids: Sequence[UUID]) -> Book:
    """The accounts as they stand, unlocked and without holds: for changes that `save_at_once` writes or refuses."""
    accounts: dict[UUID, Account] = {}
    async with database.autocommit() as connection:
        rows = (await connection.execute(_READ_ACCOUNTS, {"account_ids": list(account_ids)})).all()
    for row in rows:
        account = accounts.get(row.account_id)
        if account is None:
            account = accounts[row.account_id] = _account(row)
        if row.lot_id is not None:
            account.lots[row.lot_id] = _lot(row)
    return Book(accounts.values(), (), _moment(rows))


async def save(uow: UnitOfWork, changes: Changes) -> None:
    """Write everything a book changed, in one statement, with the events that were emitted so far.

    Raises:
        sqlalchemy.exc.IntegrityError: a constraint of the ledger refuses it; nothing is written.
        sqlalchemy.exc.DBAPIError: a row that was read has changed (serialization_failure); nothing is written.
    """
    if changes.transfers or changes.new_holds or changes.settled_holds:
        await uow.execute(_SAVE, _parameters(changes, uow.take_records()))


async def save_at_once(
    database: Database, changes: Changes, event_ids: Sequence[UUID], records: Sequence[OutboxRecord]
) -> bool:
    """Write what a book of `read_book` changed as a transaction of one statement, with the inbox and the outbox.

    False: somebody was faster, at one of the accounts or at the events themselves, and nothing was written.

    Raises:
        sqlalchemy.exc.DBAPIError: a constraint refuses it, or the database is away.
    """
    try:
        async with database.autocommit() as connection:
            await connection.execute(_SAVE, _parameters(changes, records, event_ids))
    except DBAPIError as error:
        if sqlstate(error) in _CONFLICTS:
            return False
        raise
    return True


def _moment(rows: Sequence[Any]) -> datetime:
    """The database's time; where it knows none of the accounts nothing can expire, and any clock will do."""
    return rows[0].moment if rows else now()


def _account(row: Any) -> Account:
    return Account(row.account_id, row.available_credits, row.held_credits, row.debt_credits, row.version)


def _lot(row: Any) -> Lot:
    return Lot(
        row.lot_id,
        row.account_id,
        row.source,
        row.reference,
        row.granted_credits,
        row.remaining_credits,
        row.expires_at,
    )


def _hold(row: Any) -> Hold:
    return Hold(
        hold_id=row.hold_id,
        job_id=row.job_id,
        account_id=row.account_id,
        amount=row.amount_credits,
        expires_at=row.expires_at,
        captured=row.captured_credits,
        state=row.state,
        settled_at=row.settled_at,
        allocations=list(zip(row.lot_ids, row.shares, strict=True)),
    )


def _parameters(
    changes: Changes, records: Sequence[OutboxRecord], event_ids: Sequence[UUID] = ()
) -> dict[str, list[Any] | int]:
    return {
        "settled_due": len(changes.settled_holds),
        "balances_due": len(changes.accounts),
        "i_id": list(event_ids),
        **_columns(
            records, o_id="event_id", o_topic="topic", o_type="type", o_body="body", o_traceparent="traceparent"
        ),
        **_transfer_parameters(changes),
        **_lot_parameters(changes),
        **_hold_parameters(changes),
        **_columns(
            changes.accounts.values(),
            b_id="account_id", b_available="available", b_held="held", b_debt="debt", b_version="version",
            b_read="read_version",
        ),
    }  # fmt: skip


def _transfer_parameters(changes: Changes) -> dict[str, list[Any]]:
    lines = [
        (transfer.transfer_id, line, entry)
        for transfer in changes.transfers
        for line, entry in enumerate(transfer.entries, start=1)
    ]
    return {
        **_columns(
            changes.transfers,
            t_id="transfer_id", t_kind="kind", t_reference="reference", t_account="account_id", t_job="job_id",
            t_memo="memo", t_at="occurred_at",
        ),
        "e_transfer": [transfer_id for transfer_id, _, _ in lines],
        "e_line": [line for _, line, _ in lines],
        **_columns(
            [entry for _, _, entry in lines],
            e_book="book", e_account="account_id", e_amount="amount", e_after="balance_after",
        ),
    }  # fmt: skip


def _lot_parameters(changes: Changes) -> dict[str, list[Any]]:
    new_ids = {lot.lot_id for lot in changes.new_lots}
    return {
        **_columns(
            changes.new_lots,
            n_id="lot_id", n_account="account_id", n_source="source", n_reference="reference", n_granted="granted",
            n_remaining="remaining", n_expires="expires_at",
        ),
        **_columns(
            [lot for lot in changes.lots.values() if lot.lot_id not in new_ids], l_id="lot_id", l_remaining="remaining"
        ),
    }  # fmt: skip


def _hold_parameters(changes: Changes) -> dict[str, list[Any]]:
    allocations = list(
        chain.from_iterable(
            ((hold.hold_id, lot_id, amount) for lot_id, amount in hold.allocations) for hold in changes.new_holds
        )
    )
    return {
        **_columns(
            changes.new_holds,
            h_id="hold_id", h_job="job_id", h_account="account_id", h_amount="amount", h_expires="expires_at",
        ),
        "a_hold": [hold_id for hold_id, _, _ in allocations],
        "a_lot": [lot_id for _, lot_id, _ in allocations],
        "a_amount": [amount for _, _, amount in allocations],
        **_columns(
            changes.settled_holds, s_id="hold_id", s_state="state", s_captured="captured", s_at="settled_at"
        ),
    }  # fmt: skip


def _columns(items: Any, **attribute_of: str) -> dict[str, list[Any]]:
    """One list for each named attribute of the items: what `unnest` makes rows of again."""
    items = list(items)
    return {name: [getattr(item, attribute) for item in items] for name, attribute in attribute_of.items()}
