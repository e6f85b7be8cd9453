"""Each case runs in a process of its own: logging is global."""

import json
import subprocess
import sys

SETUP = """
import logging, warnings, structlog
from common.telemetry.logging import configure_logging
log = structlog.get_logger()
configure_logging("billing", "info")
"""


def lines_of(code):
    done = subprocess.run([sys.executable, "-c", SETUP + code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_our_lines_and_the_libraries_are_json_with_service_and_level():
    ours, theirs, warned = lines_of("""
log.info("hold_captured", amount_credits=5)
log.debug("not shown")
logging.getLogger("sqlalchemy.pool").warning("pool %s", "full")
warnings.warn("old thing")
""")
    assert (
        ours.items() >= {"event": "hold_captured", "amount_credits": 5, "service": "billing", "level": "info"}.items()
    )
    assert theirs.items() >= {"event": "pool full", "logger": "sqlalchemy.pool", "level": "warning"}.items()
    assert "old thing" in warned["event"]


def test_context_and_trace_ids_are_on_every_line():
    ours, theirs = lines_of("""
from opentelemetry import context
from common.telemetry.tracing import context_from
context.attach(context_from("00-" + "a" * 32 + "-" + "b" * 16 + "-01"))
structlog.contextvars.bind_contextvars(request_id="r1")
log.info("one")
logging.getLogger("arq").info("two")
""")
    for line in (ours, theirs):
        assert (line["trace_id"], line["span_id"], line["request_id"]) == ("a" * 32, "b" * 16, "r1")


def test_secrets_are_redacted_wherever_they_hide():
    (line,) = lines_of("""
log.info("x", password="p", Authorization="a", api_key="k", nested={"deep": [{"refresh_token": "t"}]},
    url="postgresql://u:hunter2@db/x", output_tokens=7, secretary="Ann", headers={"x-atelier-identity": "i"})
""")
    assert line["password"] == line["Authorization"] == line["api_key"] == "[redacted]"
    assert line["nested"]["deep"][0]["refresh_token"] == line["headers"]["x-atelier-identity"] == "[redacted]"
    assert line["url"] == "postgresql://u:[redacted]@db/x"
    assert (line["output_tokens"], line["secretary"]) == (7, "Ann")


def test_an_exception_is_one_line_with_its_stack():
    (line,) = lines_of("""
try:
    1 / 0
except ZeroDivisionError:
    log.exception("failed")
""")
    assert "ZeroDivisionError" in line["exception"]


def test_a_forked_child_speaks_in_its_own_name():
    lines = lines_of("""
import os
log.info("parent")
if os.fork() == 0:
    configure_logging("gateway", "info")
    log.info("child")
    os._exit(0)
os.wait()
""")
    assert {(line["event"], line["service"]) for line in lines} == {
        ("parent", "billing"),
        ("child", "gateway"),
    }
