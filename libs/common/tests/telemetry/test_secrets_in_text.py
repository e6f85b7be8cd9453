"""A secret inside a text, such as an exception's, does not reach the log."""

import json
import subprocess
import sys

import pytest

SCRIPT = """
import logging, sys, structlog
from common.telemetry.logging import configure_logging
configure_logging("billing", "info")
secret = sys.argv[1]
structlog.get_logger().info("one", error=f"refused: {secret} is no key", nested={"deep": [secret]})
logging.getLogger("library").warning("refused %s", secret)
try:
    raise RuntimeError(f"bad {secret}!")
except RuntimeError:
    structlog.get_logger().exception("two")
"""


@pytest.mark.parametrize(
    "secret",
    [
        "atl_live_" + "0" * 43 + "0M5UAV",
        "atl_link_" + "a" * 40,
        "atl_refresh_" + "A-b_" * 10,
        "atl_receipt_" + "x" * 43,
        "whsec_" + "c2VjcmV0c2VjcmV0",
        "sk_live_" + "5" * 24,
        "rk_test_" + "5" * 24,
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x5dpGGQdVFzUjR4UcPbkbeIBmdYJdBlU",
    ],
)
def test_texts_lose_the_secret_and_keep_its_kind(secret):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, secret], capture_output=True, text=True, timeout=30, check=True
    )

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["level"] for line in lines] == ["info", "warning", "error"]
    assert secret not in done.stdout
    assert secret[-8:] not in done.stdout
    assert done.stdout.count("[redacted]") >= 4
    assert lines[0]["error"].endswith("is no key")


def test_other_texts_stay_as_they_are():
    text = "job_01k9zv4m5sfv8b2c3d4e5f6g7h whsec_ sk_live_ keyJ task_live_1234567890"
    done = subprocess.run([sys.executable, "-c", SCRIPT, text], capture_output=True, text=True, timeout=30, check=True)

    assert json.loads(done.stdout.splitlines()[0])["nested"] == {"deep": [text]}
