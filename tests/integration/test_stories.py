"""The three stories of the demo, and the one trace that runs through the first."""

import asyncio
import re
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from atelier_local import demo
from atelier_local.stack import Stack
from common.clock import now
from common.ids import from_text
from sandbox.client import SandboxClient

from .conftest import query
from .studio import Customer, until


async def _mails(sandbox: SandboxClient, customer: Customer, words: str) -> list[dict[str, Any]]:
    return [mail for mail in await sandbox.inbox(to=customer.email) if words in mail["subject"].lower()]


async def test_a_paid_job_ends_in_a_picture_a_charge_and_one_mail(customer: Customer, sandbox: SandboxClient) -> None:
    await customer.buy_and_wait()
    job_id = await customer.accepted("text-to-design", prompt="A lighthouse at dusk", aspect_ratio="16:9")
    job = await customer.outcome(job_id)
    assert job["status"] == "succeeded"
    assert job["charge"] == {"price": 5, "held": 5, "charged": 5, "returned": 0, "settled": True}
    assert [(a["provider"], a["outcome"]) for a in job["attempts"]] == [("openai", "ok")]
    picture = await customer.http.get(job["result"]["image"]["url"], headers={"Authorization": ""})
    assert picture.headers["content-type"] == "image/webp"
    assert picture.content[:4] == b"RIFF"
    assert len(picture.content) == job["result"]["image"]["size_bytes"]
    await _signed_again(customer, job, picture.content)
    assert await customer.has_credits(55)
    await until(lambda: _mails(sandbox, customer, "ready"), what="the mail")
    assert len(await _mails(sandbox, customer, "ready")) == 1


async def _signed_again(customer: Customer, job: dict[str, Any], content: bytes) -> None:
    """What was signed expires, and is signed anew for the owner: another time is another address of the same file."""
    image = job["result"]["image"]
    (fresh,) = (await customer.http.get(f"/v1/jobs/{job['id']}/artefacts")).json()["items"]
    assert {**image, "url": fresh["url"], "url_expires_at": fresh["url_expires_at"]} == {**image, **fresh}
    assert datetime.fromisoformat(fresh["url_expires_at"]) - now() > timedelta(days=6, hours=23)
    bare = {"Authorization": ""}
    assert (await customer.http.get(fresh["url"], headers=bare)).content == content
    expires_at = re.search(r"expires_at=(\d+)", fresh["url"])
    assert expires_at is not None
    prolonged = fresh["url"].replace(expires_at[1], str(int(expires_at[1]) + 1))
    assert (await customer.http.get(prolonged, headers=bare)).status_code == 401


async def test_when_openai_fails_replicate_delivers_and_the_price_is_the_same(
    customer: Customer, sandbox: SandboxClient
) -> None:
    await sandbox.fault("openai", "images.generate", {"status": 500}, times=None)
    job = await customer.outcome(await customer.accepted("text-to-design", prompt="A lighthouse at noon"))
    assert job["status"] == "succeeded"
    assert job["result"]["provider"] == "replicate"
    assert job["charge"]["charged"] == 5
    assert Counter(attempt["provider"] for attempt in job["attempts"]) == {"openai": 3, "replicate": 1}


async def test_when_all_providers_fail_the_credits_come_back_and_the_mail_says_so(
    customer: Customer, sandbox: SandboxClient
) -> None:
    await sandbox.fault("openai", "images.generate", {"status": 500}, times=None)
    await sandbox.fault("replicate", "predictions.create", {"prediction_status": "failed"}, times=None)
    job = await customer.outcome(await customer.accepted("text-to-design", prompt="A lighthouse at night"))
    assert (job["status"], job["error"]["code"]) == ("failed", "PROVIDERS_UNAVAILABLE")
    assert job["charge"] == {"price": 5, "held": 5, "charged": 0, "returned": 5, "settled": True}
    assert await customer.has_credits(10)
    (mail,) = await until(lambda: _mails(sandbox, customer, "could not finish"), what="the mail") or []
    assert "5 credits" in mail["text"]


async def test_a_refused_prompt_is_not_tried_elsewhere(customer: Customer, sandbox: SandboxClient) -> None:
    before = [len(await sandbox.requests(*asked)) for asked in (("replicate",), ("openai", "images.generate"))]
    job = await customer.outcome(await customer.accepted("text-to-design", prompt="something forbidden"))
    assert (job["status"], job["error"]["code"]) == ("failed", "MODERATION_BLOCKED")
    after = [len(await sandbox.requests(*asked)) for asked in (("replicate",), ("openai", "images.generate"))]
    assert after == [before[0], before[1] + 1]
    assert await customer.has_credits(10)


async def test_a_job_cancelled_on_the_way_keeps_and_pays_for_what_was_delivered(
    stack: Stack, customer: Customer
) -> None:
    job_id = await customer.accepted(steps=3, pause_seconds=2.0)

    delivered = f"SELECT 1 FROM steps WHERE job_id = '{from_text('job', job_id)}'"  # noqa: S608 - the test's own text
    await until(lambda: query(stack, "generation", delivered), what="the first picture")
    answer = await customer.http.post(f"/v1/jobs/{job_id}/cancel")
    assert answer.status_code == 202

    job = await customer.outcome(job_id)
    assert job["status"] == "cancelled"
    parts = job["result"]["parts"]
    charged = 2 * len(parts)
    assert 1 <= len(parts) <= 2
    assert job["charge"] == {"price": 6, "held": 6, "charged": charged, "returned": 6 - charged, "settled": True}
    assert await customer.has_credits(10 - charged)
    picture = await customer.http.get(parts[0]["result"]["url"], headers={"Authorization": ""})
    assert picture.headers["content-type"] == "image/webp"
    receipt = (await customer.http.get(f"/v1/jobs/{job_id}/receipt")).json()
    totals = receipt["totals"]
    assert (totals["held"], totals["captured"], totals["returned"]) == (6, charged, 6 - charged)
    assert receipt["why"].startswith("The job was cancelled after a part was delivered")


async def test_one_trace_runs_from_the_submission_to_the_mail(customer: Customer, sandbox: SandboxClient) -> None:
    answer = await customer.submit("text-to-design", prompt="A lighthouse in fog")
    trace_id = answer.headers["traceresponse"].split("-")[1]
    await customer.outcome(answer.json()["id"])

    async def complete() -> list[dict[str, Any]] | None:
        found = await sandbox.http.get(f"/sandbox/traces/{trace_id}")
        spans = found.json() if found.status_code == 200 else []
        known = {span["span_id"] for span in spans} | {None, ""}
        orphans = [span["name"] for span in spans if span["parent_span_id"] not in known]
        return spans if any(span["name"] == "smtp send" for span in spans) and not orphans else None

    spans = await until(complete, seconds=15, what="one whole trace, from the submission to the mail")
    roots = [span["name"] for span in spans if not span["parent_span_id"]]
    assert roots == ["POST /v1/jobs/{kind}"]
    names = {span["name"] for span in spans}
    assert {
        "process job.submitted",
        "process credits.held",
        "run text-to-design",
        "step image",
        "process run.completed",
        "process credits.captured",
        "smtp send",
    } <= names
    assert any(name.startswith("image.make openai") for name in names)
    assert {"gateway", "billing", "generation", "generation-worker", "notifier"} <= {span["service"] for span in spans}


@pytest.mark.timeout(180)
async def test_the_demo_tells_all_its_stories(stack: Stack) -> None:
    assert await asyncio.to_thread(demo.run, stack) == 0
