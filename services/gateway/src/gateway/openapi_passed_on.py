"""What the gateway adds to the documents of those it passes requests on to: credentials, limits, its own refusals."""

from copy import deepcopy
from typing import Any

from fastapi.routing import APIRoute

from common.http.problems import problem_responses
from gateway.authentication import CallerDependency, caller
from gateway.openapi_answers import complete_answers
from gateway.passing_on import build_router
from gateway.requests.limited import BuyingDependency, anonymous

_MAY_BE_REMEMBERED = {"get_credits"}
"""Shown as last known while their owner does not answer."""


def with_the_gateways_answers(document: dict[str, Any]) -> dict[str, Any]:
    """A copy of an owner's document in which what the gateway passes on can end as the gateway may end it."""
    document = deepcopy(document)
    for (method, path), dependencies in _passed_on().items():
        operation = document["paths"].get(path, {}).get(method)
        if operation is not None:
            _describe(operation, dependencies)
    document["components"]["securitySchemes"] = {
        "bearer": caller.model.model_dump(mode="json", exclude_none=True, by_alias=True)
    }
    complete_answers(document)
    return document


def _passed_on() -> dict[tuple[str, str], list[Any]]:
    """The dependencies of every route that is passed on."""
    routes = build_router(*[None] * 4).routes  # type: ignore[arg-type]
    return {
        (method.lower(), route.path): [found.call for found in route.dependant.dependencies]
        for route in routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }


def _describe(operation: dict[str, Any], dependencies: list[Any]) -> None:
    codes = ["DEPENDENCY_UNAVAILABLE", "RATE_LIMITED"] if anonymous in dependencies else ["DEPENDENCY_UNAVAILABLE"]
    for dependency in dependencies:
        if isinstance(dependency, CallerDependency):
            operation["security"] = [{"bearer": []}]
            codes += ["FORBIDDEN"] if dependency.can_forbid else []
        if isinstance(dependency, BuyingDependency):
            codes.append("DEGRADED")
    if operation["operationId"] in _MAY_BE_REMEMBERED:
        codes.append("DEGRADED")
    responses = operation["responses"]
    for status, answer in problem_responses(*codes).items():
        known = responses.get(str(status))
        if known is not None:
            answer = {**answer, "description": f"{known['description']}, {answer['description']}"}
        responses[str(status)] = answer
