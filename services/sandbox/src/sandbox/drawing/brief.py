"""What shall be drawn, and in which file format it shall leave."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class FileFormat(StrEnum):
    """The formats pictures leave in."""

    PNG = "png"
    WEBP = "webp"
    JPEG = "jpeg"

    @property
    def media_type(self) -> str:
        """The media type of a file in this format."""
        return f"image/{self.value}"


@dataclass(frozen=True, slots=True)
class Encoding:
    """A file format and its quality, 0 to 100 (ignored by PNG)."""

    format: FileFormat
    quality: int = 90


@dataclass(frozen=True, slots=True)
class Brief:
    """One picture: the words, the size in pixels, and whose model claims to have made it."""

    prompt: str
    width: int
    height: int
    seed: int
    family: str
    model: str

    @property
    def number(self) -> int:
        """A number that only these words, this seed, size and family give."""
        text = f"{self.family}|{self.seed}|{self.width}x{self.height}|{self.prompt}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
