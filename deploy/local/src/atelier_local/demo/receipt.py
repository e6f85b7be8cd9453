"""Owns the receipt of a job: what was held, charged and given back, who was asked, and what that cost us."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from atelier_local.demo.output import columns, shorten

Job = Mapping[str, Any]

_OUTCOME_CHARS_MAX = 20
_MODEL_CHARS_MIN = 8
_SELF_EXPLAINING = frozenset({"rate_limited"})


def receipt_rows(job: Job, width: int) -> list[str]:
    """The receipt of a finished job (`GET /v1/jobs/{id}`) as lines of at most `width`."""
    charge = job["charge"]
    rows = [
        ["job", str(job["id"])],
        ["status", _status(job)],
        ["held", credits_text(charge["held"])],
        ["captured", credits_text(charge["charged"])],
        ["returned", credits_text(charge["returned"])],
        ["duration", _seconds_text(duration_seconds(job))],
        ["provider cost", dollars(cost_microusd(job))],
    ]
    if job["result"]:
        result = job["result"]
        rows[2:2] = [["provider", result["provider"]], ["model", result["model"]]]
    return [*columns(rows, "<<"), "", *attempt_rows(job["attempts"], width)]


def attempt_rows(attempts: Sequence[Mapping[str, Any]], width: int) -> list[str]:
    """A table of the calls made, in their order; the same outcome of the same model in a row is one line."""
    table = [["asked", "model", "outcome", "calls", "took", "cost"]]
    for (provider, model, outcome), group in groupby(attempts, _what_happened):
        calls = list(group)
        took = sum(call["duration_seconds"] for call in calls)
        cost = sum(call["cost_microusd"] or 0 for call in calls)
        table.append([provider, model, outcome, str(len(calls)), _seconds_text(took), dollars(cost)])
    if len(table) == 1:
        return ["nobody was asked"]
    excess = max(len(row) for row in columns(table, "<<<>>>")) - width
    model_chars_max = max(_MODEL_CHARS_MIN, max(len(row[1]) for row in table) - max(0, excess))
    return columns([[row[0], shorten(row[1], model_chars_max), *row[2:]] for row in table], "<<<>>>")


def cost_microusd(job: Job) -> int:
    """What all calls for the job cost, in millionths of a dollar."""
    return sum(attempt["cost_microusd"] or 0 for attempt in job["attempts"])


def duration_seconds(job: Job) -> float:
    """From the submission to the end."""
    created, finished = (datetime.fromisoformat(job[name]) for name in ("created_at", "finished_at"))
    return (finished - created).total_seconds()


def dollars(microusd: int) -> str:
    """Millionths of a dollar for people, to the hundredth of a cent."""
    return f"${microusd / 1_000_000:.4f}" if microusd else "–"


def credits_text(amount: int) -> str:
    """`1 credit`, `5 credits`."""
    return f"{amount} credit" if amount == 1 else f"{amount} credits"


def _status(job: Job) -> str:
    error = job["error"]
    return f"{job['status']} ({error['code']})" if error else str(job["status"])


def _what_happened(attempt: Mapping[str, Any]) -> tuple[str, str, str]:
    outcome, error = str(attempt["outcome"]), attempt["error_code"]
    told = f"{outcome} ({error})" if error and outcome not in _SELF_EXPLAINING else outcome
    return attempt["provider"], attempt["model"], shorten(told.replace("_", " "), _OUTCOME_CHARS_MAX)


def _seconds_text(seconds: float) -> str:
    return f"{seconds:.2f} s"
