"""Pictures derived by Cloudinary: upload, remember the id, ask for the derivation until it is there, clean up.

An address with a transformation is worked out once, whoever asks how often: asking again is free, and after a crash the
same address gives what was paid for.
"""

import asyncio
import random
import re
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import structlog
from cloudinary import utils

from generation.providers.bodies import BodyTooLong, save_body
from generation.providers.cloudinary_account import CloudinaryAccount
from generation.providers.cloudinary_errors import STILL_WORKING, failure
from generation.providers.errors import EXTERNAL_NOT_FOUND, Broken, ProviderError, Throttled, Unavailable
from generation.providers.http_client import MEBIBYTE, bounded_client
from generation.providers.picture_ports import SourcePicture
from generation.providers.ports import ProviderCall

FOLDER = "work"
"""Where pictures lie while something is derived from them."""
DERIVED_BYTES_MAX = 128 * MEBIBYTE
_ID = re.compile(rf"{FOLDER}/[0-9a-f]{{32}}")
_ASK_FIRST_SECONDS = 0.5
_ASK_MAX_SECONDS = 4.0
_ASK_GROWTH = 1.5
_TOLD_MAX_SECONDS = 20.0
"""As for predictions of Replicate: the work is paid for and goes on meanwhile."""
_FAILURES_MAX = 5
_CLEAN_UP_SECONDS = 5.0

_CHANCE = random.SystemRandom()
T = TypeVar("T")

log = structlog.get_logger(__name__)

UseFn = Callable[[Path, str], Awaitable[T]]
"""Makes of the derived file, and the id it has at Cloudinary, what was wanted."""


class Derivations:
    """Carries transformations out, one picture at a time."""

    def __init__(self, account: CloudinaryAccount, *, connections_max: int = 16, ask_scale: float = 1.0) -> None:
        self._options = account.package_options()
        self._ask_scale = ask_scale
        self._http = bounded_client(
            read_timeout_seconds=60.0, bytes_max=DERIVED_BYTES_MAX, connections_max=connections_max
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def carry_out(
        self,
        picture: SourcePicture,
        transformation: list[dict[str, Any]],
        to: Path,
        *,
        model: str,
        call: ProviderCall,
        use: UseFn[T],
    ) -> T:
        """Have ``picture`` transformed, as a PNG in the file ``to``, and ``use`` it.

        The upload is removed in the end, unless it can still be picked up.

        Raises:
            ProviderError: it was not done; resumable where the address may still give it.
        """
        public_id = call.adopted_external_id or f"{FOLDER}/{uuid.uuid4().hex}"
        keep = False
        deadline = asyncio.timeout(call.timeout_seconds)
        try:
            async with deadline:
                if call.adopted_external_id is None:
                    await self._upload(picture, public_id, model)
                    await call.remember(public_id)
                elif not _ID.fullmatch(public_id):
                    raise _unavailable("malformed id", model, code=EXTERNAL_NOT_FOUND, repeatable=False)
                await self._derived(public_id, transformation, to, model)
                return await use(to, public_id)
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise _unavailable(
                f"no result within {call.timeout_seconds:.1f} s", model, code="timeout", billable_unknown=True
            ) from error
        except Unavailable as error:
            keep = error.resumable_external_id is not None
            raise
        finally:
            if not keep and _ID.fullmatch(public_id):
                await self._remove(public_id)

    async def _upload(self, picture: SourcePicture, public_id: str, model: str) -> None:
        """A file is sent, never a text: Cloudinary would open one as an address."""
        files = {"file": (picture.file_name, await picture.read(), picture.media_type)}
        response = await self._post("upload", {"public_id": public_id, "overwrite": True}, model, files)
        body = _object(response)
        if not response.is_success:
            raise failure(response, model, "upload", body)
        if body.get("public_id") != public_id:
            raise _unavailable("upload: the answer is not Cloudinary's", model, code="malformed")

    async def _derived(self, public_id: str, transformation: list[dict[str, Any]], to: Path, model: str) -> None:
        """Ask until it is there. 423 means that it is being made; a few failures are lived through."""
        url, _ = utils.cloudinary_url(
            public_id,
            **self._options,
            type="authenticated",
            sign_url=True,
            format="png",
            transformation=transformation,
            version=1,
        )
        pause_seconds, failures = _ASK_FIRST_SECONDS, 0
        while True:
            try:
                if await self._fetched(str(url), to, model):
                    return
                failures = 0
                wait_seconds = pause_seconds
            except (Throttled, Unavailable) as error:
                if error.code == EXTERNAL_NOT_FOUND:
                    raise
                failures += 1
                if failures >= _FAILURES_MAX:
                    raise _unavailable(error.detail, model, code=error.code, resumable=public_id) from error
                told = error.retry_after_seconds if isinstance(error, Throttled) else None
                wait_seconds = pause_seconds if told is None else min(told, _TOLD_MAX_SECONDS)
            await asyncio.sleep(wait_seconds * _CHANCE.uniform(1.0, 1.3) * self._ask_scale)
            pause_seconds = min(pause_seconds * _ASK_GROWTH, _ASK_MAX_SECONDS)

    async def _fetched(self, url: str, to: Path, model: str) -> bool:
        """Whether it is there, and then in the file."""
        try:
            async with self._http.stream("GET", url) as response:
                if response.status_code == STILL_WORKING:
                    return False
                if response.status_code == httpx2.codes.NOT_FOUND:
                    raise _unavailable("no such upload", model, code=EXTERNAL_NOT_FOUND, repeatable=False)
                if response.status_code != httpx2.codes.OK:
                    raise failure(response, model, "derive")
                await save_body(response, to, bytes_max=DERIVED_BYTES_MAX)
        except BodyTooLong as error:
            raise Broken(f"derive: {error}", provider="cloudinary", model=model, code="too_large") from error
        except httpx2.HTTPError as error:
            raise _unavailable(f"derive: {error!r}", model, code="connection") from error
        return True

    async def _remove(self, public_id: str) -> None:
        """The customer's picture does not stay there. Best effort; nobody waits for it long."""
        try:
            async with asyncio.timeout(_CLEAN_UP_SECONDS):
                await self._post("destroy", {"public_id": public_id, "invalidate": True}, "destroy")
        except (ProviderError, TimeoutError) as error:
            log.warning("derivation_not_removed", public_id=public_id, error=repr(error))

    async def _post(
        self,
        action: str,
        parameters: dict[str, Any],
        model: str,
        files: dict[str, tuple[str, bytes, str]] | None = None,
    ) -> httpx2.Response:
        unsigned = utils.cleanup_params({**parameters, "type": "authenticated", "timestamp": utils.now()})
        fields = {name: str(value) for name, value in utils.sign_request(unsigned, self._options).items()}
        try:
            return await self._http.post(utils.cloudinary_api_url(action, **self._options), data=fields, files=files)
        except httpx2.HTTPError as error:
            raise _unavailable(f"{action}: {error!r}", model, code="connection") from error


def _unavailable(
    detail: str,
    model: str,
    *,
    code: str | None,
    repeatable: bool = True,
    billable_unknown: bool = False,
    resumable: str | None = None,
) -> Unavailable:
    return Unavailable(
        detail,
        provider="cloudinary",
        model=model,
        request_id=resumable,
        code=code,
        repeatable=repeatable,
        billable_unknown=billable_unknown,
        resumable_external_id=resumable,
    )


def _object(response: httpx2.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
