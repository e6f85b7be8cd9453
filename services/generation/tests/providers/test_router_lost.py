"""What was bought and brought nothing: how often it is bought again at that vendor, and what of it is booked."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from starlette.responses import Response

from generation.providers.errors import AllProvidersFailed
from generation.providers.picture_ports import SourcePicture, UpscaleRequest
from generation.providers.ports import AttemptOutcome

from . import test_cloudinary_derived as cloudinary
from .router_bench import (
    CANCEL,
    CREATE,
    FLUX,
    FLUX_COST,
    GET,
    IMAGES,
    OPENAI_COST,
    OPENAI_FIRST,
    OPENAI_PICTURE,
    REPLICATE_FIRST,
    REPLICATE_PICTURE,
    Bench,
    failed,
    made,
    prediction,
)
from .scripted import Step, answer, cut, png, slow
from .test_openai_images import COMPLETED, PARTIAL, events
from .test_upscales import ESRGAN

FILE = "GET /out.png"
BROKEN_PICTURE = OPENAI_PICTURE[:60]
FLARE_ESTIMATE = 35_000
"""Where no tokens were counted: the catalogue's for a picture of medium quality."""

OPENAI_ROWS: list[tuple[str, list[Step], int, list[str], list[int | None]]] = [
    ("half a picture", [made(BROKEN_PICTURE)], 2, ["unavailable"] * 2, [OPENAI_COST] * 2),
    ("half a picture, then a whole", [made(BROKEN_PICTURE), made()], 2, ["unavailable", "ok"], [OPENAI_COST] * 2),
    ("half a picture, uncounted", [made(BROKEN_PICTURE, None)], 2, ["unavailable"] * 2, [FLARE_ESTIMATE] * 2),
    ("no picture", [made(None)], 2, ["unavailable"] * 2, [OPENAI_COST] * 2),
    ("no picture, uncounted", [made(None, None)], 2, ["timeout"] * 2, [None] * 2),
    ("lost, down, lost", [made(None), failed(500), made(None)], 3, ["unavailable"] * 3,
     [OPENAI_COST, None, OPENAI_COST]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("steps", "bought", "outcomes", "costs"), [row[1:] for row in OPENAI_ROWS], ids=[row[0] for row in OPENAI_ROWS]
)
async def test_openai_is_paid_once_more_at_most_and_every_payment_is_booked(
    bench: Bench, steps: list[Step], bought: int, outcomes: list[str], costs: list[int | None]
) -> None:
    def counted() -> float:
        labels = {"provider": "openai", "capability": "image.make"}
        return REGISTRY.get_sample_value("provider_cost_microusd_total", labels) or 0.0

    before = counted()
    bench.openai.on(IMAGES, *steps)
    image = await bench.run()
    rows = [row for row in bench.attempts.rows.values() if row.provider == "openai"]
    delivered = outcomes[-1] == "ok"
    assert bench.asked == (bought, 0 if delivered else 1)
    assert [row.outcome for row in rows] == outcomes
    assert [row.cost_microusd for row in rows] == costs
    assert counted() - before == sum(cost or 0 for cost in costs)
    assert image.content == (OPENAI_PICTURE if delivered else REPLICATE_PICTURE)


def stream(*bodies: dict[str, Any], error: dict[str, str] | None = None) -> Response:
    said = events(*bodies)
    if error is not None:
        said += f"event: error\ndata: {json.dumps({'error': {'message': 'no', **error}})}\n\n".encode()
    return Response(said, media_type="text/event-stream")


WHOLE = stream(PARTIAL, COMPLETED)
STREAM_ROWS: list[tuple[str, list[Step], tuple[int, int], list[str]]] = [
    ("whole", [WHOLE], (1, 0), ["ok"]),
    ("ends early", [stream(PARTIAL)], (2, 1), ["timeout", "timeout", "ok"]),
    ("ends early, then whole", [stream(PARTIAL), WHOLE], (2, 0), ["timeout", "ok"]),
    ("cut off", [cut(events(PARTIAL), 9999, "text/event-stream")], (2, 1), ["timeout", "timeout", "ok"]),
    ("JSON instead", [made()], (2, 1), ["timeout", "timeout", "ok"]),
    ("no quota", [stream(PARTIAL, error={"code": "insufficient_quota"})], (1, 1), ["broken", "ok"]),
    ("no quota by type", [stream(error={"type": "insufficient_quota"})], (1, 1), ["broken", "ok"]),
    ("rate limit, then whole", [stream(error={"code": "rate_limit_exceeded"}), WHOLE], (2, 0), ["rate_limited", "ok"]),
    ("overloaded, then whole", [stream(error={"code": "server_is_overloaded"}), WHOLE], (2, 0), ["rate_limited", "ok"]),
    ("unknown error", [stream(error={"code": "server_error"})], (2, 1), ["timeout", "timeout", "ok"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("steps", "asked", "outcomes"), [row[1:] for row in STREAM_ROWS], ids=[row[0] for row in STREAM_ROWS]
)
async def test_a_stream_that_breaks_off_is_bought_once_more_at_most(
    bench: Bench, steps: list[Step], asked: tuple[int, int], outcomes: list[str]
) -> None:
    bench.openai.on(IMAGES, *steps)
    await bench.run(openai_image_partials=2)
    assert bench.asked == asked
    assert [outcome for _, outcome in bench.attempts.outcomes] == outcomes


async def test_a_quota_told_in_a_stream_is_that_of_one_key(bench: Bench) -> None:
    bench.openai.on(IMAGES, stream(error={"code": "insufficient_quota"}), WHOLE)
    bench.build(openai_image_partials=2, openai_api_key="sk-1,sk-2")
    assert [(await bench.run()).content for _ in range(2)] == [REPLICATE_PICTURE, png()]
    assert [seen.headers["authorization"] for seen in bench.openai.seen] == ["Bearer sk-1", "Bearer sk-2"]


def output(address: Any) -> dict[str, list[Step]]:
    return {GET: [prediction("succeeded", output=address)]}


BUSY = {"detail": "Request was throttled."}
REPLICATE_ROWS: list[tuple[str, dict[str, list[Step]], int, list[str], int | None]] = [
    ("on a foreign host", output(["https://elsewhere.example/0.png"]), 1, ["unavailable"], FLUX_COST),
    ("at no address", output(["elsewhere"]), 1, ["unavailable"], FLUX_COST),
    ("too large", {FILE: [Response(b"\0" * 5000)]}, 1, ["unavailable"], FLUX_COST),
    ("no picture", {FILE: [Response("<html>")]}, 1, ["unavailable"], FLUX_COST),
    ("inline, damaged", output(["data:image/png;base64,A"]), 1, ["unavailable"], FLUX_COST),
    ("nowhere", output(None), 1, ["unavailable"], FLUX_COST),
    ("gone", {FILE: [Response("gone", 404)]}, 1, ["timeout"], None),
    ("failed", {GET: [prediction("failed", error="CUDA out of memory")]}, 3, ["unavailable"] * 3, None),
    ("canceled", {GET: [prediction("canceled")]}, 3, ["unavailable"] * 3, None),
    ("aborted", {GET: [prediction("aborted")]}, 3, ["unavailable"] * 3, None),
    ("throttled, then works", {CREATE: [answer(BUSY, 429, retry_after="0.05"), prediction("starting")]}, 2,
     ["rate_limited", "ok"], FLUX_COST),
    ("down, then works", {CREATE: [answer({}, 503), prediction("starting")]}, 2, ["unavailable", "ok"], FLUX_COST),
    ("overloaded, then works", {CREATE: [answer({}, 503, retry_after="0.05"), prediction("starting")]}, 2,
     ["rate_limited", "ok"], FLUX_COST),
]  # fmt: skip


@pytest.mark.parametrize(
    ("script", "bought", "outcomes", "cost"),
    [row[1:] for row in REPLICATE_ROWS],
    ids=[row[0] for row in REPLICATE_ROWS],
)
async def test_replicate_is_asked_for_a_prediction_exactly_as_often_as_said(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    script: dict[str, list[Step]],
    bought: int,
    outcomes: list[str],
    cost: int | None,
) -> None:
    monkeypatch.setattr("generation.providers.replicate_api.OUTPUT_BYTES_MAX", 4000)
    bench.openai.on(IMAGES, made())
    for route, steps in script.items():
        bench.replicate.on(route, *steps)
    image = await bench.run(generation_image_chain=REPLICATE_FIRST)
    rows = [row for row in bench.attempts.rows.values() if row.provider == "replicate"]
    delivered = outcomes[-1] == "ok"
    assert bench.asked == (0 if delivered else 1, bought)
    assert [row.outcome for row in rows] == outcomes
    assert rows[-1].cost_microusd == cost
    assert image.content == (REPLICATE_PICTURE if delivered else OPENAI_PICTURE)


async def test_a_prediction_past_the_deadline_is_cancelled_and_bought_once_more(bench: Bench) -> None:
    bench.openai.on(IMAGES, made())
    bench.replicate.on(GET, prediction("processing"))
    bench.replicate.on(CANCEL, prediction("canceled"))
    await bench.run(generation_image_chain=REPLICATE_FIRST, generation_call_timeout_seconds=1.0)
    assert bench.asked == (1, 2)
    assert bench.replicate.count(CANCEL) == 2
    assert bench.attempts.outcomes == [("replicate", "timeout")] * 2 + [("openai", "ok")]


async def test_a_purchase_past_the_deadline_without_an_id_is_not_made_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generation.providers.replicate_predictions._CANCEL_SECONDS", 0.1)
    bench.openai.on(IMAGES, made())
    bench.replicate.on(CREATE, slow(4, prediction("starting")))
    bench.replicate.on(CANCEL, prediction("canceled"))
    await bench.run(generation_image_chain=REPLICATE_FIRST, generation_call_timeout_seconds=1.0)
    assert bench.asked == (1, 1)


GONE: list[tuple[str, dict[str, list[Step]], AttemptOutcome, int | None]] = [
    ("no output", output(None), AttemptOutcome.UNAVAILABLE, FLUX_COST),
    ("no file", {FILE: [Response("gone", 404)]}, AttemptOutcome.TIMEOUT, None),
]


@pytest.mark.parametrize(("script", "outcome", "cost"), [row[1:] for row in GONE], ids=[row[0] for row in GONE])
@pytest.mark.parametrize("first", ["openai", "replicate"])
async def test_what_is_gone_when_it_is_adopted_is_bought_anew_once(
    bench: Bench, script: dict[str, list[Step]], outcome: AttemptOutcome, cost: int | None, first: str
) -> None:
    bench.openai.on(IMAGES, made())
    for route, steps in script.items():
        bench.replicate.on(route, *steps)
    bench.replicate.on(CREATE, answer({"id": "p2", "status": "starting"}))
    anew = {"id": "p2", "status": "succeeded", "output": [f"{bench.replicate.url}/anew.png"]}
    bench.replicate.on("GET /v1/predictions/p2", answer(anew))
    bench.replicate.on("GET /anew.png", Response(REPLICATE_PICTURE))
    left = bench.attempts.left_open("replicate", FLUX, "p1")
    await bench.run(generation_image_chain=OPENAI_FIRST if first == "openai" else REPLICATE_FIRST)
    assert bench.asked == ((1, 0) if first == "openai" else (0, 1))
    assert (bench.attempts.rows[left].outcome, bench.attempts.rows[left].cost_microusd) == (outcome, cost)
    assert bench.attempts.outcomes[1:] == [(first, "ok")]


def enlarge(folder: Path) -> UpscaleRequest:
    return UpscaleRequest(SourcePicture(png(40, 30), "image/png", 40, 30), 4, folder / "large")


@pytest.mark.parametrize("status", ["failed", "canceled"])
async def test_the_time_of_a_failed_prediction_is_booked_and_bought_once_more_at_most(
    bench: Bench, tmp_path: Path, status: str
) -> None:
    bench.replicate.on("POST /v1/predictions", prediction("starting"))
    bench.replicate.on(GET, prediction(status, metrics={"predict_time": 2.0}))
    providers = bench.build(generation_upscale_chain=f"replicate/{ESRGAN}")
    with pytest.raises(AllProvidersFailed):
        await providers.upscales.run(enlarge(tmp_path), attempts=bench.attempts, timeout_seconds=10)
    assert bench.replicate.count("POST /v1/predictions") == 2
    assert [row.cost_microusd for row in bench.attempts.rows.values()] == [450, 450]


async def test_a_derivation_past_the_deadline_is_bought_once_more(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uuid, "uuid4", lambda: uuid.UUID("a" * 32))
    account = cloudinary.account_at(bench.replicate)
    bench.replicate.on(cloudinary.UPLOAD, answer({"public_id": cloudinary.PUBLIC_ID, "version": 1}))
    bench.replicate.on(cloudinary.DESTROY, answer({"result": "ok"}))
    bench.replicate.on(cloudinary.route(account, 4), cloudinary.WORKING)
    providers = bench.build(
        cloudinary_url=cloudinary.address_at(bench.replicate),
        generation_upscale_chain="cloudinary/upscale",
        generation_call_timeout_seconds=1.0,
    )
    with pytest.raises(AllProvidersFailed):
        await providers.upscales.run(enlarge(tmp_path), attempts=bench.attempts, timeout_seconds=10)
    assert (bench.replicate.count(cloudinary.UPLOAD), bench.replicate.count(cloudinary.DESTROY)) == (2, 2)
    assert bench.attempts.outcomes == [("cloudinary", "timeout")] * 2
