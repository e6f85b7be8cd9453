"""Kinds on offer: as declared, compiled once, switched off within seconds, one bad declaration harming no other."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text

from common.db.database import Database
from common.errors import KindDisabled, NotFound, ValidationFailed
from common.events.kinds import KindDeclared, PriceRule
from gateway.kinds import catalogue as module
from gateway.kinds.catalogue import KindCatalogue, store_declaration


def declaration(name: str, digest: str = "1", **changes: Any) -> KindDeclared:
    fields: dict[str, Any] = {
        "name": name,
        "title": "Title",
        "summary": "Summary.",
        "job_class": "local",
        "price": PriceRule(base_credits=1),
        "input_schema": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}},
        "result_schema": {"type": "object"},
        "example": {"n": 1},
        "deadline_seconds": 60,
        "digest": digest,
    }
    return KindDeclared.model_validate({**fields, **changes})


@pytest_asyncio.fixture
async def name(database: Database) -> AsyncIterator[str]:
    chosen = f"kind-{uuid4().hex[:8]}"
    yield chosen
    async with database.unit_of_work() as uow:
        await uow.execute("DELETE FROM kinds WHERE name LIKE :pattern", {"pattern": f"{chosen}%"})


async def declare(database: Database, event: KindDeclared) -> None:
    async with database.unit_of_work() as uow:
        await store_declaration(event, uow)


async def switch(database: Database, name: str, *, on: bool) -> None:
    async with database.unit_of_work() as uow:
        await uow.execute("UPDATE kinds SET enabled = :on WHERE name = :name", {"name": name, "on": on})


async def test_a_kind_is_compiled_again_only_when_it_changed(database: Database, name: str) -> None:
    catalogue = KindCatalogue(database)
    await declare(database, declaration(name))
    await catalogue.load()
    first = catalogue.get(name)

    await declare(database, declaration(name, title="the digest is the same, so nothing is new"))
    await catalogue.load()
    assert catalogue.get(name) is first

    await declare(database, declaration(name, digest="2", title="New"))
    await catalogue.load()
    assert catalogue.get(name).title == "New"


async def test_an_unchanged_declaration_writes_nothing(database: Database, name: str) -> None:
    async def declared_at() -> object:
        async with database.autocommit() as connection:
            found = await connection.execute(text("SELECT declared_at FROM kinds WHERE name = :n"), {"n": name})
            return found.scalar_one()

    await declare(database, declaration(name))
    before = await declared_at()
    await declare(database, declaration(name))

    assert await declared_at() == before


async def test_switched_off_and_on_again_within_a_refresh(
    database: Database, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REFRESH_SECONDS", 0.02)
    await declare(database, declaration(name))
    catalogue = KindCatalogue(database)
    await catalogue.load()
    running = asyncio.create_task(catalogue.run())

    async def until_enabled_is(wanted: bool) -> None:
        async with asyncio.timeout(5):
            while {kind.name: kind.enabled for kind in catalogue.all()}[name] is not wanted:  # noqa: ASYNC110 - what is waited for is another task's state
                await asyncio.sleep(0.01)

    await switch(database, name, on=False)
    await until_enabled_is(False)
    with pytest.raises(KindDisabled):
        catalogue.get(name)
    await declare(database, declaration(name, digest="2"))
    await asyncio.sleep(0.1)
    with pytest.raises(KindDisabled):
        catalogue.get(name)
    await switch(database, name, on=True)
    await until_enabled_is(True)
    assert catalogue.get(name).digest == "2"
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize(
    "bad",
    [{"input_schema": {"type": "string", "pattern": "("}}, {"input_schema": {"$ref": "#/nowhere"}}],
    ids=["pattern", "reference"],
)
async def test_one_bad_declaration_hides_no_other_kind(database: Database, name: str, bad: dict[str, Any]) -> None:
    await declare(database, declaration(name))
    await declare(database, declaration(f"{name}-bad", **bad))
    catalogue = KindCatalogue(database)

    await catalogue.load()

    assert catalogue.get(name).name == name
    with pytest.raises(NotFound):
        catalogue.get(f"{name}-bad")


async def test_a_declaration_gone_bad_leaves_the_last_good_one_and_its_switch(database: Database, name: str) -> None:
    catalogue = KindCatalogue(database)
    await declare(database, declaration(name))
    await catalogue.load()
    await declare(database, declaration(name, digest="2", input_schema={"type": "string", "pattern": "("}))

    await catalogue.load()
    assert catalogue.get(name).digest == "1"

    await switch(database, name, on=False)
    await catalogue.load()
    with pytest.raises(KindDisabled):
        catalogue.get(name)


async def test_unknown_names_are_not_found_whatever_they_are(database: Database) -> None:
    catalogue = KindCatalogue(database)

    for odd in ("", "nothing", "x" * 10_000, "\x00", "../etc"):
        with pytest.raises(NotFound):
            catalogue.get(odd)


async def test_is_not_ready_without_a_kind(database: Database, name: str) -> None:
    catalogue = KindCatalogue(database)
    with pytest.raises(LookupError):
        await catalogue.check()

    await declare(database, declaration(name))
    await catalogue.load()
    await catalogue.check()


async def test_checks_formats(database: Database, name: str) -> None:
    schema = {"type": "object", "properties": {"mail": {"type": "string", "format": "email"}}}
    await declare(database, declaration(name, input_schema=schema))
    catalogue = KindCatalogue(database)
    await catalogue.load()

    catalogue.get(name).check({"mail": "anna@example.com"})
    with pytest.raises(ValidationFailed) as refused:
        catalogue.get(name).check({"mail": "nobody"})
    assert refused.value.errors[0]["pointer"] == "/body/mail"
