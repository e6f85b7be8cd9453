"""NetworkPolicies let every process reach what it needs and nothing else; public paths lead where they should."""

from urllib.parse import urlsplit

import pytest

from billing.stripe.webhook import PATH as STRIPE_WEBHOOK
from notifier.streams.routes import STREAM_PATHS

from .manifests import Document, Manifests, Workload
from .network import Peer, allowed

PUBLIC = Peer(address="104.18.6.192")
PRIVATE = [Peer(address=address) for address in ("10.0.0.1", "172.20.3.4", "192.168.1.1", "169.254.169.254")]
DATA = Peer(namespace="data")
DNS = Peer(namespace="kube-system", labels={"k8s-app": "kube-dns"})
STRANGER = Peer(namespace="default")
EDGE = Peer(namespace="edge")
MONITORING = Peer(namespace="monitoring")
CALLS = {("gateway", "billing"), ("gateway", "notifier"), ("gateway", "generation")}


def _peer(workload: Workload) -> Peer:
    return Peer("atelier", workload.labels, workload.ports)


def _named(manifests: Manifests, name: str) -> Peer:
    return _peer(manifests.deployment(name))


def test_every_process_reaches_names_database_queue_and_collector(manifests: Manifests) -> None:
    collector = urlsplit(manifests.environment(manifests.deployment("gateway"))["OTEL_EXPORTER_OTLP_ENDPOINT"] or "")
    assert collector.hostname is not None
    traces = Peer(namespace=collector.hostname.split(".")[1])
    for workload in manifests.workloads():
        peer = _peer(workload)
        assert allowed(manifests, peer, DNS, 53, "UDP")
        assert allowed(manifests, peer, DATA, 5432)
        assert allowed(manifests, peer, DATA, 6379)
        assert collector.port is not None
        assert allowed(manifests, peer, traces, collector.port)


def test_services_reach_the_services_they_are_configured_with(manifests: Manifests) -> None:
    found = set()
    for workload in manifests.workloads("Deployment"):
        for name, value in manifests.environment(workload).items():
            address = urlsplit(value or "")
            if name in {"BILLING_URL", "NOTIFIER_URL", "GENERATION_URL"} and address.hostname:
                service = manifests.named("Service", address.hostname)
                assert address.port == service["spec"]["ports"][0]["port"]
                (target,) = manifests.selected(service["spec"]["selector"])
                assert allowed(manifests, _peer(workload), _peer(target), target.ports["http"])
                found.add((workload.name, target.name))
    assert found == CALLS


def test_processes_do_not_reach_each_other_otherwise(manifests: Manifests) -> None:
    peers = {workload.name: _peer(workload) for workload in manifests.workloads()}
    targets = {workload.name: _peer(workload) for workload in manifests.workloads("Deployment")}
    reached = {
        (source, target)
        for source in peers
        for target in targets
        if allowed(manifests, peers[source], targets[target], targets[target].ports["http"])
    }
    assert reached == CALLS


def test_only_those_who_deal_with_vendors_reach_the_public_internet(manifests: Manifests) -> None:
    https = {workload.name for workload in manifests.workloads() if allowed(manifests, _peer(workload), PUBLIC, 443)}
    workers = {workload.name for workload in manifests.workloads() if workload.args[-1] == "worker"}
    assert https == workers | {"billing", "generation", "notifier"}  # the notifier fetches what it attaches to a mail
    mail = {workload.name for workload in manifests.workloads() if allowed(manifests, _peer(workload), PUBLIC, 587)}
    assert mail == {"notifier"}


@pytest.mark.parametrize("port", [80, 443, 587, 5432, 6379])
def test_nobody_reaches_private_addresses(manifests: Manifests, port: int) -> None:
    for workload in manifests.workloads():
        assert not any(allowed(manifests, _peer(workload), address, port) for address in PRIVATE)


def test_metrics_are_scraped_from_every_process_by_monitoring_only(manifests: Manifests) -> None:
    for workload in manifests.workloads("Deployment"):
        port = workload.ports["http"]
        assert allowed(manifests, MONITORING, _peer(workload), port)
        assert not allowed(manifests, STRANGER, _peer(workload), port)


def test_the_edge_reaches_the_gateway_and_billing_only(manifests: Manifests) -> None:
    reached = {
        workload.name
        for workload in manifests.workloads("Deployment")
        if allowed(manifests, EDGE, _peer(workload), workload.ports["http"])
    }
    assert reached == {"gateway", "billing"}


def test_public_routes_lead_to_services_the_edge_may_reach(production: Manifests) -> None:
    (route,) = production.of_kind("HTTPRoute")
    edge = Peer(namespace=route["spec"]["parentRefs"][0]["namespace"])
    for rule in route["spec"]["rules"]:
        (backend,) = rule["backendRefs"]
        service = production.named("Service", backend["name"])
        assert backend["port"] in {port["port"] for port in service["spec"]["ports"]}
        assert allowed(production, edge, _named(production, backend["name"]), backend["port"])


def test_stripe_reaches_billing_and_streams_are_not_cut(production: Manifests) -> None:
    assert _rule(production, STRIPE_WEBHOOK)["backendRefs"][0]["name"] == "billing"
    for path in STREAM_PATHS:
        rule = _rule(production, path.replace("{job_id}", "job_1"))
        assert rule["backendRefs"][0]["name"] == "gateway"
        assert rule["timeouts"]["request"] == "0s"


@pytest.mark.parametrize("path", ["/metrics", "/livez", "/readyz", "/docs", "/webhooks/other", "/internal"])
def test_what_is_not_public_has_no_route(production: Manifests, path: str) -> None:
    assert _matching(production, path) == []


def _rule(manifests: Manifests, path: str) -> Document:
    """The rule for a path: an exact match before the longest prefix, as the Gateway API has it."""
    return max(_matching(manifests, path), key=lambda found: found[0])[1]


def _matching(manifests: Manifests, path: str) -> list[tuple[tuple[bool, int], Document]]:
    (route,) = manifests.of_kind("HTTPRoute")
    found = []
    for rule in route["spec"]["rules"]:
        for match in rule["matches"]:
            kind, value = match["path"]["type"], match["path"]["value"]
            if path == value or (kind == "PathPrefix" and path.startswith(f"{value.rstrip('/')}/")):
                found.append(((kind == "Exact", len(value)), rule))
    return found
