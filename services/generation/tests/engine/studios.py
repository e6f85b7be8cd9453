"""Two providers of images that do what a test says, in the place of those on the wire."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from generation.engine.context import JobContext, Step
from generation.providers.bootstrap import Providers
from generation.providers.breaker import SharedBreaker
from generation.providers.chain import ChainEntry
from generation.providers.circuit import CircuitRules
from generation.providers.errors import Unavailable
from generation.providers.keys import KeyRing
from generation.providers.ports import IMAGE_MAKE, ImageRequest, ProviderCall, ProviderImage
from generation.providers.retry_policy import RetryPolicy
from generation.providers.router import Router

from ..stage import Answer, Text

PRICE_MICROUSD = 40_000


async def _at_once() -> None:
    return None


@dataclass
class Studio:
    """A provider; `before` is awaited by each of its calls."""

    name: str
    is_down: bool = False
    before: Callable[[], Awaitable[None]] = _at_once
    asked: list[str] = field(default_factory=list)

    async def __call__(self, request: ImageRequest, *, model: str, key: str, call: ProviderCall) -> ProviderImage:
        self.asked.append(request.prompt)
        if self.is_down:
            raise Unavailable("down", provider=self.name, model=model)
        await self.before()
        return ProviderImage(self.name.encode(), "image/png", 256, 256, PRICE_MICROUSD)


def providers_of(others: Providers, *studios: Studio) -> Providers:
    """Providers whose chain of images is these studios."""
    rules = CircuitRules(calls_min=1000)
    entries = [
        ChainEntry(
            studio.name,
            "m",
            studio,
            KeyRing(studio.name, ("k",), None),
            SharedBreaker(studio.name, IMAGE_MAKE, rules, None),
        )
        for studio in studios
    ]
    return replace(others, images=Router(IMAGE_MAKE, entries, RetryPolicy(tries_max=1)))


async def draw(step: Step, prompt: str) -> Answer:
    """Buy a picture; answers who made it."""
    image = await step.make_image(ImageRequest(prompt, 256, 256, "1:1", "u-1"))
    return Answer(value=image.provider)


async def one_picture(job_input: Text, job: JobContext) -> Answer:
    """A kind that buys one picture."""
    return await job.step("picture", Answer, lambda step: draw(step, job_input.text))
