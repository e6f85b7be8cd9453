"""Every service answers as its OpenAPI document says, whatever it is asked: schemathesis over the running product."""

import json
import multiprocessing
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from atelier_local.stack import Stack
from common.http.identity import IDENTITY_HEADER, sign_identity, verify_access_token

from .studio import Customer

HERE = Path(__file__).parent
DOCUMENTS = HERE.parents[1] / "docs" / "openapi"
SECONDS_MAX = 240
pytestmark = pytest.mark.timeout(300)
BASIC_CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    "response_headers_conformance",
)  # fmt: skip
"""What holds for strangers too; that they are refused is the matter of `test_two_tenants`."""
WITHOUT_COVERAGE = ("examples", "fuzzing")
"""Where an owner has been through every border of every parameter at the service itself."""


SCHEMATHESIS = """
import os, runpy, sys
os.setsid()  # Linux gives sessions their share of the cores, and this one works hard
os.chdir(folder)
os.dup2(os.open("said.txt", os.O_WRONLY | os.O_CREAT), 1)
os.dup2(1, 2)
sys.path.insert(0, hooks)
sys.argv = ["schemathesis", *arguments]
runpy.run_module("schemathesis.cli", run_name="__main__")
"""
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["schemathesis.cli"])


@dataclass(frozen=True)
class Owner:
    """The credentials of an account that has a bit of everything."""

    bearer: dict[str, str]
    identity: dict[str, str]


@pytest.fixture(scope="module")
async def owner(stack: Stack) -> Owner:
    customer = await Customer.sign_up(stack.urls["gateway"])
    await customer.buy_and_wait()
    await customer.outcome(await customer.accepted("text-to-design", prompt="a lighthouse"))
    made = await customer.http.post("/v1/keys", json={"name": "build server", "scopes": ["jobs:read"]})
    assert made.status_code == 201, made.text
    token = customer.http.headers["authorization"].removeprefix("Bearer ")
    await customer.aclose()
    secrets = {name: [SecretStr(stack.environment[name])] for name in ("ACCESS_TOKEN_SECRET", "IDENTITY_SECRET")}
    caller = verify_access_token(secrets["ACCESS_TOKEN_SECRET"], token)
    signed = sign_identity(secrets["IDENTITY_SECRET"], caller, timedelta(minutes=30))
    return Owner({"Authorization": f"Bearer {token}"}, {IDENTITY_HEADER: signed})


def strict(document: dict[str, Any]) -> dict[str, Any]:
    """The document without `default`, which would make every status a documented one."""
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("default", None)
    return document


def behind_the_gateway(document: dict[str, Any]) -> dict[str, Any]:
    """The document as its service knows it: the bearer is the gateway's affair."""
    for operations in document["paths"].values():
        for operation in operations.values():
            operation.pop("security", None)
    return document


def read(service: str) -> dict[str, Any]:
    return strict(json.loads((DOCUMENTS / f"{service}.json").read_text(encoding="utf-8")))


def ask(
    folder: Path,
    document: dict[str, Any],
    url: str,
    headers: dict[str, str],
    checks: Iterable[str] = (),
    phases: Iterable[str] = ("examples", "coverage", "fuzzing"),
) -> None:
    """Have schemathesis ask all there is in a document; fails with its report."""
    path = folder / "document.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    arguments = ["--config-file", str(HERE / "conformance.toml"), "run", str(path), "--url", url, "--no-color"]
    arguments += ["--phases", ",".join(phases)]
    if checks:
        arguments += ["--checks", ",".join(checks)]
    for name, value in headers.items():
        arguments += ["--header", f"{name}: {value}"]
    code, said = _run(folder, arguments)
    assert code == 0, said[-20_000:]
    assert "No operations" not in said, said


def _run(folder: Path, arguments: list[str]) -> tuple[int | None, str]:
    """The exit code and what was printed. Forked, for its imports take longer than most of its questions."""
    names = {"folder": str(folder), "hooks": str(HERE), "arguments": arguments}
    process = _forks.Process(target=exec, args=(SCHEMATHESIS, names))
    process.start()
    process.join(SECONDS_MAX)
    if process.exitcode is None:
        process.kill()
        process.join()
    return process.exitcode, (folder / "said.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("service", ["gateway", "billing", "notifier", "generation"])
def test_answers_its_owner_as_documented(stack: Stack, owner: Owner, tmp_path: Path, service: str) -> None:
    if service == "gateway":
        ask(tmp_path, read(service), stack.urls[service], owner.bearer)
    else:
        ask(tmp_path, behind_the_gateway(read(service)), stack.urls[service], owner.identity)


def test_answers_through_the_gateway_as_the_owner_of_the_answer_documents(
    stack: Stack, owner: Owner, tmp_path: Path
) -> None:
    ask(tmp_path, read("billing"), stack.urls["gateway"], owner.bearer, phases=WITHOUT_COVERAGE)


@pytest.mark.parametrize("service", ["gateway", "billing", "notifier", "generation"])
def test_answers_strangers_as_documented(stack: Stack, tmp_path: Path, service: str) -> None:
    ask(tmp_path, read(service), stack.urls[service], {}, BASIC_CHECKS, WITHOUT_COVERAGE)


@pytest.mark.parametrize("service", ["gateway", "billing", "notifier", "generation", "worker"])
def test_answers_for_its_health_as_documented(stack: Stack, tmp_path: Path, service: str) -> None:
    ask(tmp_path, HEALTH, stack.urls[service], {}, BASIC_CHECKS)


def _answer(description: str, media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": schema}}}


_READINESS = {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}}
HEALTH: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "What every process serves", "version": "1"},
    "paths": {
        "/livez": {"get": {"responses": {"200": _answer("alive", "text/plain", {"const": "ok"})}}},
        "/readyz": {
            "get": {
                "responses": {
                    "200": _answer("ready", "application/json", _READINESS),
                    "503": _answer("not ready", "application/json", _READINESS),
                }
            }
        },
        "/metrics": {"get": {"responses": {"200": _answer("metrics", "text/plain", {"type": "string"})}}},
    },
}
