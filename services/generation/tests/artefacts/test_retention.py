"""Files are kept as long as the better of two plans says, announced once, and gone a week later at the earliest."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from common.clock import now
from common.db.database import Database
from common.errors import NotFound
from common.events.artefacts import ArtefactsExpired, ArtefactsExpiryAnnounced
from generation.artefacts.deleting import ArtefactDeleting
from generation.artefacts.links import ArtefactLinks
from generation.artefacts.retention import ArtefactRetention
from generation.entitlements.storage import follow_subscription

from ..stage import rows, said
from .test_deleting import Shelf, finished_run

MADE = datetime(2026, 3, 1, 15, tzinfo=UTC)
LAST = date(2026, 4, 1)
"""The first day on which work of the free plan may go: 30 whole days have passed."""


class Calendar:
    """Sweeps on days of choice, as workers and sweepers would."""

    def __init__(self, database: Database, shelf: Shelf) -> None:
        self._database, self._shelf = database, shelf
        self._retention = ArtefactRetention(database, clock=lambda: self.moment)
        self.moment = MADE

    async def comes_to(self, moment: datetime) -> None:
        """Sweep then, and once more when deletions have been answered."""
        self.moment = moment
        for _ in range(2):
            await self._retention.sweep()
            await ArtefactDeleting(self._database, self._shelf, settle_seconds=0).sweep()
            self.moment += timedelta(minutes=10)
        await self._retention.sweep()


async def made(database: Database, account: UUID, *, at: datetime = MADE, plan: str = "free") -> UUID:
    """A finished run with a picture in a step and one in its result."""
    job = await finished_run(database, account, ["page-1"])
    async with database.unit_of_work() as uow:
        await uow.execute(
            text("UPDATE runs SET finished_at = :at, files_due_at = :at, plan = :plan WHERE job_id = :job"),
            {"at": at, "plan": plan, "job": job},
        )
    return job


async def told(database: Database, account: UUID) -> list[ArtefactsExpiryAnnounced]:
    return [event for event in await said(database, account) if isinstance(event, ArtefactsExpiryAnnounced)]


async def gone(database: Database, account: UUID) -> list[UUID]:
    return [event.job_id for event in await said(database, account) if isinstance(event, ArtefactsExpired)]


async def states(database: Database) -> dict[UUID, str]:
    return {row.job_id: row.files_state for row in await rows(database, "SELECT job_id, files_state FROM runs")}


async def test_a_days_work_is_announced_in_one_word_and_goes_a_week_later(database: Database) -> None:
    account = uuid4()
    jobs = {await made(database, account), await made(database, account, at=MADE + timedelta(hours=5))}
    later = await made(database, account, at=MADE + timedelta(days=3))
    shelf = Shelf(*(f"{job.hex}/{name}" for job in (*jobs, later) for name in ("page-1", "final")))
    calendar = Calendar(database, shelf)

    await calendar.comes_to(datetime(2026, 3, 24, 23, tzinfo=UTC))
    assert await told(database, account) == []
    for hour in (1, 2):
        await calendar.comes_to(datetime(2026, 3, 25, hour, tzinfo=UTC))
    (word,) = await told(database, account)
    assert (word.expire_on, word.job_count, {job.job_id for job in word.jobs}) == (LAST, 2, jobs)
    await calendar.comes_to(datetime(2026, 3, 31, 23, tzinfo=UTC))
    assert len(shelf.held) == 6

    await calendar.comes_to(datetime(2026, 4, 1, 1, tzinfo=UTC))

    assert {key.partition("/")[0] for key in shelf.held} == {later.hex}
    assert set(await gone(database, account)) == jobs
    assert await states(database) == dict.fromkeys(jobs, "gone") | {later: "warned"}
    assert await rows(database, "SELECT 1 FROM artefact_deletions") == []
    links = ArtefactLinks(database, shelf, timedelta(days=1))
    assert [await links.of_job(account, job) for job in jobs] == [[], []]
    with pytest.raises(NotFound):
        await links.of_job(uuid4(), later)


async def test_a_better_plan_keeps_all_for_longer_also_what_was_announced(database: Database) -> None:
    account = uuid4()
    job, paid = await made(database, account), await made(database, account, plan="pro")
    calendar = Calendar(database, Shelf())
    await calendar.comes_to(datetime(2026, 3, 25, 1, tzinfo=UTC))
    assert await states(database) == {job: "warned", paid: "kept"}
    await database.transact(follow_subscription, account, "enterprise", now(), 1)

    await calendar.comes_to(datetime(2026, 4, 1, 1, tzinfo=UTC))
    assert await states(database) == {job: "kept", paid: "kept"}
    await database.transact(follow_subscription, account, "free", None, 2)
    await calendar.comes_to(datetime(2029, 3, 30, 1, tzinfo=UTC))

    assert [word.expire_on for word in await told(database, account)] == [LAST, date(2029, 4, 6)]
    assert await states(database) == {job: "warned", paid: "warned"}


async def test_a_plan_that_is_shortened_still_leaves_a_week(database: Database) -> None:
    account = uuid4()
    await made(database, account, plan="pro")
    async with database.unit_of_work() as uow:
        await uow.execute(text("UPDATE artefact_retentions SET keep_days = 10 WHERE plan = 'pro'"))
    calendar = Calendar(database, Shelf())

    await calendar.comes_to(datetime(2026, 6, 1, 1, tzinfo=UTC))

    assert [word.expire_on for word in await told(database, account)] == [date(2026, 6, 8)]


async def test_what_nobody_was_shown_goes_without_a_word_and_what_others_name_stays(database: Database) -> None:
    account = uuid4()
    failed, source, repeat = [await made(database, account) for _ in range(3)]
    async with database.unit_of_work() as uow:
        await uow.execute(text("UPDATE runs SET state = 'failed', result = NULL WHERE job_id = :job"), {"job": failed})
        await uow.execute(text("DELETE FROM steps WHERE job_id = :job"), {"job": repeat})
        await uow.execute(
            text(
                """
                UPDATE runs SET finished_at = :later, files_due_at = :later,
                                result = (SELECT result FROM runs WHERE job_id = :source) WHERE job_id = :repeat
                """
            ),
            {"later": MADE + timedelta(days=1), "source": source, "repeat": repeat},
        )
    shelf = Shelf(f"{failed.hex}/page-1", f"{source.hex}/page-1", f"{source.hex}/final")
    calendar = Calendar(database, shelf)

    await calendar.comes_to(MADE + timedelta(days=2))
    assert await states(database) == {failed: "gone", source: "kept", repeat: "kept"}
    assert shelf.held == {f"{source.hex}/page-1", f"{source.hex}/final"}
    for day in (25, 26):
        await calendar.comes_to(datetime(2026, 3, day, 1, tzinfo=UTC))
    await calendar.comes_to(datetime(2026, 4, 1, 1, tzinfo=UTC))
    assert len(shelf.held) == 2
    await calendar.comes_to(datetime(2026, 4, 2, 1, tzinfo=UTC))

    assert shelf.held == set()
    assert [(word.expire_on, word.job_count) for word in await told(database, account)] == [(date(2026, 4, 2), 2)]
    assert await gone(database, account) == [source, repeat]


async def test_a_numbered_document_stays_as_long_as_its_account(database: Database) -> None:
    account = uuid4()
    quote = await made(database, account)
    async with database.unit_of_work() as uow:
        await uow.execute(
            text(
                """
                INSERT INTO quotes (quote_id, account_id, year, sequence, number, issued_on)
                VALUES (:quote, :account, 2026, 1, 'Q-2026-0001', '2026-03-01')
                """
            ),
            {"quote": quote, "account": account},
        )

    await Calendar(database, Shelf()).comes_to(datetime(2026, 4, 2, 1, tzinfo=UTC))

    assert await states(database) == {quote: "none"}
    assert await told(database, account) == []
