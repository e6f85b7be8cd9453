"""The OpenAPI document: one operation for each declared kind, and the event streams of the notifier."""

import re
from typing import Any

from fastapi import FastAPI

from gateway.kinds.catalogue import KindCatalogue, OfferedKind

GENERIC_PATH = "/v1/jobs/{kind}"


def describe_kinds(app: FastAPI, catalogue: KindCatalogue) -> None:
    """Have the document name each kind with its own input schema, in place of the generic route."""
    generate = app.openapi
    described: dict[str, dict[str, Any]] = {}

    def openapi() -> dict[str, Any]:
        kinds = catalogue.all()
        version = "|".join(f"{kind.name}:{kind.digest}" for kind in kinds)
        if version not in described:
            described.clear()
            described[version] = with_kinds(generate(), kinds)
        return described[version]

    app.openapi = openapi  # type: ignore[method-assign]


def with_kinds(document: dict[str, Any], kinds: list[OfferedKind]) -> dict[str, Any]:
    """A copy of the document in which each kind is an operation."""
    paths = dict(document["paths"])
    generic = paths.pop(GENERIC_PATH)["post"]
    schemas = dict(document.get("components", {}).get("schemas", {}))
    for kind in kinds:
        name = "".join(part.title() for part in re.split(r"[-_]", kind.name))
        _add_schema(schemas, f"{name}Input", kind.declaration["input_schema"])
        _add_schema(schemas, f"{name}Result", kind.declaration["result_schema"])
        paths[f"/v1/jobs/{kind.name}"] = {
            "post": {
                **generic,
                "operationId": f"submit_{kind.name.replace('-', '_')}",
                "summary": kind.title,
                "description": f"{kind.summary} Costs {_price(kind)} credits.",
                "parameters": [_IDEMPOTENCY_KEY],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {"$ref": f"#/components/schemas/{name}Input"},
                            "example": kind.declaration["example"],
                        }
                    },
                },
            }
        }
    components = {**document.get("components", {}), "schemas": schemas}
    return {**document, "paths": dict(sorted(paths.items())), "components": components}


_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same body gives the first job again; with another body 422.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


def _price(kind: OfferedKind) -> str:
    values = sorted({kind.price.base_credits, *kind.price.credits_by_value.values()})
    return " or ".join(str(value) for value in values)


def _add_schema(schemas: dict[str, Any], name: str, schema: dict[str, Any]) -> None:
    """Add a schema; its own definitions become components of their own, prefixed with its name."""
    definitions = schema.get("$defs", {})

    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            if isinstance(reference := value.get("$ref"), str) and reference.startswith("#/$defs/"):
                return {**value, "$ref": f"#/components/schemas/{name}{reference.removeprefix('#/$defs/')}"}
            return {key: moved(item) for key, item in value.items() if key != "$defs"}
        return [moved(item) for item in value] if isinstance(value, list) else value

    schemas[name] = moved(schema)
    for inner, definition in definitions.items():
        schemas[f"{name}{inner}"] = moved(definition)
