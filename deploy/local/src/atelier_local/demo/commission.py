"""Owns one chapter of the story: a picture is asked for, watched, received or given up, and accounted for."""

import time
import uuid
from dataclasses import dataclass
from typing import Any

from atelier_local.demo.cast import Cast
from atelier_local.demo.checks import DemoFailed, expect, wait_for
from atelier_local.demo.evidence import check_calls, show_mail, show_trace
from atelier_local.demo.picture import save_picture
from atelier_local.demo.receipt import Job, receipt_rows
from atelier_local.demo.thumbnail import thumbnail_rows

PRICE_CREDITS = 5
_JOB_SECONDS_MAX = 40.0
_READ_SECONDS_MAX = 5.0
_THUMBNAIL_COLUMNS = 48
_PATH = "/v1/jobs/text-to-design"


@dataclass(frozen=True, slots=True)
class Commission:
    """What is asked for, and how it must end: `answered_by` a provider, or by nobody (None)."""

    title: str
    subtitle: str
    prompt: str
    style: str
    answered_by: str | None
    asked: tuple[str, ...]
    whole_trace: bool = False

    @property
    def body(self) -> dict[str, str]:
        """The input of the job."""
        return {"prompt": self.prompt, "style": self.style, "aspect_ratio": "16:9"}


@dataclass(frozen=True, slots=True)
class Told:
    """How a commission ended, for the summary."""

    commission: Commission
    job: Job


def tell(cast: Cast, commission: Commission) -> Told:
    """The whole chapter.

    Raises:
        DemoFailed: anything went otherwise than the commission says.
    """
    mark = cast.backstage.last_call()
    job_id, trace_id = _submit(cast, commission)
    _watch(cast, job_id)
    job = _read(cast, job_id)
    _check_outcome(cast, commission, job)
    if commission.answered_by:
        _save(cast, commission, job)
    cast.screen.line()
    cast.screen.frame("receipt", receipt_rows(job, cast.screen.frame_width))
    cast.screen.line()
    with cast.screen.step("comparing the credits") as step:
        cast.balance_credits -= job["charge"]["charged"]
        cast.check_balance()
        step.say(f"GET /v1/credits agrees: {cast.balance_credits} available, nothing held")
    check_calls(cast, commission.prompt, job, mark)
    show_mail(cast, job)
    show_trace(cast, trace_id, job, whole=commission.whole_trace)
    return Told(commission, job)


def _submit(cast: Cast, commission: Commission) -> tuple[str, str]:
    """Answers the ids of the job and of its trace (empty when the trace is not kept)."""
    key = str(uuid.uuid4())
    with cast.screen.step("POST /v1/jobs/text-to-design") as step:
        answer = cast.studio.post(_PATH, commission.body, key, 202)
        job = answer.json()
        charge = job["charge"]
        expect(charge["price"] == PRICE_CREDITS, f"the price is {charge['price']} instead of {PRICE_CREDITS}")
        step.say(f"202 for “{commission.prompt}”: {job['id']}")
    held = f"{charge['held']} credits held" if charge["held"] else "credits are being held"
    cast.screen.note(f"{job['status']}, {held}{_expectation(job)}")
    with cast.screen.step("the same POST again") as step:
        again = cast.studio.post(_PATH, commission.body, key, 202)
        expect(again.json()["id"] == job["id"], "the same Idempotency-Key made a second job")
        expect(again.headers.get("idempotent-replayed") == "true", "the repeated answer does not say that it is one")
        step.say("the same POST again with the same Idempotency-Key: the same job, nothing twice")
    return str(job["id"]), _trace_id(answer.headers.get("traceresponse", ""))


def _expectation(job: dict[str, Any]) -> str:
    queue = job["queue"]
    if not queue:
        return ""
    soon, late = (round(queue["finish"][name]) for name in ("p50_seconds", "p90_seconds"))
    wait = f"about {soon} s" if soon == late else f"{soon} to {late} s"
    return f", {queue['position']} before it, done in {wait} by the estimate"


def _trace_id(traceresponse: str) -> str:
    """The id of a sampled trace (W3C Trace Context level 2, `traceresponse`)."""
    parts = traceresponse.split("-")
    expect(len(parts) == 4, f"the traceresponse header is {traceresponse!r}")
    return parts[1] if int(parts[3], 16) & 1 else ""


def _watch(cast: Cast, job_id: str) -> None:
    """Follow the job's stream to the event marked final, the bar moving."""
    screen = cast.screen
    began = time.monotonic()
    progress, words = 0.0, "waiting"
    screen.note(f"GET /v1/jobs/{job_id}/events")
    for event in cast.studio.events(f"/v1/jobs/{job_id}/events", "0", _JOB_SECONDS_MAX):
        if not event.type.startswith("job."):
            continue
        content = event.json()
        if event.type == "job.progress":
            expect(content["progress"] >= progress, f"progress went back to {content['progress']}")
            progress, words = content["progress"], content["message"]
        elif event.type == "job.succeeded":
            progress = 1.0
        screen.happening(time.monotonic() - began, event.type, _words(event.type, content))
        screen.bar(progress, words)
        if content.get("final"):  # the place in the queue is told without one
            screen.bar(progress, "done" if progress == 1.0 else "given up", last=True)
            return
    raise DemoFailed("the job's stream ended without a final event")


def _words(event_type: str, content: dict[str, Any]) -> str:
    match event_type:
        case "job.submitted":
            return f"{content['price_credits']} credits"
        case "job.queued":
            return f"{content['position']} before it"
        case "job.started":
            return f"attempt {content['attempt']}"
        case "job.progress":
            return f"{content['progress'] * 100:.0f} %, {content['message']}"
        case "job.succeeded":
            return f"by {content['result']['provider']}"
        case "job.failed":
            return str(content["detail"])
        case "job.charged":
            return f"{content['captured_credits']} captured, {content['available_credits']} available"
        case "job.released":
            return f"{content['released_credits']} returned, {content['available_credits']} available"
    return ""


def _read(cast: Cast, job_id: str) -> Job:
    """The job as GET tells it, once the credits are settled there too."""

    def settled() -> Job | None:
        job = cast.studio.get(f"/v1/jobs/{job_id}")
        return job if job["charge"]["settled"] and job["finished_at"] else None

    with cast.screen.step("GET /v1/jobs/{id}") as step:
        job = wait_for("a settled job in GET /v1/jobs/{id}", settled, _READ_SECONDS_MAX)
        step.say(f"GET /v1/jobs/{{id}}: {job['status']}, settled")
    return job


def _check_outcome(cast: Cast, commission: Commission, job: Job) -> None:
    charge = job["charge"]
    asked = [attempt["provider"] for attempt in job["attempts"]]
    expect(charge["held"] == PRICE_CREDITS, f"{charge['held']} credits were held instead of {PRICE_CREDITS}")
    distinct = tuple(dict.fromkeys(asked))
    expect(
        distinct == commission.asked,
        f"asked were {', '.join(distinct) or 'none'} instead of {', '.join(commission.asked)}; a provider "
        "that failed much in the last minute rests for half a minute: try again then",
    )
    if commission.answered_by is None:
        expect(job["status"] == "failed", f"the job is {job['status']} although nobody could answer")
        expect(job["error"]["code"] == "PROVIDERS_UNAVAILABLE", f"the job failed with {job['error']['code']}")
        expect((charge["charged"], charge["returned"]) == (0, PRICE_CREDITS), f"the charge is {charge}")
        expect("ok" not in {attempt["outcome"] for attempt in job["attempts"]}, "an attempt succeeded")
    else:
        expect(job["status"] == "succeeded", f"the job is {job['status']}: {job['error']}")
        expect((charge["charged"], charge["returned"]) == (PRICE_CREDITS, 0), f"the charge is {charge}")
        answered = job["result"]["provider"]
        expect(answered == commission.answered_by, f"{answered} answered instead of {commission.answered_by}")
        expect(job["attempts"][-1]["outcome"] == "ok", "the last attempt is not the one that succeeded")


def _save(cast: Cast, commission: Commission, job: Job) -> None:
    image = job["result"]["image"]
    file = cast.target.output_dir / f"lighthouse-{commission.answered_by}.webp"
    with cast.screen.step("fetching the picture") as step:
        content = cast.studio.picture(image["url"])
        save_picture(content, image, file)
        size = f"{image['width']}×{image['height']}, {image['size_bytes'] / 1024:.0f} KiB"
        step.say(f"saved {'/'.join(file.parts[-3:])}: WebP, {size}")
    if cast.screen.true_colour:
        cast.screen.line()
        for row in thumbnail_rows(content, _THUMBNAIL_COLUMNS):
            cast.screen.line(f"    {row}")
