"""What a kind of work is: its input and result, its price, its class, and how it is carried out."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from common.events.kinds import PAID_PLAN, KindDeclared, PriceRule
from generation.engine.context import JobContext

JOB_CLASSES = ("local", "image", "text", "document")
CLASS_MEMORY_MB = {"local": 32, "image": 12, "text": 4, "document": 48}
"""What a run of a class takes at its peak, child processes included, unless its kind says otherwise."""


class KindInput(BaseModel):
    """Base of all inputs: unknown members are an error, so that a typing mistake is told."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class KindResult(BaseModel):
    """Base of all results."""

    model_config = ConfigDict(frozen=True)

    def charge_credits(self, held_credits: int) -> int:
        """What this result costs of what is held, 0 to all of it: all, unless a kind says otherwise.

        A function of the result alone, so that a job that is taken up again after a crash costs the same.
        """
        return held_credits


I = TypeVar("I", bound=KindInput)  # noqa: E741 - the input
R = TypeVar("R", bound=KindResult)


@dataclass(frozen=True, slots=True)
class Kind(Generic[I, R]):
    """A kind of work. The module that makes one assigns it to `KIND`.

    `run` gets the validated input and a context; it works in remembered steps and returns the result. `deadline` is
    how long a job may wait before its first start. What is charged on success is said by the result. `memory_mb` is
    what one run takes at its peak, where that is not what its class says. With `once_a_paid_year` only accounts with
    a paid plan are served, once in each year of it (see `generation.entitlements`).
    """

    name: str
    title: str
    summary: str
    job_class: str
    price: PriceRule
    input: type[I]
    result: type[R]
    example: dict[str, Any]
    run: Callable[[I, JobContext], Awaitable[R]]
    deadline: timedelta = timedelta(hours=1)
    once_a_paid_year: bool = False
    memory_mb: int | None = None

    def __post_init__(self) -> None:
        if self.job_class not in JOB_CLASSES:
            raise ValueError(f"kind {self.name} has the unknown class {self.job_class}")
        self.input.model_validate(self.example)

    @property
    def peak_memory_mb(self) -> int:
        """What one run takes at its peak."""
        return CLASS_MEMORY_MB[self.job_class] if self.memory_mb is None else self.memory_mb

    def declaration(self) -> KindDeclared:
        """What the rest of the system needs to know to offer this kind."""
        facts: dict[str, Any] = {
            "name": self.name,
            "title": self.title,
            "summary": self.summary,
            "job_class": self.job_class,
            "price": self.price.model_dump(),
            "input_schema": self.input.model_json_schema(),
            "result_schema": self.result.model_json_schema(mode="serialization"),
            "example": self.example,
            "deadline_seconds": int(self.deadline.total_seconds()),
            "requires": PAID_PLAN if self.once_a_paid_year else None,
        }
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
        return KindDeclared.model_validate({**facts, "digest": digest})
