"""What happens to an account in these tests, told to the real ledger, and its owner who asks."""

import csv
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
from pydantic import SecretStr

from billing.ledger.grants import Grant, post_grants
from billing.ledger.holds import place_holds
from billing.ledger.lot_expiry import expire_lots
from billing.ledger.reversals import follow_reversal
from billing.ledger.rules import SettlementReason
from billing.ledger.settlements import Settlement, settle
from billing.ledger.views import credits_of
from common.bus.handlers import Received
from common.clock import now
from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.events.jobs import JobSpec, JobSubmitted
from common.http.identity import IDENTITY_HEADER, Caller, sign_identity
from common.ids import new_id, to_text

SECRETS = (SecretStr("an identity secret of the tests, long enough"),)
CSV_ROWS_MAX = 700
BOOKS = ("available", "held", "debt")


@dataclass
class Desk:
    """The ledger, and HTTP to ask about it."""

    database: Database
    http: httpx2.AsyncClient

    async def ask(self, account_id: UUID, path: str, **headers: str) -> httpx2.Response:
        """What the account's owner is answered."""
        identity = sign_identity(SECRETS, Caller(account_id, new_id(), "free"))
        return await self.http.get(path, headers={IDENTITY_HEADER: identity, **headers})

    async def page(self, account_id: UUID, query: str) -> dict[str, Any]:
        """One page of transactions."""
        answer = await self.ask(account_id, f"/v1/credits/transactions?{query}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def walk(self, account_id: UUID, limit: int, query: str = "") -> list[dict[str, Any]]:
        """All pages, one after the other."""
        items: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = await self.page(account_id, f"limit={limit}{cursor}{query}")
            items += page["items"]
            assert len(page["items"]) <= limit
            assert len({item["id"] for item in items}) == len(items), "a walk that repeats may never end"
            if page["next_cursor"] is None:
                return items
            cursor = f"&cursor={page['next_cursor']}"

    async def job(self, account_id: UUID, job_id: UUID) -> dict[str, Any]:
        """The ledger's part of a receipt."""
        answer = await self.ask(account_id, f"/v1/credits/jobs/{to_text('job', job_id)}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def balances(self, account_id: UUID) -> dict[str, int]:
        """What the ledger says the account has."""
        view = await credits_of(self.database, account_id)
        return {"available": view.available, "held": view.held, "debt": view.debt}

    async def grant(self, account_id: UUID, credits: int, memo: str = "given", lasts: timedelta | None = None) -> str:
        """Sold credits; answers the reference of the lot."""
        reference = str(new_id())
        expires_at = None if lasts is None else now() + lasts
        await self.database.transact(post_grants, [Grant(account_id, credits, "purchase", reference, memo, expires_at)])
        return reference

    async def reverse(self, reference: str, minor: int, reinstated: int = 0) -> None:
        """So much of the 100 paid for a lot goes back to the buyer."""
        await self.database.transact(
            follow_reversal, reference, paid_minor=100, reversed_minor=minor, reinstated_minor=reinstated, memo="back"
        )

    async def hold(self, account_id: UUID, price: int) -> UUID:
        """A job whose price is set aside."""
        job = JobSpec(
            job_id=new_id(), kind="sketch", job_class="image", price_credits=price, input={},
            deadline_at=now() + timedelta(minutes=5),
        )  # fmt: skip
        received = Received(JobSubmitted(account_id=account_id, job=job), None)

        async def use_case(uow: UnitOfWork) -> None:
            await place_holds([received], uow)

        await self.database.transact(use_case)
        return job.job_id

    async def settle(self, account_id: UUID, job_id: UUID, charge: int, reason: SettlementReason) -> None:
        """The job has its outcome."""
        await self.database.transact(settle, [Settlement(account_id, job_id, charge, reason, None)])

    async def live(self, account_id: UUID, seed: int, steps: int) -> None:
        """A random life of an account: bought, held, charged, given back, refunded, expired."""
        chance = random.Random(seed)  # noqa: S311 - a story, not a secret
        bought: list[str] = []
        jobs: list[tuple[UUID, int]] = []
        for _ in range(steps):
            match chance.choice(("grant", "brief", "hold", "hold", "settle", "settle", "reverse", "expire")):
                case "grant":
                    bought.append(await self.grant(account_id, chance.randint(1, 30)))
                case "brief":
                    await self.grant(account_id, chance.randint(1, 9), lasts=timedelta(milliseconds=1))
                case "hold":
                    price = chance.randint(0, 9)
                    jobs.append((await self.hold(account_id, price), price))
                case "settle" if jobs:
                    job_id, price = jobs.pop(chance.randrange(len(jobs)))
                    charge = chance.choice((0, price, price // 2))
                    await self.settle(account_id, job_id, charge, "completed" if charge else "failed")
                case "reverse" if bought:
                    await self.reverse(chance.choice(bought), chance.randint(1, 100))
                case "expire":
                    await self.database.transact(expire_lots)


def table(answer: httpx2.Response) -> list[dict[str, str]]:
    """A CSV answer as its readers see it."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def total(items: Sequence[dict[str, Any]]) -> dict[str, int]:
    """The sum of the changes."""
    return {book: sum(item["change"][book] for item in items) for book in BOOKS}
