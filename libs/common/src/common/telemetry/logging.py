"""Owns log lines: one JSON object each on stdout, with trace and request ids, ours and the libraries' alike.

configure_logging("billing", "info")
log = structlog.get_logger()
log.info("hold_captured", job_id=str(job_id), amount_credits=5)
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from opentelemetry import trace

_SECRET_KEY = re.compile(
    r"(?:^|[_.-])(?:authorization|cookie|set_cookie|password|passwd|secret|secrets|token|tokens|api_?key|apikey|"
    r"private_key|signature|credential|credentials|dsn|identity)(?:$|[_.-])",
    re.IGNORECASE,
)
_URL_PASSWORD = re.compile(r"(?<=://)([^\s:/@]*):[^\s/@]+@")
_SECRET_FORM = re.compile(  # what we and Stripe give out; an exception's text may hold one
    r"\b(atl_(?:live|link|refresh|receipt)_|whsec_|[sr]k_(?:live|test)_|eyJ)[A-Za-z0-9_.-]{8,}"
)
_REDACTED = "[redacted]"
_NESTING_MAX = 4
_QUIET = (
    "httpx",
    "httpx2",
    "httpcore",
    "httpcore2",
    "uvicorn",
    "asyncio",
    "opentelemetry",
    "openai",
    "stripe",
)

_service = "atelier"  # set anew in each forked child, read by the processor below


class _StdoutLogger:
    """Writes to what stdout is at that moment: loggers are cached for long, test runners exchange it."""

    def __init__(self, *_: Any) -> None:
        pass

    def msg(self, message: str) -> None:
        sys.stdout.write(message + "\n")
        sys.stdout.flush()

    debug = info = warning = error = critical = msg


class _StdoutHandler(logging.Handler):
    """The same for the standard library."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stdout.write(self.format(record) + "\n")
            sys.stdout.flush()
        except Exception:  # noqa: BLE001 - the contract of a handler: logging never breaks the caller
            self.handleError(record)


def configure_logging(service: str, level: str = "info") -> None:
    """Route structlog and the standard library to JSON lines on stdout. Call once a process, again in a fork.

    Args:
        service: the `service` of every line.
        level: debug, info, warning or error.
    """
    global _service
    _service = service
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_service,
        _add_trace,
        structlog.processors.format_exc_info,
        _redact,
    ]
    render = structlog.processors.JSONRenderer(default=str)
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=_StdoutLogger,
        cache_logger_on_first_use=True,
    )
    handler = _StdoutHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(threshold)
    logging.captureWarnings(True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "arq", "arq.worker", "alembic"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))


def _add_service(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["service"] = _service
    return event


def _add_trace(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
        event["span_id"] = f"{context.span_id:016x}"
    return event


def _redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        event[key] = _redacted(key, value, _NESTING_MAX)
    return event


def _redacted(key: str, value: Any, depth: int) -> Any:
    if isinstance(value, bool | int | float) or value is None:
        return value  # numbers such as `output_tokens` tell no secret
    if _SECRET_KEY.search(key):
        return _REDACTED
    if isinstance(value, str):
        value = _SECRET_FORM.sub(rf"\1{_REDACTED}", value)
        return _URL_PASSWORD.sub(rf"\1:{_REDACTED}@", value) if "://" in value else value
    if depth and isinstance(value, dict):
        return {name: _redacted(str(name), inner, depth - 1) for name, inner in value.items()}
    if depth and isinstance(value, list | tuple):
        return [_redacted("", inner, depth - 1) for inner in value]
    return value
