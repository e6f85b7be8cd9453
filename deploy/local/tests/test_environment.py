"""Which addresses and keys the processes get, and that the caller's own always win."""

import pytest

from atelier_local.credentials import Credentials
from atelier_local.environment import Wiring, fixed_ports, process_environment, public_environment
from atelier_local.home import HomeError
from atelier_local.processes import from_json, port_names, product, to_json

CREDENTIALS = Credentials("pg", "vk", "i" * 32, "a" * 32, "whsec_x", "demo")


def wiring(workers: int = 1) -> Wiring:
    names = port_names(product(workers=workers))
    ports = {name: 20000 + number for number, name in enumerate(names)}
    return Wiring(ports, CREDENTIALS, "postgresql://u:p@127.0.0.1:1/", "redis://:p@127.0.0.1:2/0")


def test_all_vendors_are_sandboxed_without_keys() -> None:
    wires = wiring()
    found = public_environment(wires, {})
    sandbox = f"http://127.0.0.1:{wires.ports['sandbox']}"
    assert found["OPENAI_BASE_URL"] == f"{sandbox}/openai/v1"
    assert found["REPLICATE_BASE_URL"] == f"{sandbox}/replicate"
    assert found["STRIPE_API_BASE"] == f"{sandbox}/stripe"
    assert f"upload_prefix={sandbox}/cloudinary&secure=false" in found["CLOUDINARY_URL"]
    assert found["SMTP_URL"] == f"smtp://127.0.0.1:{wires.ports['smtp']}?tls=off"
    assert found["OTEL_EXPORTER_OTLP_ENDPOINT"] == f"{sandbox}/otlp"
    assert found["SANDBOX_STRIPE_WEBHOOK_SECRET"] == found["STRIPE_WEBHOOK_SECRETS"] == "whsec_x"
    assert found["SANDBOX_STRIPE_WEBHOOK_URL"] == f"{wires.url('billing')}/webhooks/stripe"
    assert found["TRACE_SAMPLE_RATIO"] == "1.0"


@pytest.mark.parametrize(
    ("key", "left_out"),
    [
        ("OPENAI_API_KEY", {"OPENAI_API_KEY", "OPENAI_BASE_URL"}),
        ("REPLICATE_API_TOKEN", {"REPLICATE_API_TOKEN", "REPLICATE_BASE_URL"}),
        ("CLOUDINARY_URL", {"CLOUDINARY_URL", "NOTIFIER_FILE_HOSTS"}),
        ("SMTP_URL", {"SMTP_URL"}),
    ],
)
def test_a_real_key_makes_that_vendor_real(key: str, left_out: set[str]) -> None:
    without, with_key = public_environment(wiring(), {}), public_environment(wiring(), {key: "real"})
    assert set(without) - set(with_key) == left_out


def test_stripe_is_real_with_both_its_secrets_only() -> None:
    both = {"STRIPE_API_KEY": "sk", "STRIPE_WEBHOOK_SECRETS": "whsec_real"}
    assert "STRIPE_API_BASE" not in public_environment(wiring(), both)
    for name, value in both.items():
        with pytest.raises(HomeError, match="belong together"):
            public_environment(wiring(), {name: value})


def test_callers_values_win_and_empty_ones_do_not() -> None:
    caller = {"PUBLIC_URL": "https://studio.example", "TRACE_SAMPLE_RATIO": "0.5", "OPENAI_API_KEY": ""}
    found = public_environment(wiring(), caller)
    assert found["PUBLIC_URL"] == "https://studio.example"
    assert found["TRACE_SAMPLE_RATIO"] == "0.5"
    assert found["OPENAI_API_KEY"] == "sandbox-openai-key"


def test_without_workers_generation_does_the_work_itself() -> None:
    roles = {spec.name: spec.role for spec in product()}
    assert roles["generation"] == "box"
    assert "worker" not in roles
    apart = {spec.name: spec.role for spec in product(workers=2)}
    assert (apart["generation"], apart["worker"], apart["worker-2"]) == ("all", "worker", "worker")


def test_every_worker_has_its_own_port() -> None:
    wires, plan = wiring(workers=3), product(workers=3)
    caller = {"GENERATION_WORKER_PORT": "9999"}
    shared = public_environment(wires, caller)
    workers = [spec for spec in plan if spec.role == "worker"]
    ports = [process_environment(spec, wires, shared, caller)["GENERATION_WORKER_PORT"] for spec in workers]
    assert len(set(ports)) == 3
    assert fixed_ports(plan, caller) == {"worker": 9999}


def test_odd_port_is_named() -> None:
    with pytest.raises(HomeError, match="GATEWAY_PORT must be a port, not 'http'"):
        fixed_ports(product(), {"GATEWAY_PORT": "http"})


def test_plan_survives_the_way_to_another_process() -> None:
    assert from_json(to_json(product(workers=2))) == product(workers=2)


def test_unknown_process_is_named() -> None:
    with pytest.raises(ValueError, match="no such process: nonsense"):
        product(only=["gateway", "nonsense"])
