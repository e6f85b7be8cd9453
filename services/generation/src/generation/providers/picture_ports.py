"""What generation and a provider say to each other about a picture that is given: capabilities, requests, protocols.

What comes back of edits and cut-outs is a :class:`~generation.providers.ports.ProviderImage`, as from a text; what is
enlarged may be too much to hold in memory and comes back as a file.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from generation.providers.ports import ProviderCall, ProviderImage

IMAGE_EDIT = "image.edit"
"""Capability: picture and text to image."""
IMAGE_CUT_OUT = "image.cut_out"
"""Capability: picture to the alpha channel that leaves its main thing."""
IMAGE_UPSCALE = "image.upscale"
"""Capability: picture to the same at two or four times its size."""

SOURCE_BYTES_MAX = 48 * 1024 * 1024
"""A picture that is handed over: what the strictest provider takes, less what surrounds it on the wire."""
SCALES = (2, 4)
"""By how much a picture can be enlarged."""
SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
"""Media types a picture may have, and how files of them are called."""


@dataclass(frozen=True, slots=True)
class SourcePicture:
    """A picture to work on: its bytes, or the path of a file that holds them, and its size in pixels.

    It is one of ours: made by a provider and verified, or a customer's after ``assets.cleaning``.
    """

    source: bytes | Path
    media_type: str
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.media_type not in SUFFIXES:
            raise ValueError(f"{self.media_type!r} is not one of {', '.join(SUFFIXES)}")
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a picture of {self.width}x{self.height} pixels")

    @property
    def pixels(self) -> int:
        """How many it has."""
        return self.width * self.height

    @property
    def file_name(self) -> str:
        """What to call it on the wire; nothing of the customer's."""
        return f"picture.{SUFFIXES[self.media_type]}"

    async def read(self) -> bytes:
        """Its bytes.

        Raises:
            ValueError: there are none, or more than any provider takes.
        """
        content = self.source if isinstance(self.source, bytes) else await asyncio.to_thread(self.source.read_bytes)
        if not 0 < len(content) <= SOURCE_BYTES_MAX:
            raise ValueError(f"a picture of {len(content)} bytes; at most {SOURCE_BYTES_MAX} can be handed over")
        return content


@dataclass(frozen=True, slots=True)
class ImageEditRequest:
    """One picture to change as ``prompt`` says.

    ``width``, ``height``, ``aspect_ratio`` and ``user_reference`` are as in
    :class:`~generation.providers.ports.ImageRequest`; with ``aspect_ratio`` None the result has the picture's shape
    where a model can be told so. ``faithful`` asks for as much of the picture's detail to be kept as a model can.
    """

    prompt: str
    picture: SourcePicture
    width: int
    height: int
    user_reference: str
    aspect_ratio: str | None = None
    faithful: bool = True
    seed: int | None = None

    def __post_init__(self) -> None:
        if not self.prompt.strip():
            raise ValueError("an edit needs a prompt")
        if not (64 <= self.width <= 4096 and 64 <= self.height <= 4096):
            raise ValueError(f"image size {self.width}x{self.height} is outside 64..4096 pixels")


@dataclass(frozen=True, slots=True)
class CutOutRequest:
    """One picture, opaque, whose main thing is to be told from its background."""

    picture: SourcePicture
    user_reference: str


@dataclass(frozen=True, slots=True)
class UpscaleRequest:
    """One picture to enlarge to ``scale`` times its width and height, as WebP or JPEG in the file ``target``.

    ``target`` is in a folder of the run; files beside it, whose names begin with its own, are the adapters'.
    """

    picture: SourcePicture
    scale: int
    target: Path

    def __post_init__(self) -> None:
        if self.scale not in SCALES:
            raise ValueError(f"a picture is enlarged by {' or '.join(map(str, SCALES))}, not {self.scale}")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height that the result has, exactly."""
        return self.picture.width * self.scale, self.picture.height * self.scale


@dataclass(frozen=True, slots=True)
class EnlargedFile:
    """What became of an :class:`UpscaleRequest`: ``path`` is a verified file, and what it cost."""

    path: Path
    media_type: str
    width: int
    height: int
    cost_microusd: int
    request_id: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


class ImageEditor(Protocol):
    """A provider that changes a picture as a text says."""

    async def edit_image(self, request: ImageEditRequest, *, model: str, key: str, call: ProviderCall) -> ProviderImage:
        """Make one changed image with ``model``, paid by the API key ``key``.

        Raises:
            ProviderError: one of its kinds; nothing of a vendor's SDK escapes.
        """
        ...


class ImageCutter(Protocol):
    """A provider that tells the main thing of a picture from its background."""

    async def cut_out(self, request: CutOutRequest, *, model: str, key: str, call: ProviderCall) -> ProviderImage:
        """Make the alpha channel: a grey PNG of the picture's size, 255 where it stays; verified against the picture.

        Raises:
            ProviderError: one of its kinds; ``Unfit`` where what came is no cut-out of this picture.
        """
        ...


class ImageEnlarger(Protocol):
    """A provider that makes more pixels of a picture."""

    async def upscale(self, request: UpscaleRequest, *, model: str, key: str, call: ProviderCall) -> EnlargedFile:
        """Write the enlarged picture, of exactly the size asked for.

        Raises:
            ProviderError: one of its kinds; ``Unfit`` where what came is not the picture enlarged.
        """
        ...
