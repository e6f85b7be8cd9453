"""What a client generator sees of identity."""

from typing import Any

import pytest

from ..conftest import Identity

OPERATIONS = {
    "create_user": ("post", "/v1/users", None),
    "verify_email": ("post", "/v1/users/verification", None),
    "request_verification": ("post", "/v1/users/verification/request", "bearer"),
    "request_password_reset": ("post", "/v1/password-resets", None),
    "reset_password": ("post", "/v1/password-resets/confirm", None),
    "change_password": ("put", "/v1/me/password", "bearer"),
    "request_email_change": ("post", "/v1/me/email", "bearer"),
    "confirm_email_change": ("post", "/v1/users/email-change", None),
    "delete_me": ("delete", "/v1/me", "bearer"),
    "get_deletion": ("get", "/v1/me/deletion/{deletion_id}", "receipt"),
    "export_me": ("get", "/v1/me/export", "bearer"),
    "rotate_key": ("post", "/v1/keys/{key_id}/rotate", "bearer"),
    "get_me": ("get", "/v1/me", "bearer"),
    "create_session": ("post", "/v1/sessions", None),
    "refresh_session": ("post", "/v1/sessions/refresh", None),
    "delete_session": ("delete", "/v1/sessions/current", "refresh_token"),
    "delete_sessions": ("delete", "/v1/sessions", "bearer"),
    "create_key": ("post", "/v1/keys", "bearer"),
    "list_keys": ("get", "/v1/keys", "bearer"),
    "delete_key": ("delete", "/v1/keys/{key_id}", "bearer"),
}


@pytest.fixture
def contract(identity: Identity) -> dict[str, Any]:
    return identity.app.openapi()


def test_operations_keep_their_names_and_say_how_to_authenticate(contract: dict[str, Any]) -> None:
    found = {
        operation["operationId"]: (
            method,
            path,
            next(iter(operation["security"][0])) if "security" in operation else None,
        )
        for path, methods in contract["paths"].items()
        for method, operation in methods.items()
    }

    assert found == OPERATIONS
    assert contract["components"]["securitySchemes"].keys() == {"bearer", "refresh_token", "receipt"}
    assert all(scheme["scheme"] == "bearer" for scheme in contract["components"]["securitySchemes"].values())


def test_every_operation_describes_its_problems(contract: dict[str, Any]) -> None:
    for methods in contract["paths"].values():
        for operation in methods.values():
            problems = {status for status in operation["responses"] if status.startswith("4")}
            assert problems, operation["operationId"]
            assert operation.get("summary"), operation["operationId"]
            for status in problems:
                assert "application/problem+json" in operation["responses"][status]["content"]


def test_models_have_plain_names_and_examples(contract: dict[str, Any]) -> None:
    schemas = contract["components"]["schemas"]

    assert {schema["title"] for schema in schemas.values() if "title" in schema} >= {
        "User",
        "Session",
        "Key",
        "NewKey",
    }
    assert all("examples" in schemas[name] for name in ("CreateUser", "CreateSession", "RefreshSession", "CreateKey"))
