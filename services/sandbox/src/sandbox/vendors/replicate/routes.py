"""Replicate's routes: predictions, models, uploaded files, and the files of results."""

import asyncio
import json
import re
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.blobs import Blob, BlobStore
from sandbox.faults.kinds import AnswerFault, PredictionFault
from sandbox.tokens import replicate_id
from sandbox.vendors.replicate.catalogue import Catalogue, Model, Task
from sandbox.vendors.replicate.errors import ReplicateProblemError
from sandbox.vendors.replicate.prediction import Prediction
from sandbox.vendors.replicate.runner import Runner
from sandbox.web.effects import SCRIPTED

_PREFER = re.compile(r"\bwait(?:=(\d+))?\b")
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")
_WAIT_SECONDS_MAX = 60
_EVENTS = frozenset({"start", "output", "logs", "completed"})


class ReplicateRoutes:
    """The endpoints under `/replicate`."""

    def __init__(
        self, runner: Runner, catalogue: Catalogue, files: BlobStore, base_url: str, webhook_secret: str
    ) -> None:
        self._runner = runner
        self._catalogue = catalogue
        self._files = files
        self._base_url = base_url
        self._webhook_secret = webhook_secret

    def routes(self) -> list[Route]:
        """The routes, relative to the base URL."""
        return [
            Route("/v1/predictions", self._create, methods=["POST"]),
            Route("/v1/models/{owner}/{name}/predictions", self._create_for_model, methods=["POST"]),
            Route("/v1/predictions/{id}", self._get, methods=["GET"]),
            Route("/v1/predictions/{id}/cancel", self._cancel, methods=["POST"]),
            Route("/v1/models/{owner}/{name}", self._model, methods=["GET"]),
            Route("/v1/models/{owner}/{name}/versions/{version}", self._version, methods=["GET"]),
            Route("/v1/files", self._upload, methods=["POST"]),
            Route("/v1/files/{name}", self._delete_file, methods=["DELETE"]),
            Route("/v1/webhooks/default/secret", self._secret, methods=["GET"]),
            Route("/files/{name}", self._file, methods=["GET"]),
        ]

    async def _create(self, request: Request) -> Response:
        body = await _body(request)
        reference = body.get("version")
        if not isinstance(reference, str):
            raise ReplicateProblemError(422, "- version is required\n")
        model = self._catalogue.find(reference)
        if model is None:
            raise ReplicateProblemError(422, "Invalid version or not permitted")
        return await self._submit(request, model, body)

    async def _create_for_model(self, request: Request) -> Response:
        body = await _body(request)
        return await self._submit(request, self._known_model(request), body)

    async def _submit(self, request: Request, model: Model, body: dict[str, Any]) -> Response:
        given = body.get("input")
        if not isinstance(given, dict):
            raise ReplicateProblemError(422, "- input is required\n")
        if model.task in (Task.DRAW, Task.WRITE) and not isinstance(given.get("prompt"), str):
            raise ReplicateProblemError(422, "- input: prompt is required\n")
        scripted = request.scope.get(SCRIPTED)
        prediction = Prediction(model, given, self._base_url, webhook=_webhook(body))
        wanted = body.get("webhook_events_filter") or list(_EVENTS)
        prediction.webhook_events = frozenset(wanted) & _EVENTS
        deadline = _duration(request.headers.get("cancel-after"))
        fault = scripted if isinstance(scripted, PredictionFault | AnswerFault) else None
        self._runner.submit(prediction, fault, deadline)
        seconds = _wait_seconds(request.headers.get("prefer"))
        if seconds:
            await asyncio.wait([asyncio.ensure_future(prediction.finished.wait())], timeout=seconds)
        return JSONResponse(prediction.as_json(), 201)

    async def _get(self, request: Request) -> Response:
        _authenticate(request)
        return JSONResponse(self._known(request).as_json())

    async def _cancel(self, request: Request) -> Response:
        _authenticate(request)
        prediction = self._known(request)
        prediction.cancelled.set()
        prediction.end("canceled")
        return JSONResponse(prediction.as_json())

    async def _model(self, request: Request) -> Response:
        _authenticate(request)
        return JSONResponse(self._known_model(request).as_json(self._base_url))

    async def _version(self, request: Request) -> Response:
        _authenticate(request)
        return JSONResponse({**self._known_model(request).version_json(), "id": request.path_params["version"]})

    async def _upload(self, request: Request) -> Response:
        _authenticate(request)
        async with request.form(max_files=1) as form:
            upload = form.get("content")
            if not isinstance(upload, UploadFile):
                raise ReplicateProblemError(422, "- content is required\n")
            content = await upload.read()
            media_type = upload.content_type or "application/octet-stream"
            original = upload.filename or "file"
        name = replicate_id()
        self._files.put(name, Blob(content, media_type, {}))
        answer = {
            "id": name,
            "name": original,
            "content_type": media_type,
            "size": len(content),
            "etag": name,
            "checksums": {},
            "metadata": {},
            "created_at": "2026-01-01T00:00:00.000Z",
            "expires_at": "2126-01-01T00:00:00.000Z",
            "urls": {"get": f"{self._base_url}/files/{name}"},
        }
        return JSONResponse(answer, 201)

    async def _delete_file(self, request: Request) -> Response:
        _authenticate(request)
        if not self._files.remove(request.path_params["name"]):
            raise ReplicateProblemError(404)
        return Response(status_code=204)

    async def _secret(self, request: Request) -> Response:
        _authenticate(request)
        return JSONResponse({"key": self._webhook_secret})

    async def _file(self, request: Request) -> Response:
        blob = self._files.get(request.path_params["name"])
        if blob is None:
            raise ReplicateProblemError(404)
        return Response(blob.content, media_type=blob.media_type)

    def _known(self, request: Request) -> Prediction:
        prediction = self._runner.find(request.path_params["id"])
        if prediction is None:
            raise ReplicateProblemError(404)
        return prediction

    def _known_model(self, request: Request) -> Model:
        model = self._catalogue.find(f"{request.path_params['owner']}/{request.path_params['name']}")
        if model is None:
            raise ReplicateProblemError(404)
        return model


def _authenticate(request: Request) -> None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in ("bearer", "token") or not token.strip():
        raise ReplicateProblemError(401)


async def _body(request: Request) -> dict[str, Any]:
    _authenticate(request)
    try:
        body = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise ReplicateProblemError(400, "Unable to decode JSON body") from None
    if not isinstance(body, dict):
        raise ReplicateProblemError(422, "The body must be an object")
    return body


def _webhook(body: dict[str, Any]) -> str | None:
    url = body.get("webhook") or body.get("webhook_completed")
    return url if isinstance(url, str) else None


def _wait_seconds(prefer: str | None) -> int:
    found = _PREFER.search(prefer or "")
    if found is None:
        return 0
    return min(max(int(found[1] or _WAIT_SECONDS_MAX), 1), _WAIT_SECONDS_MAX)


def _duration(text: str | None) -> float | None:
    found = _DURATION.fullmatch(text.strip()) if text else None
    if found is None:
        return None
    hours, minutes, seconds = (int(group or 0) for group in found.groups())
    return float(hours * 3600 + minutes * 60 + seconds) or None
