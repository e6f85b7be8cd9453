"""The OpenAPI document: operations of their own for each declared kind, to submit and to estimate."""

import re
from copy import deepcopy
from typing import Any

from fastapi import FastAPI

from gateway.jobs.provider_choice import HEADER
from gateway.kinds.catalogue import KindCatalogue, OfferedKind
from gateway.openapi_answers import complete

SUBMIT_PATH = "/v1/jobs/{kind}"
ESTIMATE_PATH = "/v1/jobs/{kind}/estimate"


def describe_kinds(app: FastAPI, catalogue: KindCatalogue) -> None:
    """Have the document name each kind with its own input schema, in place of the generic route."""
    generate = app.openapi
    described: dict[str, dict[str, Any]] = {}

    def openapi() -> dict[str, Any]:
        kinds = catalogue.all()
        version = "|".join(f"{kind.name}:{kind.digest}" for kind in kinds)
        if version not in described:
            described.clear()
            described[version] = complete(deepcopy(with_kinds(generate(), kinds)))
        return described[version]

    app.openapi = openapi  # type: ignore[method-assign]


def with_kinds(document: dict[str, Any], kinds: list[OfferedKind]) -> dict[str, Any]:
    """A copy of the document in which each kind can be submitted and estimated by operations of its own."""
    paths = dict(document["paths"])
    submit, estimate = paths.pop(SUBMIT_PATH)["post"], paths.pop(ESTIMATE_PATH)["post"]
    schemas = dict(document.get("components", {}).get("schemas", {}))
    for kind in kinds:
        name = "".join(part.title() for part in re.split(r"[-_]", kind.name))
        _add_schema(schemas, f"{name}Input", kind.declaration["input_schema"])
        _add_schema(schemas, f"{name}Result", kind.declaration["result_schema"])
        body = _body(kind, f"{name}Input")
        operation_name = kind.name.replace("-", "_")
        paths[f"/v1/jobs/{kind.name}"] = {
            "post": {
                **submit,
                "operationId": f"submit_{operation_name}",
                "summary": kind.title,
                "description": f"{kind.summary} Costs {_price(kind)} credits.",
                "parameters": [_IDEMPOTENCY_KEY, _QUOTE, _ON_PROVIDER_DOWN],
                "requestBody": body,
            }
        }
        paths[f"/v1/jobs/{kind.name}/estimate"] = {
            "post": {
                **estimate,
                "operationId": f"estimate_{operation_name}",
                "summary": f"{kind.title}: price and wait",
                "parameters": [],
                "requestBody": body,
            }
        }
    components = {**document.get("components", {}), "schemas": schemas}
    return {**document, "paths": dict(sorted(paths.items())), "components": components}


def _body(kind: OfferedKind, schema: str) -> dict[str, Any]:
    content = {"schema": {"$ref": f"#/components/schemas/{schema}"}, "example": kind.declaration["example"]}
    return {"required": True, "content": {"application/json": content}}


_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same body gives the first job again; with another body 422.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}

_QUOTE = {
    "name": "Quote",
    "in": "header",
    "required": False,
    "description": "The token of an estimate of the same input: the job costs what it says at most. It is no part of"
    " what an Idempotency-Key stands for.",
    "schema": {"type": "string", "maxLength": 300},
}

_ON_PROVIDER_DOWN = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "What the job does when the provider of choice is down: `fallback` (the default) asks another;"
    " `wait; seconds=600` lets the job wait for it so long, cancellable free of charge; `cancel` ends it at once."
    " What is not done then fails with `PROVIDER_DOWN`, and its credits come back. Each attempt of the job says in"
    " `branch` which of it happened. It is no part of what an Idempotency-Key stands for.",
    "schema": {
        "type": "string",
        "maxLength": 40,
        "pattern": r"^(fallback|cancel|wait(; ?seconds=[0-9]{1,6})?)$",
        "examples": ["wait; seconds=600"],
    },
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
