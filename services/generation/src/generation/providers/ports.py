"""What generation and a provider say to each other: requests, results, protocols; no vendor in sight."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

from pydantic import BaseModel

IMAGE_MAKE = "image.make"
"""Capability: text to image."""
TEXT_WRITE = "text.write"
"""Capability: text to text, in a given shape where one is asked for."""
IMAGE_LOOK = "image.look"
"""Capability: text and pictures to text, likewise."""

PICTURE_BYTES_MAX = 190_000
"""A picture that is shown to a model: with base64 within the 256 KiB that every provider takes inline."""
CORRECTION_CHARACTERS_MAX = 8000
"""How much of an unfit answer, and of what is wrong with it, is said back."""


class AttemptOutcome(StrEnum):
    """How one attempt ended; also the ``outcome`` label of the provider metrics."""

    OK = "ok"
    REFUSED = "refused"
    RATE_LIMITED = "rate_limited"
    TIMEOUT = "timeout"
    """No answer came and the provider may have charged for the call."""
    UNAVAILABLE = "unavailable"
    UNFIT = "unfit"
    """Answered and paid, but not what was asked for."""
    BROKEN = "broken"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"
    """Left open by a crash, with nothing that could be picked up."""


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """One image to make.

    ``width`` and ``height`` are pixels and agree with ``aspect_ratio`` (``"16:9"``); a provider that cannot
    make exactly that size returns the nearest it can. ``user_reference`` is a hash that stands for the user
    towards the vendor's safety team, never an id or address.
    """

    prompt: str
    width: int
    height: int
    aspect_ratio: str
    user_reference: str
    negative_prompt: str | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        if not self.prompt.strip():
            raise ValueError("an image needs a prompt")
        if not (64 <= self.width <= 4096 and 64 <= self.height <= 4096):
            raise ValueError(f"image size {self.width}x{self.height} is outside 64..4096 pixels")

    @property
    def full_prompt(self) -> str:
        """The prompt with what to leave out said in words, for models without a negative prompt."""
        if not self.negative_prompt:
            return self.prompt
        return f"{self.prompt}\n\nLeave out: {self.negative_prompt}"


@dataclass(frozen=True, slots=True)
class ProviderImage:
    """A decoded-and-verified image as the provider made it, and what it cost."""

    content: bytes
    media_type: str
    width: int
    height: int
    cost_microusd: int
    revised_prompt: str | None = None
    request_id: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A small picture to be looked at, upright and without metadata."""

    content: bytes
    media_type: str

    def __post_init__(self) -> None:
        if not 0 < len(self.content) <= PICTURE_BYTES_MAX:
            raise ValueError(f"a picture of {len(self.content)} bytes cannot be shown; at most {PICTURE_BYTES_MAX}")


@dataclass(frozen=True, slots=True)
class Correction:
    """An earlier answer to the same request, and why it would not do."""

    answer: str
    faults: str


@dataclass(frozen=True, slots=True)
class TextRequest:
    """One text to write.

    ``instructions`` are ours; ``parts`` are what the text is about, words of users and pictures among them, and
    are sent apart from the instructions. With ``answer_type`` the answer is JSON of that model's shape; its fields
    are the model's whole say. ``user_reference`` is a hash as in :class:`ImageRequest`.
    """

    instructions: str
    parts: tuple[str | Picture, ...]
    user_reference: str
    answer_type: type[BaseModel] | None = None
    output_tokens_max: int = 4000
    temperature: float | None = None
    correction: Correction | None = None

    def __post_init__(self) -> None:
        if not self.instructions.strip() or not self.parts:
            raise ValueError("a text needs instructions and something to be about")
        if not 16 <= self.output_tokens_max <= 32_000:
            raise ValueError(f"{self.output_tokens_max} output tokens are outside 16..32000")

    def corrected(self, answer: str, faults: str) -> Self | None:
        """The request with an unfit answer said back; None where that was done already."""
        if self.correction is not None:
            return None
        said = Correction(answer[:CORRECTION_CHARACTERS_MAX], faults[:CORRECTION_CHARACTERS_MAX])
        return replace(self, correction=said)


@runtime_checkable
class Correctable(Protocol):
    """A request whose unfit answer can be said back to the model that gave it."""

    def corrected(self, answer: str, faults: str) -> Self | None:
        """The request to send instead; None where no further try makes sense."""
        ...


@dataclass(frozen=True, slots=True)
class ProviderText:
    """A text as the provider wrote it; ``parsed`` is it as the answer type of the request, where that names one.

    What a model writes is data: it is never executed, fetched, or taken for markup.
    """

    text: str
    parsed: BaseModel | None
    cost_microusd: int
    model: str
    request_id: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


class ProviderResult(Protocol):
    """What the router needs to know of any capability's result."""

    @property
    def cost_microusd(self) -> int:
        """Cost of the call in millionths of a US dollar."""
        ...

    @property
    def request_id(self) -> str | None:
        """The vendor's id of the call."""
        ...

    @property
    def input_tokens(self) -> int | None:
        """Tokens read, where the vendor counts them."""
        ...

    @property
    def output_tokens(self) -> int | None:
        """Tokens made, where the vendor counts them."""
        ...


ProgressFn = Callable[[float, bytes | None], Awaitable[None]]
"""``(fraction 0..1, preview image or None)``."""


@dataclass(frozen=True, slots=True)
class ProviderCall:
    """What surrounds one call: its deadline, and the ways to tell what happens meanwhile.

    Attributes:
        timeout_seconds: total time the adapter may take, whatever the wire does.
        remember: persists the vendor's id of work that was bought; awaited BEFORE waiting for that work.
        progress: tells how far the work is.
        adopted_external_id: id of work an earlier, interrupted attempt bought: fetch it, do not buy.
    """

    timeout_seconds: float
    remember: Callable[[str], Awaitable[None]]
    progress: ProgressFn
    adopted_external_id: str | None = None


class ImageMaker(Protocol):
    """A provider that turns text into an image."""

    async def make_image(self, request: ImageRequest, *, model: str, key: str, call: ProviderCall) -> ProviderImage:
        """Make one image with ``model``, paid by the API key ``key``.

        Raises:
            ProviderError: one of its kinds; nothing of a vendor's SDK escapes.
        """
        ...


class TextWriter(Protocol):
    """A provider that writes text, about pictures too where its model sees them."""

    async def write_text(self, request: TextRequest, *, model: str, key: str, call: ProviderCall) -> ProviderText:
        """Write one text with ``model``, paid by the API key ``key``.

        Raises:
            ProviderError: one of its kinds; nothing of a vendor's SDK escapes.
        """
        ...


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """An attempt of this step that a crash left without an outcome."""

    attempt_id: str
    provider: str
    model: str
    external_id: str | None
    started_at: datetime


class AttemptLog(Protocol):
    """The durable record of one step's purchases. One attempt is one purchase, however often it is polled."""

    async def begin(self, capability: str, provider: str, model: str) -> str:
        """Record, durably and before the call, that a purchase is about to be made; returns its id."""
        ...

    async def remember(self, attempt_id: str, external_id: str) -> None:
        """Record, durably, under which id the vendor knows this purchase."""
        ...

    async def finish(
        self,
        attempt_id: str,
        outcome: AttemptOutcome,
        *,
        error_code: str | None = None,
        cost_microusd: int | None = None,
        request_id: str | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
    ) -> None:
        """Record how the attempt ended."""
        ...

    async def open_attempts(self, capability: str) -> Sequence[OpenAttempt]:
        """Attempts of this same step that have no outcome, oldest first."""
        ...


class LateCosts(Protocol):
    """A provider that can be asked afterwards what a purchase has cost."""

    async def cost_microusd(self, capability: str, model: str, external_id: str) -> int | None:
        """The cost of what is over; None for what is not, which is cancelled by asking.

        Raises:
            ProviderError: it does not answer, or knows of no such purchase.
        """
        ...


@dataclass(frozen=True, slots=True)
class StoredArtefact:
    """Where a stored file is, and what it is. ``bytes`` is its size."""

    public_id: str
    version: int
    bytes: int
    media_type: str
    width: int
    height: int
    request_id: str | None


class ArtefactStore(Protocol):
    """Keeps what was made, out of public reach, and hands out signed addresses of it."""

    async def put(self, content: bytes, *, key: str, media_type: str) -> StoredArtefact:
        """Store ``content`` under ``key``; storing again under the same key replaces, never duplicates.

        Raises:
            ProviderError: storage did not take it.
        """
        ...

    async def put_file(self, path: Path, *, key: str, media_type: str) -> StoredArtefact:
        """Store a file that is no picture, as it is; its ``key`` ends in a suffix (``.pdf``). Otherwise as :meth:`put`.

        Raises:
            ProviderError: storage did not take it.
        """
        ...

    def signed_url(self, artefact: StoredArtefact, *, expires_in: timedelta | None, format: str) -> str:
        """Address of a picture in ``format`` (``"webp"``), or of a file; without ``expires_in`` it does not expire."""
        ...

    async def delete(self, public_id: str) -> bool:
        """Remove the file; False where there was none. Idempotent.

        Raises:
            ProviderError: storage did not answer.
        """
        ...
