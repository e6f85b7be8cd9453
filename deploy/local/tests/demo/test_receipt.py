"""The receipt of a job as lines."""

from typing import Any

import pytest

from atelier_local.demo.receipt import attempt_rows, credits_text, dollars, receipt_rows


def attempt(provider: str, outcome: str, error: str | None, seconds: float, cost: int | None) -> dict[str, Any]:
    return {
        "step": "image",
        "provider": provider,
        "model": f"{provider}-draws",
        "outcome": outcome,
        "error_code": error,
        "duration_seconds": seconds,
        "cost_microusd": cost,
    }


def job(status: str, attempts: list[dict[str, Any]], charged: int) -> dict[str, Any]:
    succeeded = status == "succeeded"
    return {
        "id": "job_1",
        "status": status,
        "charge": {"price": 5, "held": 5, "charged": charged, "returned": 5 - charged, "settled": True},
        "result": {"provider": attempts[-1]["provider"], "model": attempts[-1]["model"]} if succeeded else None,
        "error": None if succeeded else {"code": "PROVIDERS_UNAVAILABLE", "detail": "None could."},
        "attempts": attempts,
        "created_at": "2026-11-21T08:58:00.149387Z",
        "finished_at": "2026-11-21T08:58:01.983976Z",
    }


THROTTLED = attempt("openai", "rate_limited", "rate_limit_exceeded", 0.05, None)


def test_shows_every_provider_that_was_asked() -> None:
    rows = receipt_rows(job("succeeded", [THROTTLED, THROTTLED, attempt("replicate", "ok", None, 1.5, 3000)], 5), 92)
    assert rows == [
        "job            job_1",
        "status         succeeded",
        "provider       replicate",
        "model          replicate-draws",
        "held           5 credits",
        "captured       5 credits",
        "returned       0 credits",
        "duration       1.83 s",
        "provider cost  $0.0030",
        "",
        "asked      model            outcome       calls    took     cost",
        "openai     openai-draws     rate limited      2  0.10 s        –",
        "replicate  replicate-draws  ok                1  1.50 s  $0.0030",
    ]


def test_a_failed_job_shows_why_and_what_went_back() -> None:
    rows = receipt_rows(job("failed", [attempt("openai", "unavailable", "503", 0.2, None)], 0), 92)
    assert "status         failed (PROVIDERS_UNAVAILABLE)" in rows
    assert "returned       5 credits" in rows
    assert "provider cost  –" in rows
    assert rows[-1] == "openai  openai-draws  unavailable (503)      1  0.20 s     –"


@pytest.mark.parametrize("width", [72, 92])
def test_long_names_stay_within_the_width(width: int) -> None:
    long = attempt("replicate", "unavailable", "an_error_code_beyond_all_measure", 100.0, 12_000_000)
    rows = attempt_rows([long | {"model": "somebody/" + "x" * 200}], width)
    assert max(len(row) for row in rows) <= width


def test_says_so_when_nobody_was_asked() -> None:
    assert attempt_rows([], 92) == ["nobody was asked"]


@pytest.mark.parametrize(("amount", "text"), [(0, "–"), (30_410, "$0.0304"), (1_234_567, "$1.2346")])
def test_costs_read_in_dollars(amount: int, text: str) -> None:
    assert dollars(amount) == text


def test_one_credit_is_singular() -> None:
    assert (credits_text(1), credits_text(2)) == ("1 credit", "2 credits")
