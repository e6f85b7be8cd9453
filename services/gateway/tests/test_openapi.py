"""The OpenAPI document: one operation for each declared kind, every reference resolvable, as a generator needs it."""

from collections.abc import Iterator
from typing import Any

import pytest_asyncio
from pydantic import SecretStr

from common.db.database import Database
from common.events.kinds import KindDeclared, PriceRule
from gateway.bootstrap import Parts, build_app
from gateway.kinds.catalogue import store_declaration
from gateway.settings import GatewaySettings

KIND = KindDeclared(
    name="openapi-kind",
    title="A kind",
    summary="For the document.",
    job_class="local",
    price=PriceRule(base_credits=2, by_field="scale", credits_by_value={"2": 2, "4": 4}),
    input_schema={
        "type": "object",
        "properties": {"scale": {"$ref": "#/$defs/Scale"}, "all": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}},
        "$defs": {
            "Scale": {"enum": [2, 4]},
            "Tree": {"type": "object", "properties": {"children": {"items": {"$ref": "#/$defs/Tree"}}}},
        },
    },
    result_schema={
        "type": "object",
        "properties": {"size": {"$ref": "#/$defs/Size"}},
        "$defs": {"Size": {"minimum": 1}},
    },
    example={"scale": 2},
    deadline_seconds=60,
    digest="1",
)


@pytest_asyncio.fixture
async def document(database: Database, database_url: str) -> dict[str, Any]:
    async with database.unit_of_work() as uow:
        await store_declaration(KIND, uow)
    settings = GatewaySettings(
        redis_url=SecretStr("redis://127.0.0.1:1/0"), database_urls={"gateway": SecretStr(database_url)}
    )
    parts = Parts(settings)
    app = build_app(parts)
    await parts.catalogue.load()
    described: dict[str, Any] = app.openapi()
    assert app.openapi() is described, "made once for a set of kinds"
    await parts.aclose()
    return described


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(reference := value.get("$ref"), str):
            yield reference
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def resolve(document: dict[str, Any], reference: str) -> Any:
    assert reference.startswith("#/"), reference
    found: Any = document
    for part in reference[2:].split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


async def test_each_kind_is_an_operation_of_its_own(document: dict[str, Any]) -> None:
    assert "/v1/jobs/{kind}" not in document["paths"]
    operation = document["paths"]["/v1/jobs/openapi-kind"]["post"]
    assert operation["operationId"] == "submit_openapi_kind"
    assert operation["summary"] == "A kind"
    assert operation["description"] == "For the document. Costs 2 or 4 credits."
    content = operation["requestBody"]["content"]["application/json"]
    assert content["example"] == {"scale": 2}
    assert resolve(document, content["schema"]["$ref"])["properties"]["scale"] == {
        "$ref": "#/components/schemas/OpenapiKindInputScale"
    }
    assert {"202", "401", "402", "409", "413", "422", "429", "503"} <= operation["responses"].keys()
    assert "Idempotency-Key" in [parameter["name"] for parameter in operation["parameters"]]


async def test_every_reference_can_be_resolved(document: dict[str, Any]) -> None:
    found = set(references(document))

    assert len(found) > 10
    for reference in found:
        assert resolve(document, reference) is not None
    assert not any("$defs" in reference for reference in found)


async def test_operations_have_unique_ids_answers_and_a_way_in(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    for path, _, operation in operations(document):
        assert operation["responses"], path
        assert any(status.startswith("2") for status in operation["responses"]), path
        named = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        declared = {item["name"] for item in operation.get("parameters", []) if item["in"] == "path"}
        assert named == declared, path
        if path.startswith("/v1/jobs"):
            assert operation["security"] == [{"bearer": []}]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


async def test_problems_are_described_as_problem_documents(document: dict[str, Any]) -> None:
    assert "HTTPValidationError" not in document["components"]["schemas"]
    answer = document["paths"]["/v1/jobs/openapi-kind"]["post"]["responses"]["422"]
    assert answer["content"] == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
