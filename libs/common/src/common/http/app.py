"""Owns how a service's HTTP application is put together, so that all of them answer alike.

app = create_app(
    service="billing",
    settings=settings,
    routers=[credits.router],
    readiness={"database": database.ping, "redis": redis.ping},
    title="Atelier billing",
    version="1",
)
await process.serve(app, settings.host, settings.port)
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import APIRouter, FastAPI

from common.http.body_limit import BODY_BYTES_DEFAULT_MAX, BodyLimits
from common.http.cors import Cors
from common.http.edge import Edge
from common.http.health import PATHS, Check, install_health
from common.http.problems import describe_problems, install_problem_handlers
from common.settings import CommonSettings

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[Any]]


def create_app(
    *,
    service: str,
    settings: CommonSettings,
    routers: Sequence[APIRouter],
    readiness: Mapping[str, Check],
    title: str,
    version: str,
    lifespan: Lifespan | None = None,
    stream_paths: Collection[str] = (),
    body_bytes_max: int = BODY_BYTES_DEFAULT_MAX,
    body_limits: Mapping[str, int] | None = None,
) -> FastAPI:
    """A FastAPI application with request ids, traces, metrics, problem documents, limits and health routes.

    Args:
        service: the name in metrics.
        readiness: named checks of `/readyz`; each raises when its part is unusable and has a second.
        lifespan: Starlette's; resources that belong to the process go on `Process.stack` instead.
        stream_paths: route templates that answer for minutes (event streams are recognised by themselves):
            they stay out of the duration metric, and their span ends with the first byte.
        body_bytes_max: the longest request body; beyond it 413.
        body_limits: other limits by path prefix, such as `{"/v1/assets": 20 * MEBIBYTE}`.

    The application's state: `app.state.stopping` is the process's event, so that streams can end themselves,
    and `app.state.draining` turns true with it; both are set by `Process.serve`.
    """
    development = not settings.production
    app = FastAPI(
        title=title,
        version=version,
        lifespan=lifespan,
        docs_url="/docs" if development else None,
        redoc_url=None,
        redirect_slashes=False,  # the address of a redirect would be made of the client's own Host header
        telemetry={"tracing": False, "metrics": False, "logs": False},  # the edge does it for less, see there
    )
    app.state.draining = False
    app.state.stopping = None
    install_problem_handlers(app)
    for router in routers:
        app.include_router(router)
    install_health(app, readiness)
    app.add_middleware(
        Edge,
        service=service,
        body_limits=BodyLimits(body_bytes_max, body_limits),
        quiet_paths=PATHS,
        stream_routes=stream_paths,
        https=settings.production and settings.public_url.startswith("https://"),
    )
    if settings.allowed_origins:
        app.add_middleware(Cors, origins=settings.allowed_origins)
    _use_problems_in_openapi(app)
    return app


def _use_problems_in_openapi(app: FastAPI) -> None:
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = describe_problems(generate())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
