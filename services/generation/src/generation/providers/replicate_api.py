"""Replicate's HTTP API, the part we use: predictions, files, outputs.

Our own client, because the published ones crash or hang on status ``aborted``, drop ``Retry-After``, repeat
paid requests or send the API token to whatever host an output URL names.
"""

import asyncio
import base64
import binascii
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from generation.providers import retry_after
from generation.providers.bodies import BodyTooLong, read_body, save_body
from generation.providers.errors import EXTERNAL_NOT_FOUND, Broken, ProviderError, Throttled, Unavailable
from generation.providers.http_client import MEBIBYTE, bounded_client, was_never_sent

OUTPUT_BYTES_MAX = 32 * MEBIBYTE
"""Of an output that is held in memory."""
FILE_BYTES_MAX = 128 * MEBIBYTE
"""Of one that is written to a file."""
ANSWER_BYTES_MAX = 8 * MEBIBYTE
OUTPUT_DOMAIN = "replicate.delivery"

_ID = re.compile(r"[A-Za-z0-9]{1,64}")
_VERSION = re.compile(r"[0-9a-f]{64}")
_DATA_URL = re.compile(r"data:[\w.+/-]+;base64,(?P<data>.*)", re.DOTALL)
_CANCEL_AFTER_MIN_SECONDS = 5


class Prediction(BaseModel):
    """What we read of a prediction. ``status`` stays a plain string: a new one must not crash us."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    status: str
    output: object = None
    error: object = None
    logs: str | None = None
    metrics: dict[str, object] | None = None

    @property
    def compute_seconds(self) -> float | None:
        """Measured time on the machine, where told."""
        measured = (self.metrics or {}).get("predict_time")
        return float(measured) if isinstance(measured, int | float) else None


class UploadedFile(BaseModel):
    """What we read of an uploaded file."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,128}$")
    urls: dict[str, str]

    @property
    def address(self) -> str:
        """What an input names it by; nothing where none was given."""
        return self.urls.get("get", "")


@dataclass(frozen=True, slots=True)
class Call:
    """Which model and key a request is about, for headers and errors."""

    model: str
    key: str


class ReplicateApi:
    """Sends single requests; it never repeats one and never follows a redirect."""

    def __init__(
        self, base_url: str, *, read_timeout_seconds: float = 20.0, connections_max: int = 16, provider: str
    ) -> None:
        self._base = httpx2.URL(base_url.rstrip("/"))
        self._provider = provider
        self._http = bounded_client(
            read_timeout_seconds=read_timeout_seconds,
            bytes_max=ANSWER_BYTES_MAX,
            connections_max=connections_max,
        )
        # Outputs come through a client of its own, which has no credentials to give away.
        self._downloads = bounded_client(
            read_timeout_seconds=read_timeout_seconds,
            bytes_max=FILE_BYTES_MAX,
            connections_max=connections_max,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()
        await self._downloads.aclose()

    async def create(self, call: Call, inputs: Mapping[str, object], *, cancel_after_seconds: float) -> Prediction:
        """Buy a prediction; Replicate drops it by itself after ``cancel_after_seconds`` should we die.

        Raises:
            Unavailable: with ``repeatable`` False where it may have been taken although no id came back.
            Throttled, Broken: nothing was bought.
        """
        name, _, version = call.model.partition(":")
        body: dict[str, object] = {"input": dict(inputs)}
        path = f"/v1/models/{name}/predictions"
        if version:
            path = "/v1/predictions"
            body["version"] = version if _VERSION.fullmatch(version) else call.model
        seconds = max(_CANCEL_AFTER_MIN_SECONDS, math.ceil(cancel_after_seconds))
        try:
            response = await self._http.post(
                self._url(path), json=body, headers=self._headers(call) | {"cancel-after": f"{seconds}s"}
            )
        except httpx2.HTTPError as error:
            sent = not was_never_sent(error)
            raise self._unavailable(
                call, f"create: {error!r}", "connection", billable_unknown=sent, repeatable=not sent
            ) from error
        if response.is_success:
            prediction = self._prediction(response)
            if prediction is not None:
                return prediction
        raise self._create_failure(call, response)

    async def get(self, call: Call, prediction_id: str) -> Prediction:
        """Ask how a prediction stands, at an address built here: a foreign one would get our token.

        Raises:
            Unavailable: no usable answer; code ``external_not_found``: this account has no such prediction.
            Throttled, Broken: as they say.
        """
        if not _ID.fullmatch(prediction_id):
            raise self._unavailable(call, "malformed prediction id", EXTERNAL_NOT_FOUND, repeatable=False)
        try:
            response = await self._http.get(self._url(f"/v1/predictions/{prediction_id}"), headers=self._headers(call))
        except httpx2.HTTPError as error:
            raise self._unavailable(call, f"get: {error!r}", "connection") from error
        if response.status_code == httpx2.codes.NOT_FOUND:
            raise self._unavailable(call, "no such prediction", EXTERNAL_NOT_FOUND, repeatable=False)
        prediction = self._prediction(response) if response.is_success else None
        if prediction is None:
            raise self._failure(call, response, "get")
        return prediction

    async def cancel(self, call: Call, prediction_id: str) -> None:
        """Ask for a prediction to be dropped.

        Raises:
            httpx2.HTTPError: no answer, or one that says no.
        """
        response = await self._http.post(
            self._url(f"/v1/predictions/{prediction_id}/cancel"), headers=self._headers(call)
        )
        response.raise_for_status()

    async def upload(self, call: Call, content: bytes, *, name: str, media_type: str) -> "UploadedFile":
        """Leave a file at Replicate for a prediction's input to name.

        Raises:
            Unavailable, Throttled, Broken: it is not there; nothing was bought, so it may be tried again.
        """
        try:
            response = await self._http.post(
                self._url("/v1/files"), files={"content": (name, content, media_type)}, headers=self._headers(call)
            )
        except httpx2.HTTPError as error:
            raise self._unavailable(call, f"upload: {error!r}", "connection") from error
        try:
            file = UploadedFile.model_validate_json(response.content) if response.is_success else None
        except ValidationError:
            file = None
        if file is None or not file.address.startswith(("https://", "http://")):
            raise self._failure(call, response, "upload")
        return file

    async def delete_file(self, call: Call, file_id: str) -> None:
        """Remove an uploaded file.

        Raises:
            httpx2.HTTPError: no answer, or one that says no.
        """
        response = await self._http.delete(self._url(f"/v1/files/{file_id}"), headers=self._headers(call))
        response.raise_for_status()

    async def download(self, call: Call, address: str, *, to: Path | None = None) -> bytes:
        """Fetch an output, without credentials, from Replicate's own delivery hosts only.

        With ``to`` it is written to that file, which may be larger, and no bytes are returned.

        Raises:
            Unavailable: a redirect or no answer; with ``repeatable`` False for a foreign or plain-text host, what
                is too large, and what is damaged: the same model would give the same again.
        """
        inline = _DATA_URL.fullmatch(address)
        if inline:
            content = self._inline(call, inline["data"])
            return content if to is None else await _written(to, content)
        url = self._checked(call, address)
        try:
            async with self._downloads.stream("GET", url) as response:
                if response.status_code != httpx2.codes.OK:
                    raise self._unavailable(call, f"output answered HTTP {response.status_code}", "download")
                if to is not None:
                    await save_body(response, to, bytes_max=FILE_BYTES_MAX)
                    return b""
                return await read_body(response, bytes_max=OUTPUT_BYTES_MAX)
        except BodyTooLong as error:
            raise self._unavailable(call, "output is too large", "too_large", repeatable=False) from error
        except httpx2.HTTPError as error:
            raise self._unavailable(call, f"output: {error!r}", "download") from error

    def _checked(self, call: Call, address: str) -> httpx2.URL:
        try:
            url = httpx2.URL(address)
        except (httpx2.InvalidURL, TypeError) as error:
            raise self._unavailable(call, "output address is malformed", "foreign_host", repeatable=False) from error
        delivery = url.host == OUTPUT_DOMAIN or url.host.endswith(f".{OUTPUT_DOMAIN}")
        ours = (url.scheme, url.host, url.port) == (self._base.scheme, self._base.host, self._base.port)
        plain = not url.userinfo
        if plain and ((delivery and url.scheme == "https" and url.port is None) or ours):
            return url
        raise self._unavailable(
            call,
            f"output is on {url.scheme}://{url.host}, which is not Replicate's",
            "foreign_host",
            repeatable=False,
        )

    def _inline(self, call: Call, data: str) -> bytes:
        try:
            return base64.b64decode(data, validate=True)
        except binascii.Error as error:
            raise self._unavailable(call, "inline output is not base64", "malformed", repeatable=False) from error

    def _prediction(self, response: httpx2.Response) -> Prediction | None:
        """The prediction an answer holds; None where it holds anything else (HTML, a list, half a body)."""
        try:
            prediction = Prediction.model_validate_json(response.content)
        except ValidationError:
            return None
        return prediction if _ID.fullmatch(prediction.id) else None

    def _create_failure(self, call: Call, response: httpx2.Response) -> ProviderError:
        status = response.status_code
        if response.is_success or (status >= 500 and status != httpx2.codes.SERVICE_UNAVAILABLE):
            return self._unavailable(
                call,
                f"create: HTTP {status} without a prediction",
                "malformed" if response.is_success else str(status),
                billable_unknown=True,
                repeatable=False,
            )
        return self._failure(call, response, "create")

    def _failure(self, call: Call, response: httpx2.Response, what: str) -> ProviderError:
        status = response.status_code
        said = _detail(response)
        detail = f"{what}: HTTP {status} {said}"[:500]
        told = retry_after.from_headers(response.headers)
        if status == httpx2.codes.TOO_MANY_REQUESTS:
            return Throttled(
                detail,
                provider=self._provider,
                model=call.model,
                retry_after_seconds=told if told is not None else retry_after.from_sentence(said),
            )
        if status == httpx2.codes.SERVICE_UNAVAILABLE and told is not None:
            return Throttled(
                detail, provider=self._provider, model=call.model, retry_after_seconds=told, overloaded=True
            )
        if status in (httpx2.codes.UNAUTHORIZED, httpx2.codes.PAYMENT_REQUIRED, httpx2.codes.FORBIDDEN):
            return Broken(detail, provider=self._provider, model=call.model, code=str(status), key_at_fault=True)
        if status >= 500 or status in (httpx2.codes.REQUEST_TIMEOUT, httpx2.codes.CONFLICT) or response.is_success:
            return self._unavailable(call, detail, str(status))
        return Broken(detail, provider=self._provider, model=call.model, code=str(status))

    def _headers(self, call: Call) -> dict[str, str]:
        return {"authorization": f"Bearer {call.key}"}

    def _url(self, path: str) -> httpx2.URL:
        return self._base.copy_with(path=self._base.path.rstrip("/") + path)

    def _unavailable(
        self,
        call: Call,
        detail: str,
        code: str,
        *,
        billable_unknown: bool = False,
        repeatable: bool = True,
    ) -> Unavailable:
        return Unavailable(
            detail,
            provider=self._provider,
            model=call.model,
            code=code,
            billable_unknown=billable_unknown,
            repeatable=repeatable,
        )


async def _written(to: Path, content: bytes) -> bytes:
    await asyncio.to_thread(to.write_bytes, content)
    return b""


def _detail(response: httpx2.Response) -> str:
    """The ``detail`` of a problem answer, or nothing; any JSON may come, a list too."""
    try:
        body = response.json()
    except ValueError:
        return ""
    detail = body.get("detail") if isinstance(body, dict) else None
    return detail if isinstance(detail, str) else ""
