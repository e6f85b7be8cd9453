"""Whatever can be asked of the gateway is counted, and the answer says what is left; read off the OpenAPI documents."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi.routing import APIRoute

from gateway import passing_on

from ..jobs.studio import Studio

DOCUMENTS = Path(__file__).parents[4] / "docs" / "openapi"
STATES = {"get_credits", "get_auto_top_up", "get_subscription", "get_me"}
PUBLIC_LISTS = {"list_kinds", "list_products", "list_plans", "list_order_products"}
OF_ONE_THING = {"list_job_artefacts", "list_order_artefacts"}
"""Addresses that pages have signed again: no list of what the account has."""
NOT_AT_THE_GATEWAY = {"get_job_credits", "take_order", "get_order_state"}
LINK = {"token": "x" * 60}
BODIES: dict[str, Any] = {
    "create_session": {"email": "a@example.com", "password": "a wrong password"},
    "create_user": {"email": "a-new-one@example.com", "password": "a long password"},
    "request_password_reset": {"email": "a@example.com"},
    "reset_password": {**LINK, "password": "a long password"},
    "confirm_email_change": LINK,
    "verify_email": LINK,
}
"""Where attempts are counted, which is after the body was read."""


def operations() -> Iterator[tuple[str, str, str, Any]]:
    for service in ("gateway", "billing", "notifier", "generation"):
        document = json.loads((DOCUMENTS / f"{service}.json").read_text(encoding="utf-8"))
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                name = operation["operationId"]
                if name not in NOT_AT_THE_GATEWAY and not name.startswith(("submit_", "estimate_")):
                    yield name, method.upper(), re.sub(r"{\w+}", "unknown", path), BODIES.get(name)
    yield "submit", "POST", "/v1/jobs/sketch", {"prompt": "a lighthouse"}
    yield "estimate", "POST", "/v1/jobs/sketch/estimate", {"prompt": "a lighthouse"}


async def test_every_operation_is_counted_and_says_what_is_left(studio: Studio) -> None:
    person = studio.person()
    silent: list[str] = []
    dashboards: set[str] = set()
    asked = list(operations())
    for name, method, path, body in asked:
        answer = await person.http.request(method, path, json=body)
        told = answer.headers.get("ratelimit", "")
        if not re.fullmatch(r'"[a-z-]+";r=\d+;t=\d+', told) or "ratelimit-policy" not in answer.headers:
            silent.append(f"{name}: {answer.status_code} {told!r}")
        if told.startswith('"dashboards"'):
            dashboards.add(name)

    assert silent == [], "these have no limit: give their route one of the dependencies of gateway.requests.limited"
    lists = {name for name, *_ in asked if name.startswith("list_")} - PUBLIC_LISTS - OF_ONE_THING
    assert dashboards == STATES | lists, "lists and states of an account, and nothing else, count as dashboards"


def test_what_is_passed_on_is_in_the_document_of_its_owner() -> None:
    """Else neither this file nor the two tenants would ever ask it."""
    routes = passing_on.build_router(*[None] * 4).routes  # type: ignore[arg-type]
    passed_on = {
        (method, route.path)
        for route in routes
        if isinstance(route, APIRoute) and route.path.startswith("/v1/")  # what else there is are pages for people
        for method in route.methods
    }
    documented = {
        (method.upper(), path)
        for service in ("billing", "notifier", "generation")
        for path, methods in json.loads((DOCUMENTS / f"{service}.json").read_text(encoding="utf-8"))["paths"].items()
        for method in methods
    }

    assert passed_on
    assert passed_on <= documented, "routes that no document tells of"


async def test_health_is_not_counted(studio: Studio) -> None:
    answers = [await studio.person().http.get(path) for path in ("/livez", "/readyz", "/metrics")]

    assert not any("ratelimit" in answer.headers for answer in answers)
