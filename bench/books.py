"""Five colouring books ordered at the same second on a small box: the order kept, all delivered, memory over time."""

import asyncio
import json
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import asyncpg

from bench.curve import stacked
from bench.report import table, verdict
from bench.scenes import MEMORY_MIB_MAX, Effort
from bench.studio import Studio, studio
from common.ids import from_text

BOOKS = 5
PICTURE = Path(__file__).resolve().parents[1] / "docs" / "five-books.svg"
_SANDBOX = "sandbox"
"""The vendors are not on the box: shown, and not counted."""
_LOOK_SECONDS = 0.5
_SECONDS_MAX = 900.0
_SETTLED = "SELECT job_id FROM jobs WHERE settled_at IS NOT NULL"
_FACTS = """
SELECT job_id, state, started_at, finished_at, (SELECT count(*) FROM attempts WHERE attempts.job_id = runs.job_id AND
    capability IN ('image.make', 'image.edit') AND outcome = 'ok') AS pictures
FROM runs WHERE kind = 'coloring-book'
"""


@dataclass(slots=True)
class Curve:
    """Memory of every process at each look, in MiB, and when books were delivered."""

    moments: list[float] = field(default_factory=list)
    looks: list[dict[str, float]] = field(default_factory=list)
    delivered: dict[UUID, float] = field(default_factory=dict)

    def sums(self) -> list[float]:
        """What counts, at each look."""
        return [sum(mib for name, mib in look.items() if name != _SANDBOX) for look in self.looks]

    def between(self, first: float, last: float) -> list[float]:
        """The sums of a part of the time, given as shares of it."""
        end = self.moments[-1]
        return [s for m, s in zip(self.moments, self.sums(), strict=True) if first * end <= m <= last * end]


async def books(effort: Effort) -> None:
    """Order, watch, and tell."""
    async with studio(customers=BOOKS, alone=effort.alone) as running:
        await running.quiet()
        idle = sum(mib for name, mib in running.memory_mib().items() if name != _SANDBOX)
        job_ids = await _ordered(running)
        curve = await _watched(running, job_ids)
        database = await asyncpg.connect(running.stack.database_url("generation"))
        facts = {row["job_id"]: row for row in await database.fetch(_FACTS)}
        await database.close()
    begun = min(facts[job_id]["started_at"] for job_id in job_ids)
    rows = [
        (
            f"book {number}",
            facts[job_id]["state"],
            facts[job_id]["pictures"],
            *((facts[job_id][moment] - begun).total_seconds() for moment in ("started_at", "finished_at")),
        )
        for number, job_id in enumerate(job_ids, start=1)
    ]
    print(table("Five books at the same second", ("in the order asked for", "", "pictures", "begun s", "done s"), rows))
    starts = [facts[job_id]["started_at"] for job_id in job_ids]
    print(f"\nOrder kept: {'yes' if starts == sorted(starts) else 'no'}; delivered: {len(curve.delivered)} of {BOOKS}")
    peak, early, late = max(curve.sums()), curve.between(0.1, 0.4), curve.between(0.7, 0.95)
    figures = [
        ("at rest", idle),
        ("early, median", statistics.median(early)),
        ("late, median", statistics.median(late)),
        ("peak", peak),
    ]
    print(table("Memory without the sandbox (PSS)", ("when", "MiB"), figures))
    highest = curve.looks[curve.sums().index(peak)]
    shares = sorted(((name, mib) for name, mib in highest.items() if name != _SANDBOX), key=lambda share: -share[1])
    print(table("At the peak", ("process", "MiB"), shares))
    print(f"\nUnder {MEMORY_MIB_MAX} MiB: {verdict(peak, at_most=MEMORY_MIB_MAX)}")
    PICTURE.write_text(_drawn(curve))
    print(f"drawn: {PICTURE.name}")


async def _ordered(running: Studio) -> list[UUID]:
    connections = await running.connect(BOOKS)
    job_ids = []
    for number, connection in enumerate(connections, start=1):
        book = {"theme": "Animals of the forest", "title": f"Book {number}"}
        answer = await connection.request("POST", "/v1/jobs/coloring-book", json.dumps(book).encode())
        if answer.status != 202:
            raise RuntimeError(f"a book was answered {answer.status}: {answer.body.decode()[:300]}")
        job_ids.append(from_text("job", json.loads(answer.body)["id"]))
        connection.close()
    return job_ids


async def _watched(running: Studio, job_ids: list[UUID]) -> Curve:
    """Look at every process until all books are delivered and charged."""
    curve, begun = Curve(), time.perf_counter()
    database = await asyncpg.connect(running.stack.database_url("gateway"))
    async with asyncio.timeout(_SECONDS_MAX):
        while len(curve.delivered) < len(job_ids):
            curve.looks.append(await asyncio.to_thread(running.memory_mib))
            curve.moments.append(time.perf_counter() - begun)
            for row in await database.fetch(_SETTLED):
                if row["job_id"] in job_ids:
                    curve.delivered.setdefault(row["job_id"], curve.moments[-1])
            await asyncio.sleep(_LOOK_SECONDS)
    await database.close()
    return curve


def _drawn(curve: Curve) -> str:
    names = sorted({name for look in curve.looks for name in look} - {_SANDBOX}, key=lambda name: name == "generation")
    bands = [(name, [look.get(name, 0.0) for look in curve.looks]) for name in names]
    title = "Five colouring books at once on a small box: memory of everything but the vendors' stand-in"
    return stacked(title, curve.moments, bands, limit=MEMORY_MIB_MAX, marks=sorted(curve.delivered.values()))
