"""Bodies of answers read piece by piece, into memory or into a file, up to a limit of decoded bytes."""

import asyncio
from pathlib import Path

import httpx2

PIECE_BYTES = 256 * 1024


class BodyTooLong(Exception):
    """There is more than the caller takes."""


async def read_body(response: httpx2.Response, *, bytes_max: int) -> bytes:
    """The body of a streamed answer.

    Raises:
        BodyTooLong: it has more than ``bytes_max``.
        httpx2.HTTPError: it did not come whole.
    """
    received = bytearray()
    async for piece in response.aiter_bytes():
        received += piece
        if len(received) > bytes_max:
            raise BodyTooLong(f"more than {bytes_max} bytes")
    return bytes(received)


async def save_body(response: httpx2.Response, to: Path, *, bytes_max: int) -> None:
    """The body of a streamed answer as the file ``to``, held in memory in pieces only.

    Raises:
        BodyTooLong, httpx2.HTTPError: as for :func:`read_body`; what was written is of no use.
    """
    file = await asyncio.to_thread(to.open, "wb")
    total = 0
    try:
        async for piece in response.aiter_bytes(PIECE_BYTES):
            total += len(piece)
            if total > bytes_max:
                raise BodyTooLong(f"more than {bytes_max} bytes")
            await asyncio.to_thread(file.write, piece)
    finally:
        await asyncio.to_thread(file.close)
