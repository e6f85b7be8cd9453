"""Finds the picture a prediction's input names: a data URL, a file kept here, or a loopback address."""

import base64
import binascii
import ipaddress
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from sandbox.blobs import BlobStore

_BYTES_MAX = 50 * 1024 * 1024
_SECONDS_MAX = 15.0
_NAMES = ("image", "input_image", "image_path")


class BadInputError(Exception):
    """The model cannot work with this input; the prediction fails with this text."""


async def source_image(given: dict[str, Any], files: BlobStore, files_url: str) -> bytes:
    """The bytes of the input picture.

    Raises:
        BadInputError: there is none, or it cannot be fetched from here.
    """
    value = next((given[name] for name in _NAMES if isinstance(given.get(name), str)), None)
    if value is None:
        raise BadInputError("image: field required")
    if value.startswith("data:"):
        return _data_url(value)
    if value.startswith(files_url):
        blob = files.get(value.removeprefix(files_url).partition("?")[0])
        if blob is None:
            raise BadInputError("image: the file has expired")
        return blob.content
    return await _fetch_from_loopback(value)


def _data_url(value: str) -> bytes:
    head, _, data = value.partition(",")
    if not head.endswith(";base64"):
        return unquote_to_bytes(data)
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise BadInputError(f"image: not base64: {error}") from error


async def _fetch_from_loopback(url: str) -> bytes:
    import httpx2

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not _is_loopback(parts.hostname or ""):
        raise BadInputError("image: the sandbox fetches from loopback addresses only")
    try:
        async with (
            httpx2.AsyncClient(timeout=_SECONDS_MAX, trust_env=False) as client,
            client.stream("GET", url) as answer,
        ):
            answer.raise_for_status()
            pieces: list[bytes] = []
            size = 0
            async for piece in answer.aiter_bytes():
                size += len(piece)
                if size > _BYTES_MAX:
                    raise BadInputError("image: too large")
                pieces.append(piece)
    except httpx2.HTTPError as error:
        raise BadInputError(f"image: cannot be fetched: {error}") from error
    return b"".join(pieces)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
