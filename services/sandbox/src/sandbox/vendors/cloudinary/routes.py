"""Cloudinary's routes: signed upload and destroy, signed delivery, and private downloads."""

import base64
import binascii
import hmac
import re
import time
from urllib.parse import unquote

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.pace import Pace
from sandbox.tokens import request_id
from sandbox.vendors.cloudinary.assets import Assets
from sandbox.vendors.cloudinary.errors import CloudinaryError
from sandbox.vendors.cloudinary.raw_files import RawFiles
from sandbox.vendors.cloudinary.signatures import parameters_are_signed, url_is_signed
from sandbox.vendors.cloudinary.transformations import SEGMENT

_UPLOAD_SECONDS = 0.25
_EAGER_SECONDS = 0.8
_STAMP_SECONDS_MAX = 3600
_SIGNATURE = re.compile(r"s--([A-Za-z0-9_-]{8}|[A-Za-z0-9_-]{32})--")
_KEEP = {"cache-control": "public, max-age=2592000"}
_VERSION = re.compile(r"v\d+")


class CloudinaryRoutes:
    """The endpoints of one cloud."""

    def __init__(self, assets: Assets, files: RawFiles, pace: Pace, cloud: str, key: str, secret: str) -> None:
        self._assets = assets
        self._files = files
        self._pace = pace
        self._cloud = cloud
        self._key = key
        self._secret = secret

    def api_routes(self) -> list[Route]:
        """The upload API, relative to its prefix."""
        return [
            Route("/v1_1/{cloud}/image/upload", self._upload, methods=["POST"]),
            Route("/v1_1/{cloud}/auto/upload", self._upload, methods=["POST"]),
            Route("/v1_1/{cloud}/image/destroy", self._destroy, methods=["POST"]),
            Route("/v1_1/{cloud}/image/download", self._download, methods=["GET"]),
            Route("/v1_1/{cloud}/raw/upload", self._upload_raw, methods=["POST"]),
            Route("/v1_1/{cloud}/raw/destroy", self._destroy_raw, methods=["POST"]),
            Route("/v1_1/{cloud}/raw/download", self._download_raw, methods=["GET"]),
        ]

    def delivery_routes(self) -> list[Route]:
        """Delivery at the root, as a private CDN and as the shared one."""
        return [
            Route("/v1_1/{cloud}/image/download", self._download, methods=["GET"]),
            Route("/image/{type}/{rest:path}", self._deliver, methods=["GET"]),
            Route("/{cloud}/image/{type}/{rest:path}", self._deliver, methods=["GET"]),
            Route("/v1_1/{cloud}/raw/download", self._download_raw, methods=["GET"]),
            Route("/raw/{type}/{rest:path}", self._deliver_raw, methods=["GET"]),
            Route("/{cloud}/raw/{type}/{rest:path}", self._deliver_raw, methods=["GET"]),
        ]

    async def _upload(self, request: Request) -> Response:
        params, content, name = await _form(request)
        self._check(request, params)
        if content is None:
            raise CloudinaryError(400, "Missing required parameter - file")
        await self._pace.work(_UPLOAD_SECONDS + (_EAGER_SECONDS if params.get("eager") else 0))
        return _answer(await self._assets.upload(content, params, name))

    async def _destroy(self, request: Request) -> Response:
        params, _, _ = await _form(request)
        self._check(request, params)
        found = self._assets.destroy(params.get("type") or "upload", params.get("public_id", ""))
        return _answer({"result": "ok" if found else "not found"})

    async def _upload_raw(self, request: Request) -> Response:
        params, content, name = await _form(request)
        self._check(request, params)
        if content is None:
            raise CloudinaryError(400, "Missing required parameter - file")
        await self._pace.work(_UPLOAD_SECONDS)
        return _answer(self._files.upload(content, params, name))

    async def _destroy_raw(self, request: Request) -> Response:
        params, _, _ = await _form(request)
        self._check(request, params)
        found = self._files.destroy(params.get("type") or "upload", params.get("public_id", ""))
        return _answer({"result": "ok" if found else "not found"})

    async def _download_raw(self, request: Request) -> Response:
        params = self._download_params(request)
        content, media_type = self._files.deliver(params.get("type") or "upload", params.get("public_id", ""))
        return Response(content, media_type=media_type)

    def _download_params(self, request: Request) -> dict[str, str]:
        """Of a signed download address. It works until its `expires_at`, or for an hour after its `timestamp`."""
        params = dict(request.query_params)
        expires_at = params.get("expires_at", "")
        self._check(request, params, stale_after=None if expires_at else _STAMP_SECONDS_MAX)
        if expires_at and (not expires_at.isdigit() or int(expires_at) < time.time()):
            raise CloudinaryError(404, "Resource expired")
        return params

    async def _download(self, request: Request) -> Response:
        params = self._download_params(request)
        extension = params.get("format") or None
        content, media_type = await self._assets.deliver(
            params.get("type") or "upload", params.get("public_id", ""), "", extension
        )
        headers = {}
        if params.get("attachment"):
            file_name = params["public_id"].rpartition("/")[2]
            headers["Content-Disposition"] = f'attachment; filename="{file_name}.{extension or "png"}"'
        return Response(content, media_type=media_type, headers=headers)

    async def _deliver(self, request: Request) -> Response:
        transformation, source = self._signed_path(request, "image")
        public_id, extension = _public_id(unquote(source))
        content, media_type = await self._assets.deliver(
            request.path_params["type"], public_id, unquote(transformation), extension
        )
        return Response(content, media_type=media_type, headers=_KEEP)

    async def _deliver_raw(self, request: Request) -> Response:
        _, source = self._signed_path(request, "raw")
        content, media_type = self._files.deliver(request.path_params["type"], unquote(source))
        return Response(content, media_type=media_type, headers=_KEEP)

    def _signed_path(self, request: Request, resource_type: str) -> tuple[str, str]:
        """Transformation and source of a delivery address, still quoted; its signature is right where one is needed."""
        if request.path_params.get("cloud", self._cloud) != self._cloud:
            raise CloudinaryError(401, "cloud_name mismatch")
        delivery_type = request.path_params["type"]
        raw_path = request.scope["raw_path"].decode("ascii").partition(f"/{resource_type}/{delivery_type}/")[2]
        segments = raw_path.split("/")
        signature = _SIGNATURE.fullmatch(segments[0])
        if signature is not None:
            segments.pop(0)
        transformation, source = _split(segments)
        to_sign = "/".join(filter(None, (transformation, source)))
        if signature is None and delivery_type != "upload":
            raise CloudinaryError(401, "deny or signed URL required")
        if signature is not None and not any(
            url_is_signed(text, signature[1], self._secret) for text in (to_sign, unquote(to_sign))
        ):
            raise CloudinaryError(401, f"Invalid signature {signature[1]} in URL")
        return transformation, source

    def _check(self, request: Request, params: dict[str, str], *, stale_after: int | None = _STAMP_SECONDS_MAX) -> None:
        if request.path_params["cloud"] != self._cloud:
            raise CloudinaryError(401, f"Invalid cloud_name {request.path_params['cloud']}")
        if not hmac.compare_digest(params.get("api_key", "").encode(), self._key.encode()):
            raise CloudinaryError(401, f"Unknown API key {params.get('api_key', '')}")
        if not parameters_are_signed(params, params.get("signature", ""), self._secret):
            raise CloudinaryError(401, f"Invalid Signature {params.get('signature', '')}.")
        stamp = params.get("timestamp", "")
        if not stamp.isdigit() or (stale_after is not None and abs(time.time() - int(stamp)) > stale_after):
            raise CloudinaryError(400, f"Stale request - reported time is {stamp}")


def _answer(body: dict[str, object]) -> Response:
    return JSONResponse(body, headers={"x-request-id": request_id(), "x-featureratelimit-remaining": "499"})


def _split(segments: list[str]) -> tuple[str, str]:
    version = next((place for place, part in enumerate(segments[:-1]) if _VERSION.fullmatch(part)), None)
    if version is not None:
        return "/".join(segments[:version]), "/".join(segments[version + 1 :])
    place = 0
    while place < len(segments) - 1 and SEGMENT.fullmatch(segments[place]):
        place += 1
    return "/".join(segments[:place]), "/".join(segments[place:])


def _public_id(source: str) -> tuple[str, str | None]:
    stem, dot, extension = source.rpartition(".")
    if dot and extension.lower() in ("png", "jpg", "jpeg", "webp", "gif", "avif"):
        return stem, extension.lower()
    return source, None


async def _form(request: Request) -> tuple[dict[str, str], bytes | None, str]:
    params: dict[str, str] = {}
    content: bytes | None = None
    name = "file"
    async with request.form(max_files=1, max_part_size=1024 * 1024 * 20) as form:
        for key, value in form.multi_items():
            if isinstance(value, UploadFile):
                content, name = await value.read(), value.filename or "file"
            elif key == "file":
                content = _data_url(value)
            elif key.endswith("[]"):
                listed = key.removesuffix("[]")
                params[listed] = f"{params[listed]},{value}" if listed in params else value
            else:
                params[key] = value
    return params, content, name


def _data_url(value: str) -> bytes:
    head, _, data = value.partition(",")
    if not (head.startswith("data:") and head.endswith(";base64")):
        raise CloudinaryError(400, "The sandbox does not fetch remote files")
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error:
        raise CloudinaryError(400, "Invalid base64 in data URL") from None
