"""Alert rules speak of figures that exist, with labels those have, of every trouble that was promised an alert."""

import re
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pytest
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from .manifests import KUBERNETES, ROOT, plain_files

PACKAGES = ("common", "gateway", "billing", "generation", "notifier")
OF_KUBERNETES = {"kubelet_volume_stats_used_bytes", "kubelet_volume_stats_capacity_bytes"}
LABELS_OF_KUBERNETES = {"namespace", "persistentvolumeclaim"}
WORDS = {
    "sum", "max", "count", "rate", "increase", "by", "or", "and", "time", "without", "unless", "on", "ignoring",
}  # fmt: skip
"""The words of PromQL that are used; a name that is none of them is a metric."""
THRESHOLDS = {
    "LedgerViolation": "> 0", "StripeLedgerDrift": "> 0", "OrderRefundsFailed": "> 0", "DeadLetters": "> 0",
    "DegradedMode": "> 0", "OutboxLate": "> 60", "StreamLag": "> 1000", "ProviderThrottles": "> 0",
    "ProviderBroken": "> 0", "QueueLong": ">= 5",
    "DatabaseConnections": "> 0.8", "DatabaseConnectionsPage": "> 0.9", "DiskFilling": "> 0.8",
    "ResponsesSlow": "> 0.5", "ResponsesSlowScale": "> 1", "ResponsesSlowPage": "> 2",
    "ErrorsHigh": "> 0.01", "ErrorsHighPage": "> 0.05",
}  # fmt: skip
"""What was promised."""


def _rules() -> list[dict[str, Any]]:
    documents = [document for _, found in plain_files(KUBERNETES / "components/alerts") for document in found]
    return [rule for document in documents for group in document["spec"]["groups"] for rule in group["rules"]]


RULES = {rule["alert"]: rule for rule in _rules()}


def _metrics() -> dict[str, set[str]]:
    """Every sample name our code exposes, with its labels."""
    for package in PACKAGES:
        for module in walk_packages(import_module(package).__path__, f"{package}."):
            if "migrations" not in module.name and not module.name.endswith("__main__"):
                import_module(module.name)
    samples: dict[str, set[str]] = {}
    for names in list(REGISTRY._collector_to_names.items()):  # no public way to the labels of unused metrics
        collector, sample_names = names
        if isinstance(collector, MetricWrapperBase):
            samples |= {name: set(collector._labelnames) for name in sample_names}
    return samples


@pytest.fixture(scope="module")
def metrics() -> dict[str, set[str]]:
    return _metrics()


def test_each_alert_has_one_name_and_a_runbook_that_exists() -> None:
    assert len(RULES) == len(_rules())
    missing = {rule["annotations"]["runbook"] for rule in RULES.values()} - {
        str(path.relative_to(ROOT)) for path in (ROOT / "docs" / "runbooks").glob("*.md")
    }
    assert missing == set()


def test_every_promised_trouble_has_its_threshold() -> None:
    assert {
        name: name in RULES and limit in RULES[name]["expr"] for name, limit in THRESHOLDS.items()
    } == dict.fromkeys(THRESHOLDS, True)


@pytest.mark.parametrize("alert", RULES)
def test_metrics_and_labels_of_a_rule_exist(alert: str, metrics: dict[str, set[str]]) -> None:
    expression = RULES[alert]["expr"]
    grouping = [name.strip() for found in re.findall(r"\bby \(([^)]*)\)", expression) for name in found.split(",")]
    matchers = re.findall(r'(\w+)(?:=~|!=|!~|=)"', expression)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\bby \([^)]*\)", " ", expression)
    named = set(re.findall(r"[a-z_:]+(?:_[a-z]+)*", bare)) - WORDS
    unknown = named - metrics.keys() - OF_KUBERNETES
    assert unknown == set(), f"{alert} speaks of metrics nobody has"
    labels = set().union(*(metrics.get(name, set()) for name in named)) | (
        LABELS_OF_KUBERNETES if named & OF_KUBERNETES else set()
    )
    assert {*grouping, *matchers} <= labels, f"{alert} speaks of labels its metrics have not"
    summary = RULES[alert]["annotations"]["summary"]
    assert set(re.findall(r"\$labels\.(\w+)", summary)) <= set(grouping), "a summary names labels that are summed away"


@pytest.mark.parametrize("alert", RULES)
def test_the_brackets_of_an_expression_match(alert: str) -> None:
    waiting: list[str] = []
    for sign in re.sub(r'"[^"]*"', "", RULES[alert]["expr"]):
        if sign in "([{":
            waiting.append(sign)
        elif sign in ")]}":
            assert waiting, alert
            assert waiting.pop() + sign in ("()", "[]", "{}")
    assert waiting == []


def test_outcomes_that_rules_look_for_are_outcomes_that_are_counted() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "services").glob("*/src/**/*.py"))
    for rule in RULES.values():
        for value in re.findall(r'outcome=~?"([a-z_|]+)"', rule["expr"]):
            assert all(re.search(rf'["\']{word}["\']', source) for word in value.split("|")), value
