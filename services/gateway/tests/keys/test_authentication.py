"""Who is let in, with what, and how soon a revoked key is known everywhere."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import httpx2
import pytest
from fastapi import Depends
from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy import text

from common.clock import now
from common.db.database import Database
from common.errors import DependencyUnavailable, Unauthorized
from common.http.identity import Caller, issue_access_token, sign_identity
from common.ids import new_id
from common.redis_client import connect_redis
from gateway.authentication import Authenticator, allowed
from gateway.keys.known_keys import LOOK_UPS_WAITING_MAX, KnownKeys
from gateway.keys.last_used import LastUsed
from gateway.keys.rules import digest, make_secret
from gateway.keys.storage import LiveKey

from ..conftest import SECRETS, BuildIdentity, Identity, bearer

OTHER_SECRETS = (SecretStr("another access token secret, long enough too"),)


def token(secrets: tuple[SecretStr, ...] = SECRETS, ttl: timedelta = timedelta(minutes=5)) -> str:
    return issue_access_token(secrets, account_id=new_id(), user_id=new_id(), plan="free", ttl=ttl)


async def eventually(true: Callable[[], Any], seconds_max: float = 5.0) -> None:
    deadline = time.monotonic() + seconds_max
    while not await true():
        assert time.monotonic() < deadline, "it never came true"
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def hearing(*authenticators: Authenticator) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(authenticator.run_revocations()) for authenticator in authenticators]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def make_key(client: httpx2.AsyncClient, session: dict[str, Any], **body: Any) -> dict[str, Any]:
    answer = await client.post("/v1/keys", json={"name": "server"} | body, headers=bearer(session["access_token"]))
    return dict(answer.json())


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer  ",
        "Basic dXNlcjpwYXNz",
        "Bearer a b",
        "bearer \x7f",
        "Bearer é",
        "Bearer ..",
        "Bearer a.b.c",
        "Bearer " + "x" * 5000,
        "Bearer atl_live_",
        "Bearer atl_live_" + "0" * 49,
        "Bearer atl_live_" + "é" * 49,
        "Bearer " + make_secret(),
        "Bearer " + token(OTHER_SECRETS),
        "Bearer " + token(ttl=timedelta(minutes=-5)),
        "Bearer " + token()[:-2],
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
        "Bearer " + sign_identity(SECRETS, Caller(new_id(), new_id(), "free")),
        "Bearer atl_refresh_" + "0" * 43,
        f"{token()}",
        f"Bearer,{token()}",
    ],
)
async def test_refuses_what_is_no_credential(client: httpx2.AsyncClient, header: str | None) -> None:
    headers = {} if header is None else {b"authorization": header.encode("latin-1")}

    answer = await client.get("/v1/me", headers=headers)

    assert answer.status_code == 401
    assert answer.json()["code"] == "UNAUTHORIZED"
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_scheme_is_read_in_any_case(identity: Identity, scheme: str) -> None:
    caller = await identity.authenticator.authenticate({"authorization": f"{scheme} {token()}"})

    assert caller.via == "session"


async def test_token_of_an_earlier_secret_still_counts(database: Database, redis: Redis) -> None:
    authenticator = Authenticator(database, redis, OTHER_SECRETS + SECRETS)

    assert (await authenticator.authenticate(bearer(token()))).plan == "free"


async def test_token_that_outlived_its_user_is_refused(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/v1/me", headers=bearer(token()))).status_code == 401


async def test_known_token_costs_microseconds_and_no_io(redis: Redis) -> None:
    nowhere = Database("postgresql+asyncpg://nobody@127.0.0.1:1/x", application="tests")
    authenticator, headers = Authenticator(nowhere, redis, SECRETS), bearer(token())
    await authenticator.authenticate(headers)

    batches = []
    for _ in range(20):
        started = time.perf_counter()
        for _ in range(100):
            await authenticator.authenticate(headers)
        batches.append((time.perf_counter() - started) / 100)
    await nowhere.close()

    assert min(batches) < 30e-6


async def test_key_has_its_scopes_and_a_session_has_all(identity: Identity, session: dict[str, Any]) -> None:
    @identity.app.get("/jobs")
    async def jobs(caller: Annotated[Caller, Depends(allowed("jobs:write"))]) -> str:
        return caller.via

    async with identity.client() as client:
        writer = await make_key(client, session, scopes=["jobs:write"])
        reader = await make_key(client, session, scopes=["jobs:read"])
        answers = [
            await client.get("/jobs", headers=bearer(credential))
            for credential in (session["access_token"], writer["secret"], reader["secret"])
        ]

    assert [answer.status_code for answer in answers] == [200, 200, 403]
    assert [answer.json() for answer in answers[:2]] == ["session", "api_key"]
    assert "jobs:write" in answers[2].json()["detail"]


async def test_revocation_reaches_every_replica(build_identity: BuildIdentity, session: dict[str, Any]) -> None:
    here, there = build_identity(), build_identity()
    async with hearing(here.authenticator, there.authenticator), here.client() as client:
        key = await make_key(client, session)
        assert (await there.authenticator.authenticate(bearer(key["secret"]))).via == "api_key"
        await asyncio.sleep(0.2)
        assert (await there.authenticator.authenticate(bearer(key["secret"]))).via == "api_key"

        await client.delete(f"/v1/keys/{key['id']}", headers=bearer(session["access_token"]))

        async def refused() -> bool:
            try:
                await there.authenticator.authenticate(bearer(key["secret"]))
            except Unauthorized:
                return True
            return False

        await eventually(refused)


async def test_unheard_revocation_is_bounded_by_the_time_a_key_is_remembered(
    database: Database, redis: Redis, identity: Identity, session: dict[str, Any]
) -> None:
    deaf = Authenticator(database, redis, SECRETS, key_seconds=0.3)
    async with identity.client() as client:
        key = await make_key(client, session)
        await deaf.authenticate(bearer(key["secret"]))
        await client.delete(f"/v1/keys/{key['id']}", headers=bearer(session["access_token"]))

    assert (await deaf.authenticate(bearer(key["secret"]))).via == "api_key"
    await asyncio.sleep(0.35)
    with pytest.raises(Unauthorized):
        await deaf.authenticate(bearer(key["secret"]))


async def test_replica_that_lost_its_connection_forgets_what_it_knew(
    build_identity: BuildIdentity, session: dict[str, Any], redis: Redis, database: Database
) -> None:
    there = build_identity()
    async with hearing(there.authenticator), there.client() as client:
        key = await make_key(client, session)
        await asyncio.sleep(0.2)
        await there.authenticator.authenticate(bearer(key["secret"]))
        async with database.autocommit() as connection:  # revoked, and the word of it lost
            await connection.execute(
                text("UPDATE api_keys SET revoked_at = now() WHERE secret_hash = :hash"),
                {"hash": digest(key["secret"])},
            )
        await there.authenticator.authenticate(bearer(key["secret"]))

        await redis.client_kill_filter(_type="pubsub")

        async def refused() -> bool:
            try:
                await there.authenticator.authenticate(bearer(key["secret"]))
            except Unauthorized:
                return True
            return False

        await eventually(refused)


async def test_revocation_stands_when_redis_is_away(build_identity: BuildIdentity, session: dict[str, Any]) -> None:
    nowhere = connect_redis("redis://127.0.0.1:1/0")
    identity = build_identity(using=nowhere)
    async with hearing(identity.authenticator), identity.client() as client:
        key = await make_key(client, session)
        assert (await client.get("/v1/me", headers=bearer(key["secret"]))).status_code == 200
        answer = await client.delete(f"/v1/keys/{key['id']}", headers=bearer(session["access_token"]))
        after = await client.get("/v1/me", headers=bearer(key["secret"]))
    await nowhere.aclose()

    assert (answer.status_code, after.status_code) == (204, 401)


async def test_garbage_on_the_channel_is_passed_over(identity: Identity, redis: Redis) -> None:
    async with hearing(identity.authenticator):

        async def heard() -> bool:
            return bool(await redis.publish("gateway:{keys}:revoked", b"\xff not hex"))

        await eventually(heard)
        await asyncio.sleep(0.05)
        assert await redis.publish("gateway:{keys}:revoked", b"zz") == 1


async def test_database_that_is_away_is_no_wrong_key(redis: Redis) -> None:
    nowhere = Database("postgresql+asyncpg://nobody@127.0.0.1:1/x", application="tests")
    authenticator = Authenticator(nowhere, redis, SECRETS)

    with pytest.raises(DependencyUnavailable):
        await authenticator.authenticate(bearer(make_secret()))
    await nowhere.close()


def live_key() -> LiveKey:
    return LiveKey(new_id(), new_id(), new_id(), "free", frozenset({"jobs:read"}), None)


class Store:
    """A look-up that counts, and waits where it is told to."""

    def __init__(self) -> None:
        self.keys: dict[bytes, LiveKey] = {}
        self.asked: list[bytes] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def find(self, secret_hash: bytes) -> LiveKey | None:
        self.asked.append(secret_hash)
        found = self.keys.get(secret_hash)
        await self.gate.wait()
        return found


async def test_look_up_is_shared_and_remembered() -> None:
    store = Store()
    store.keys[b"a"] = live_key()
    known = KnownKeys(store.find)

    answers = await asyncio.gather(*(known.get(b"a") for _ in range(50)))

    assert set(answers) == {store.keys[b"a"]}
    assert await known.get(b"a") is store.keys[b"a"]
    assert store.asked == [b"a"]


async def test_key_revoked_while_it_is_looked_up_is_not_remembered() -> None:
    store = Store()
    store.keys[b"a"] = live_key()
    store.gate.clear()
    known = KnownKeys(store.find)
    waiting = asyncio.create_task(known.get(b"a"))
    await asyncio.sleep(0.01)

    del store.keys[b"a"]
    known.forget(b"a")
    store.gate.set()
    await waiting

    assert await known.get(b"a") is None


async def test_one_that_hangs_up_does_not_fail_the_others() -> None:
    store = Store()
    store.keys[b"a"] = live_key()
    store.gate.clear()
    known = KnownKeys(store.find)
    first, second = (asyncio.create_task(known.get(b"a")) for _ in range(2))
    await asyncio.sleep(0.01)

    first.cancel()
    await asyncio.sleep(0)
    store.gate.set()

    assert await second is store.keys[b"a"]


async def test_made_up_keys_are_remembered_briefly_and_push_no_real_one_out() -> None:
    store = Store()
    store.keys[b"a"] = live_key()
    known = KnownKeys(store.find, unknown_seconds=0.1, known_max=2, unknown_max=10)
    await known.get(b"a")
    for number in range(100):
        assert await known.get(b"fake%d" % number) is None
    asked = len(store.asked)

    assert await known.get(b"a") is store.keys[b"a"]
    assert await known.get(b"fake99") is None
    assert len(store.asked) == asked
    assert (len(known._known), len(known._unknown)) == (1, 10)
    await asyncio.sleep(0.12)
    await known.get(b"fake99")
    assert len(store.asked) == asked + 1


async def test_least_recently_used_key_is_dropped_first() -> None:
    store = Store()
    store.keys = {name: live_key() for name in (b"a", b"b", b"c")}
    known = KnownKeys(store.find, known_max=2)
    for name in (b"a", b"b", b"a", b"c", b"a"):
        await known.get(name)

    assert store.asked == [b"a", b"b", b"c"]


async def test_flood_of_unknown_keys_is_refused_instead_of_queued_for_ever() -> None:
    store = Store()
    store.gate.clear()
    known = KnownKeys(store.find)
    waiting = [asyncio.create_task(known.get(b"%d" % number)) for number in range(LOOK_UPS_WAITING_MAX)]
    await asyncio.sleep(0.01)

    with pytest.raises(DependencyUnavailable):
        await known.get(b"one more")
    assert len(store.asked) == 2
    store.gate.set()
    assert await asyncio.gather(*waiting) == [None] * LOOK_UPS_WAITING_MAX


async def last_used(database: Database, secret: str) -> Any:
    async with database.autocommit() as connection:
        found = await connection.execute(
            text("SELECT key_id, last_used_at FROM api_keys WHERE secret_hash = :hash"),
            {"hash": digest(secret)},
        )
        return found.one()


async def test_uses_are_written_behind_in_one_go(
    client: httpx2.AsyncClient, session: dict[str, Any], database: Database
) -> None:
    keys = [await make_key(client, session) for _ in range(3)]
    recorder = LastUsed(database, flush_seconds=0.05)
    running = asyncio.create_task(recorder.run())
    for key in keys[:2]:
        recorder.note((await last_used(database, key["secret"])).key_id)

    async def written() -> bool:
        rows = [await last_used(database, key["secret"]) for key in keys]
        return [row.last_used_at is not None for row in rows] == [True, True, False]

    await eventually(written)
    recorder.note((await last_used(database, keys[2]["secret"])).key_id)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert abs((await last_used(database, keys[2]["secret"])).last_used_at - now()) < timedelta(seconds=5)


async def test_uses_wait_for_a_database_that_is_away_within_bounds(database: Database) -> None:
    nowhere = Database("postgresql+asyncpg://nobody@127.0.0.1:1/x", application="tests")
    recorder = LastUsed(nowhere, notes_max=3)
    noted: list[UUID] = [new_id() for _ in range(5)]
    for key_id in noted:
        recorder.note(key_id)

    await recorder.flush()
    await nowhere.close()

    assert list(recorder._notes) == noted[:3]
