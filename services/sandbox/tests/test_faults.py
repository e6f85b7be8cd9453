"""Every kind of HTTP fault as the real OpenAI client meets it, and the rules that decide when it strikes."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import openai
import pytest
import pytest_asyncio

from sandbox.client import SandboxClient
from sandbox.server import SandboxServer

IMAGES = "images.generate"


@pytest_asyncio.fixture
async def client(server: SandboxServer) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        api_key="sk-test", base_url=f"{server.public_url}/openai/v1", max_retries=0, timeout=0.5
    ) as made:
        yield made


async def _draw(client: openai.AsyncOpenAI) -> Any:
    return await client.images.generate(model="gpt-image-2", prompt="a hill", size="256x256")


async def test_status_has_the_vendors_shape_and_retry_after(client: openai.AsyncOpenAI, control: SandboxClient) -> None:
    await control.fault("openai", IMAGES, {"retry_after": 1.5})
    with pytest.raises(openai.RateLimitError) as caught:
        await _draw(client)
    assert caught.value.code == "rate_limit_exceeded"
    assert caught.value.response.headers["retry-after"] == "1.5"
    assert (await _draw(client)).data


async def test_status_with_a_body_of_ones_own(client: openai.AsyncOpenAI, control: SandboxClient) -> None:
    body = {"error": {"message": "no money", "type": "insufficient_quota", "code": "insufficient_quota"}}
    await control.fault("openai", IMAGES, {"status": 429, "body": body, "headers": {"x-should-retry": "false"}})
    with pytest.raises(openai.RateLimitError) as caught:
        await _draw(client)
    assert caught.value.code == "insufficient_quota"
    assert caught.value.response.headers["x-should-retry"] == "false"


async def test_delay_runs_into_the_clients_timeout_and_is_one_request(
    client: openai.AsyncOpenAI, control: SandboxClient
) -> None:
    await control.fault("openai", IMAGES, {"delay_seconds": 1})
    with pytest.raises(openai.APITimeoutError):
        await _draw(client)
    assert len(await control.requests("openai", IMAGES)) == 1


async def test_drip_outlasts_a_read_timeout(client: openai.AsyncOpenAI, control: SandboxClient) -> None:
    await control.fault("openai", IMAGES, {"drip_seconds": 1.0, "pieces": 10})
    started = time.monotonic()
    assert (await _draw(client)).data
    assert time.monotonic() - started > 0.9


async def test_truncated_body_is_a_connection_error(client: openai.AsyncOpenAI, control: SandboxClient) -> None:
    await control.fault("openai", IMAGES, {"truncate": 0.5})
    with pytest.raises((openai.APIConnectionError, httpx2.RemoteProtocolError)):
        await _draw(client)


async def test_cleanly_truncated_body_is_broken_json(client: openai.AsyncOpenAI, control: SandboxClient) -> None:
    await control.fault("openai", IMAGES, {"truncate": True, "clean": True})
    with pytest.raises(json.JSONDecodeError):
        await _draw(client)


async def test_cleanly_truncated_stream_ends_without_completed(
    client: openai.AsyncOpenAI, control: SandboxClient
) -> None:
    await control.fault("openai", IMAGES, {"truncate": 0.5, "clean": True})
    stream = await client.images.generate(
        model="gpt-image-2", prompt="a hill", size="256x256", stream=True, partial_images=2
    )
    types = [event.type async for event in stream]
    assert "image_generation.completed" not in types


@pytest.mark.parametrize("after_work", [False, True])
async def test_disconnect_closes_the_socket_unanswered(
    client: openai.AsyncOpenAI, control: SandboxClient, after_work: bool
) -> None:
    await control.fault("openai", IMAGES, {"disconnect": True, "after_work": after_work})
    with pytest.raises(openai.APIConnectionError):
        await _draw(client)
    (record,) = await control.requests("openai", IMAGES)
    assert record["status"] is None


async def test_disconnect_after_work_has_done_the_work(control: SandboxClient) -> None:
    await control.fault("stripe", "customers.create", {"disconnect": True, "after_work": True})
    headers = {"Authorization": "Bearer sk", "Idempotency-Key": "once"}
    with pytest.raises(httpx2.RemoteProtocolError):
        await control.http.post("/stripe/v1/customers", headers=headers)
    again = await control.http.post("/stripe/v1/customers", headers=headers)
    assert again.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize(("kind", "start"), [("html", "<!doctype"), ("broken_json", '{"data"'), ("empty_object", "{}")])
async def test_garbage_is_a_200(control: SandboxClient, kind: str, start: str) -> None:
    await control.fault("openai", "models.list", {"garbage": kind})
    answer = await control.http.get("/openai/v1/models")
    assert answer.status_code == 200
    assert answer.text.startswith(start)


async def test_after_and_times_choose_the_calls(control: SandboxClient) -> None:
    await control.fault("openai", "models.list", {"status": 503}, after=1, times=2)
    headers = {"Authorization": "Bearer x"}
    statuses = [(await control.http.get("/openai/v1/models", headers=headers)).status_code for _ in range(5)]
    assert statuses == [200, 503, 503, 200, 200]


async def test_until_removed(control: SandboxClient) -> None:
    rule = await control.fault("openai", None, {"status": 500}, times=None)
    for _ in range(3):
        assert (await control.http.get("/openai/v1/models")).status_code == 500
    (shown,) = (await control.http.get("/sandbox/faults")).json()
    assert (shown["id"], shown["applied"]) == (rule, 3)
    assert (await control.http.delete(f"/sandbox/faults/{rule}")).status_code == 204
    assert (await control.http.get("/openai/v1/models")).status_code == 401


async def test_one_rule_is_not_used_up_by_parallel_calls_twice(control: SandboxClient) -> None:
    await control.fault("openai", "models.list", {"status": 500}, times=3)
    headers = {"Authorization": "Bearer x"}
    answers = await asyncio.gather(*(control.http.get("/openai/v1/models", headers=headers) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [500] * 3


@pytest.mark.parametrize(
    "rule",
    [
        {"vendor": "openai", "operation": "uplaod", "fault": {"status": 500}},
        {"vendor": "openai", "fault": {"drop": True}},
        {"vendor": "openai", "fault": {"status": 500, "delay": 1}},
        {"vendor": "openai", "fault": {}},
        {"vendor": "nobody", "fault": {"status": 500}},
        {"vendor": "replicate", "fault": {"prediction_status": "failed"}},
        {"vendor": "openai", "fault": {"status": 500}, "times": 0},
    ],
)
async def test_refuses_a_rule_that_could_never_strike(control: SandboxClient, rule: dict[str, Any]) -> None:
    answer = await control.http.post("/sandbox/faults", json=rule)
    assert answer.status_code == 422, answer.text


async def test_unknown_path_of_a_vendor_is_logged_and_404(control: SandboxClient) -> None:
    assert (await control.http.post("/openai/v1/embeddings", json={})).status_code == 404
    assert len(await control.requests("openai", "unknown")) == 1


async def test_reset_forgets_everything(control: SandboxClient) -> None:
    await control.fault("openai", None, {"status": 500}, times=None)
    await control.http.get("/openai/v1/models")
    await control.reset()
    assert (await control.http.get("/sandbox/faults")).json() == []
    assert await control.requests("openai") == []
