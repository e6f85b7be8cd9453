"""What tests of colouring books need: small pages, a worker with a pool, and the ways a worker can be lost."""

import asyncio
import io
from typing import Any
from uuid import UUID, uuid4

import pytest
from pypdf import PdfReader

from common.db.database import Database
from generation.engine import execution as execution_module
from generation.engine.context import JobContext
from generation.engine.executor import Executor
from generation.kinds.coloring_book import KIND
from generation.local.pool import LocalPool
from generation.providers.bootstrap import Providers
from generation.runs.recovery import recover_lapsed
from sandbox.client import SandboxClient

from ..stage import change, enqueue_one, executor_of, rows, until_state

NUMBERS = tuple(f"{number:02}" for number in range(1, 13))
BOOK = {"theme": "the sea", "title": "Élodie & <b>whales</b>", "dedication": "Für Mila", "age_band": "3-5"}


class BookStudio:
    """Makes books, and looks at what came of them."""

    def __init__(self, database: Database, providers: Providers, pool: LocalPool, sandbox: SandboxClient) -> None:
        self.database = database
        self.providers = providers
        self.pool = pool
        self.sandbox = sandbox

    def worker(self, **changes: Any) -> Executor:
        """A fresh worker."""
        owner = f"worker-{uuid4().hex[:6]}"
        return executor_of(self.database, self.providers, KIND, pool=self.pool, owner=owner, **changes)

    async def order(self, account: UUID | None = None, credits: int = 60, **job_input: Any) -> UUID:
        """A paid job."""
        return await enqueue_one(
            self.database, kind=KIND.name, job_class="document", credits=credits, account=account,
            job_input=job_input or BOOK,
        )  # fmt: skip

    async def made(self, job_id: UUID) -> Any:
        """The run, once it has ended."""
        executor = self.worker()
        executor.answer("document")
        row = await until_state(self.database, job_id, "completed", "failed", "cancelled", seconds=60)
        await executor.drain(1)
        return row

    async def lose_worker_after(self, job_id: UUID, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let a worker work until this step is remembered, lose it there as a kill would, and have its run lapse."""
        step, remembered = JobContext.step, asyncio.Event()

        async def stopped(job: JobContext, step_name: str, *rest: Any, **options: Any) -> Any:
            result = await step(job, step_name, *rest, **options)
            if step_name == name:
                remembered.set()
                await asyncio.Event().wait()
            return result

        async def not_handed_back(*_: Any, **__: Any) -> None: ...

        with monkeypatch.context() as patch:
            patch.setattr(JobContext, "step", stopped)
            patch.setattr(execution_module, "hand_back", not_handed_back)
            executor = self.worker()
            executor.answer("document")
            async with asyncio.timeout(60):
                await remembered.wait()
            await executor.drain(0)
        await change(self.database, job_id, "lease_until = now() - interval '1 second'")
        assert await self.database.transact(recover_lapsed) == 1
        await change(self.database, job_id, "failures = 0")

    async def steps(self, job_id: UUID) -> set[str]:
        """The steps that are remembered."""
        return {row.name for row in await rows(self.database, "SELECT name FROM steps WHERE job_id = :id", id=job_id)}

    async def pictures_bought(self) -> int:
        """How many pictures the vendors were asked for."""
        made = await self.sandbox.requests("openai", "images.generate")
        edited = await self.sandbox.requests("openai", "images.edit")
        return len(made) + len(edited)

    async def pdf(self, row: Any) -> PdfReader:
        """The printed book as anybody with its link gets it."""
        answer = await self.sandbox.http.get(row.result["pdf"]["url"])
        assert answer.headers["content-type"] == "application/pdf"
        assert len(answer.content) == row.result["pdf"]["size_bytes"]
        return PdfReader(io.BytesIO(answer.content))
