"""A job's receipt: what the ledger moved for it, asked of billing, beside what was bought of providers."""

import asyncio
from datetime import datetime
from typing import Literal

import httpx2
import structlog
from pydantic import BaseModel, Field, SecretStr, ValidationError

from common.errors import DependencyUnavailable
from common.http.identity import IDENTITY_HEADER, Caller, sign_identity
from gateway.jobs.answers import Attempt, Job
from gateway.jobs.status import JobStatus

log = structlog.get_logger(__name__)

SECONDS_MAX = 5.0
RETRY_AFTER_SECONDS = 2


class Movement(BaseModel):
    """Credits that moved for the job; `transaction_id` names the line of the statement, where any moved."""

    amount: int
    at: datetime
    transaction_id: str | None = None


class Release(Movement):
    """Credits that came back."""

    reason: str | None = Field(default=None, description="`completed`, `failed`, `cancelled` or `expired`.")


class LedgerTotals(BaseModel):
    """The ledger's sums: `held = captured + returned + expired + open`."""

    held: int
    captured: int
    returned: int
    expired: int = Field(description="Was to come back, and had expired meanwhile.")
    open: int = Field(description="Still set aside.")


class LedgerFacts(BaseModel):
    """Billing's answer about one job."""

    state: Literal["held", "captured", "released"]
    hold: Movement
    capture: Movement | None
    release: Release | None
    repayment: Movement | None
    totals: LedgerTotals


class ReceiptTotals(LedgerTotals):
    """Credits of the account, and what providers asked of the studio."""

    provider_cost_microusd: int = Field(description="In millionths of a dollar, as far as it is known.")


class Receipt(BaseModel):
    """What a job cost, and why."""

    id: str
    kind: str
    status: JobStatus
    price: int
    hold: Movement | None
    attempts: list[Attempt]
    capture: Movement | None
    release: Release | None
    repayment: Movement | None = Field(description="Debt of the account that was paid from what came back.")
    totals: ReceiptTotals
    why: str = Field(description="One sentence for people.")


class JobLedger:
    """Asks billing, who owns the ledger."""

    def __init__(self, billing_url: str, http: httpx2.AsyncClient, identity_secrets: tuple[SecretStr, ...]) -> None:
        self._url = f"{billing_url}/v1/credits/jobs"
        self._http = http
        self._secrets = identity_secrets

    async def facts(self, caller: Caller, job: Job) -> LedgerFacts | None:
        """What the ledger knows of a job of the caller; None where nothing was held for it.

        Raises:
            DependencyUnavailable: billing does not answer within 5 s, or not as it should.
        """
        headers = {IDENTITY_HEADER: sign_identity(self._secrets, caller)}
        try:
            async with asyncio.timeout(SECONDS_MAX):
                answer = await self._http.get(f"{self._url}/{job.id}", headers=headers)
            if answer.status_code == 404 and not job.charge.held:
                return None
            answer.raise_for_status()
            return LedgerFacts.model_validate_json(answer.content)
        except (httpx2.HTTPError, ValidationError, TimeoutError) as error:
            log.warning("receipt_without_ledger", job_id=job.id, error=repr(error)[:200])
            raise DependencyUnavailable(retry_after_seconds=RETRY_AFTER_SECONDS) from error


def receipt_of(job: Job, ledger: LedgerFacts | None) -> Receipt:
    """The receipt. Its credits are the ledger's alone, so that they add up while the job's own figures lag behind."""
    totals = LedgerTotals(held=0, captured=0, returned=0, expired=0, open=0) if ledger is None else ledger.totals
    cost = sum(attempt.cost_microusd or 0 for attempt in job.attempts)
    return Receipt(
        id=job.id,
        kind=job.kind,
        status=job.status,
        price=job.charge.price,
        hold=None if ledger is None else ledger.hold,
        attempts=job.attempts,
        capture=None if ledger is None else ledger.capture,
        release=None if ledger is None else ledger.release,
        repayment=None if ledger is None else ledger.repayment,
        totals=ReceiptTotals(**totals.model_dump(), provider_cost_microusd=cost),
        why=_why_nothing_is_held(job) if ledger is None else _why(job, ledger),
    )


def _why_nothing_is_held(job: Job) -> str:
    if job.status is not JobStatus.REJECTED:
        return "Nothing is held yet: the job has just been submitted."
    return f"Nothing was held or charged: {_detail(job, 'the job was rejected.')}"


def _why(job: Job, ledger: LedgerFacts) -> str:
    totals = ledger.totals
    if not totals.held:
        return "The job is free of charge: no credits were held."
    if ledger.state == "held":
        return f"{_credits(totals.open)} set aside until the job has its outcome."
    if totals.captured == totals.held:
        return f"The work was delivered: {_credits(totals.captured)} charged, all that was held."
    charged = f"{totals.captured} of {totals.held} credits are charged" if totals.captured else "nothing is charged"
    return f"{_outcome(job, ledger)}: {charged}, {_came_back(ledger)}."


def _outcome(job: Job, ledger: LedgerFacts) -> str:
    reason = None if ledger.release is None else ledger.release.reason
    match reason:
        case "failed":
            return f"The job failed ({_detail(job, 'no reason is known').removesuffix('.')})"
        case "cancelled" if ledger.totals.captured:
            return "The job was cancelled after a part was delivered"
        case "cancelled":
            return "The job was cancelled"
        case "expired":
            return "The job came to no outcome in time"
        case _ if ledger.totals.captured:
            return "A part of the work was delivered"
        case _:
            return "The job is over"


def _came_back(ledger: LedgerFacts) -> str:
    totals = ledger.totals
    text = f"{totals.returned} came back"
    if totals.expired:
        text += f", {totals.expired} had expired meanwhile"
    if ledger.repayment is not None:
        text += f" and {ledger.repayment.amount} paid off debt"
    return text


def _detail(job: Job, otherwise: str) -> str:
    return otherwise if job.error is None else job.error.detail


def _credits(amount: int) -> str:
    return "1 credit is" if amount == 1 else f"{amount} credits are"
