"""What tests of local kinds need: addresses that serve drawn pictures, and a worker with a pool of child processes."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from fastapi import FastAPI, Response
from PIL import Image

from common.db.database import Database
from common.http.server import EmbeddedServer
from generation.kinds.kind import Kind
from generation.local.pool import LocalPool, PoolLimits
from generation.providers.bootstrap import Providers

from ..stage import enqueue_one, executor_of, input_images_at, row_of


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


class LocalStudio:
    """Hangs pictures up at addresses and carries out jobs about them."""

    def __init__(
        self, database: Database, providers: Providers, executor_options: dict[str, Any], address: str
    ) -> None:
        self.database = database
        self.providers = providers
        self.executor_options = executor_options
        self.address = address
        self.hanging: dict[str, bytes] = {}

    def hang(self, content: bytes | Image.Image) -> str:
        """The address of a picture."""
        name = f"{uuid4().hex}.png"
        self.hanging[name] = content if isinstance(content, bytes) else png(content)
        return f"{self.address}/{name}"

    async def make(self, kind: Kind[Any, Any], account: UUID | None = None, **job_input: Any) -> Any:
        """One job from ring to ending; answers its row."""
        job_id = await enqueue_one(
            self.database,
            kind=kind.name,
            job_class=kind.job_class,
            job_input=job_input,
            credits=kind.price.price_of(job_input),
            account=account,
        )
        executor = executor_of(self.database, self.providers, kind, **self.executor_options)
        async with asyncio.timeout(40):
            while (row := await row_of(self.database, job_id)).state not in ("completed", "failed"):
                executor.answer(kind.job_class)  # again and again, as the sweeper rings
                await asyncio.sleep(0.02)
        await executor.drain(1)
        return row


@asynccontextmanager
async def local_studio(database: Database, providers: Providers, sandbox_url: str) -> AsyncIterator[LocalStudio]:
    """A studio over real storage, real child processes and a real HTTP server of pictures."""
    children = Path(__file__).parent.parent / "local" / "children"
    pool = LocalPool(PoolLimits(environment={"PYTHONPATH": str(children)}))
    app = FastAPI()
    server = EmbeddedServer(app, "127.0.0.1", 0)
    await server.start()
    async with input_images_at(sandbox_url, database, "127.0.0.1") as input_images:
        options = {"pool": pool, "input_images": input_images}
        studio = LocalStudio(database, providers, options, f"http://127.0.0.1:{server.port}")

        @app.get("/{name}")
        async def show(name: str) -> Response:
            return Response(studio.hanging[name], media_type="image/png")

        yield studio
    await server.stop(1)
    await pool.drain()
