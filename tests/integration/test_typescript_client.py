"""The compiled TypeScript client against the running product: sign in, submit, follow over cut streams, receipt."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from atelier_local.stack import Stack

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CLIENT = ROOT / "clients" / "typescript"
SECONDS_MAX = 100


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the client as its users get it."""
    if shutil.which("npm") is None:
        assert not os.environ.get("CI"), "CI must run the TypeScript client, and finds no npm"
        pytest.skip("NOT CHECKED: the TypeScript client needs Node 20 and npm, which are not here")
    folder = tmp_path_factory.mktemp("client")
    run("make", "-s", "clients/typescript/node_modules/.installed", where=ROOT)
    run("node_modules/.bin/tsc", "--outDir", str(folder / "dist"), where=CLIENT)
    (folder / "node_modules").symlink_to(CLIENT / "node_modules")
    shutil.copy(CLIENT / "package.json", folder)
    return folder


def run(*command: str, where: Path) -> str:
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_whole_visit_with_streams_that_break(stack: Stack, compiled: Path) -> None:
    email = f"typescript-{time.time_ns()}@example.com"

    visit_it = ["node", str(HERE / "typescript_visit.mjs"), str(compiled), stack.urls["gateway"]]
    said = run(*visit_it, email, "correct horse battery", where=compiled)

    visit: dict[str, Any] = json.loads(said)
    assert visit["repeated"]["id"] == visit["job"]["id"]
    assert visit["told"][0] == "job.submitted"
    assert visit["told"][-2:] == ["job.succeeded", "job.charged"]
    assert visit["sequences"] == sorted(set(visit["sequences"]))
    assert visit["resumedAfter"][0] is None
    assert len(visit["resumedAfter"]) > 1, "no stream was cut: nothing was resumed"
    assert all(int(after) in visit["sequences"] for after in visit["resumedAfter"][1:])
    assert visit["receipt"]["totals"]["captured"] == visit["job"]["charge"]["price"]
    assert visit["refusal"] == {"code": "INSUFFICIENT_CREDITS", "required": 5, "available": 0}
    assert visit["job"]["id"] in visit["jobs"]
    assert len(visit["jobs"]) == len(set(visit["jobs"])) >= 2
