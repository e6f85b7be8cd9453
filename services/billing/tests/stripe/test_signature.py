"""Who may start the verifier, and whom it believes."""

import json
import time
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from billing.settings import BillingSettings
from billing.stripe.signature import NotForUs, NotFromStripe, WebhookVerifier, is_live_key

from .shop import OTHER_SECRET, SECRET, sign

EVENT: dict[str, Any] = {
    "id": "evt_1",
    "object": "event",
    "type": "checkout.session.completed",
    "api_version": "2026-10-28.endive",
    "created": 1_763_700_000,
    "livemode": False,
    "data": {"object": {"id": "cs_1", "object": "checkout.session"}},
}


def verifier(*, livemode: bool = False) -> WebhookVerifier:
    return WebhookVerifier((SecretStr(SECRET), SecretStr(OTHER_SECRET)), livemode=livemode)


def body(**changes: Any) -> bytes:
    return json.dumps(EVENT | changes).encode()


@pytest.mark.parametrize("secret", [SECRET, OTHER_SECRET])
def test_believes_either_secret_while_one_is_rotated(secret: str) -> None:
    event = verifier().verify(body(), sign(body(), secret))
    assert (event.id, event.data.object.id) == ("evt_1", "cs_1")


@pytest.mark.parametrize("secrets", [(), ("",), (" ",), ("whsec_x", ""), ("a", "b", "c")])
def test_does_not_start_without_proper_secrets(secrets: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="secret"):
        WebhookVerifier([SecretStr(secret) for secret in secrets], livemode=False)


@pytest.mark.parametrize("seconds", [-290, 0, 290])
def test_tolerates_clocks_that_differ_a_little(seconds: int) -> None:
    verifier().verify(body(), sign(body(), at=time.time() + seconds))


@pytest.mark.parametrize("seconds", [-302, 302, 10 * 365 * 86400])
def test_refuses_what_was_signed_too_long_ago_or_in_the_future(seconds: int) -> None:
    with pytest.raises(NotFromStripe):
        verifier().verify(body(), sign(body(), at=time.time() + seconds))


@pytest.mark.parametrize("livemode", [True, False])
def test_refuses_events_of_the_other_mode(livemode: bool) -> None:
    sent = body(livemode=not livemode)
    with pytest.raises(NotForUs, match="other_mode"):
        verifier(livemode=livemode).verify(sent, sign(sent))


def test_accepts_an_event_about_an_object_without_an_id() -> None:
    sent = body(type="balance.available", data={"object": {"object": "balance"}})
    assert verifier().verify(sent, sign(sent)).data.object.id is None


@pytest.mark.parametrize(
    ("key", "live"),
    [("sk_live_1", True), ("rk_live_1", True), ("sk_test_1", False), ("rk_test_1", False), ("", False)],
)
def test_tells_live_keys_from_test_keys(key: str, live: bool) -> None:
    assert is_live_key(key) is live


@pytest.mark.parametrize(
    ("secrets", "accepted"),
    [("whsec_a", 1), ("whsec_a, whsec_b", 2), ("", 0), (",", 0), ("whsec_a,", 0), ("whsec_a,whsec_b,whsec_c", 0)],
)
def test_billing_does_not_start_with_a_blank_secret(
    secrets: str, accepted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "IDENTITY_SECRET": "identity-secret-for-tests-0123456789abcdef",
        "STRIPE_API_KEY": "sk_test_x",
        "STRIPE_WEBHOOK_SECRETS": secrets,
    }.items():
        monkeypatch.setenv(name, value)
    if accepted:
        assert len(BillingSettings().stripe_webhook_secrets) == accepted
        return
    with pytest.raises(ValidationError, match="STRIPE_WEBHOOK_SECRETS"):
        BillingSettings()
