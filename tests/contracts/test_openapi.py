"""The OpenAPI documents in docs/openapi are what the code says, and sound enough to generate a client from."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from generation.kinds.discovery import discover

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "openapi.py"
SERVICES = ("gateway", "billing", "notifier", "generation")
BEHIND_THE_GATEWAY = {
    ("billing", "/v1/credits/jobs/{job_id}"), ("billing", "/v1/orders"), ("billing", "/v1/orders/{order_id}"),
}  # fmt: skip
METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}


@pytest.fixture(params=SERVICES)
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    return read(request.param)


def read(service: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "docs" / "openapi" / f"{service}.json").read_text(encoding="utf-8"))
    return found


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(reference := value.get("$ref"), str):
            yield reference
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_documents_are_what_the_code_says_whatever_the_hash_seed() -> None:
    """They were written under a seed of chance; another gives the same."""
    checked = subprocess.run(
        [sys.executable, SCRIPT, "--check"],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_operations_are_well_formed(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert {"title", "version"} <= document["info"].keys()
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        assert path.startswith("/v1/"), where
        assert method in METHODS, where
        assert any(status.startswith("2") for status in operation["responses"]), where
        assert all(answer["description"] for answer in operation["responses"].values()), where
        in_path = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        declared = [item["name"] for item in operation.get("parameters", []) if item["in"] == "path"]
        assert sorted(declared) == sorted(in_path), where


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in set(references(document)):
        assert reference.startswith("#/"), reference
        found: Any = document
        for part in reference[2:].split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]


def test_every_schema_is_a_json_schema(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}), name


def test_every_kind_is_an_operation_whose_example_fits_its_schema() -> None:
    document = read("gateway")

    for kind in discover().values():
        operation = document["paths"][f"/v1/jobs/{kind.name}"]["post"]
        content = operation["requestBody"]["content"]["application/json"]
        schema = {**content["schema"], "components": document["components"]}
        validator = jsonschema_rs.Draft202012Validator(schema)
        assert validator.is_valid(content["example"])
        assert not validator.is_valid({**content["example"], "unheard_of": 1})
        assert operation["description"].endswith("credits.")
    assert "/v1/jobs/{kind}" not in document["paths"]


@pytest.mark.parametrize("service", ["billing", "notifier", "generation"])
def test_what_is_passed_on_tells_how_the_gateway_may_end_it(service: str) -> None:
    for path, method, operation in operations(read(service)):
        answers, where = operation["responses"], f"{method} {path}"
        if "429" not in answers:
            assert (service, path) in BEHIND_THE_GATEWAY, where
            continue
        assert "`DEPENDENCY_UNAVAILABLE`" in answers["503"]["description"], where
        assert "Retry-After" in answers["503"]["headers"], where
        assert {"Retry-After", "RateLimit", "RateLimit-Policy"} <= answers["429"]["headers"].keys(), where
        if "401" in answers:
            assert operation["security"] == [{"bearer": []}], where
    assert "X-Degraded" in read("billing")["paths"]["/v1/credits"]["get"]["responses"]["200"]["headers"]
    checkout = read("billing")["paths"]["/v1/checkout"]["post"]["responses"]
    assert {"`FORBIDDEN`", "`DEGRADED`"} <= set(
        f"{checkout['403']['description']}, {checkout['503']['description']}".split(", ")
    )
