"""What generation and a provider say to each other about a picture that is given: capabilities, requests, protocols.

What comes back is a :class:`~generation.providers.ports.ProviderImage`, as from a text.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from generation.providers.ports import ProviderCall, ProviderImage

IMAGE_EDIT = "image.edit"
"""Capability: picture and text to image."""

SOURCE_BYTES_MAX = 48 * 1024 * 1024
"""A picture that is handed over: what the strictest provider takes, less what surrounds it on the wire."""
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


class ImageEditor(Protocol):
    """A provider that changes a picture as a text says."""

    async def edit_image(self, request: ImageEditRequest, *, model: str, key: str, call: ProviderCall) -> ProviderImage:
        """Make one changed image with ``model``, paid by the API key ``key``.

        Raises:
            ProviderError: one of its kinds; nothing of a vendor's SDK escapes.
        """
        ...
