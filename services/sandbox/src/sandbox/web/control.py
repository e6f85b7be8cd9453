"""The sandbox's own API: faults, the request log, reset, and the health endpoints."""

from collections.abc import Callable

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.faults.kinds import FaultRule
from sandbox.faults.registry import FaultRegistry, TooManyRulesError
from sandbox.journal.record import Journal
from sandbox.operations import OPERATIONS


class ControlRoutes:
    """What tests and demos steer the sandbox with; `reset` forgets everything."""

    def __init__(self, faults: FaultRegistry, journal: Journal, reset: Callable[[], None]) -> None:
        self._faults = faults
        self._journal = journal
        self._reset = reset

    def routes(self) -> list[Route]:
        """The routes, relative to `/sandbox`."""
        return [
            Route("/operations", self._operations, methods=["GET"]),
            Route("/faults", self._add_fault, methods=["POST"]),
            Route("/faults", self._list_faults, methods=["GET"]),
            Route("/faults", self._clear_faults, methods=["DELETE"]),
            Route("/faults/{id}", self._remove_fault, methods=["DELETE"]),
            Route("/requests", self._list_requests, methods=["GET"]),
            Route("/requests", self._clear_requests, methods=["DELETE"]),
            Route("/reset", self._reset_all, methods=["POST"]),
        ]

    async def _operations(self, _: Request) -> Response:
        return JSONResponse({vendor.value: sorted(names) for vendor, names in OPERATIONS.items()})

    async def _add_fault(self, request: Request) -> Response:
        try:
            rule = FaultRule.model_validate_json(await request.body())
            active = self._faults.add(rule)
        except ValidationError as error:
            details = error.errors(include_url=False, include_context=False, include_input=False)
            return JSONResponse({"error": "invalid fault", "details": details}, 422)
        except TooManyRulesError:
            return JSONResponse({"error": "too many faults; remove some"}, 409)
        return JSONResponse(active.as_json(), 201)

    async def _list_faults(self, _: Request) -> Response:
        return JSONResponse([active.as_json() for active in self._faults.all()])

    async def _clear_faults(self, _: Request) -> Response:
        self._faults.clear()
        return Response(status_code=204)

    async def _remove_fault(self, request: Request) -> Response:
        found = self._faults.remove(request.path_params["id"])
        return Response(status_code=204) if found else JSONResponse({"error": "no such fault"}, 404)

    async def _list_requests(self, request: Request) -> Response:
        query = request.query_params
        found = self._journal.find(query.get("vendor"), query.get("operation"))
        return JSONResponse([record.as_json() for record in found])

    async def _clear_requests(self, _: Request) -> Response:
        self._journal.clear()
        return Response(status_code=204)

    async def _reset_all(self, _: Request) -> Response:
        self._reset()
        return Response(status_code=204)


async def alive(_: Request) -> Response:
    """Liveness and readiness: the sandbox depends on nothing, so answering is the proof."""
    return PlainTextResponse("ok")
