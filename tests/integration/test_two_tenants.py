"""Nothing of one account is seen or changed by another, by a key of another, or by nobody: over every route."""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from pydantic import SecretStr

from atelier_local.stack import Stack
from common.http.identity import IDENTITY_HEADER, Caller, sign_identity, verify_access_token
from gateway.keys.rules import SCOPES
from sandbox.client import SandboxClient

from .studio import Customer
from .tenants import AUTO_TOP_UP, SUBSCRIPTION, Estate, settle, steady_state_of

DOCUMENTS = Path(__file__).parents[2] / "docs" / "openapi"
LISTEN_SECONDS = 0.6
ANONYMOUS = 401
_addresses = count()


@dataclass(frozen=True)
class Try:
    """One operation, asked with the owner's things (`{job}`: see `tenants.settle`), and what the answer must be.

    `tenant` is the status another tenant gets, `key` what an API key of theirs with all scopes gets where that
    differs, `anonymous` what those get who are nobody. `fresh` marks an answer that must be a new thing of the
    asking tenant's own.
    """

    tenant: int
    key: int | None = None
    anonymous: int = ANONYMOUS
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    stream: bool = False
    fresh: bool = False
    at_gateway: bool = True
    """Whether the gateway passes it through; of the services behind it only."""


JOB = {"job_id": "{job}"}
KEY = {"key_id": "{key}"}
ASSET = {"asset_id": "{asset}"}
QUESTIONNAIRE = {"questionnaire_id": "{questionnaire}"}
PAPER, INVOICE = {"quote_id": "{paper}"}, {"invoice_id": "{invoice}"}
MATRIX: dict[str, Try | tuple[Try, ...]] = {
    # gateway: jobs
    "submit_*": (
        Try(202, headers={"Idempotency-Key": "{job_key}{other_kind}"}, fresh=True),
        Try(422, headers={"Quote": "{quote}", "Idempotency-Key": "{nonce}"}),
    ),
    "submit_orientation_report": Try(403),
    "estimate_*": Try(200),
    "list_jobs": Try(200, query={"cursor": "{job}"}),
    "get_job": Try(404, path=JOB),
    "cancel_job": Try(404, path=JOB),
    "get_job_receipt": Try(404, path=JOB),
    # gateway: orders
    "place_order": Try(
        201,
        anonymous=201,
        headers={"Idempotency-Key": "{order_key}"},
        body={"kind": "text-to-design", "email": "{nonce}@example.com", "input": {"prompt": "a lighthouse"}},
        fresh=True,
    ),
    "get_order": Try(401, path={"order_id": "{order}"}, headers={"Authorization": "Bearer {bent_order_token}"}),
    "list_order_artefacts": Try(
        401, path={"order_id": "{order}"}, headers={"Authorization": "Bearer {bent_order_token}"}
    ),
    "list_kinds": Try(200, anonymous=200),
    "get_status": Try(200, anonymous=200),
    # gateway: keys
    "list_keys": Try(200, key=403),
    "create_key": Try(201, key=403, body={"name": "mine", "scopes": ["jobs:read"]}, fresh=True),
    "delete_key": Try(404, key=403, path=KEY),
    "rotate_key": Try(404, key=403, path=KEY, body={"overlap_seconds": 60}),
    # gateway: users
    "create_user": Try(409, anonymous=409, body={"email": "{email}", "password": "{password}"}),
    "get_me": Try(200),
    "delete_me": Try(422, key=403, body={"password": "not the password"}),
    "get_deletion": Try(
        404, anonymous=404, path={"deletion_id": "{deletion}"}, headers={"Authorization": "Bearer {bent_receipt}"}
    ),
    "export_me": Try(200, key=403),
    "request_email_change": Try(409, key=403, body={"email": "{email}", "password": "{password}"}),
    "confirm_email_change": Try(422, anonymous=422, body={"token": "{bent_verification}"}),
    "change_password": Try(422, key=403, body={"current": "not the password", "new": "another password"}),
    "request_password_reset": Try(202, anonymous=202, body={"email": "nobody-{nonce}@example.com"}),
    "reset_password": Try(422, anonymous=422, body={"token": "{bent_reset}", "password": "another password"}),
    "verify_email": Try(422, anonymous=422, body={"token": "{bent_verification}"}),
    "request_verification": Try(202, key=403),
    # gateway: sessions
    "create_session": Try(401, body={"email": "{email}", "password": "not the password"}),
    "refresh_session": Try(401, body={"refresh_token": "{bent_refresh}"}),
    "delete_session": Try(204, anonymous=204, headers={"Authorization": "Bearer {bent_refresh}"}),
    "delete_sessions": Try(204, key=403),
    # billing
    "get_credits": Try(200),
    "list_transactions": Try(200, query={"cursor": "{transaction}"}),
    "get_job_credits": Try(404, path=JOB, at_gateway=False),
    "list_products": Try(200, anonymous=200),
    "open_checkout": Try(
        201, key=403, body={"product_id": "pack-50"}, headers={"Idempotency-Key": "{checkout_key}"}, fresh=True
    ),
    "list_order_products": Try(200, anonymous=200),
    "take_order": Try(
        403,
        body={
            "kind": "text-to-design",
            "email": "{nonce}@example.com",
            "locale": "en",
            "input": {"prompt": "a lighthouse"},
            "job_class": "image",
            "price_credits": 1,
            "deadline_seconds": 60,
        },
        at_gateway=False,
    ),
    "get_order_state": Try(404, path={"order_id": "{order}"}, at_gateway=False),
    "get_purchase": Try(404, path={"purchase_id": "{purchase}"}),
    "list_purchases": Try(200, query={"cursor": "{purchase}"}),
    "list_plans": Try(200, anonymous=200),
    "open_subscription_checkout": Try(
        201, key=403, body=SUBSCRIPTION, headers={"Idempotency-Key": "{subscription_key}"}, fresh=True
    ),
    "get_subscription": Try(200),
    "change_subscription": Try(404, key=403, body={"plan": "enterprise", "interval": "month"}),
    "cancel_subscription": Try(404, key=403),
    "resume_subscription": Try(404, key=403),
    "open_billing_portal": Try(201, key=403, body={}, fresh=True),
    "get_auto_top_up": Try(200),
    "set_auto_top_up": Try(409, key=403, body=AUTO_TOP_UP),
    "open_card_page": Try(201, key=403),
    # generation
    "upload_asset": Try(422),
    "open_asset_upload": Try(201, headers={"Idempotency-Key": "{upload_key}"}, fresh=True),
    "complete_asset_upload": Try(404, path={"upload_id": "{upload}"}),
    "get_asset": Try(404, path=ASSET),
    "list_assets": Try(200, query={"cursor": "{asset}"}),
    "list_job_artefacts": Try(404, path={"job_id": "{job}"}),
    "get_questionnaire_form": Try(200, anonymous=200),
    "list_questionnaires": Try(200),
    "begin_questionnaire": Try(201, body={"answers": {"marks": 3}}, fresh=True),
    "get_questionnaire": Try(404, path=QUESTIONNAIRE),
    "change_questionnaire": Try(404, path=QUESTIONNAIRE, headers={"If-Match": "*"}, body={"answers": {"marks": 3}}),
    "complete_questionnaire": Try(404, path=QUESTIONNAIRE),
    "delete_questionnaire": Try(404, path=QUESTIONNAIRE),
    "list_quotes": Try(200, query={"cursor": "{paper}"}),
    "get_quote": Try(404, path=PAPER),
    "accept_quote": Try(404, path=PAPER),
    "list_invoices": Try(200, query={"cursor": "{invoice}"}),
    "get_invoice": Try(404, path=INVOICE),
    "delete_asset": Try(404, path=ASSET),
    # notifier
    "followEvents": Try(200, headers={"Last-Event-ID": "0"}, stream=True),
    "followJob": Try(404, path=JOB, headers={"Last-Event-ID": "0"}),
    "listEvents": Try(200, query={"after": "0"}),
}


@dataclass(frozen=True)
class Operation:
    """One operation of an OpenAPI document."""

    service: str
    id: str
    method: str
    path: str
    document: dict[str, Any]

    @property
    def attempts(self) -> tuple[Try, ...]:
        """Its line of the matrix; one line does for all kinds of jobs."""
        line = MATRIX.get(self.id) or MATRIX[re.sub(r"^(submit|estimate)_.*", r"\1_*", self.id)]
        return (line,) if isinstance(line, Try) else line

    @property
    def example(self) -> Any:
        """The body that the document shows."""
        return self.document.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")


def operations() -> Iterator[Operation]:
    for service in ("gateway", "billing", "notifier", "generation"):
        document = json.loads((DOCUMENTS / f"{service}.json").read_text(encoding="utf-8"))
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                yield Operation(service, operation["operationId"], method.upper(), path, operation)


OPERATIONS = list(operations())


@dataclass(frozen=True)
class Asker:
    """Who tries, with which headers, and which of the statuses of a line is theirs."""

    status: str
    headers: Mapping[str, str]


def test_every_operation_has_a_line_in_the_matrix_and_every_line_an_operation() -> None:
    lines = {o.id if o.id in MATRIX else re.sub(r"^(submit|estimate)_(?!\*).*", r"\1_*", o.id): o for o in OPERATIONS}

    missing = [f"{name} ({lines[name].method} {lines[name].path})" for name in lines.keys() - MATRIX.keys()]
    assert not missing, (
        f"{', '.join(sorted(missing))}: say in MATRIX what another tenant gets who asks it with the owner's things."
        " Where it reads or changes one thing, have `tenants.settle` make such a thing for the owner, put its id into"
        " the path, and expect 404; where it lists or makes, expect success and nothing of the owner's (`fresh`)."
    )
    assert not MATRIX.keys() - lines.keys(), "lines about operations that no document has any more"


def test_every_operation_about_one_thing_is_asked_about_a_thing_of_the_owner() -> None:
    idle = [
        operation.id
        for operation in OPERATIONS
        for attempt in operation.attempts
        if not all(re.search(r"{\w+}", value) for value in attempt.path.values())
        or set(re.findall(r"{(\w+)}", operation.path)) != attempt.path.keys()
    ]
    assert not idle, "their path must name the owner's own (`{job}`, `{key}`, …), or they prove nothing"


@pytest.fixture(scope="module")
async def estate(stack: Stack) -> AsyncIterator[Estate]:
    async with SandboxClient(stack.urls["sandbox"]) as sandbox:
        made = await settle(stack, sandbox)
    yield made
    await made.customer.aclose()


@pytest.fixture
async def other(stack: Stack) -> AsyncIterator[Customer]:
    """Another tenant, with credits enough to be allowed everything that is theirs to do."""
    customer = await Customer.sign_up(stack.urls["gateway"])
    await customer.buy_and_wait("pack-200", 200)
    yield customer
    await customer.aclose()


@pytest.fixture
async def untouched(stack: Stack, estate: Estate) -> AsyncIterator[None]:
    """What the owner has, in all databases, is the same after the test."""
    before = await steady_state_of(stack, estate)
    assert sum(map(len, before.values())) > 20, "the owner's rows were not found"
    yield
    after = await steady_state_of(stack, estate)
    assert {table: rows for table, rows in after.items() if rows != before.get(table)} == {}


def tenant(other: Customer) -> Asker:
    return Asker("tenant", {"Authorization": str(other.http.headers["authorization"])})


async def tenant_key(other: Customer) -> Asker:
    made = await other.http.post("/v1/keys", json={"name": "all of it", "scopes": SCOPES})
    assert made.status_code == 201, made.text
    return Asker("key", {"Authorization": f"Bearer {made.json()['secret']}"})


def forgeries(stack: Stack, estate: Estate, other: Customer) -> list[str]:
    """Identities of the owner as somebody makes them who does not know the secret."""
    account, user = UUID(estate.things["account"]), UUID(estate.things["user"])
    owner = Caller(account, user, "enterprise")
    guessed = sign_identity([SecretStr("a secret that was guessed, and wrongly so")], owner)
    header, claims, _ = guessed.split(".")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none","typ":"atelier-identity+jwt"}').rstrip(b"=").decode()
    confused = sign_identity([SecretStr(stack.environment["ACCESS_TOKEN_SECRET"])], owner)
    own_token = str(other.http.headers["authorization"]).removeprefix("Bearer ")
    return [guessed, f"{unsigned}.{claims}.", f"{header}.{claims}.", confused, own_token, "{", ""]


async def mistakes(stack: Stack, estate: Estate, asker: Asker, *, service: str | None = None) -> list[str]:
    """Try every operation, at the gateway or at the service itself, and say what was not as it must be."""
    found: list[str] = []
    async with httpx2.AsyncClient(timeout=20, trust_env=False) as http:
        for operation in OPERATIONS:
            if service not in (None, operation.service):
                continue
            base = stack.urls[service or "gateway"]
            for attempt in operation.attempts:
                if attempt.at_gateway or service is not None:
                    for problem in await _mistakes_of(http, base, operation, attempt, estate, asker):
                        found.append(f"{operation.method} {operation.path} by {asker.status}: {problem}")
    return found


async def _mistakes_of(
    http: httpx2.AsyncClient, base: str, operation: Operation, attempt: Try, estate: Estate, asker: Asker
) -> list[str]:
    statuses = {"tenant": attempt.tenant, "key": attempt.key or attempt.tenant, "anonymous": attempt.anonymous}
    sent = {
        "path": estate.fill(operation.path.format(**attempt.path)),
        "query": estate.fill(attempt.query),
        "headers": {
            **asker.headers,
            **estate.fill(_for_kind(attempt.headers, operation)),
            "X-Forwarded-For": _address(),
        },
        "body": estate.fill(operation.example if attempt.body is None else attempt.body),
    }
    status, headers, text = await _answer(http, base + sent["path"], operation.method, sent, stream=attempt.stream)
    problems: list[str] = []
    if status != statuses[asker.status]:
        problems.append(f"answered {status}, not {statuses[asker.status]}: {text[:300]}")
    if str(status) not in operation.document["responses"]:
        problems.append(f"{status} is not documented")
    said = f"{headers} {text}"
    asked = json.dumps(sent)
    problems += [f"showed {mark}" for mark in estate.marks if mark in said and mark not in asked]
    if attempt.fresh and status < 300:
        given = [thing for thing in estate.things.values() if thing in said and thing not in asked]
        problems += [f"gave the owner's {thing} again" for thing in given]
    return problems


def _for_kind(headers: Mapping[str, str], operation: Operation) -> dict[str, str]:
    """The owner's key stands for a job of one kind; one of another kind needs another."""
    other = "" if operation.id == "submit_text_to_design" else operation.id
    return {name: value.replace("{other_kind}", other) for name, value in headers.items()}


async def _answer(
    http: httpx2.AsyncClient, url: str, method: str, sent: dict[str, Any], *, stream: bool
) -> tuple[int, dict[str, str], str]:
    """Status, headers and text; of a stream what comes at once."""
    request = http.build_request(method, url, params=sent["query"], headers=sent["headers"], json=sent["body"])
    answer = await http.send(request, stream=True)
    pieces: list[str] = []
    try:
        async with asyncio.timeout(LISTEN_SECONDS if stream else 20):
            async for piece in answer.aiter_text():
                pieces.append(piece)
    except TimeoutError:
        assert stream, url
    finally:
        await answer.aclose()
    return answer.status_code, dict(answer.headers), "".join(pieces)


def _address() -> str:
    """Another network a request, so that no limit hides what is behind it."""
    number = next(_addresses)
    return f"10.200.{number >> 8 & 255}.{number & 255}"


async def test_another_tenant(stack: Stack, estate: Estate, other: Customer, untouched: None) -> None:
    assert await mistakes(stack, estate, tenant(other)) == []


async def test_a_key_of_another_tenant(stack: Stack, estate: Estate, other: Customer, untouched: None) -> None:
    assert await mistakes(stack, estate, await tenant_key(other)) == []


async def test_nobody(stack: Stack, estate: Estate, untouched: None) -> None:
    assert await mistakes(stack, estate, Asker("anonymous", {})) == []


async def test_nobody_with_a_guessed_key(stack: Stack, estate: Estate, untouched: None) -> None:
    guessed = Asker("anonymous", estate.fill({"Authorization": "Bearer {bent_secret}"}))

    assert await mistakes(stack, estate, guessed) == []


async def test_headers_that_claim_to_be_the_owner_are_not_believed_by_the_gateway(
    stack: Stack, estate: Estate, other: Customer, untouched: None
) -> None:
    claims = estate.fill({"X-Account-Id": "{account}", "X-User-Id": "{user}", "X-Tenant-Id": "{account}"})
    genuine = sign_identity(
        [SecretStr(stack.environment["IDENTITY_SECRET"])],
        Caller(UUID(estate.things["account"]), UUID(estate.things["user"]), "free"),
        timedelta(minutes=5),
    )
    claims[IDENTITY_HEADER] = genuine  # even one that the services would believe

    assert await mistakes(stack, estate, Asker("anonymous", claims)) == []
    as_tenant = Asker("tenant", {**tenant(other).headers, **claims})
    assert await mistakes(stack, estate, as_tenant) == []


@pytest.mark.parametrize("service", ["billing", "notifier", "generation"])
async def test_a_forged_identity_is_nobody_to_a_service(
    stack: Stack, estate: Estate, other: Customer, untouched: None, service: str
) -> None:
    for forgery in forgeries(stack, estate, other):
        nobody = Asker("anonymous", {IDENTITY_HEADER: forgery})
        assert await mistakes(stack, estate, nobody, service=service) == [], forgery


@pytest.mark.parametrize("service", ["billing", "notifier", "generation"])
async def test_another_tenant_at_a_service_itself(
    stack: Stack, estate: Estate, other: Customer, untouched: None, service: str
) -> None:
    token = str(other.http.headers["authorization"]).removeprefix("Bearer ")
    caller = verify_access_token([SecretStr(stack.environment["ACCESS_TOKEN_SECRET"])], token)
    identity = sign_identity([SecretStr(stack.environment["IDENTITY_SECRET"])], caller, timedelta(minutes=5))

    assert await mistakes(stack, estate, Asker("tenant", {IDENTITY_HEADER: identity}), service=service) == []


async def test_the_owner_is_still_the_owner(estate: Estate) -> None:
    """The other side of it: what the others were refused, the owner gets."""
    http = estate.customer.http
    for path in (
        "/v1/jobs/{job}",
        "/v1/jobs/{job}/receipt",
        "/v1/jobs/{job}/artefacts",
        "/v1/purchases/{purchase}",
        "/v1/assets/{asset}",
        "/v1/questionnaires/{questionnaire}",
        "/v1/quotes/{paper}",
        "/v1/invoices/{invoice}",
        "/v1/me",
    ):
        assert (await http.get(estate.fill(path))).status_code == 200, path
    assert estate.things["key"] in (await http.get("/v1/keys")).text
