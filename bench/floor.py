"""The floor: the barest endpoint that limits and keeps a submission, with the libraries the gateway uses.

One EVALSHA, one committed INSERT, no authentication, no validation, no events. `python -m bench.floor <port>
<asyncpg|sqlalchemy>`, with `FLOOR_DATABASE_URL` and `REDIS_URL` in the environment.
"""

import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID, uuid4

import asyncpg
import uvicorn
from fastapi import FastAPI, Request, Response
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

POOL_SIZE = 10
DRIVERS = ("asyncpg", "sqlalchemy")
CREATE = """
CREATE TABLE IF NOT EXISTS floor_jobs (
    job_id uuid PRIMARY KEY, input jsonb NOT NULL, created_at timestamptz NOT NULL DEFAULT now()
)
"""
_LIMIT = """
local used = redis.call('INCR', KEYS[1])
if used == 1 then redis.call('PEXPIRE', KEYS[1], 60000) end
return used
"""

Insert = Callable[[UUID, str], Awaitable[None]]


async def _asyncpg(url: str, stack: AsyncExitStack) -> Insert:
    pool = await asyncpg.create_pool(url, min_size=POOL_SIZE, max_size=POOL_SIZE)
    stack.push_async_callback(pool.close)

    async def insert(job_id: UUID, body: str) -> None:
        await pool.execute("INSERT INTO floor_jobs (job_id, input) VALUES ($1, $2)", job_id, body)

    return insert


async def _sqlalchemy(url: str, stack: AsyncExitStack) -> Insert:
    engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"), pool_size=POOL_SIZE, max_overflow=0)
    stack.push_async_callback(engine.dispose)
    autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
    statement = text("INSERT INTO floor_jobs (job_id, input) VALUES (:job_id, CAST(:input AS jsonb))")

    async def insert(job_id: UUID, body: str) -> None:
        async with autocommit.connect() as connection:
            await connection.execute(statement, {"job_id": job_id, "input": body})

    return insert


def build_app(driver: str) -> FastAPI:
    """The application, for one of `DRIVERS`."""
    url, redis = os.environ["FLOOR_DATABASE_URL"], Redis.from_url(os.environ["REDIS_URL"])
    parts: dict[str, Insert] = {}
    script = ""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        nonlocal script
        async with AsyncExitStack() as stack:
            stack.push_async_callback(redis.aclose)
            script = await redis.script_load(_LIMIT)
            parts["insert"] = await (_asyncpg if driver == "asyncpg" else _sqlalchemy)(url, stack)
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/jobs")
    async def submit(request: Request) -> Response:
        body = await request.body()
        await redis.evalsha(script, 1, "floor:used")
        job_id = uuid4()
        await parts["insert"](job_id, body.decode())
        return Response(json.dumps({"id": str(job_id)}), status_code=202, media_type="application/json")

    @app.get("/livez")
    async def livez() -> Response:
        return Response()

    return app


if __name__ == "__main__":
    uvicorn.run(
        build_app(sys.argv[2]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
