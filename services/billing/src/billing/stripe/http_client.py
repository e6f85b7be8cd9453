"""The transport under the Stripe SDK: our own HTTP client, with its limits, timeouts and deafness to proxies.

The SDK's own asynchronous client takes proxies from the environment and knows no deadline for a whole answer.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any, ClassVar, NoReturn

import httpx2
import stripe

from common.http.client import build_http_client

CONNECTIONS_MAX = 16
ANSWER_SECONDS_MAX = 6.0


class StripeTransport(stripe.HTTPClient):
    """Sends one request of the SDK; an answer that is not whole in time is a connection error."""

    name: ClassVar[str] = "httpx2"

    def __init__(self, answer_seconds_max: float = ANSWER_SECONDS_MAX) -> None:
        super().__init__()
        self._answer_seconds_max = answer_seconds_max
        self._client = build_http_client(read_seconds=answer_seconds_max, connections_max=CONNECTIONS_MAX)

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """The body, status and headers of the answer.

        Raises:
            stripe.APIConnectionError: there was no whole answer in time.
        """
        try:
            async with asyncio.timeout(self._answer_seconds_max):
                response = await self._client.request(method, url, headers=dict(headers), content=post_data or None)
        except (httpx2.HTTPError, TimeoutError) as error:
            reason = f"no answer: {type(error).__name__}"
            raise stripe.APIConnectionError(reason, should_retry=True) from error  # type: ignore[no-untyped-call]
        return response.content, response.status_code, response.headers

    def request(self, *_: object, **__: object) -> NoReturn:
        """Refused: a blocking call would stop the event loop."""
        raise RuntimeError("Stripe is called asynchronously only")

    def sleep_async(self, secs: float) -> Awaitable[None]:
        """Pause between tries of the SDK, which are switched off."""
        return asyncio.sleep(secs)

    async def close_async(self) -> None:
        """Close every connection."""
        await self._client.aclose()
