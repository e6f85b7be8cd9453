"""Switches in force: what each turns off, how soon every process knows, what is told and kept of a change."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from sqlalchemy import text

from common.db.database import Database
from common.events.features import FeaturesChanged
from common.features import FeatureReader, features_key
from common.ids import new_id
from gateway.features.board import FeatureBoard
from gateway.features.changing import change_switch
from gateway.features.command import main as command_line
from gateway.features.rules import InvalidSwitch, read_switch
from gateway.features.storage import Change

from ..jobs.studio import Studio
from ..jobs.test_submitting import problem

SEEN_SECONDS_MAX = 5.0


@pytest_asyncio.fixture(autouse=True)
async def nothing_is_switched_before_and_after(database: Database) -> AsyncIterator[None]:
    yield
    async with database.unit_of_work() as uow:
        await uow.execute(text("DELETE FROM feature_switches"))


def change_of(key: str, value: str | None, public: str | None = None) -> Change:
    switch = None if value is None else read_switch(key, value, public)
    return Change(new_id(), key, switch, "an operator", "for a test")


async def switch(studio: Studio, key: str, value: str | None, public: str | None = None) -> None:
    await studio.parts.database.transact(change_switch, change_of(key, value, public))
    await studio.parts.features.load()


def command(database_url: str, redis_url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {
        "PATH": os.environ["PATH"],
        "GATEWAY_DATABASE_URL": database_url.replace("postgresql+asyncpg://", "postgresql://"),
        "REDIS_URL": redis_url,
    }
    return subprocess.run(
        [sys.executable, "-m", "gateway", "features", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def exit_code(arguments: Sequence[str]) -> object:
    """Of the command, without a process of its own."""
    try:
        return command_line(arguments)
    except SystemExit as end:
        return end.code


async def test_read_only_takes_no_submissions_and_reads_go_on(studio: Studio) -> None:
    person = studio.person()
    job = (await person.submit()).json()["id"]
    await switch(studio, "read-only", "on", "Back at six.")

    refused = await person.submit()

    found = problem(refused, 503, "DEGRADED")
    assert (found["detail"], found["switch"]) == ("Back at six.", "read-only")
    assert int(refused.headers["retry-after"]) >= 60
    problem(await person.http.post("/v1/jobs/sketch/estimate", content=b'{"prompt": "x"}'), 503, "DEGRADED")
    for page in ("/v1/checkout", "/v1/subscription/checkout", "/v1/credits/auto-top-up/card"):
        assert problem(await person.http.post(page), 503, "DEGRADED")["switch"] == "read-only"
    assert (await person.http.get(f"/v1/jobs/{job}")).status_code == 200
    assert (await person.http.get("/v1/jobs")).status_code == 200
    assert (await person.http.post(f"/v1/jobs/{job}/cancel")).status_code == 202
    assert len(await studio.rows(person.account_id)) == 1
    await switch(studio, "read-only", None)
    assert (await person.submit()).status_code == 202


async def test_one_kind_can_be_off_while_the_others_go_on(studio: Studio) -> None:
    person = studio.person()
    await switch(studio, "kind.sketch", "off", "The pencil is being sharpened.")

    found = problem(await person.submit("sketch"), 503, "KIND_DISABLED")

    assert found["detail"] == "The pencil is being sharpened."
    assert (await person.submit("enlarge", {"scale": 2})).status_code == 202
    kinds = {kind["name"]: kind["enabled"] for kind in (await person.http.get("/v1/kinds")).json()["items"]}
    assert (kinds["sketch"], kinds["enlarge"]) == (False, True)


async def test_tight_limits_scale_every_limit_of_every_plan(studio: Studio) -> None:
    person = studio.person("pro")
    await switch(studio, "tight-limits", "0.3")

    assert studio.parts.plans.limits("pro").submissions_per_minute == 3
    answers = [await person.submit() for _ in range(4)]

    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert answers[0].headers["ratelimit-policy"] == '"submissions";q=3;w=60'
    found = answers[-1].json()
    assert (found["rule"], found["limit"]) == ("submissions_per_minute", 3)
    await switch(studio, "tight-limits", None)
    assert studio.parts.plans.limits("pro").submissions_per_minute == 10


async def test_tight_limits_leave_everybody_one(studio: Studio) -> None:
    await switch(studio, "tight-limits", "0.001")
    free = studio.parts.plans.limits("free")

    assert (free.submissions_per_minute, free.jobs_per_day, free.jobs_in_flight, free.weight) == (1, 1, 1, 1)


async def test_closed_sign_up_keeps_those_who_are_in(studio: Studio) -> None:
    person = studio.person()
    body = {"email": f"{uuid4().hex}@example.com", "password": "correct horse battery"}
    await switch(studio, "sign-up", "off")

    found = problem(await person.http.post("/v1/users", json=body), 503, "DEGRADED")

    assert found["switch"] == "sign-up"
    assert (await person.submit()).status_code == 202
    await switch(studio, "sign-up", "on")
    assert (await person.http.post("/v1/users", json=body)).status_code == 201


async def test_a_running_gateway_obeys_the_command_within_five_seconds(
    studio: Studio, database_url: str, redis_url: str, redis: Redis
) -> None:
    person, elsewhere = studio.person(), FeatureReader(redis)
    running = [asyncio.create_task(studio.parts.features.run()), asyncio.create_task(elsewhere.run())]
    arguments = ("set", "read-only", "on", "--by", "ada", "--why", "maintenance")
    try:
        done = await asyncio.to_thread(command, database_url, redis_url, *arguments)
        assert done.returncode == 0, done.stderr
        changed_at = time.monotonic()
        async with asyncio.timeout(SEEN_SECONDS_MAX):
            while (await person.submit()).status_code != 503 or elsewhere.current.read_only is None:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert time.monotonic() - changed_at < SEEN_SECONDS_MAX
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    assert "read-only = True" in done.stdout
    assert "ada" in done.stdout
    assert "maintenance" in done.stdout


async def test_the_command_changes_nothing_when_it_cannot_be(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GATEWAY_DATABASE_URL", database_url.replace("postgresql+asyncpg://", "postgresql://"))
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1/0")
    before = await versions(database)
    who = ("--by", "ada", "--why", "because")
    wrong = [
        ("set", "kind.unheard-of", "off", *who),
        ("set", "tight-limits", "7", *who),
        ("set", "read-only", "on", "--by", " ", "--why", "because"),
        ("set", "read-only", "on"),
    ]
    for arguments in wrong[:2]:
        assert await asyncio.to_thread(exit_code, arguments) == 2
        assert capsys.readouterr().err.count("\n") == 1, "a line, not a stack"
    for arguments in wrong[2:]:
        assert await asyncio.to_thread(exit_code, arguments) == 2
    assert await versions(database) == before


async def versions(database: Database) -> list[int]:
    async with database.autocommit() as connection:
        found = await connection.execute(text("SELECT version FROM feature_changes ORDER BY version"))
        return list(found.scalars())


async def test_a_change_is_kept_with_who_and_why_and_told_with_all_switches(database: Database) -> None:
    first = await database.transact(change_switch, change_of("read-only", "on"))
    second = await database.transact(change_switch, change_of("tight-limits", "0.5"))
    last = await database.transact(change_switch, change_of("read-only", None))

    assert first.version < second.version < last.version
    assert second.read_only is not None, "the full set, not the change alone"
    assert (last.read_only, last.limits_factor) == (None, 0.5)
    async with database.autocommit() as connection:
        kept = (
            await connection.execute(
                text(
                    "SELECT key, value, changed_by, why FROM feature_changes WHERE version >= :first ORDER BY version"
                ),
                {"first": first.version},
            )
        ).all()
        bodies = (
            await connection.execute(
                text("SELECT body FROM outbox WHERE type = 'features.changed' ORDER BY sequence DESC LIMIT 3")
            )
        ).scalars()
        told = [FeaturesChanged.from_json(body) for body in bodies]
    assert [tuple(row) for row in kept] == [
        ("read-only", True, "an operator", "for a test"),
        ("tight-limits", 0.5, "an operator", "for a test"),
        ("read-only", None, "an operator", "for a test"),
    ]
    assert [event.features.version for event in told] == [last.version, second.version, first.version]
    assert told[0].features == last


async def test_the_same_change_twice_is_one(database: Database) -> None:
    change = change_of("read-only", "on")

    first = await database.transact(change_switch, change)
    again = await database.transact(change_switch, change)

    assert again == first


async def test_changes_at_once_have_versions_in_the_order_of_their_commits(database: Database) -> None:
    changes = [change_of("tight-limits", f"0.{number}") for number in range(1, 9)]

    found = await asyncio.gather(*(database.transact(change_switch, change) for change in changes))

    last = max(found, key=lambda features: features.version)
    assert len({features.version for features in found}) == len(changes)
    board = FeatureBoard(database, None)  # type: ignore[arg-type] - it only reads the database here
    await board.load()
    assert board.current == last


async def test_refuses_a_change_by_nobody_or_without_a_reason(database: Database) -> None:
    for who, why in (("", "why"), ("ada", "  "), ("a" * 301, "why")):
        change = Change(new_id(), "read-only", read_switch("read-only", "on"), who, why)
        with pytest.raises(InvalidSwitch):
            await database.transact(change_switch, change)


async def test_switches_hold_while_the_database_is_away(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    await switch(studio, "read-only", "on")
    away = Database("postgresql+asyncpg://nobody@127.0.0.1:1/none", application="tests")
    monkeypatch.setattr(studio.parts.features, "_database", away)
    running = asyncio.create_task(studio.parts.features.run())
    await asyncio.sleep(0.2)

    assert not running.done()
    assert studio.parts.features.current.read_only is not None
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await away.close()


async def test_an_emptied_redis_has_the_switches_back_at_once(studio: Studio, redis: Redis) -> None:
    await switch(studio, "read-only", "on")
    await redis.flushall()
    await studio.parts.features.tell()
    reader = FeatureReader(redis)

    await reader.read()

    assert reader.current == studio.parts.features.current
    assert json.loads(await redis.get(features_key()))["version"] == reader.current.version
