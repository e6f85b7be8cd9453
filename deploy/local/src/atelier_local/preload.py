"""Owns what the supervisor imports before it forks, so that all processes share one copy of it in memory.

Only what nearly every service uses: vendors' SDKs stay with the process that needs them. None of it may
start a thread or an event loop, which a fork would break; that is checked.
"""

import gc
import importlib
import pkgutil
import threading

SHARED = (
    "asyncpg",
    "fastapi",
    "httptools",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.sdk.trace.export",
    "prometheus_client",
    "pydantic_settings",
    "redis.asyncio",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.ext.asyncio",
    "sqlalchemy.orm",
    "starlette.middleware",
    "structlog",
    "uuid_utils",
    "uvicorn",
    "uvicorn.protocols.http.httptools_impl",
    "uvloop",
)
_KERNEL = "common"
_ELSEWHERE = frozenset({"migrate", "migrations", "testing"})
"""Parts of the kernel that no service has while it runs: migrations end before it starts, and alembic with them."""


def preload(modules: tuple[str, ...] = SHARED) -> list[str]:
    """Import what is installed of `modules` and the whole kernel; returns what could not be found.

    Afterwards the garbage collector leaves all of it alone, or its bookkeeping would copy the shared pages. What the
    imports left as garbage stays where it is: collected, it would leave holes that every child fills with copies.

    Raises:
        RuntimeError: an import started a thread.
    """
    gc.disable()
    missing = [name for name in (*modules, *_kernel_modules()) if not _imported(name)]
    if threading.active_count() != 1:
        raise RuntimeError(f"a preloaded module started a thread: {threading.enumerate()}")
    gc.freeze()
    return missing


def _imported(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        return False
    return True


def _kernel_modules() -> list[str]:
    if not _imported(_KERNEL):
        return []
    kernel = importlib.import_module(_KERNEL)
    found = pkgutil.walk_packages(kernel.__path__, prefix=f"{_KERNEL}.")
    return [module.name for module in found if not set(module.name.split(".")) & _ELSEWHERE]
