"""What surrounds the story: the target, the exit status, and the reason when something is wrong."""

import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from atelier_local.demo import DemoTarget, run, target_of
from atelier_local.demo.target import SANDBOX_VENDORS
from atelier_local.home import Home

SANDBOX = "http://127.0.0.1:8090"
ENVIRONMENT = {
    "OPENAI_BASE_URL": f"{SANDBOX}/openai/v1",
    "REPLICATE_BASE_URL": f"{SANDBOX}/replicate",
    "CLOUDINARY_URL": f"cloudinary://key:secret@sandbox?upload_prefix={SANDBOX}/cloudinary",
    "STRIPE_API_BASE": f"{SANDBOX}/stripe",
    "OTEL_EXPORTER_OTLP_ENDPOINT": f"{SANDBOX}/otlp",
    "SMTP_URL": "smtp://127.0.0.1:8025?tls=off",
}


def vendors_of(**changes: str) -> frozenset[str]:
    urls = {"gateway": "http://127.0.0.1:8000", "sandbox": SANDBOX}
    stack = SimpleNamespace(home=Home(Path("home")), urls=urls, environment=ENVIRONMENT | changes)
    return target_of(stack, is_tty=False).sandbox_vendors


def test_vendors_at_the_sandbox_are_stand_ins() -> None:
    assert vendors_of() == SANDBOX_VENDORS


@pytest.mark.parametrize(
    ("name", "value", "real"),
    [
        ("OPENAI_BASE_URL", "", "openai"),
        ("REPLICATE_BASE_URL", "https://api.replicate.com", "replicate"),
        ("CLOUDINARY_URL", "cloudinary://key:secret@ours", "cloudinary"),
        ("STRIPE_API_BASE", "", "stripe"),
        ("SMTP_URL", "smtp://user:pass@mail.example:587", "smtp"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318", "traces"),
    ],
)
def test_a_vendor_elsewhere_is_real(name: str, value: str, real: str) -> None:
    assert vendors_of(**{name: value}) == SANDBOX_VENDORS - {real}


def test_fails_with_the_reason_when_nobody_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and never listening: nobody else can answer there
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert run(DemoTarget(nowhere, nowhere, tmp_path)) == 1
    assert f"✗ GET {nowhere}/sandbox/faults got no answer: ConnectError" in capsys.readouterr().out
