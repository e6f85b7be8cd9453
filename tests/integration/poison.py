"""A kind of work for these tests: one word ends the worker that reads it, as a crash in a library would."""

import os

from pydantic import Field

from common.events.kinds import PriceRule
from generation.engine.context import JobContext
from generation.kinds.kind import Kind, KindInput, KindResult

LETHAL = "what-reads-this-is-gone"


class PoisonInput(KindInput):
    """What is read."""

    word: str = Field(min_length=1, max_length=100)


class PoisonResult(KindResult):
    """The word."""

    word: str


async def run(request: PoisonInput, job: JobContext) -> PoisonResult:
    """Read the word."""
    if request.word == LETHAL:
        os._exit(1)
    return PoisonResult(word=request.word)


KIND = Kind(
    name="poison",
    title="Poison",
    summary="Reads a word; one of them is too much.",
    job_class="local",
    price=PriceRule(base_credits=1),
    input=PoisonInput,
    result=PoisonResult,
    example={"word": "honey"},
    run=run,
    memory_mb=1,
)
