"""Fresh addresses of what a job has made: for its owner, of everything its result names, and of nothing else."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from common.clock import now
from common.db.database import Database
from common.errors import NotFound
from common.ids import new_id
from generation.artefacts.links import ArtefactLinks
from generation.engine.artefact import FileArtefact
from generation.providers.ports import StoredArtefact

from .test_deleting import Shelf, finished_run

LASTS = timedelta(days=7)


class Signer(Shelf):
    """A shelf that signs."""

    def signed_url(self, artefact: StoredArtefact, *, expires_in: timedelta | None, format: str) -> str:
        return f"https://cdn.example/{artefact.public_id}?v={artefact.version}&as={format}&for={expires_in}"


def named(job_id: UUID, name: str, **more: Any) -> dict[str, Any]:
    known = {"id": f"{job_id.hex}/{name}", "version": 3, "url": "old", "media_type": "image/webp", "size_bytes": 9}
    return known | {"width": 4, "height": 2} | more


async def test_signs_all_that_the_result_names_for_its_owner_alone(database: Database) -> None:
    account, links = uuid4(), ArtefactLinks(database, Signer(), LASTS)
    first, foreign = await finished_run(database, account), await finished_run(database, uuid4())
    job = await finished_run(
        database,
        account,
        document=named(foreign, "of-somebody-else"),
        kept=named(first, "made-by-an-earlier-job"),
        pages=[named(new_id(), "of-nobody"), {"deep": named(first, "quote.pdf", media_type="application/pdf")}],
        other={"id": "x", "url": "https://example.com"},
    )
    async with database.unit_of_work() as uow:
        await uow.execute(
            text("UPDATE runs SET result = result || CAST(:image AS jsonb) WHERE job_id = :job"),
            {
                "job": job,
                "image": f'{{"image": {{"id": "{job.hex}/final", "version": 1, "url": "old", '
                '"media_type": "image/png", "size_bytes": 5}}',
            },
        )

    linked = {one.named.id: one.link for one in await links.of_job(account, job)}

    assert {name: link.url.partition("?")[2] for name, link in linked.items()} == {
        f"{job.hex}/final": "v=1&as=png&for=7 days, 0:00:00",
        f"{first.hex}/made-by-an-earlier-job": "v=3&as=webp&for=7 days, 0:00:00",
        f"{first.hex}/quote.pdf": "v=3&as=pdf&for=7 days, 0:00:00",
    }
    assert all(timedelta(0) <= now() + LASTS - link.expires_at < timedelta(seconds=60) for link in linked.values())
    for stranger, wanted in ((uuid4(), job), (account, foreign), (account, new_id())):
        with pytest.raises(NotFound):
            await links.of_job(stranger, wanted)


async def test_of_a_cancelled_job_delivered_parts_and_of_a_failed_one_nothing(database: Database) -> None:
    account, links = uuid4(), ArtefactLinks(database, Signer(), LASTS)
    job = await finished_run(database, account, ["page-1", "page-2"])
    async with database.unit_of_work() as uow:
        await uow.execute(text("UPDATE runs SET state = 'cancelled' WHERE job_id = :job"), {"job": job})
        part = f'{{"image": {{"id": "{job.hex}/page-1", "version": 1, "url": "old", "media_type": "image/png", '
        await uow.execute(
            text("UPDATE steps SET part_credits = 2, result = CAST(:part AS jsonb) WHERE name = 'page-1'"),
            {"part": part + '"size_bytes": 5}}'},
        )
    assert [one.named.id for one in await links.of_job(account, job)] == [f"{job.hex}/page-1"]
    async with database.unit_of_work() as uow:
        await uow.execute(text("UPDATE runs SET state = 'failed' WHERE job_id = :job"), {"job": job})
    assert await links.of_job(account, job) == []


@pytest.mark.parametrize(
    ("left", "signed_anew"), [(LASTS, False), (LASTS / 2 - timedelta(minutes=1), True), (None, True)]
)
def test_a_file_gets_a_new_address_where_its_own_ends_soon(
    database: Database, left: timedelta | None, signed_anew: bool
) -> None:
    job = new_id()
    file = FileArtefact(
        id=f"{job.hex}/quote.pdf", version=3, url="old", media_type="application/pdf", size_bytes=9, mailed=True,
        url_expires_at=None if left is None else now() + left,
    )  # fmt: skip

    fresh = ArtefactLinks(database, Signer(), LASTS).fresh(file)

    assert (fresh.url != "old") is signed_anew
    assert (fresh.id, fresh.version, fresh.mailed) == (file.id, 3, True)
    assert fresh.url_expires_at is not None
    if signed_anew:
        assert fresh.url == f"https://cdn.example/{job.hex}/quote.pdf?v=3&as=pdf&for=7 days, 0:00:00"
        assert timedelta(0) <= now() + LASTS - fresh.url_expires_at < timedelta(seconds=60)
