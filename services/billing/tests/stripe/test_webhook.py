"""The webhook's door: what is not Stripe's leaves no row, what is Stripe's is stored once and answered at once."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import REGISTRY

from billing.stripe.webhook import BODY_BYTES_MAX

from .shop import OTHER_SECRET, Shop, sign
from .test_signature import EVENT

BODY = json.dumps(EVENT).encode()
Forgery = Callable[[], tuple[bytes, str | None]]


def _signed(body: bytes) -> tuple[bytes, str | None]:
    return body, sign(body)


FORGERIES: dict[str, Forgery] = {
    "no signature": lambda: (BODY, None),
    "empty signature": lambda: (BODY, ""),
    "nonsense": lambda: (BODY, "nonsense"),
    "no equals sign": lambda: (BODY, "t,v1"),
    "no timestamp": lambda: (BODY, sign(BODY).partition(",")[2]),
    "timestamp not a number": lambda: (BODY, "t=now,v1=" + "0" * 64),
    "timestamp with 5000 digits": lambda: (BODY, f"t={'9' * 5000},v1=" + "0" * 64),
    "forged": lambda: (BODY, sign(BODY, "whsec_guessed")),
    "signed with nothing": lambda: (BODY, sign(BODY, "")),
    "tampered": lambda: (BODY.replace(b"cs_1", b"cs_2"), sign(BODY)),
    "another time than signed": lambda: (BODY, sign(BODY).replace("t=", "t=1")),
    "signature that is not ASCII": lambda: (BODY, f"t={int(time.time())},v1=\u00e9"),
    "stale": lambda: (BODY, sign(BODY, at=time.time() - 400)),
    "future": lambda: (BODY, sign(BODY, at=time.time() + 400)),
    "ten years ahead": lambda: (BODY, sign(BODY, at=time.time() + 315_360_000)),
    "v0 only": lambda: (BODY, sign(BODY, scheme="v0")),
    "not UTF-8": lambda: _signed(b"\xff\xfe" + BODY),
    "list": lambda: _signed(b"[" + BODY + b"]"),
    "string": lambda: _signed(b'"evt_1"'),
    "null": lambda: _signed(b"null"),
    "empty": lambda: _signed(b""),
    "not JSON": lambda: _signed(b"{"),
    "nested without end": lambda: _signed(b"[" * 100_000),
    "thin event": lambda: _signed(BODY.replace(b'"object": "event"', b'"object": "v2.core.event"')),
    "id missing": lambda: _signed(BODY.replace(b'"id": "evt_1", ', b"")),
    "id with NUL": lambda: _signed(BODY.replace(b"evt_1", b"evt_\\u0000")),
    "data a list": lambda: _signed(json.dumps(EVENT | {"data": []}).encode()),
    "object null": lambda: _signed(json.dumps(EVENT | {"data": {"object": None}}).encode()),
    "created a word": lambda: _signed(json.dumps(EVENT | {"created": "now"}).encode()),
}


async def test_refuses_what_stripe_did_not_send_and_keeps_no_row(shop: Shop) -> None:
    for name, forge in FORGERIES.items():
        body, signature = forge()
        headers = {} if signature is None else {b"stripe-signature": signature.encode("latin-1")}
        answer = await shop.http.post("/webhooks/stripe", content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "BAD_REQUEST"), name
        assert await shop.value("SELECT count(*) FROM stripe_events") == 0, name


@pytest.mark.parametrize(
    ("of_others", "outcome"),
    [
        ({"livemode": True}, "other_mode"),
        ({"account": "acct_1Connected"}, "other_account"),
        ({"account": ""}, "other_account"),
    ],
)
async def test_refuses_and_counts_what_is_about_somebody_else_s_money(
    shop: Shop, of_others: dict[str, Any], outcome: str
) -> None:
    def counted() -> float:
        labels = {"type": EVENT["type"], "outcome": outcome}
        return REGISTRY.get_sample_value("stripe_events_total", labels) or 0.0

    before = counted()
    answer = await shop.deliver(EVENT | of_others)
    assert (answer.status_code, answer.json()["code"]) == (400, "BAD_REQUEST")
    assert counted() == before + 1
    assert await shop.value("SELECT count(*) FROM stripe_events") == 0
    assert (await shop.deliver(EVENT | {"account": None})).status_code == 200


@pytest.mark.parametrize("chunked", [False, True])
async def test_refuses_a_huge_body_whether_its_length_is_told_or_not(shop: Shop, chunked: bool) -> None:
    body = BODY[:-1] + b" " * BODY_BYTES_MAX + b"}"

    async def pieces() -> Any:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    content = pieces() if chunked else body
    answer = await shop.http.post("/webhooks/stripe", content=content, headers={"stripe-signature": sign(body)})
    assert answer.status_code == 413
    assert await shop.value("SELECT count(*) FROM stripe_events") == 0


async def test_stores_the_raw_bytes_once_and_answers_every_delivery(shop: Shop) -> None:
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    body = json.dumps(EVENT, indent=3).encode()
    started = time.perf_counter()
    answers = await asyncio.gather(*(shop.deliver(body, headers={"traceparent": traceparent}) for _ in range(10)))
    assert time.perf_counter() - started < 2
    assert {answer.status_code for answer in answers} == {200}
    (row,) = await shop.rows("SELECT * FROM stripe_events")
    assert (row.event_id, row.type, row.object_id, row.livemode) == ("evt_1", EVENT["type"], "cs_1", False)
    assert (row.raw, row.api_version, row.created.timestamp()) == (body, EVENT["api_version"], EVENT["created"])
    assert row.traceparent.split("-")[1] == traceparent.split("-")[1]
    assert row.handled_at is None
    assert row.next_try_at is not None


async def test_accepts_the_secret_that_is_being_rotated_in(shop: Shop) -> None:
    assert (await shop.deliver(BODY, signature=sign(BODY, OTHER_SECRET))).status_code == 200


async def test_unknown_types_are_on_record_and_wait_for_nobody(shop: Shop) -> None:
    event = EVENT | {"type": "radar.early_fraud_warning.created"}
    assert (await shop.deliver(event)).status_code == 200
    assert await shop.value("SELECT handled_at IS NOT NULL AND attempts = 0 FROM stripe_events")


async def test_a_database_that_is_away_is_503_so_that_stripe_delivers_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> Any:
        raise ConnectionRefusedError

    with monkeypatch.context() as patched:
        patched.setattr(shop.database, "autocommit", away)
        assert (await shop.deliver(BODY)).status_code == 503
    assert (await shop.deliver(BODY)).status_code == 200
