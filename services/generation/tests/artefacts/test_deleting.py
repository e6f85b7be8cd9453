"""Artefacts of a deleted account: all found, each answered for, nothing of it left in the runs."""

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from common.bus.handlers import Handlers
from common.db.database import Database
from common.events.deletion import AccountDeletionRequested, ArtefactsDeleted
from common.ids import new_id
from generation.artefacts.deleting import TRIES_MAX, ArtefactDeleting
from generation.artefacts.handlers import register
from generation.providers.errors import Unavailable
from generation.providers.ports import StoredArtefact

from ..kinds.documents import FILE, accepted_quote
from ..stage import claimed, enqueue_one, rows, said


class Shelf:
    """An artefact store that remembers what it was asked to delete."""

    def __init__(self, *held: str) -> None:
        self.held = set(held)
        self.asked: list[str] = []
        self.away = False
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    async def put(self, content: bytes, *, key: str, media_type: str) -> StoredArtefact:
        raise NotImplementedError

    def signed_url(self, artefact: StoredArtefact, *, expires_in: timedelta | None, format: str) -> str:
        raise NotImplementedError

    async def delete(self, public_id: str) -> bool:
        self.asked.append(public_id)
        if self.meanwhile is not None:
            await self.meanwhile()
        if self.away:
            raise Unavailable("away", provider="shelf", model="destroy")
        existed = public_id in self.held
        self.held.discard(public_id)
        return existed


def picture(job_id: UUID, name: str) -> dict[str, Any]:
    return {"id": f"{job_id.hex}/{name}", "version": 1, "url": "https://cdn.example/wish.webp"}


async def finished_run(database: Database, account_id: UUID, steps: Sequence[str] = (), **result: Any) -> UUID:
    """A run that has stored a picture in each of its steps, and has this result."""
    run = await claimed(database, account=account_id, job_input={"text": "my wish"})
    async with database.unit_of_work() as uow:
        for name in steps:
            await uow.execute(
                text(
                    "INSERT INTO steps (job_id, name, attempt, result) VALUES (:job, :name, 1, CAST(:result AS jsonb))"
                ),
                {"job": run.job_id, "name": name, "result": json.dumps({"pages": [picture(run.job_id, name)]})},
            )
        await uow.execute(
            text(
                """
                UPDATE runs SET state = 'completed', lease_until = NULL, lease_owner = NULL, finished_at = now(),
                                result = CAST(:result AS jsonb)
                WHERE job_id = :job
                """
            ),
            {"job": run.job_id, "result": json.dumps({"image": picture(run.job_id, "final"), **result})},
        )
    return run.job_id


async def request(database: Database, account_id: UUID) -> UUID:
    event = AccountDeletionRequested(account_id=account_id, user_id=new_id(), deletion_id=new_id())
    handlers = Handlers()
    register(handlers)
    handler = handlers.single(AccountDeletionRequested)
    assert handler is not None
    for _ in range(2):
        async with database.unit_of_work() as uow:
            await handler(event, uow)
    return event.deletion_id


async def answers(database: Database) -> dict[str, str]:
    found = await rows(database, "SELECT artefact_id, status FROM artefact_deletions")
    return {row.artefact_id: row.status for row in found}


async def told(database: Database, deletion_id: UUID) -> list[ArtefactsDeleted]:
    return [event for event in await said(database, deletion_id) if isinstance(event, ArtefactsDeleted)]


async def test_all_artefacts_of_the_account_go_and_each_answer_is_recorded(database: Database) -> None:
    account, other = uuid4(), uuid4()
    job = await finished_run(database, account, ["page-1", "page-2"], other={"id": "not ours", "n": {"id": 7}})
    foreign = await finished_run(database, other)
    shelf = Shelf(f"{job.hex}/page-1", f"{job.hex}/final", f"{foreign.hex}/final")
    deletion_id = await request(database, account)

    await ArtefactDeleting(database, shelf, settle_seconds=0).sweep()

    assert await answers(database) == {
        f"{job.hex}/page-1": "deleted",
        f"{job.hex}/page-2": "missing",
        f"{job.hex}/final": "deleted",
    }
    assert shelf.held == {f"{foreign.hex}/final"}
    (event,) = await told(database, deletion_id)
    assert (event.deleted_count, event.missing_count, event.refused_count) == (2, 1, 0)


async def test_runs_keep_their_figures_and_lose_what_was_asked_for(database: Database) -> None:
    account, other = uuid4(), uuid4()
    job, foreign = await finished_run(database, account, ["page-1"]), await finished_run(database, other)
    await request(database, account)

    await ArtefactDeleting(database, Shelf(), settle_seconds=0).sweep()

    left = {row.job_id: row for row in await rows(database, "SELECT *, runs::text AS all FROM runs")}
    assert "wish" not in left[job].all
    assert left[job].held_credits == 5
    assert "wish" in left[foreign].all
    assert [row.result for row in await rows(database, "SELECT CAST(result AS text) AS result FROM steps")] == ["{}"]


async def test_is_said_once_though_two_workers_sweep(database: Database) -> None:
    account = uuid4()
    await finished_run(database, account)
    deletion_id = await request(database, account)

    for _ in range(3):
        await ArtefactDeleting(database, Shelf(), settle_seconds=0).sweep()

    assert len(await told(database, deletion_id)) == 1


async def test_waits_for_runs_under_way_and_for_what_they_store(database: Database) -> None:
    account = uuid4()
    waiting = await enqueue_one(database, account=account)
    deletion_id = await request(database, account)
    shelf = Shelf(f"{waiting.hex}/final")
    deleting = ArtefactDeleting(database, shelf, settle_seconds=0)

    await deleting.sweep()
    assert await told(database, deletion_id) == []
    async with database.unit_of_work() as uow:
        sql = "UPDATE runs SET state = 'completed', finished_at = now(), result = CAST(:result AS jsonb)"
        await uow.execute(text(sql), {"result": json.dumps({"image": picture(waiting, "final")})})
    await deleting.sweep()

    assert shelf.held == set()
    assert len(await told(database, deletion_id)) == 1


async def test_artefact_that_is_stored_while_the_vendor_answers_goes_too(database: Database) -> None:
    account = uuid4()
    job = await finished_run(database, account)
    shelf = Shelf(f"{job.hex}/final", f"{job.hex}/late")

    async def store_another() -> None:
        sql = "UPDATE runs SET result = CAST(:result AS jsonb) WHERE job_id = :job RETURNING 1"
        both = [picture(job, "final"), picture(job, "late")]
        await rows(database, sql, job=job, result=json.dumps({"pages": both}))

    shelf.meanwhile = store_another
    deletion_id = await request(database, account)
    deleting = ArtefactDeleting(database, shelf, settle_seconds=0)

    await deleting.sweep()
    assert await told(database, deletion_id) == []
    await deleting.sweep()

    assert shelf.held == set()
    (event,) = await told(database, deletion_id)
    assert event.deleted_count == 2


async def test_stays_open_for_work_that_was_accepted_just_before(database: Database) -> None:
    deletion_id = await request(database, uuid4())

    await ArtefactDeleting(database, Shelf()).sweep()

    assert await told(database, deletion_id) == []


async def test_vendor_that_is_away_is_asked_again_later(database: Database) -> None:
    account = uuid4()
    job = await finished_run(database, account)
    deletion_id = await request(database, account)
    shelf = Shelf(f"{job.hex}/final")
    shelf.away = True
    deleting = ArtefactDeleting(database, shelf, settle_seconds=0)

    await deleting.sweep()
    await deleting.sweep()
    assert len(shelf.asked) == 1
    assert await told(database, deletion_id) == []
    shelf.away = False
    await rows(database, "UPDATE artefact_deletions SET next_try_at = now() RETURNING 1")
    await deleting.sweep()

    assert await answers(database) == {f"{job.hex}/final": "deleted"}
    assert len(await told(database, deletion_id)) == 1


async def test_vendor_that_never_answers_is_put_on_record(database: Database) -> None:
    account = uuid4()
    await finished_run(database, account)
    deletion_id = await request(database, account)
    shelf = Shelf()
    shelf.away = True
    deleting = ArtefactDeleting(database, shelf, settle_seconds=0)
    await deleting.sweep()

    last = "UPDATE artefact_deletions SET next_try_at = now(), tries = :tries RETURNING 1"
    await rows(database, last, tries=TRIES_MAX - 1)
    await deleting.sweep()

    assert set((await answers(database)).values()) == {"refused"}
    (event,) = await told(database, deletion_id)
    assert event.refused_count == 1
    (row,) = await rows(database, "SELECT error FROM artefact_deletions")
    assert "away" in row.error


async def test_files_of_documents_go_though_no_run_remembers_them(database: Database) -> None:
    account = uuid4()
    await accepted_quote(database, account)
    await rows(database, "UPDATE runs SET state = 'failed', lease_until = NULL, finished_at = now() RETURNING 1")
    shelf = Shelf(FILE.id)
    await request(database, account)

    await ArtefactDeleting(database, shelf, settle_seconds=0).sweep()

    assert await answers(database) == {FILE.id: "deleted"}
    (quote,) = await rows(database, "SELECT number, content, pdf, mailed_to FROM quotes")
    assert (quote.number.startswith("Q-"), quote.content, quote.pdf) == (True, None, None)
