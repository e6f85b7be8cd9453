"""Artefacts in Cloudinary, private and signed. The package signs and builds addresses; we send the requests.

Its uploader is synchronous, has no timeout unless told at each call, drops Retry-After and request ids, and
opens any text it is given as a local path or URL. None of that code runs here.
"""

import asyncio
import json
import re
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import structlog
from cloudinary import utils

from generation.providers.attempt import watched_call
from generation.providers.cloudinary_account import CloudinaryAccount
from generation.providers.cloudinary_errors import failure
from generation.providers.cloudinary_form import Upload, opened
from generation.providers.errors import Throttled, Unavailable
from generation.providers.http_client import MEBIBYTE, bounded_client, was_never_sent
from generation.providers.imaging import Imaging, UnusableImage
from generation.providers.metrics import begin_at_nought
from generation.providers.ports import StoredArtefact
from generation.providers.retry_policy import RetryPolicy

CAPABILITY = "artefact.store"
UPLOAD_BYTES_MAX = 64 * MEBIBYTE

_ANSWER_BYTES_MAX = 1 * MEBIBYTE
_KEY = re.compile(r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+){0,15}")
_FILE_KEY = re.compile(rf"{_KEY.pattern}\.[a-z0-9]{{2,5}}")
_KEY_LENGTH_MAX = 200
_FORMAT = re.compile(r"[a-z0-9]{2,5}")
_PLACE = {"type": "authenticated", "overwrite": True}


class _Answer:
    """A parsed answer with the two numbers the router's watcher asks of any result."""

    cost_microusd = 0
    input_tokens = None
    output_tokens = None

    def __init__(self, fields: Mapping[str, Any], request_id: str | None) -> None:
        self.fields = fields
        self.request_id = request_id


class CloudinaryStore:
    """An :class:`~generation.providers.ports.ArtefactStore` on Cloudinary, delivery type ``authenticated``.

    Uploading the same key again replaces the file, so an upload whose answer was lost is simply repeated.
    """

    def __init__(
        self,
        account: CloudinaryAccount,
        *,
        imaging: Imaging,
        policy: RetryPolicy,
        connections_max: int = 16,
    ) -> None:
        begin_at_nought("cloudinary", CAPABILITY)
        self._options = account.package_options()
        self._imaging = imaging
        self._policy = policy
        self._http = bounded_client(
            read_timeout_seconds=policy.call_timeout_seconds,
            bytes_max=_ANSWER_BYTES_MAX,
            connections_max=connections_max,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def put(self, content: bytes, *, key: str, media_type: str) -> StoredArtefact:
        """See :class:`~generation.providers.ports.ArtefactStore`.

        Raises:
            ProviderError: Cloudinary did not take it within the policy's tries.
            TypeError, ValueError: not bytes, too many bytes, or a key of odd characters.
        """
        if not isinstance(content, bytes):
            raise TypeError("only bytes are stored, never a path or an address")
        if len(content) > UPLOAD_BYTES_MAX:
            raise ValueError(f"{len(content)} bytes exceed the limit of {UPLOAD_BYTES_MAX}")
        if not _KEY.fullmatch(key) or len(key) > _KEY_LENGTH_MAX:
            raise ValueError(f"{key!r} is not a storage key")
        answer = await self._send("upload", _PLACE | {"public_id": key}, file=Upload(content, media_type))
        width, height = await self._size(answer.fields, content)
        return StoredArtefact(
            public_id=key,
            version=int(answer.fields["version"]),
            bytes=len(content),
            media_type=media_type,
            width=width,
            height=height,
            request_id=answer.request_id,
        )

    async def put_file(self, path: Path, *, key: str, media_type: str) -> StoredArtefact:
        """See :class:`~generation.providers.ports.ArtefactStore`. Stored as ``raw``, read from disk as it is sent.

        As an ``image`` a PDF would be taken apart: pages counted, pixels limited, another rendering in its place where
        an address asks for one. ``raw`` is byte by byte what was stored, and the key's suffix gives its type.

        Raises:
            ProviderError: Cloudinary did not take it within the policy's tries.
            ValueError: too many bytes, or a key of odd characters or without a suffix.
        """
        size_bytes = (await asyncio.to_thread(path.stat)).st_size
        if size_bytes > UPLOAD_BYTES_MAX:
            raise ValueError(f"{size_bytes} bytes exceed the limit of {UPLOAD_BYTES_MAX}")
        if not _FILE_KEY.fullmatch(key) or len(key) > _KEY_LENGTH_MAX:
            raise ValueError(f"{key!r} is not the storage key of a file")
        answer = await self._send("upload", _PLACE | {"public_id": key}, file=Upload(path, media_type))
        return StoredArtefact(
            public_id=key,
            version=int(answer.fields["version"]),
            bytes=size_bytes,
            media_type=media_type,
            width=0,
            height=0,
            request_id=answer.request_id,
        )

    def signed_url(self, artefact: StoredArtefact, *, expires_in: timedelta | None, format: str) -> str:
        """See :class:`~generation.providers.ports.ArtefactStore`.

        Without expiry: the CDN address, signed. With: a download address of the API that lapses at its time.
        """
        if not _FORMAT.fullmatch(format):
            raise ValueError(f"{format!r} is not a file format")
        resource_type = _resource_type(artefact.public_id)
        suffix = None if resource_type == "raw" else format  # a file's is part of its id
        if expires_in is not None:
            expires_at = int(time.time() + expires_in.total_seconds())
            return str(
                utils.private_download_url(
                    artefact.public_id,
                    suffix,
                    **self._options,
                    resource_type=resource_type,
                    type="authenticated",
                    expires_at=expires_at,
                )
            )
        url, _ = utils.cloudinary_url(
            artefact.public_id,
            **self._options,
            resource_type=resource_type,
            type="authenticated",
            sign_url=True,
            version=artefact.version,
            format=suffix,
        )
        return str(url)

    async def delete(self, public_id: str) -> bool:
        """See :class:`~generation.providers.ports.ArtefactStore`."""
        answer = await self._send("destroy", {"public_id": public_id, "type": "authenticated", "invalidate": True})
        return bool(answer.fields.get("result") == "ok")

    async def _size(self, fields: Mapping[str, Any], content: bytes) -> tuple[int, int]:
        width, height = fields.get("width"), fields.get("height")
        if isinstance(width, int) and isinstance(height, int):
            return width, height
        try:
            facts = await self._imaging.inspect(content)
        except UnusableImage:
            return 0, 0  # a document: it has no size in pixels
        return facts.width, facts.height

    async def _send(self, action: str, parameters: dict[str, Any], file: Upload | None = None) -> _Answer:
        """POST until it is taken or the tries are used up. Safe to repeat: both actions are idempotent."""
        for tries_made in range(1, self._policy.tries_max + 1):
            try:
                return await watched_call(
                    self._post(action, parameters, file),
                    capability=CAPABILITY,
                    provider="cloudinary",
                    model=action,
                    timeout_seconds=self._policy.call_timeout_seconds,
                )
            except (Throttled, Unavailable) as error:
                pause_seconds = self._policy.backoff_seconds(tries_made)
                if isinstance(error, Throttled) and error.retry_after_seconds is not None:
                    pause_seconds = error.retry_after_seconds
                if tries_made == self._policy.tries_max or pause_seconds > self._policy.wait_max_seconds:
                    raise
                _log.warning("artefact_store_retried", action=action, error=str(error), tries_made=tries_made)
                await asyncio.sleep(pause_seconds)
        raise AssertionError("tries_max is at least 1")

    async def _post(self, action: str, parameters: dict[str, Any], file: Upload | None) -> _Answer:
        # Signed anew for each try: a signature is good for an hour from its timestamp.
        unsigned = utils.cleanup_params(parameters | {"timestamp": utils.now()})
        fields = {name: str(value) for name, value in utils.sign_request(unsigned, self._options).items()}
        key = parameters["public_id"]
        url = utils.cloudinary_api_url(action, resource_type=_resource_type(key), **self._options)
        seconds = self._policy.call_timeout_seconds
        deadline = asyncio.timeout(seconds)
        try:
            async with deadline, opened(file, key) as files:
                response = await self._http.post(url, data=fields, files=files)
        except httpx2.HTTPError as error:
            raise self._unavailable(
                f"{action}: {error!r}", action, billable_unknown=not was_never_sent(error)
            ) from error
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise self._unavailable(
                f"{action}: no answer within {seconds:.1f} s", action, billable_unknown=True
            ) from error
        return self._answer(action, response)

    def _answer(self, action: str, response: httpx2.Response) -> _Answer:
        request_id = response.headers.get("x-request-id")
        body = _json_object(response)
        if response.is_success and "error" not in body:
            if body.get("result") in ("ok", "not found") or str(body.get("version", "")).isdigit():
                return _Answer(body, request_id)
            raise self._unavailable(f"{action}: the answer is not Cloudinary's", action, request_id=request_id)
        raise failure(response, action, action, body)

    def _unavailable(
        self, detail: str, action: str, *, request_id: str | None = None, billable_unknown: bool = False
    ) -> Unavailable:
        return Unavailable(
            detail,
            provider="cloudinary",
            model=action,
            request_id=request_id,
            billable_unknown=billable_unknown,
        )


def _resource_type(key: str) -> str:
    """Files of ours have a suffix in their key, pictures have none."""
    return "raw" if _FILE_KEY.fullmatch(key) else "image"


def _json_object(response: httpx2.Response) -> dict[str, Any]:
    """The answer's JSON object; empty for HTML, lists and broken bodies."""
    try:
        body = json.loads(response.content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


_log = structlog.get_logger(__name__)
