"""OpenAI's routes: models, images, and text by `responses` or `chat/completions`."""

import json
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox.drawing.files import UnreadableImageError
from sandbox.drawing.studio import Studio
from sandbox.faults.kinds import AnswerFault
from sandbox.pace import Pace
from sandbox.tokens import request_id
from sandbox.vendors.openai.answers import TextAnswer, answer
from sandbox.vendors.openai.chat import SECONDS, completion
from sandbox.vendors.openai.edit_form import read_edit_form
from sandbox.vendors.openai.errors import OpenAIError
from sandbox.vendors.openai.images import ImageMaker
from sandbox.vendors.openai.parameters import MODELS, ImageRequest, read_image_request
from sandbox.vendors.openai.responses import ResponseMaker
from sandbox.vendors.openai.text_request import TEXT_MODELS, TextRequest, read_chat_request, read_responses_request
from sandbox.web.effects import SCRIPTED

_ALL_MODELS = (*MODELS, *TEXT_MODELS)
_MODELS_CREATED = 1_760_000_000


class OpenAIRoutes:
    """The endpoints under `/openai/v1`."""

    def __init__(self, images: ImageMaker, responses: ResponseMaker, studio: Studio, pace: Pace) -> None:
        self._images = images
        self._studio = studio
        self._responses = responses
        self._pace = pace

    def routes(self) -> list[Route]:
        """The routes, relative to the base URL."""
        return [
            Route("/models", self._models, methods=["GET"]),
            Route("/models/{name}", self._model, methods=["GET"]),
            Route("/images/generations", self._generate, methods=["POST"]),
            Route("/images/edits", self._edit, methods=["POST"]),
            Route("/responses", self._respond, methods=["POST"]),
            Route("/chat/completions", self._chat, methods=["POST"]),
        ]

    async def _models(self, request: Request) -> Response:
        _authenticate(request)
        return JSONResponse({"object": "list", "data": [_model(name) for name in _ALL_MODELS]}, headers=_headers())

    async def _model(self, request: Request) -> Response:
        _authenticate(request)
        name = request.path_params["name"]
        if name not in _ALL_MODELS:
            raise OpenAIError(404, f"The model '{name}' does not exist", code="model_not_found", param="model")
        return JSONResponse(_model(name), headers=_headers())

    async def _generate(self, request: Request) -> Response:
        _authenticate(request)
        return await self._answer(read_image_request(await _json(request)), [])

    async def _respond(self, request: Request) -> Response:
        _authenticate(request)
        wanted = read_responses_request(await _json(request))
        said = await self._say(request, wanted)
        if wanted.fields.get("stream"):
            events = self._responses.stream(wanted, said)
            return StreamingResponse(events, media_type="text/event-stream", headers=_headers())
        return JSONResponse(await self._responses.whole(wanted, said), headers=_headers())

    async def _chat(self, request: Request) -> Response:
        _authenticate(request)
        wanted = read_chat_request(await _json(request))
        said = await self._say(request, wanted)
        await self._pace.work(SECONDS)
        return JSONResponse(completion(wanted, said), headers=_headers())

    async def _say(self, request: Request, wanted: TextRequest) -> TextAnswer:
        """The answer, thought of away from the event loop where there is something to look at."""
        scripted = request.scope.get(SCRIPTED)
        fault = scripted if isinstance(scripted, AnswerFault) else None
        return await self._studio.run(answer, wanted, fault) if wanted.pictures else answer(wanted, fault)

    async def _edit(self, request: Request) -> Response:
        _authenticate(request)
        fields, sources = await read_edit_form(request)
        wanted = read_image_request(fields)
        try:
            await self._images.check(sources)
        except UnreadableImageError:
            message = "Invalid image file or mode for image 1, please check your image file."
            raise OpenAIError(400, message, code="invalid_image_file", param="image") from None
        return await self._answer(wanted, sources)

    async def _answer(self, wanted: ImageRequest, sources: list[bytes]) -> Response:
        headers = _headers()
        if wanted.stream:
            events = self._images.stream(wanted, sources)
            return StreamingResponse(events, media_type="text/event-stream", headers=headers)
        started = time.perf_counter()
        body = await self._images.answer(wanted, sources)
        headers["openai-processing-ms"] = str(round((time.perf_counter() - started) * 1000))
        return JSONResponse(body, headers=headers)


async def _json(request: Request) -> dict[str, Any]:
    try:
        fields = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise OpenAIError(400, "We could not parse the JSON body of your request.") from None
    if not isinstance(fields, dict):
        raise OpenAIError(400, "The body of your request must be a JSON object.")
    return fields


def _authenticate(request: Request) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        message = (
            "You didn't provide an API key. You need to provide your API key in an Authorization header "
            "using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
        )
        raise OpenAIError(401, message)


def _headers() -> dict[str, str]:
    return {
        "x-request-id": request_id(),
        "openai-version": "2020-10-01",
        "x-ratelimit-limit-requests": "500",
        "x-ratelimit-remaining-requests": "499",
    }


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _MODELS_CREATED, "owned_by": "system"}
