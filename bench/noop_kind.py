"""The kind `noop`: nothing is done, so that what is measured is the way there and back."""

from pydantic import Field

from common.events.kinds import PriceRule
from generation.engine.context import JobContext
from generation.engine.step import Step
from generation.kinds.kind import Kind, KindInput, KindResult


class NoopInput(KindInput):
    """Any number; it makes one submission different from the next."""

    number: int = Field(ge=0)
    steps: int = Field(default=0, ge=0, le=50)


class NoopResult(KindResult):
    """The same number."""

    number: int


async def run(request: NoopInput, job: JobContext) -> NoopResult:
    """Answer at once, or after so many remembered steps of nothing."""
    result = NoopResult(number=request.number)

    async def nothing(step: Step) -> NoopResult:
        return result

    for number in range(request.steps):
        await job.step(f"step-{number}", NoopResult, nothing)
    return result


KIND = Kind(
    name="noop",
    title="Nothing",
    summary="Does nothing, for one credit.",
    job_class="local",
    price=PriceRule(base_credits=1),
    input=NoopInput,
    result=NoopResult,
    example={"number": 1},
    run=run,
    memory_mb=1,
)
