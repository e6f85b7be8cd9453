"""The gateway on real Postgres and Valkey, with a stand-in for billing on the streams, and people who ask for work."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy import text

from common.bus.publisher import Publisher
from common.bus.relay import Relay
from common.bus.streams import stream_key
from common.db.database import Database
from common.db.outbox_record import OutboxRecord
from common.events.credits import CreditsHeld, CreditsRefused
from common.events.envelope import Event
from common.events.jobs import JobSubmitted
from common.events.kinds import KindDeclared, PriceRule
from common.http.identity import Caller, issue_access_token
from common.ids import new_id
from gateway.bootstrap import Parts, build_app
from gateway.jobs.reading import read_submission
from gateway.jobs.submission import Submission
from gateway.kinds.catalogue import KindCatalogue, store_declaration
from gateway.plans.limits import PlanLimits
from gateway.settings import GatewaySettings

SKETCH = KindDeclared(
    name="sketch",
    title="Sketch",
    summary="One drawing.",
    job_class="image",
    price=PriceRule(base_credits=5),
    input_schema={
        "type": "object",
        "properties": {
            "prompt": {"type": "string", "minLength": 1, "maxLength": 1000},
            "style": {"$ref": "#/$defs/Style"},
            "colors": {"type": "array", "items": {"type": "string", "pattern": "^#[0-9a-f]{6}$"}, "maxItems": 3},
            "strength": {"type": "number"},
            "notes": {},
        },
        "required": ["prompt"],
        "additionalProperties": False,
        "$defs": {"Style": {"type": "string", "enum": ["modern", "bold"]}},
    },
    result_schema={"type": "object", "properties": {"url": {"type": "string"}}, "required": ["url"]},
    example={"prompt": "a lighthouse"},
    deadline_seconds=3600,
    digest="sketch-1",
)
ENLARGE = KindDeclared(
    name="enlarge",
    title="Enlarge",
    summary="A larger picture.",
    job_class="local",
    price=PriceRule(base_credits=2, by_field="scale", credits_by_value={"2": 2, "4": 4}),
    input_schema={
        "type": "object",
        "properties": {"scale": {"type": "integer", "enum": [2, 4]}},
        "required": ["scale"],
        "additionalProperties": False,
    },
    result_schema={"type": "object", "properties": {}},
    example={"scale": 2},
    deadline_seconds=600,
    digest="enlarge-1",
)
ROOMY = PlanLimits("enterprise", submissions_per_minute=600, jobs_per_day=1000, jobs_in_flight=500, weight=16)


async def declare(database: Database, *kinds: KindDeclared) -> None:
    """As if generation had said so."""
    async with database.unit_of_work() as uow:
        for kind in kinds:
            await store_declaration(kind, uow)


def submission_of(
    catalogue: KindCatalogue,
    *,
    account_id: UUID | None = None,
    limits: PlanLimits = ROOMY,
    key: str | None = None,
    prompt: str | None = None,
) -> Submission:
    """A valid submission of a sketch; without a prompt it is like no other."""
    caller = Caller(account_id or uuid4(), uuid4(), limits.plan)
    return read_submission(caller, catalogue.get("sketch"), limits, {"prompt": prompt or uuid4().hex}, key)


class Billing:
    """What the gateway hears of billing: reads `jobs`, answers on `credits` with what each account can pay."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._publisher = Publisher(redis)
        self.available: dict[UUID, int] = {}
        self.heard: list[JobSubmitted] = []
        self.silent = False

    async def run(self) -> None:
        """Answer until cancelled."""
        position: bytes | str = "0"
        while True:
            answer = await self._redis.xread({stream_key("jobs"): position}, block=200)
            for _, entries in answer or []:
                for entry_id, fields in entries:
                    position = entry_id
                    if fields[b"type"] == b"job.submitted":
                        await self._answer(JobSubmitted.from_json(fields[b"body"]))

    async def say(self, *events: Event) -> None:
        """Put events on their streams."""
        await self._publisher.publish([OutboxRecord.of(event, None) for event in events])

    async def _answer(self, event: JobSubmitted) -> None:
        self.heard.append(event)
        if not self.silent:
            await self.say(self.word(event))

    def word(self, event: JobSubmitted) -> CreditsHeld | CreditsRefused:
        """Held where the account can pay, else refused."""
        job, account_id = event.job, event.account_id
        left = self.available.get(account_id, 1_000_000) - job.price_credits
        if left < 0:
            return CreditsRefused(
                account_id=account_id,
                job_id=job.job_id,
                required_credits=job.price_credits,
                available_credits=left + job.price_credits,
            )
        self.available[account_id] = left
        return CreditsHeld(
            account_id=account_id, job=job, hold_id=new_id(), amount_credits=job.price_credits, available_credits=left
        )


@dataclass
class Person:
    """Somebody with an account, and their client."""

    account_id: UUID
    http: httpx2.AsyncClient

    async def submit(
        self, kind: str = "sketch", body: Any = None, *, key: str | None = None, content: bytes | None = None
    ) -> httpx2.Response:
        """`POST /v1/jobs/{kind}`; without a body a sketch like no other."""
        headers = {} if key is None else {"idempotency-key": key}
        if content is None:
            content = json.dumps({"prompt": uuid4().hex} if body is None else body).encode()
        return await self.http.post(f"/v1/jobs/{kind}", content=content, headers=headers)


@dataclass
class Studio:
    """A running gateway."""

    parts: Parts
    settings: GatewaySettings
    app: Any
    billing: Billing
    _clients: list[httpx2.AsyncClient] = field(default_factory=list)

    def person(self, plan: str = "enterprise", account_id: UUID | None = None) -> Person:
        """Somebody with a session of this plan."""
        account_id = account_id or uuid4()
        token = issue_access_token(
            self.settings.access_token_secrets,
            account_id=account_id,
            user_id=uuid4(),
            plan=plan,
            ttl=timedelta(minutes=5),
        )
        client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(self.app, raise_app_exceptions=False),
            base_url="http://gateway",
            headers={"authorization": f"Bearer {token}"},
            timeout=20,
        )
        self._clients.append(client)
        return Person(account_id, client)

    async def rows(self, account_id: UUID) -> list[Any]:
        """The account's jobs as they are stored, oldest first."""
        async with self.parts.database.autocommit() as connection:
            found = await connection.execute(
                text("SELECT * FROM jobs WHERE account_id = :account ORDER BY job_id"), {"account": account_id}
            )
            return list(found)

    async def aclose(self) -> None:
        """Close the clients and the parts."""
        for client in self._clients:
            await client.aclose()
        await self.parts.aclose()


@asynccontextmanager
async def open_studio(database_url: str, redis_url: str, **changes: Any) -> AsyncIterator[Studio]:
    """The gateway's parts as in life, its relay, its ear for billing's word, and billing's stand-in."""
    settings = GatewaySettings(
        redis_url=SecretStr(redis_url), database_urls={"gateway": SecretStr(database_url)}, **changes
    )
    parts = Parts(settings)
    billing = Billing(parts.redis)
    studio = Studio(parts, settings, build_app(parts), billing)
    await parts.plans.load()
    await parts.catalogue.load()
    relay = Relay("gateway", parts.database, parts.redis)
    parts.database.courier = relay
    tasks = (parts.verdicts.run, billing.run, relay.run_quick, relay.run_marks, parts.notes.run)
    running = [asyncio.create_task(task()) for task in tasks]
    await asyncio.sleep(0.02)  # the tail of `credits` is being read from here on
    try:
        yield studio
    finally:
        await stop(running)
        await studio.aclose()


async def stop(tasks: Iterable["asyncio.Task[None]"]) -> None:
    """End tasks. Before Python 3.12 `asyncio.wait_for` in a driver can swallow a cancellation: ask again."""
    pending = set(tasks)
    async with asyncio.timeout(10):
        while pending:
            for task in pending:
                task.cancel()
            _, pending = await asyncio.wait(pending, timeout=0.1)
