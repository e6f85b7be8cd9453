"""Owns what every process finds in its environment: addresses, secrets, and vendors that are real or sandboxed.

What the caller's environment says always wins: a `DATABASE_URL`, a port, a vendor's key.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from atelier_local.credentials import Credentials
from atelier_local.home import HomeError
from atelier_local.ports import LOOPBACK
from atelier_local.processes import ProcessSpec

_DEFAULTS = {
    "ATELIER_ENV": "development",
    "TRACE_SAMPLE_RATIO": "1.0",
    # A connection costs PostgreSQL 3 MB at rest and 6 MB at work; one small box needs few.
    "GATEWAY_POOL_SIZE": "4",
    "BILLING_POOL_SIZE": "3",
    "GENERATION_POOL_SIZE": "4",
    "NOTIFIER_DATABASE_POOL_SIZE": "4",
    # A child that works on a picture or a book takes 40 to 140 MiB: one at a time on a small box.
    "GENERATION_LOCAL_PROCESSES": "1",
    "MALLOC_ARENA_MAX": "2",
}

_STRIPE_TYPES = (
    "checkout.session.*,payment_intent.succeeded,charge.refunded,charge.refund.updated,refund.created,refund.updated,"
    "refund.failed,charge.dispute.*,customer.subscription.*,"
    "subscription_schedule.*,invoice.*"
)
"""What docs/architecture.md has the endpoint at Stripe subscribe to."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the environments are made from."""

    ports: Mapping[str, int]
    credentials: Credentials
    database_url: str
    redis_url: str

    def url(self, name: str) -> str:
        """The HTTP address of a process by the name of its port; empty when it is not in the plan."""
        return f"http://{LOOPBACK}:{self.ports[name]}" if name in self.ports else ""


def public_environment(wiring: Wiring, caller: Mapping[str, str]) -> dict[str, str]:
    """What all processes share, without the caller's variables that have nothing to do with it."""
    candidates = {
        **_DEFAULTS,
        "DATABASE_URL": wiring.database_url,
        "REDIS_URL": wiring.redis_url,
        "IDENTITY_SECRET": wiring.credentials.identity_secret,
        "ACCESS_TOKEN_SECRET": wiring.credentials.access_token_secret,
        "PUBLIC_URL": wiring.url("gateway"),
        "BILLING_URL": wiring.url("billing"),
        "NOTIFIER_URL": wiring.url("notifier"),
        "GENERATION_URL": wiring.url("generation"),
        **_sandbox(wiring, caller),
    }
    return {name: caller.get(name) or value for name, value in candidates.items() if value}


def process_environment(
    spec: ProcessSpec, wiring: Wiring, shared: Mapping[str, str], caller: Mapping[str, str]
) -> dict[str, str]:
    """The whole environment of one process."""
    ports = {variable: str(wiring.ports[name]) for variable, name in spec.ports.items()}
    return {**caller, **shared, **ports, **spec.environment}


def fixed_ports(plan: list[ProcessSpec], caller: Mapping[str, str]) -> dict[str, int]:
    """Ports the caller decided on, by name.

    Raises:
        HomeError: one is not a port, so nothing could listen there.
    """
    fixed: dict[str, int] = {}
    for spec in plan:
        for variable, name in spec.ports.items():
            value = caller.get(variable)
            if not value or "-" in name:  # a second worker cannot have the first one's port
                continue
            if not value.isdecimal() or not 0 < int(value) < 65536:
                raise HomeError(f"{variable} must be a port, not {value!r}")
            fixed[name] = int(value)
    return fixed


def _sandbox(wiring: Wiring, caller: Mapping[str, str]) -> dict[str, str]:
    """The vendors' stand-ins, for those vendors the caller has no key of."""
    address = wiring.url("sandbox")
    if not address:
        return {}
    host = address.removeprefix("http://")
    webhook_secret = wiring.credentials.stripe_webhook_secret
    found = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"{address}/otlp",
        "SANDBOX_STRIPE_WEBHOOK_URL": f"{wiring.url('billing')}/webhooks/stripe" if "billing" in wiring.ports else "",
        "SANDBOX_STRIPE_WEBHOOK_SECRET": webhook_secret,
        "SANDBOX_STRIPE_WEBHOOK_TYPES": _STRIPE_TYPES,
    }
    vendors = {
        "OPENAI_API_KEY": {
            "OPENAI_API_KEY": "sandbox-openai-key",
            "OPENAI_BASE_URL": f"{address}/openai/v1",
        },
        "REPLICATE_API_TOKEN": {
            "REPLICATE_API_TOKEN": "sandbox-replicate-token",
            "REPLICATE_BASE_URL": f"{address}/replicate",
        },
        "CLOUDINARY_URL": {
            "CLOUDINARY_URL": "cloudinary://sandbox-key:sandbox-secret@sandbox"
            f"?upload_prefix={address}/cloudinary&secure=false&private_cdn=true&cname={host}",
            "NOTIFIER_FILE_HOSTS": LOOPBACK,
        },
        "STRIPE_API_KEY": {
            "STRIPE_API_KEY": "sk_test_sandbox",
            "STRIPE_API_BASE": f"{address}/stripe",
            "STRIPE_WEBHOOK_SECRETS": webhook_secret,
        },
        "SMTP_URL": {"SMTP_URL": f"smtp://{LOOPBACK}:{wiring.ports['smtp']}?tls=off"},
    }
    if bool(caller.get("STRIPE_API_KEY")) != bool(caller.get("STRIPE_WEBHOOK_SECRETS")):
        raise HomeError("STRIPE_API_KEY and STRIPE_WEBHOOK_SECRETS belong together: set both or neither")
    for key, wires in vendors.items():
        if not caller.get(key):
            found |= wires
    return found
