"""The multipart form of an upload: bytes, or a file that is read from disk while it is sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

FormFile = dict[str, tuple[str, bytes | BinaryIO, str]]


@dataclass(frozen=True, slots=True)
class Upload:
    """What is sent, and its media type."""

    content: bytes | Path
    media_type: str


@asynccontextmanager
async def opened(upload: Upload | None, key: str) -> AsyncIterator[FormFile | None]:
    """The form's file for one try; a file is opened anew each time and read piece by piece."""
    if upload is None:
        yield None
        return
    name = key.rsplit("/", 1)[-1]
    if isinstance(upload.content, bytes):
        yield {"file": (name, upload.content, upload.media_type)}
        return
    file = await asyncio.to_thread(upload.content.open, "rb")
    try:
        yield {"file": (name, file, upload.media_type)}
    finally:
        await asyncio.to_thread(file.close)
