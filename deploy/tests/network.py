"""Owns what NetworkPolicies mean, as far as ours go: may this peer open a connection to that one on this port."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field

from .manifests import Document, Manifests

NAMESPACE_LABEL = "kubernetes.io/metadata.name"


@dataclass(frozen=True, slots=True)
class Peer:
    """One end of a connection: a pod in a namespace, or an address outside the cluster."""

    namespace: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    address: str = ""


def allowed(manifests: Manifests, source: Peer, target: Peer, port: int, protocol: str = "TCP") -> bool:
    """Whether the policies let `source` connect: its egress and the target's ingress must both permit it."""
    return _permits(manifests, "Egress", source, target, port, protocol, target) and _permits(
        manifests, "Ingress", target, source, port, protocol, target
    )


def _permits(
    manifests: Manifests, direction: str, subject: Peer, other: Peer, port: int, protocol: str, listener: Peer
) -> bool:
    policies = list(_policies_on(manifests, direction, subject))
    if not policies:
        return True
    side, peers = ("egress", "to") if direction == "Egress" else ("ingress", "from")
    for policy in policies:
        for rule in policy["spec"].get(side, []):
            matches = any(_matches(peer, other, subject.namespace) for peer in rule[peers])
            if matches and _has_port(rule["ports"], port, protocol, listener):
                return True
    return False


def _policies_on(manifests: Manifests, direction: str, subject: Peer) -> Iterator[Document]:
    for policy in manifests.of_kind("NetworkPolicy"):
        selector = policy["spec"]["podSelector"].get("matchLabels", {})
        here = policy["metadata"]["namespace"] == subject.namespace
        if here and direction in policy["spec"]["policyTypes"] and selector.items() <= subject.labels.items():
            yield policy


def _matches(peer: Document, other: Peer, own_namespace: str) -> bool:
    if "ipBlock" in peer:
        return bool(other.address) and _in_block(peer["ipBlock"], other.address)
    if other.address:
        return False
    namespaces = peer.get("namespaceSelector", {}).get("matchLabels", {NAMESPACE_LABEL: own_namespace})
    pods = peer.get("podSelector", {}).get("matchLabels", {})
    return bool(namespaces == {NAMESPACE_LABEL: other.namespace} and pods.items() <= other.labels.items())


def _in_block(block: Document, address: str) -> bool:
    ip = ipaddress.ip_address(address)
    excepted = any(ip in ipaddress.ip_network(network) for network in block.get("except", []))
    return ip in ipaddress.ip_network(block["cidr"]) and not excepted


def _has_port(ports: list[Document], port: int, protocol: str, listener: Peer) -> bool:
    return any(
        entry.get("protocol", "TCP") == protocol and listener.ports.get(entry["port"], entry["port"]) == port
        for entry in ports
    )
