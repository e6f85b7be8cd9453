"""Owns what the demonstration is shown on: addresses, and which vendors are stand-ins."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from atelier_local.home import Home

SANDBOX_VENDORS = frozenset({"openai", "replicate", "cloudinary", "stripe", "smtp", "traces"})
"""Everything the sandbox can stand in for; `traces` is the collector of spans."""

_ADDRESSES = {
    "openai": "OPENAI_BASE_URL",
    "replicate": "REPLICATE_BASE_URL",
    "cloudinary": "CLOUDINARY_URL",
    "stripe": "STRIPE_API_BASE",
    "traces": "OTEL_EXPORTER_OTLP_ENDPOINT",
}


@dataclass(frozen=True, slots=True)
class DemoTarget:
    """A running product.

    Attributes:
        gateway_url: the public API.
        sandbox_url: the vendors' stand-in, for looking inside and for faults.
        output_dir: where pictures are saved; made when missing.
        is_tty: whether a person watches, so that lines may move and be coloured.
        sandbox_vendors: which vendors are stand-ins; parts of the story that need one of the others are left out.
    """

    gateway_url: str
    sandbox_url: str
    output_dir: Path
    is_tty: bool = False
    sandbox_vendors: frozenset[str] = SANDBOX_VENDORS


class RunningStack(Protocol):
    """What of a local installation the demonstration looks at."""

    home: Home

    @property
    def urls(self) -> Mapping[str, str]:
        """Addresses by process."""
        ...

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that all processes share."""
        ...


def target_of(stack: RunningStack, *, is_tty: bool) -> DemoTarget:
    """A local installation as a target: a vendor is a stand-in where its address is the sandbox's."""
    sandbox_url = stack.urls["sandbox"]
    host = sandbox_url.removeprefix("http://")
    environment = stack.environment
    found = {vendor for vendor, name in _ADDRESSES.items() if host in environment.get(name, "")}
    if environment.get("SMTP_URL", "").startswith("smtp://127.0.0.1:"):
        found.add("smtp")
    return DemoTarget(stack.urls["gateway"], sandbox_url, stack.home.path / "demo", is_tty, frozenset(found))
