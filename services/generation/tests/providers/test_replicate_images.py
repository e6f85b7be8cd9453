"""The Replicate adapter: id before waiting, final states, adoption, cancellation, where the token goes."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from starlette.responses import RedirectResponse, Response

from generation.providers.catalogue import Catalogue, ModelCard
from generation.providers.errors import Broken, ProviderError, Refused, Throttled, Unavailable
from generation.providers.imaging import Imaging
from generation.providers.replicate_api import ReplicateApi
from generation.providers.replicate_images import ReplicateImages

from .doubles import REQUEST, Around
from .scripted import ScriptedVendor, Step, answer, cut, png, slow, until

MODEL = "black-forest-labs/flux-schnell"
CREATE = f"POST /v1/models/{MODEL}/predictions"
GET = "GET /v1/predictions/p1"
CANCEL = "POST /v1/predictions/p1/cancel"
OUTPUT = "GET /out/0.png"
PICTURE = png()


def prediction(status: str, **more: Any) -> Response:
    # urls.get names a foreign host on purpose: it must not be asked, least of all with our token.
    return answer({"id": "p1", "status": status, "urls": {"get": "https://evil.example/p1"}, **more}, 200)


@pytest_asyncio.fixture
async def images(vendor: ScriptedVendor, catalogue: Catalogue, imaging: Imaging) -> AsyncIterator[ReplicateImages]:
    api = ReplicateApi(vendor.url, provider="replicate", read_timeout_seconds=1)
    adapter = ReplicateImages(api, catalogue=catalogue, imaging=imaging, poll_scale=0.01)
    yield adapter
    await adapter.aclose()


def succeeds(vendor: ScriptedVendor) -> None:
    vendor.on(CREATE, prediction("starting"))
    vendor.on(
        GET,
        prediction("starting"),
        prediction("processing", logs=" 45%|####      | 9/20"),
        prediction("succeeded", output=[f"{vendor.url}/out/0.png"]),
    )
    vendor.on(OUTPUT, Response(PICTURE, media_type="image/png"))


async def test_buys_remembers_waits_and_fetches_without_credentials(
    vendor: ScriptedVendor, images: ReplicateImages
) -> None:
    succeeds(vendor)
    around = Around()
    image = await images.make_image(REQUEST, model=MODEL, key="r8_1", call=around.call())
    assert (image.content, image.cost_microusd, image.request_id) == (PICTURE, 3000, "p1")
    assert around.remembered == ["p1"]
    assert around.progress == [(0.45, None)]
    create, *polls, output = vendor.seen
    assert create.headers["authorization"] == "Bearer r8_1"
    assert create.headers["cancel-after"] == "5s"
    assert "prefer" not in create.headers
    sent = json.loads(create.body)["input"]
    assert sent["aspect_ratio"] == "1:1"
    assert (sent["seed"], sent["num_outputs"]) == (7, 1)
    assert len(polls) == 3
    assert "authorization" not in output.headers


async def test_remembers_the_id_before_it_waits(vendor: ScriptedVendor, images: ReplicateImages) -> None:
    succeeds(vendor)
    polled_when_remembered: list[int] = []
    call = Around().call()

    async def remember(external_id: str) -> None:
        polled_when_remembered.append(vendor.count(GET))

    object.__setattr__(call, "remember", remember)
    await images.make_image(REQUEST, model=MODEL, key="r8_1", call=call)
    assert polled_when_remembered == [0]


@pytest.mark.parametrize("output", ["list", "string"])
async def test_takes_a_list_or_a_single_address(vendor: ScriptedVendor, images: ReplicateImages, output: str) -> None:
    succeeds(vendor)
    address = f"{vendor.url}/out/0.png"
    vendor.on(GET, prediction("succeeded", output=[address] if output == "list" else address))
    image = await images.make_image(REQUEST, model=MODEL, key="r8_1", call=Around().call())
    assert image.content == PICTURE


async def test_takes_an_inline_output(vendor: ScriptedVendor, images: ReplicateImages) -> None:
    vendor.on(CREATE, prediction("starting"))
    inline = "data:image/png;base64," + base64.b64encode(PICTURE).decode()
    vendor.on(GET, prediction("succeeded", output=[inline]))
    image = await images.make_image(REQUEST, model=MODEL, key="r8_1", call=Around().call())
    assert image.content == PICTURE


@pytest.mark.parametrize("status", ["failed", "canceled", "aborted", "something-new"])
async def test_every_other_final_state_is_a_failure_that_can_pass(
    vendor: ScriptedVendor, images: ReplicateImages, status: str
) -> None:
    vendor.on(CREATE, prediction("starting"))
    vendor.on(GET, prediction(status, error="CUDA out of memory"))
    with pytest.raises(Unavailable) as caught:
        await images.make_image(REQUEST, model=MODEL, key="r8_1", call=Around().call())
    assert (caught.value.code, caught.value.resumable_external_id) == (status, None)


@pytest.mark.parametrize("said", ["NSFW content detected.", "The input was flagged as sensitive. (E005)"])
async def test_a_flagged_result_is_a_refusal(vendor: ScriptedVendor, images: ReplicateImages, said: str) -> None:
    vendor.on(CREATE, prediction("starting"))
    vendor.on(GET, prediction("failed", error=said))
    with pytest.raises(Refused) as caught:
        await images.make_image(REQUEST, model=MODEL, key="r8_1", call=Around().call())
    assert caught.value.code == "moderation_blocked"


@pytest.mark.parametrize("output", [None, [], [None], [3], {"x": 1}])
async def test_success_without_output_is_counted_as_paid(
    vendor: ScriptedVendor, images: ReplicateImages, output: object
) -> None:
    vendor.on(CREATE, prediction("starting"))
    vendor.on(GET, prediction("succeeded", output=output))
    with pytest.raises(Unavailable) as caught:
        await images.make_image(REQUEST, model=MODEL, key="r8_1", call=Around().call())
    assert caught.value.cost_microusd == 3000


@pytest.mark.parametrize(
    "address",
    [
        "{other}/out/0.png",
        "https://replicate.delivery.evil.example/x.png",
        "https://evilreplicate.delivery/x.png",
        "http://replicate.delivery/x.png",
        "https://replicate.delivery@127.0.0.1/x.png",
        "https://user:pass@replicate.delivery/x.png",
        "file:///etc/passwd",
        "not an address",
    ],
)
async def test_output_on_a_foreign_host_is_not_even_asked(
    vendor: ScriptedVendor, other_vendor: ScriptedVendor, images: ReplicateImages, address: str
) -> None:
    vendor.on(CREATE, prediction("starting"))
    vendor.on(GET, prediction("succeeded", output=[address.format(other=other_vendor.url)]))
    with pytest.raises(Unavailable) as caught:
        await images.make_image(REQUEST, model=MODEL, key="r8_1", call=Around().call())
    assert (caught.value.code, caught.value.repeatable) == ("foreign_host", False)
    assert other_vendor.seen == []


async def test_a_redirected_output_is_not_followed(
    vendor: ScriptedVendor, other_vendor: ScriptedVendor, images: ReplicateImages
) -> None:
    succeeds(vendor)
    vendor.on(OUTPUT, RedirectResponse(f"{other_vendor.url}/secret"))
    with pytest.raises(Unavailable) as caught:
        await images.make_image(REQUEST, model=MODEL, key="r8_1", call=Around().call())
    assert caught.value.resumable_external_id == "p1"
    assert other_vendor.seen == []


async def test_an_oversized_output_is_cut_off(
    vendor: ScriptedVendor, images: ReplicateImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    succeeds(vendor)
    monkeypatch.setattr("generation.providers.replicate_api.OUTPUT_BYTES_MAX", 50)
    with pytest.raises(Unavailable) as caught:
        await images.make_image(REQUEST, model=MODEL, key="r8_1", call=Around().call())
    assert (caught.value.code, caught.value.cost_microusd, caught.value.repeatable) == ("too_large", 3000, False)


CREATE_FAILURES: list[tuple[str, Step, type[ProviderError], dict[str, Any]]] = [
    ("said in words",
     answer({"detail": "Request was throttled. Your rate limit resets in ~30s."}, 429),
     Throttled, {"retry_after_seconds": 30.0}),
    ("in header", answer({"detail": "x"}, 429, retry_after="4"), Throttled, {"retry_after_seconds": 4.0}),
    ("a list as body", answer(["x"], 429), Throttled, {"retry_after_seconds": None}),
    ("503 with time", answer({}, 503, retry_after="3"), Throttled, {"overloaded": True}),
    ("503", answer({}, 503), Unavailable, {"billable_unknown": False, "repeatable": True}),
    ("500", answer({}, 500), Unavailable, {"billable_unknown": True, "repeatable": False}),
    ("HTML 502", Response("<html>", 502), Unavailable, {"billable_unknown": True, "repeatable": False}),
    ("HTML 200", Response("<html>", 200), Unavailable, {"billable_unknown": True, "repeatable": False}),
    ("no id", answer({"status": "starting"}, 201), Unavailable, {"repeatable": False}),
    ("odd id", answer({"id": "../x", "status": "starting"}, 201), Unavailable, {"repeatable": False}),
    ("cut off", cut(b'{"id"', 99), Unavailable, {"billable_unknown": True, "repeatable": False}),
    ("silence", slow(3, answer({})), Unavailable, {"billable_unknown": True, "repeatable": False}),
    ("bad token", answer({"detail": "Unauthenticated"}, 401), Broken, {"key_at_fault": True}),
    ("no credit", answer({"detail": "Insufficient credit"}, 402), Broken, {"key_at_fault": True}),
    ("no such model", answer({"detail": "x"}, 404), Broken, {"key_at_fault": False}),
    ("bad input", answer({"detail": "x"}, 422), Broken, {"key_at_fault": False}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("step", "kind", "attributes"), [r[1:] for r in CREATE_FAILURES], ids=[r[0] for r in CREATE_FAILURES]
)
async def test_a_failed_purchase_is_sorted_and_never_repeated(
    vendor: ScriptedVendor,
    images: ReplicateImages,
    step: Step,
    kind: type[ProviderError],
    attributes: dict[str, Any],
) -> None:
    vendor.on(CREATE, step)
    around = Around()
    with pytest.raises(kind) as caught:
        await images.make_image(REQUEST, model=MODEL, key="r8_1", call=around.call())
    assert {name: getattr(caught.value, name) for name in attributes} == attributes
    assert (vendor.count(CREATE), around.remembered) == (1, [])


async def test_lives_through_failed_polls(vendor: ScriptedVendor, images: ReplicateImages) -> None:
    succeeds(vendor)
    vendor.on(
        GET,
        answer({}, 500),
        answer({"detail": "x"}, 429, retry_after="0.01"),
        Response("<html>", 200),
        cut(b"{", 9),
        prediction("succeeded", output=[f"{vendor.url}/out/0.png"]),
    )
    image = await images.make_image(REQUEST, model=MODEL, key="r8_1", call=Around().call())
    assert image.content == PICTURE
    assert vendor.count(CREATE) == 1


async def test_a_poll_that_is_told_to_stay_away_for_an_hour_does_not_lose_what_was_bought(
    vendor: ScriptedVendor, images: ReplicateImages
) -> None:
    """Of 20 seconds at most, here a hundredth of them."""
    succeeds(vendor)
    vendor.on(
        GET,
        answer({"detail": "x"}, 429, retry_after="3600"),
        prediction("succeeded", output=[f"{vendor.url}/out/0.png"]),
    )
    image = await images.make_image(REQUEST, model=MODEL, key="r8_1", call=Around().call(5))
    assert image.content == PICTURE


@pytest.mark.parametrize("status", ["processing", "queued", "starting"])
async def test_what_is_under_way_when_it_is_bought_is_waited_for(
    vendor: ScriptedVendor, images: ReplicateImages, status: str
) -> None:
    succeeds(vendor)
    vendor.on(CREATE, prediction(status, output=None))
    assert (await images.make_image(REQUEST, model=MODEL, key="r8_1", call=Around().call())).content == PICTURE


async def test_polls_that_keep_failing_leave_the_purchase_resumable(
    vendor: ScriptedVendor, images: ReplicateImages
) -> None:
    vendor.on(CREATE, prediction("starting"))
    vendor.on(GET, answer({}, 500))
    with pytest.raises(Unavailable) as caught:
        await images.make_image(REQUEST, model=MODEL, key="r8_1", call=Around().call())
    assert caught.value.resumable_external_id == "p1"
    assert vendor.count(GET) == 5


async def test_adopts_by_id_without_buying(vendor: ScriptedVendor, images: ReplicateImages) -> None:
    succeeds(vendor)
    image = await images.make_image(REQUEST, model=MODEL, key="r8_1", call=Around().call(adopted="p1"))
    assert image.content == PICTURE
    assert vendor.count(CREATE) == 0


@pytest.mark.parametrize("adopted", ["p1", "../../account"])
async def test_an_unknown_id_cannot_be_adopted(vendor: ScriptedVendor, images: ReplicateImages, adopted: str) -> None:
    vendor.on(GET, answer({"detail": "not found"}, 404))
    with pytest.raises(Unavailable) as caught:
        await images.make_image(REQUEST, model=MODEL, key="r8_1", call=Around().call(adopted=adopted))
    assert caught.value.code == "external_not_found"
    assert vendor.count(CREATE) == 0


async def test_cancelling_the_task_cancels_the_prediction(vendor: ScriptedVendor, images: ReplicateImages) -> None:
    vendor.on(CREATE, prediction("starting"))
    vendor.on(GET, prediction("processing"))
    vendor.on(CANCEL, prediction("canceled"))
    task = asyncio.create_task(images.make_image(REQUEST, model=MODEL, key="r8_1", call=Around().call(30)))
    await until(lambda: vendor.count(GET) > 0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert vendor.count(CANCEL) == 1


async def test_cancelling_during_the_purchase_still_cancels_what_was_bought(
    vendor: ScriptedVendor, images: ReplicateImages
) -> None:
    vendor.on(CREATE, slow(0.3, prediction("starting")))
    vendor.on(CANCEL, prediction("canceled"))
    task = asyncio.create_task(images.make_image(REQUEST, model=MODEL, key="r8_1", call=Around().call(30)))
    await until(lambda: vendor.count(CREATE) > 0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert vendor.count(CANCEL) == 1


async def test_the_deadline_cancels_and_cancelling_that_hangs_does_not_hold_us(
    vendor: ScriptedVendor, images: ReplicateImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generation.providers.replicate_predictions._CANCEL_SECONDS", 0.2)
    vendor.on(CREATE, prediction("starting"))
    vendor.on(GET, prediction("processing"))
    vendor.on(CANCEL, slow(3, prediction("canceled")))
    started = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        await images.make_image(REQUEST, model=MODEL, key="r8_1", call=Around().call(0.3))
    assert time.monotonic() - started < 1.5
    assert (caught.value.billable_unknown, caught.value.resumable_external_id) == (True, None)
    assert vendor.count(CANCEL) == 1


async def test_a_pinned_version_is_bought_by_version(vendor: ScriptedVendor, imaging: Imaging) -> None:
    model = f"someone/model:{'a' * 64}"
    card = ModelCard(provider="replicate", model=model, second_microusd=1000, inputs={"steps": 4})
    adapter = ReplicateImages(
        ReplicateApi(vendor.url, provider="replicate"),
        catalogue=Catalogue([card]),
        imaging=imaging,
        poll_scale=0.01,
    )
    vendor.on("POST /v1/predictions", prediction("starting"))
    address = f"{vendor.url}/out/0.png"
    vendor.on(GET, prediction("succeeded", output=address, metrics={"predict_time": 2.5}))
    vendor.on(OUTPUT, Response(PICTURE))
    image = await adapter.make_image(REQUEST, model=model, key="r8_1", call=Around().call())
    await adapter.aclose()
    sent = json.loads(vendor.seen[0].body)
    assert sent["version"] == "a" * 64
    assert (sent["input"]["width"], sent["input"]["steps"]) == (1024, 4)
    assert image.cost_microusd == 2500
