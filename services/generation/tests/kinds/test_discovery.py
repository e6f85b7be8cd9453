"""A kind is one module: found by itself, declared with a digest that changes only when it does."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import generation.kinds
from common.db.database import Database
from common.events.kinds import KindDeclared, PriceRule
from common.events.registry import decode
from generation.kinds.declare import declare_kinds
from generation.kinds.discovery import discover
from generation.kinds.kind import Kind
from generation.providers.bootstrap import Providers

from ..stage import Answer, Text, enqueue_one, executor_of, kind_of, rows, until_state

MODULE = '''
"""The kind `{name}`."""

from common.events.kinds import PriceRule
from generation.engine.context import JobContext
from generation.kinds.kind import Kind, KindInput, KindResult


class Input(KindInput):
    text: str


class Result(KindResult):
    reversed: str


async def run(request: Input, job: JobContext) -> Result:
    return Result(reversed=request.text[::-1])


KIND = Kind(
    name="{name}", title="Reverse", summary="Turns a text round.", job_class="text", price=PriceRule(base_credits=1),
    input=Input, result=Result, example={{"text": "abc"}}, run=run,
)
'''


async def play(job_input: Text, job: Any) -> Answer:
    return Answer(value=job_input.text)


def test_finds_the_product_s_kinds() -> None:
    kinds = discover()

    assert "text-to-design" in kinds
    assert all(name == kind.name for name, kind in kinds.items())


async def test_adding_a_kind_is_adding_one_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database, nobody: Providers
) -> None:
    (tmp_path / "reverse.py").write_text(MODULE.format(name="reverse"), encoding="utf-8")
    monkeypatch.setattr(generation.kinds, "__path__", [*generation.kinds.__path__, str(tmp_path)])

    kinds = discover()
    await database.transact(declare_kinds, list(kinds.values()))
    job_id = await enqueue_one(database, kind="reverse", job_class="text", job_input={"text": "atelier"}, credits=1)
    executor = executor_of(database, nobody, *kinds.values())
    executor.answer("text")

    row = await until_state(database, job_id, "completed")
    assert row.result == {"reversed": "reileta"}
    declared = [
        decode(item.type, item.body)
        for item in await rows(database, "SELECT type, body FROM outbox WHERE type = 'kind.declared'")
    ]
    assert {event.name for event in declared if isinstance(event, KindDeclared)} == kinds.keys()
    await executor.drain(1)
    monkeypatch.delitem(sys.modules, "generation.kinds.reverse")


def test_a_module_from_elsewhere_is_named_in_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "somebody_s_kind.py").write_text(MODULE.format(name="elsewhere"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    assert "elsewhere" in discover(["somebody_s_kind"])
    with pytest.raises(ModuleNotFoundError):
        discover(["nobody_s_kind"])
    monkeypatch.delitem(sys.modules, "somebody_s_kind")


def test_two_kinds_of_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a_second_design.py").write_text(MODULE.format(name="text-to-design"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(ValueError, match="two kinds are named text-to-design"):
        discover(["a_second_design"])
    monkeypatch.delitem(sys.modules, "a_second_design")


def test_the_digest_is_the_same_in_every_process() -> None:
    program = (
        "from generation.kinds.discovery import discover\nfor k in discover().values(): print(k.declaration().digest)"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(digests) == 1
    assert [kind.declaration().digest for kind in discover().values()] == digests.pop().split()


def test_the_digest_changes_with_whatever_is_declared() -> None:
    base = kind_of(play)
    variants: list[dict[str, Any]] = [
        {"title": "Another"},
        {"price": PriceRule(base_credits=6)},
        {"deadline": timedelta(minutes=5)},
        {"example": {"text": "other"}},
        {"job_class": "text"},
    ]
    fields = {name: getattr(base, name) for name in Kind.__slots__}

    digests = {Kind(**{**fields, **variant}).declaration().digest for variant in variants}

    assert len(digests | {base.declaration().digest}) == len(variants) + 1
    assert base.declaration().digest == kind_of(play).declaration().digest


def test_a_kind_with_an_odd_class_or_a_wrong_example_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="unknown class"):
        kind_of(play, job_class="gpu")
    fields = {name: getattr(kind_of(play), name) for name in Kind.__slots__}
    with pytest.raises(ValidationError):
        Kind(**{**fields, "example": {"txt": 1}})
