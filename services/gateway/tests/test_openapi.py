"""The OpenAPI document: one operation for each declared kind, every reference resolvable, as a generator needs it."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest_asyncio
from pydantic import SecretStr

from common.db.database import Database
from common.events.kinds import KindDeclared, PriceRule
from common.http.problems import STATUS_BY_CODE
from gateway.bootstrap import Parts, build_app
from gateway.kinds.catalogue import store_declaration
from gateway.openapi_examples import EXAMPLES
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
    assert answer["content"]["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}


PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def codes_of(operation: dict[str, Any]) -> set[str]:
    return {
        code for answer in operation["responses"].values() for code in re.findall("`([A-Z_]+)`", answer["description"])
    }


async def test_every_operation_has_a_name_that_generators_can_use_and_words_for_people(
    document: dict[str, Any],
) -> None:
    for path, method, operation in operations(document):
        assert re.fullmatch("[a-z]+(_[a-z0-9]+)+", operation["operationId"]), (method, path)
        assert operation["summary"], path
        assert operation["description"], path
        assert operation["tags"], path


async def test_names_of_operations_stay(document: dict[str, Any]) -> None:
    """Clients are generated from these names: renaming one breaks them. Add to the list, never change it."""
    found = {operation["operationId"] for _, _, operation in operations(document)}

    assert found >= {
        "submit_openapi_kind", "estimate_openapi_kind", "get_job", "list_jobs", "cancel_job", "get_job_receipt",
        "list_kinds", "get_status", "create_user", "get_me", "delete_me", "get_deletion", "export_me",
        "create_session", "refresh_session", "delete_session", "delete_sessions", "list_keys", "create_key",
        "delete_key", "rotate_key", "change_password", "request_password_reset", "reset_password",
        "request_email_change", "confirm_email_change", "verify_email", "request_verification",
    }  # fmt: skip
    assert not [name for name in found if "{" in name or name.endswith(("_post", "_get", "_put", "_delete"))]


async def test_every_error_is_a_problem_document_with_its_codes(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        assert operation["responses"]["default"]["content"] == PROBLEM, where
        for status, answer in operation["responses"].items():
            if not status.startswith(("4", "5")):
                continue
            media = answer["content"]["application/problem+json"]
            assert media["schema"] == PROBLEM["application/problem+json"]["schema"], (where, status)
            codes = re.findall("`([A-Z_]+)`", answer["description"])
            assert codes, (where, status)
            assert {STATUS_BY_CODE[code] for code in codes} == {int(status)}, (where, status)
            shown = [resolve(document, example["$ref"])["value"] for example in media["examples"].values()]
            assert [example["code"] for example in shown] == codes, (where, status)
            assert all(example["status"] == int(status) and example["detail"] for example in shown), (where, status)
            if status in ("429", "503"):
                assert "Retry-After" in answer["headers"], (where, status)
            if status == "429":
                assert {"RateLimit", "RateLimit-Policy"} <= answer["headers"].keys(), where


async def test_every_operation_names_the_errors_of_what_stands_around_it(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        where, codes = f"{method} {path}", codes_of(operation)
        if operation.get("security"):
            assert {"UNAUTHORIZED", "RATE_LIMITED"} <= codes, where
        if "requestBody" in operation:
            assert {"VALIDATION_FAILED", "PAYLOAD_TOO_LARGE"} <= codes, where
        if operation.get("parameters"):
            assert "VALIDATION_FAILED" in codes, where
        if operation["operationId"] not in ("list_kinds", "get_status"):
            assert "DEPENDENCY_UNAVAILABLE" in codes, where


async def test_a_submission_names_every_way_it_can_be_refused(document: dict[str, Any]) -> None:
    submit = document["paths"]["/v1/jobs/openapi-kind"]["post"]
    estimate = document["paths"]["/v1/jobs/openapi-kind/estimate"]["post"]

    assert codes_of(submit) - {"INTERNAL"} == {
        "UNAUTHORIZED", "INSUFFICIENT_CREDITS", "FORBIDDEN", "NOT_ELIGIBLE", "NOT_FOUND", "OPERATION_IN_PROGRESS",
        "PAYLOAD_TOO_LARGE", "VALIDATION_FAILED", "IDEMPOTENCY_KEY_REUSED", "QUOTE_INVALID", "RATE_LIMITED",
        "QUOTA_EXCEEDED", "TOO_MANY_IN_FLIGHT", "KIND_DISABLED", "DEGRADED", "DEPENDENCY_UNAVAILABLE",
    }  # fmt: skip
    assert [item["name"] for item in submit["parameters"]] == ["Idempotency-Key", "Quote", "On-Provider-Down"]
    assert {"Location", "Idempotent-Replayed"} <= submit["responses"]["202"]["headers"].keys()
    assert estimate["requestBody"] == submit["requestBody"]
    assert not codes_of(estimate) & {"INSUFFICIENT_CREDITS", "OPERATION_IN_PROGRESS", "QUOTE_INVALID"}


async def test_requests_and_answers_have_examples(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        contents = [answer.get("content", {}) for answer in operation["responses"].values()]
        contents.append(operation.get("requestBody", {}).get("content", {}))
        for content in contents:
            for media in content.values():
                if "$ref" not in media["schema"]:
                    continue
                schema = resolve(document, media["schema"]["$ref"])
                assert "example" in media or schema.get("examples"), (method, path, media)


async def test_examples_fit_their_schemas(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert EXAMPLES.keys() <= schemas.keys(), "an example of a schema that is gone"
    for name, schema in schemas.items():
        validator = jsonschema_rs.Draft202012Validator({**schema, "components": document["components"]})
        for example in schema.get("examples", []):
            assert [error.message for error in validator.iter_errors(example)] == [], name
            if name in EXAMPLES and name != "Problem":
                assert example.keys() == schema["properties"].keys(), f"{name}: all members are shown, and no others"


async def test_what_need_not_be_sent_twice_says_so(document: dict[str, Any]) -> None:
    for path in ("/v1/jobs", "/v1/jobs/{job_id}", "/v1/jobs/{job_id}/receipt", "/v1/kinds"):
        operation = document["paths"][path]["get"]
        assert "content" not in operation["responses"]["304"]
        assert all("ETag" in operation["responses"][status]["headers"] for status in ("200", "304"))
        assert "if-none-match" in [item["name"].lower() for item in operation["parameters"]]
