"""Time and peak memory of each local kind's work in its child process, beside the plain library call nearest to it."""

import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from bench.report import table
from bench.scenes import Effort
from generation.local.child_process import ChildProcess

ROOT = Path(__file__).parent.parent
MEMORY_BYTES = 1024 * 1024 * 1024
SECONDS_MAX = 60.0
CALLS = 5

PICTURES = {"1 MP jpg": ((1152, 864), "jpg"), "12 MP jpg": ((4000, 3000), "jpg"), "12 MP png": ((4000, 3000), "png")}


@dataclass(frozen=True, slots=True)
class Measured:
    """Durations in milliseconds, memory in megabytes."""

    first: float
    later: float
    inside: float
    peak: float


async def local(effort: Effort) -> None:
    """Each kind on each picture, in a child process of its own."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        target = str(Path(folder) / "result")
        for title, (size, suffix) in PICTURES.items():
            source = str(_draw(Path(folder) / f"source.{suffix}", size))
            crop = {"source": source, "target": target, "width": 1024, "height": 1024}
            bare_crop = await _measured("bench.bare_calls:crop", crop)
            for focus in ("center", "auto", "product", "face"):
                own = await _timed("generation.local.crop_work:crop", {**crop, "focus": focus})
                rows.append(_row(f"smart-crop {focus}", title, own, bare_crop))
            palette = {"source": source, "count": 6}
            own = await _timed("generation.local.palette_work:palette", palette)
            rows.append(_row("extract-colors", title, own, await _measured("bench.bare_calls:palette", palette)))
    columns = ("work", "picture", "first ms", "later ms", "inside ms", "peak MB", "bare ms", "bare MB", "times bare")
    print(table("Local kinds in a child process, beside Pillow's own crop and quantize in one", columns, rows))
    print("First includes starting the child and its imports. Peak is of the whole child, Python and numpy included.")


def _row(work: str, title: str, own: Measured, bare: Measured) -> tuple[object, ...]:
    return work, title, own.first, own.later, own.inside, own.peak, bare.inside, bare.peak, own.inside / bare.inside


async def _timed(function: str, arguments: dict[str, Any]) -> Measured:
    return await _measured("bench.bare_calls:timed", {"function": function, "arguments": arguments})


async def _measured(function: str, arguments: dict[str, Any]) -> Measured:
    """One child, the same call several times: the first, and the medians of the later ones."""
    started = time.perf_counter()
    child = await ChildProcess.start(MEMORY_BYTES, {"PYTHONPATH": str(ROOT)})
    try:
        whole, inside = [], []
        for _ in range(CALLS + 1):
            answer = await child.ask(function, arguments, cpu_seconds=SECONDS_MAX, wall_seconds=SECONDS_MAX)
            whole.append((time.perf_counter() - started) * 1000)
            inside.append(answer["seconds"] * 1000)
            started = time.perf_counter()
        return Measured(
            whole[0], statistics.median(whole[1:]), statistics.median(inside[1:]), child.peak_bytes / 1024**2
        )
    finally:
        child.kill()
        await child.reaped()


def _draw(path: Path, size: tuple[int, int]) -> Path:
    """Something with edges, colours and grain, as photographs have."""
    grain = Image.effect_noise((size[0] // 4, size[1] // 4), 40).resize(size)
    ramp = Image.linear_gradient("L").resize(size)
    image = Image.merge("RGB", (ramp, grain, Image.blend(ramp, grain, 0.5)))
    image.paste((200, 40, 30), (size[0] // 2, size[1] // 3, size[0] * 3 // 4, size[1] * 2 // 3))
    image.save(path)
    return path
