"""HTTP of statements: an account's transactions as pages or CSV, and the ledger's part of a job's receipt."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from billing.statements import storage
from billing.statements.rules import (
    CSV_HEADER,
    PREFIX,
    JobCredits,
    TransferKind,
    csv_lines,
    csv_row,
    wants_csv,
)
from billing.statements.rules import Transaction as LedgerTransaction
from common.db.database import Database
from common.errors import NotFound, ValidationFailed
from common.http.identity import Caller
from common.http.problems import problem_responses
from common.ids import InvalidId, from_text, to_text

PATH = "/v1/credits/transactions"
PAGE_DEFAULT = 20
PAGE_MAX = 100
CSV_ROWS_MAX = 10_000
CSV_CHUNK_ROWS = 500

_CSV_CONTENT: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/csv": {"schema": {"type": "string"}}},
        "headers": {
            "Link": {
                "description": "With CSV: where the statement goes on (`rel=next`), when there are more lines.",
                "schema": {"type": "string"},
            }
        },
    }
}


class Amounts(BaseModel):
    """Credits by what they are: to be spent, set aside for jobs, owed."""

    available: int
    held: int
    debt: int


class Transaction(BaseModel):
    """One movement of the account's credits, and what the account had right after it."""

    id: str
    kind: TransferKind
    job_id: str | None
    memo: str
    occurred_at: datetime
    change: Amounts
    balance_after: Amounts


class TransactionPage(BaseModel):
    """Newest first; `next_cursor` asks for what follows and is null on the last page."""

    items: list[Transaction]
    next_cursor: str | None


class Movement(BaseModel):
    """Credits that moved on behalf of the job; `transaction_id` is null where a price of 0 moved nothing."""

    amount: int
    at: datetime
    transaction_id: str | None


class Release(Movement):
    """Credits that became available again, and why."""

    reason: str | None = Field(description="`completed`, `failed`, `cancelled` or `expired`.")


class SpentLot(BaseModel):
    """Credits of one lot that the hold was made of."""

    id: str
    source: str
    amount: int
    expires_at: datetime | None


class JobTotals(BaseModel):
    """`held = captured + returned + expired + open`."""

    held: int
    captured: int
    returned: int
    expired: int = Field(description="Was to go back, and had expired meanwhile.")
    open: int = Field(description="Still set aside.")


class JobLedger(BaseModel):
    """The ledger's facts about one job."""

    job_id: str
    state: Literal["held", "captured", "released"]
    hold: Movement
    capture: Movement | None
    release: Release | None
    repayment: Movement | None = Field(description="Debt of the account that was paid from what came back.")
    lots: list[SpentLot]
    totals: JobTotals


def build_router(
    database: Database, identify: Callable[..., Awaitable[Caller]], *, csv_rows_max: int = CSV_ROWS_MAX
) -> APIRouter:
    """The routes; `identify` is the dependency that tells whose request it is."""
    router = APIRouter(tags=["credits"], responses=problem_responses("UNAUTHORIZED"))

    @router.get(
        PATH,
        operation_id="list_transactions",
        response_model=TransactionPage,
        responses={**_CSV_CONTENT, **problem_responses("VALIDATION_FAILED")},
    )
    async def list_transactions(
        caller: Annotated[Caller, Depends(identify)],
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE_DEFAULT,
        cursor: Annotated[str | None, Query(max_length=64)] = None,
        kind: TransferKind | None = None,
        format: Literal["json", "csv"] | None = None,
        accept: Annotated[str | None, Header(include_in_schema=False)] = None,
    ) -> TransactionPage | Response:
        """What moved the account's credits, newest first. CSV has up to 10,000 lines, whatever `limit` says."""
        before = None if cursor is None else _cursor(cursor)
        if wants_csv(accept, format):
            return await _csv_answer(database, caller.account_id, before, kind, csv_rows_max)
        found = await storage.transactions(database, caller.account_id, before=before, kind=kind, limit=limit + 1)
        items = [_transaction(item) for item in found[:limit]]
        return TransactionPage(items=items, next_cursor=items[-1].id if len(found) > limit else None)

    @router.get("/v1/credits/jobs/{job_id}", operation_id="get_job_credits", responses=problem_responses("NOT_FOUND"))
    async def get_job_credits(job_id: str, caller: Annotated[Caller, Depends(identify)]) -> JobLedger:
        """What was held for a job of the caller's account, and what became of it."""
        try:
            wanted = from_text("job", job_id)
        except InvalidId:
            raise NotFound from None
        found = await storage.job_credits(database, caller.account_id, wanted)
        if found is None:
            raise NotFound
        return _job_ledger(found)

    return router


async def _csv_answer(
    database: Database, account_id: UUID, before: UUID | None, kind: TransferKind | None, rows_max: int
) -> StreamingResponse:
    end = await storage.end_of(database, account_id, before=before, kind=kind, rows=rows_max)
    headers = {"content-disposition": 'attachment; filename="transactions.csv"'}
    if end is not None:
        query = {"format": "csv", "cursor": to_text(PREFIX, end)} | ({} if kind is None else {"kind": kind})
        headers["link"] = f'<{PATH}?{urlencode(query)}>; rel="next"'
    lines = _csv(database, account_id, before, kind, rows_max)
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8; header=present", headers=headers)


async def _csv(
    database: Database, account_id: UUID, before: UUID | None, kind: TransferKind | None, rows_max: int
) -> AsyncIterator[str]:
    """The statement in chunks; between them no connection to the database is kept, however slow the reader is."""
    yield csv_lines([CSV_HEADER])
    for start in range(0, rows_max, CSV_CHUNK_ROWS):
        limit = min(CSV_CHUNK_ROWS, rows_max - start)
        found = await storage.transactions(database, account_id, before=before, kind=kind, limit=limit)
        if found:
            yield csv_lines(csv_row(item) for item in found)
        if len(found) < limit:
            return
        before = found[-1].transfer_id


def _cursor(cursor: str) -> UUID:
    try:
        return from_text(PREFIX, cursor)
    except InvalidId:
        raise ValidationFailed(
            [{"pointer": "/query/cursor", "detail": "is not a cursor of this list", "code": "invalid"}]
        ) from None


def _transaction(item: LedgerTransaction) -> Transaction:
    change, after = item.change, item.balance_after
    return Transaction(
        id=to_text(PREFIX, item.transfer_id),
        kind=item.kind,
        job_id=None if item.job_id is None else to_text("job", item.job_id),
        memo=item.memo,
        occurred_at=item.occurred_at,
        change=Amounts(available=change.available, held=change.held, debt=change.debt),
        balance_after=Amounts(available=after.available, held=after.held, debt=after.debt),
    )


def _job_ledger(credits: JobCredits) -> JobLedger:
    return JobLedger(
        job_id=to_text("job", credits.job_id),
        state=credits.state,
        hold=_movement(credits, "hold", credits.held, credits.held_at),
        capture=_capture(credits),
        release=_release(credits),
        repayment=_repayment(credits),
        lots=[
            SpentLot(id=to_text("lot", lot.lot_id), source=lot.source, amount=lot.taken, expires_at=lot.expires_at)
            for lot in credits.lots
        ],
        totals=JobTotals(
            held=credits.held,
            captured=credits.captured,
            returned=credits.returned,
            expired=credits.expired,
            open=credits.open,
        ),
    )


def _movement(credits: JobCredits, kind: TransferKind, amount: int, at: datetime) -> Movement:
    posting = credits.posting(kind)
    if posting is None:
        return Movement(amount=amount, at=at, transaction_id=None)
    return Movement(amount=amount, at=posting.occurred_at, transaction_id=to_text(PREFIX, posting.transfer_id))


def _capture(credits: JobCredits) -> Movement | None:
    if credits.state != "captured" or credits.settled_at is None:
        return None
    return _movement(credits, "capture", credits.captured, credits.settled_at)


def _release(credits: JobCredits) -> Release | None:
    """What was not charged; a capture of everything has none."""
    if credits.settled_at is None or (credits.state == "captured" and credits.captured == credits.held):
        return None
    kind: TransferKind = "capture" if credits.state == "captured" else "release"
    moved = _movement(credits, kind, credits.returned, credits.settled_at)
    return Release(**moved.model_dump(), reason=credits.reason)


def _repayment(credits: JobCredits) -> Movement | None:
    posting = credits.posting("repayment")
    if posting is None:
        return None
    return _movement(credits, "repayment", -posting.available, posting.occurred_at)
