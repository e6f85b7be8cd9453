"""Files fetched back from Cloudinary into files of ours, byte by byte what is kept there, up to a limit."""

import asyncio
from pathlib import Path
from typing import BinaryIO

import httpx2
import structlog
from cloudinary import utils

from generation.providers.attempt import watched_call
from generation.providers.cloudinary_account import CloudinaryAccount
from generation.providers.cloudinary_errors import failure
from generation.providers.errors import ProviderError, Throttled, Unavailable
from generation.providers.http_client import MEBIBYTE, ResponseTooLarge, bounded_client
from generation.providers.metrics import begin_at_nought
from generation.providers.retry_policy import RetryPolicy
from generation.providers.transfers import NothingStored, TooLong

CAPABILITY = "artefact.fetch"
DOWNLOAD_BYTES_MAX = 64 * MEBIBYTE

_WRITE_BYTES = 256 * 1024

log = structlog.get_logger(__name__)


class _Fetched:
    """What the watcher of calls asks of any result."""

    cost_microusd = 0
    input_tokens = None
    output_tokens = None
    request_id: str | None = None


class CloudinaryDownloads:
    """A :class:`~generation.providers.transfers.Downloads` of originals, by signed addresses."""

    def __init__(self, account: CloudinaryAccount, *, policy: RetryPolicy, connections_max: int = 16) -> None:
        begin_at_nought("cloudinary", CAPABILITY)
        self._options = account.package_options()
        self._policy = policy
        self._http = bounded_client(
            read_timeout_seconds=policy.call_timeout_seconds,
            bytes_max=DOWNLOAD_BYTES_MAX,
            connections_max=connections_max,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def fetch(self, public_id: str, version: int | None, *, to: Path, bytes_max: int) -> None:
        """See :class:`~generation.providers.transfers.Downloads`; tried again where that can help."""
        for tries_made in range(1, self._policy.tries_max + 1):
            try:
                await watched_call(
                    self._get(public_id, version, to, bytes_max),
                    capability=CAPABILITY,
                    provider="cloudinary",
                    model="original",
                    timeout_seconds=self._policy.call_timeout_seconds,
                )
            except (Throttled, Unavailable) as error:
                pause_seconds = self._policy.backoff_seconds(tries_made)
                if isinstance(error, Throttled) and error.retry_after_seconds is not None:
                    pause_seconds = error.retry_after_seconds
                if tries_made == self._policy.tries_max or pause_seconds > self._policy.wait_max_seconds:
                    raise
                log.warning("artefact_fetch_retried", error=str(error), tries_made=tries_made)
                await asyncio.sleep(pause_seconds)
            else:
                return

    async def _get(self, public_id: str, version: int | None, to: Path, bytes_max: int) -> _Fetched:
        # An address without a format asks for the original and not for one made of it.
        url, _ = utils.cloudinary_url(
            public_id, **self._options, type="authenticated", sign_url=True, version=version or 1
        )
        seconds = self._policy.call_timeout_seconds
        deadline = asyncio.timeout(seconds)
        try:
            async with deadline, self._http.stream("GET", str(url)) as response:
                self._check(response)
                file = await asyncio.to_thread(to.open, "wb")
                try:
                    await _write(response, file, bytes_max)
                finally:
                    await asyncio.to_thread(file.close)
        except ResponseTooLarge as error:
            raise TooLong(f"more than {DOWNLOAD_BYTES_MAX} bytes") from error
        except httpx2.HTTPError as error:
            raise self._unavailable(repr(error)) from error
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise self._unavailable(f"not fetched within {seconds:.1f} s") from error
        return _Fetched()

    def _check(self, response: httpx2.Response) -> None:
        status = response.status_code
        if response.is_success:
            return
        error = failure(response, "original", "fetch")
        if status in (404, 410):
            raise NothingStored(error.detail)
        raise error

    def _unavailable(self, detail: str) -> ProviderError:
        return Unavailable(detail, provider="cloudinary", model="original")


async def _write(response: httpx2.Response, file: BinaryIO, bytes_max: int) -> None:
    total = 0
    async for chunk in response.aiter_raw(_WRITE_BYTES):
        total += len(chunk)
        if total > bytes_max:
            raise TooLong(f"more than {bytes_max} bytes")
        await asyncio.to_thread(file.write, chunk)
