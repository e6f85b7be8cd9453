"""A customer of the running system: what tests do goes through the public API only."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx2

OUTCOMES = {"succeeded", "failed", "cancelled", "rejected"}
SECONDS_MAX = 60.0

_numbers = count(1)


async def until(condition: Callable[[], Any], *, seconds: float = SECONDS_MAX, what: str = "it") -> Any:
    """Ask again until the answer is true; connection failures count as not yet."""
    deadline = time.monotonic() + seconds
    last: BaseException | None = None
    while time.monotonic() < deadline:
        try:
            if answer := await condition():
                return answer
        except httpx2.HTTPError as error:
            last = error
        await asyncio.sleep(0.1)
    raise AssertionError(f"{what} did not happen within {seconds} s (last error: {last!r})")


@dataclass(frozen=True)
class ServerSentEvent:
    """One event of a stream."""

    id: str
    type: str
    data: dict[str, Any]


class Customer:
    """Somebody with an account."""

    def __init__(self, http: httpx2.AsyncClient, email: str) -> None:
        self.http = http
        self.email = email

    @classmethod
    async def sign_up(cls, gateway_url: str, locale: str = "en") -> "Customer":
        """A new account."""
        http = httpx2.AsyncClient(
            base_url=gateway_url,
            timeout=30,
            trust_env=False,
            limits=httpx2.Limits(max_connections=256, max_keepalive_connections=256),
        )
        email = f"customer-{next(_numbers)}-{time.time_ns()}@example.com"
        answer = await http.post(
            "/v1/users", json={"email": email, "password": "correct horse battery", "locale": locale}
        )
        assert answer.status_code == 201, answer.text
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        customer = cls(http, email)
        await until(lambda: customer.has_credits(10), what="the greeting of 10 credits")
        return customer

    async def aclose(self) -> None:
        """Close the connections."""
        await self.http.aclose()

    async def credits(self) -> dict[str, Any]:
        """Available, held, debt, lots, as the ledger has them: what was known before an outage is not believed."""

        async def of_the_ledger() -> dict[str, Any] | None:
            answer = await self.http.get("/v1/credits")
            answer.raise_for_status()
            return None if "X-Degraded" in answer.headers else answer.json()

        return await until(of_the_ledger, what="the ledger's word")

    async def has_credits(self, available: int) -> bool:
        """Whether exactly so much is available."""
        return (await self.credits())["available"] == available

    async def buy(self, product_id: str = "pack-50") -> str:
        """Pay for a pack; answers the purchase id. The credits come when the webhook has arrived."""
        answer = await self.http.post("/v1/checkout", json={"product_id": product_id})
        assert answer.status_code == 201, answer.text
        paid = await self.http.post(answer.json()["url"], headers={"Authorization": ""}, follow_redirects=False)
        assert paid.status_code == 303, paid.text
        return str(answer.json()["purchase_id"])

    async def buy_and_wait(self, product_id: str = "pack-50", credits: int = 50) -> None:
        """Pay for a pack and wait for its credits."""
        before = (await self.credits())["available"]
        await self.buy(product_id)
        await until(lambda: self.has_credits(before + credits), what="the purchase")

    async def submit(self, kind: str = "rehearsal", key: str | None = None, **job_input: Any) -> httpx2.Response:
        """Ask for work."""
        if kind == "rehearsal":
            job_input.setdefault("title", f"rehearsal {next(_numbers)}")
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self.http.post(f"/v1/jobs/{kind}", json=job_input, headers=headers)

    async def accepted(self, kind: str = "rehearsal", **job_input: Any) -> str:
        """Ask for work that must be accepted; answers the job id."""
        answer = await self.submit(kind, **job_input)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    async def submit_until_accepted(self, key: str, **job_input: Any) -> str:
        """Ask under one key, again and again while there is no answer: what a careful client does."""

        async def attempt() -> str | None:
            answer = await self.submit(key=key, title=f"careful {key}", **job_input)
            return str(answer.json()["id"]) if answer.status_code == 202 else None

        return str(await until(attempt, what=f"an answer for {key}"))

    async def job(self, job_id: str) -> dict[str, Any]:
        """The job as it stands."""
        answer = await self.http.get(f"/v1/jobs/{job_id}")
        answer.raise_for_status()
        return answer.json()

    async def outcome(self, job_id: str, seconds: float = SECONDS_MAX) -> dict[str, Any]:
        """The job, once it has its outcome and is settled."""

        async def settled() -> dict[str, Any] | None:
            job = await self.job(job_id)
            return job if job["status"] in OUTCOMES and job["charge"]["settled"] else None

        return await until(settled, seconds=seconds, what=f"the outcome of {job_id}")

    @asynccontextmanager
    async def events(self, path: str = "/v1/events", last_event_id: str | None = None) -> AsyncIterator[Any]:
        """An open event stream."""
        headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
        async with self.http.stream("GET", path, headers=headers) as answer:
            assert answer.status_code == 200, await answer.aread()
            yield _parse(answer.aiter_lines())

    async def event_log(self, after: int = 0) -> list[dict[str, Any]]:
        """All events after a sequence number, by polling."""
        answer = await self.http.get("/v1/events/log", params={"after": after, "limit": 100})
        answer.raise_for_status()
        return list(answer.json()["items"])


async def _parse(lines: AsyncIterator[str]) -> AsyncIterator[ServerSentEvent]:
    fields: dict[str, str] = {}
    async for line in lines:
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        elif "data" in fields:
            yield ServerSentEvent(fields.get("id", ""), fields.get("event", "message"), json.loads(fields["data"]))
            fields = {}
        else:
            fields = {}
