"""Reading while the database, billing or Redis is away: the last known answer with its age, or a quick refusal."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from prometheus_client import REGISTRY

from ..jobs.studio import Studio
from ..jobs.test_submitting import problem
from .conftest import OpenReplica, PostgresServer, RedisServer, give_back, take_away, until

QUICK_SECONDS = 2.0


def age_of(answer: httpx2.Response) -> int:
    part, _, age = answer.headers["x-degraded"].partition("; age=")
    assert part == "database"
    return int(age)


async def test_jobs_are_shown_as_last_known_with_their_age(
    studio: Studio, open_replica: OpenReplica, present: PostgresServer
) -> None:
    person, elsewhere = studio.person(), await open_replica()
    first, second = [(await person.submit()).json() for _ in range(2)]
    shown = await person.http.get(f"/v1/jobs/{first['id']}")
    await studio.parts.degraded.last_known.carry()
    await asyncio.sleep(1.1)
    await take_away(present, studio, elsewhere)
    started = time.monotonic()

    other = elsewhere.person(account_id=person.account_id)
    again = await other.http.get(f"/v1/jobs/{first['id']}")
    page = await other.http.get("/v1/jobs")
    filtered = await other.http.get("/v1/jobs?status=queued")
    newest = await other.http.get("/v1/jobs?limit=1")
    rest = await other.http.get(f"/v1/jobs?cursor={newest.json()['next_cursor']}")
    known = await other.http.get(f"/v1/jobs/{first['id']}", headers={"if-none-match": shown.headers["etag"]})

    assert time.monotonic() - started < QUICK_SECONDS
    assert again.status_code == 200
    assert 1 <= age_of(again) <= 5
    assert again.json() == shown.json()
    assert known.status_code == 304
    assert [job["id"] for job in page.json()["items"]] == [second["id"], first["id"]]
    assert 1 <= age_of(page) <= 5
    assert [job["id"] for job in filtered.json()["items"]] == [second["id"]], "as it was when it was shown"
    assert [job["id"] for job in newest.json()["items"] + rest.json()["items"]] == [second["id"], first["id"]]
    problem(await other.http.get(f"/v1/jobs/{first['id']}/receipt"), 503, "DEGRADED")
    problem(await other.http.post(f"/v1/jobs/{first['id']}/cancel"), 503, "DEGRADED")

    await give_back(present, studio, elsewhere)
    assert "x-degraded" not in (await other.http.get("/v1/jobs")).headers


async def test_what_nobody_was_shown_is_a_refusal_and_nothing_of_others_is_shown(
    studio: Studio, present: PostgresServer
) -> None:
    person, stranger = studio.person(), studio.person()
    job = (await person.submit()).json()
    await take_away(present, studio)

    answers = [
        await stranger.http.get(f"/v1/jobs/{job['id']}"),
        await stranger.http.get("/v1/jobs"),
        await person.http.get("/v1/jobs/job_01k9zv4m5sfv8b2c3d4e5f6g7h"),
    ]

    for answer in answers:
        problem(answer, 503, "DEGRADED")
        assert int(answer.headers["retry-after"]) > 0


async def test_jobs_taken_meanwhile_are_listed(studio: Studio, present: PostgresServer) -> None:
    person = studio.person()
    await take_away(present, studio)
    answer = await person.submit()

    page = await person.http.get("/v1/jobs")

    assert [(job["id"], job["status"]) for job in page.json()["items"]] == [(answer.json()["id"], "submitted")]


async def test_known_keys_go_on_and_unknown_ones_are_not_called_wrong(
    studio: Studio, present: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers, stranger = [{"authorization": f"Bearer {await _make_key(studio)}"} for _ in range(2)]
    monkeypatch.setattr(studio.parts.authenticator._keys, "_known_seconds", 0.05)
    async with _client(studio, headers) as http:
        assert (await http.get("/v1/jobs")).status_code == 200
        await asyncio.sleep(0.1)
        await take_away(present, studio)

        known = await http.post("/v1/jobs/sketch", json={"prompt": "p"})
        unknown = await http.get("/v1/jobs", headers=stranger)
        made_up = await http.get("/v1/jobs", headers={"authorization": "Bearer atl_live_nonsense"})

        assert known.status_code == 202, known.text
        problem(unknown, 503, "DEPENDENCY_UNAVAILABLE")
        problem(made_up, 401, "UNAUTHORIZED")
        monkeypatch.setattr("gateway.keys.known_keys.STALE_SECONDS_MAX", 0.0)
        problem(await http.get("/v1/jobs"), 503, "DEPENDENCY_UNAVAILABLE")
        await give_back(present, studio)
        assert (await http.get("/v1/jobs", headers=stranger)).status_code == 200


async def test_the_mode_is_told_while_it_lasts_and_keeps_the_gateway_in_service(
    studio: Studio, present: PostgresServer
) -> None:
    person = studio.person()
    await take_away(present, studio)

    status = (await person.http.get("/v1/status")).json()
    ready = await person.http.get("/readyz")
    alive = await person.http.get("/livez")

    (mode,) = status["modes"]
    assert (status["state"], mode["name"]) == ("degraded", "database-away")
    assert mode["since"] < mode["expected_end_at"]
    assert REGISTRY.get_sample_value("degraded", {"mode": "database"}) == 1
    assert (ready.status_code, alive.status_code) == (200, 200), ready.text
    await give_back(present, studio)
    assert (await person.http.get("/v1/status")).json()["modes"] == []
    assert REGISTRY.get_sample_value("degraded", {"mode": "database"}) == 0


async def test_a_database_that_is_silent_makes_nobody_wait(studio: Studio, present: PostgresServer) -> None:
    person = studio.person()
    job = (await person.submit()).json()
    assert (await person.http.get("/v1/jobs")).status_code == 200
    assert present.pid is not None
    pids = [present.pid, *_children(present.pid)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        answers = await asyncio.gather(
            person.submit(key="k"), person.http.get(f"/v1/jobs/{job['id']}"), person.http.get("/v1/jobs")
        )
        assert time.monotonic() - started < QUICK_SECONDS
        assert [answer.status_code for answer in answers] == [202, 200, 200], [answer.text for answer in answers]
        assert all("x-degraded" in answer.headers for answer in answers)
        await until(lambda: studio.parts.degraded.outages.database.is_away, "the outage")
        started = time.monotonic()
        assert (await person.submit()).status_code == 202
        assert (await person.http.get("/v1/me")).status_code == 503
        assert time.monotonic() - started < 0.5
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    await until(lambda: not studio.parts.degraded.outages.database.is_away, "its end")
    await until(lambda: _count(studio, person.account_id, 3), "the replay")


async def test_waiters_are_freed_when_the_silence_is_noticed(studio: Studio, present: PostgresServer) -> None:
    person = studio.person()
    assert present.pid is not None
    assert (await person.http.get("/v1/me")).status_code in (401, 404)
    pids = [present.pid, *_children(present.pid)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        answer = await person.http.get("/v1/me")
        lasted = time.monotonic() - started
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    problem(answer, 503, "DEPENDENCY_UNAVAILABLE")
    assert lasted < 5.0
    await until(lambda: not studio.parts.degraded.outages.database.is_away, "its end")


async def test_without_redis_jobs_are_read_and_submitted(studio: Studio, valkey: RedisServer) -> None:
    person = studio.person()
    job = (await person.submit()).json()
    await asyncio.to_thread(valkey.stop)
    try:
        started = time.monotonic()
        shown = await person.http.get(f"/v1/jobs/{job['id']}")
        page = await person.http.get("/v1/jobs")
        submitted = await person.submit(key="k")
        again = await person.submit(key="k", body={"prompt": "other"})
        await until(lambda: studio.parts.degraded.outages.redis.is_away, "the outage")
        known = await person.submit()
        ready = await person.http.get("/readyz")
        status = (await person.http.get("/v1/status")).json()
        assert time.monotonic() - started < 2 * QUICK_SECONDS
    finally:
        await asyncio.to_thread(valkey.start)
    assert [answer.status_code for answer in (shown, page, submitted, known)] == [200, 200, 202, 202], submitted.text
    problem(again, 422, "IDEMPOTENCY_KEY_REUSED")
    assert (submitted.json()["status"], ready.status_code) == ("submitted", 200)
    assert [mode["name"] for mode in status["modes"]] == ["redis-away"]
    assert len(await studio.rows(person.account_id)) == 3
    await until(lambda: not studio.parts.degraded.outages.redis.is_away, "its end")


async def test_without_redis_submissions_are_limited_locally(studio: Studio, valkey: RedisServer) -> None:
    person = studio.person("free")
    await asyncio.to_thread(valkey.stop)
    try:
        codes = [(await person.submit()).status_code for _ in range(4)]
    finally:
        await asyncio.to_thread(valkey.start)

    assert codes == [202, 202, 429, 429]


async def test_without_both_everything_is_refused_quickly(
    studio: Studio, present: PostgresServer, valkey: RedisServer
) -> None:
    person = studio.person()
    job = (await person.submit()).json()
    outages = studio.parts.degraded.outages
    await asyncio.to_thread(valkey.stop)
    await asyncio.to_thread(present.stop)
    try:
        for known in (False, True):
            for method, path, body in (
                ("POST", "/v1/jobs/sketch", {"prompt": "p"}),
                ("GET", f"/v1/jobs/{job['id']}", None),
                ("GET", "/v1/jobs", None),
                ("POST", f"/v1/jobs/{job['id']}/cancel", None),
                ("GET", "/v1/me", None),
                ("GET", "/v1/credits", None),
                ("POST", "/v1/sessions", {"email": "a@example.com", "password": "a long password"}),
                ("GET", "/v1/keys", None),
            ):
                started = time.monotonic()
                answer = await person.http.request(method, path, json=body)
                assert time.monotonic() - started < QUICK_SECONDS, path
                assert answer.status_code == 503, (path, known, answer.text)
                assert answer.headers["content-type"] == "application/problem+json", path
            await until(lambda: outages.database.is_away and outages.redis.is_away, "the outages")
        assert (await person.http.get("/readyz")).status_code == 503
        status = (await person.http.get("/v1/status")).json()
        assert {mode["name"] for mode in status["modes"]} >= {"database-away", "redis-away"}
    finally:
        await asyncio.to_thread(valkey.start)
    await give_back(present, studio)
    await until(lambda: not studio.parts.degraded.outages.redis.is_away, "its end")
    assert (await person.submit()).status_code == 202
    assert len(await studio.rows(person.account_id)) == 2, "nothing was kept"


class Billing:
    """Answers what it is told, or not at all."""

    def __init__(self) -> None:
        self.status, self.available, self.silent = 200, 12, False
        self.over = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except ConnectionError:
            pass  # whoever asked has given up
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            while (await reader.readline()).strip():
                pass
            if self.silent:
                await self.over.wait()
                return
            body = json.dumps({"available": self.available, "path": line.split()[1].decode()})
            head = f"HTTP/1.1 {self.status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
            writer.write((head + body).encode())
            await writer.drain()


async def test_credits_are_shown_as_last_known_while_billing_is_away(open_replica: OpenReplica) -> None:
    billing = Billing()
    server = await asyncio.start_server(billing.serve, "127.0.0.1", 0)
    studio = await open_replica(billing_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    person, stranger = studio.person(), studio.person()
    fresh = await person.http.get("/v1/credits")
    assert (fresh.json()["available"], "x-degraded" in fresh.headers) == (12, False)
    await studio.parts.degraded.last_known.carry()
    await asyncio.sleep(1.1)

    billing.status = 503
    refused = await person.http.get("/v1/credits")
    billing.status, billing.silent = 200, True
    started = time.monotonic()
    silent = await person.http.get("/v1/credits")
    unknown = await stranger.http.get("/v1/credits")
    assert time.monotonic() - started < 2 * QUICK_SECONDS
    outage = studio.parts.degraded.outages.billing
    watching = asyncio.create_task(outage.run())
    await until(lambda: outage.is_away, "the outage")
    started = time.monotonic()
    known = await person.http.get("/v1/credits")
    assert time.monotonic() - started < 0.5
    status = (await person.http.get("/v1/status")).json()
    watching.cancel()

    for answer in (refused, silent, known):
        assert (answer.status_code, answer.json()["available"]) == (200, 12), answer.text
        part, _, age = answer.headers["x-degraded"].partition("; age=")
        assert part == "billing"
        assert 1 <= int(age) <= 10
    problem(unknown, 503, "DEGRADED")
    assert [mode["name"] for mode in status["modes"]] == ["billing-away"]
    billing.over.set()
    server.close()
    await studio.parts.http.aclose()
    await server.wait_closed()


async def test_a_submission_waits_for_billing_as_for_anybody_who_is_slow(studio: Studio) -> None:
    studio.billing.silent = True
    person = studio.person()

    answer = await person.submit()

    assert (answer.status_code, answer.json()["status"]) == (202, "submitted")
    assert "x-degraded" not in answer.headers, "nothing of it is degraded: it is durable"


async def _count(studio: Studio, account_id: Any, expected: int) -> bool:
    return len(await studio.rows(account_id)) == expected


async def _make_key(studio: Studio) -> str:
    """The secret of a key of somebody who has just signed up."""
    async with _client(studio, {}) as http:
        who = {"email": f"{uuid4().hex}@example.com", "password": "correct horse battery"}
        session = (await http.post("/v1/users", json=who)).json()
        bearer = {"authorization": f"Bearer {session['access_token']}"}
        made = await http.post("/v1/keys", json={"name": "server"}, headers=bearer)
        assert made.status_code == 201, made.text
        return str(made.json()["secret"])


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@asynccontextmanager
async def _client(studio: Studio, headers: dict[str, str]) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(studio.app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway", headers=headers, timeout=20) as http:
        yield http
