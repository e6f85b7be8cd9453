"""Receives OTLP/HTTP protobuf and answers questions about the traces."""

import asyncio
import zlib

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.traces.spans import SpanJson, SpanStore, UnreadableExportError, read_export

_BODY_BYTES_MAX = 16 * 1024 * 1024
_PROTOBUF = "application/x-protobuf"
_LIMIT, _LIMIT_MAX = 20, 500


class ExportTooLargeError(Exception):
    """The export passes the limit, before or after it was unpacked."""


class TraceRoutes:
    """`/otlp/v1/traces` and `/sandbox/traces`."""

    def __init__(self, spans: SpanStore) -> None:
        self._spans = spans

    def otlp_routes(self) -> list[Route]:
        """The collector, relative to `/otlp`."""
        return [Route("/v1/traces", self._receive, methods=["POST"])]

    def routes(self) -> list[Route]:
        """The questions, relative to `/sandbox`."""
        return [
            Route("/traces", self._find, methods=["GET"]),
            Route("/traces/{trace_id}", self._trace, methods=["GET"]),
        ]

    async def _receive(self, request: Request) -> Response:
        if not request.headers.get("content-type", "").startswith(_PROTOBUF):
            return JSONResponse({"error": f"send {_PROTOBUF}"}, 415)
        packed = request.headers.get("content-encoding", "") == "gzip"
        body = await request.body()
        try:
            spans = await asyncio.to_thread(_read, body, packed)
        except ExportTooLargeError:
            return JSONResponse({"error": "too large"}, 413)
        except (UnreadableExportError, zlib.error) as error:
            return JSONResponse({"error": f"unreadable: {error}"}, 400)
        self._spans.add(spans)
        return Response(b"", media_type=_PROTOBUF)

    async def _find(self, request: Request) -> Response:
        query = request.query_params
        key, colon, value = query.get("attribute", "").partition(":")
        limit = query.get("limit", str(_LIMIT))
        if not limit.isdigit() or not 1 <= int(limit) <= _LIMIT_MAX:
            return JSONResponse({"error": f"limit is a number from 1 to {_LIMIT_MAX}"}, 422)
        attribute = (key, value) if colon else None
        return JSONResponse(self._spans.find(query.get("name"), attribute, int(limit)))

    async def _trace(self, request: Request) -> Response:
        found = self._spans.trace(request.path_params["trace_id"].lower())
        return JSONResponse(found, 200 if found else 404)


def _read(body: bytes, packed: bool) -> list[SpanJson]:
    if len(body) > _BODY_BYTES_MAX:
        raise ExportTooLargeError
    if packed:
        unpacker = zlib.decompressobj(wbits=31)
        body = unpacker.decompress(body, _BODY_BYTES_MAX)
        if unpacker.unconsumed_tail:
            raise ExportTooLargeError
    return read_export(body)
