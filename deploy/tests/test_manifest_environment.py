"""Every process in the cluster is given the variables it needs, none it does not know, and secrets by name only."""

import json

import pytest
from prometheus_client import REGISTRY

from common.settings import CommonSettings
from generation.providers.bootstrap import build_providers
from generation.providers.settings import ProviderSettings, StorageSettings
from generation.settings import GenerationSettings

from .manifests import KUBERNETES, Manifests
from .variables import SAMPLE_SECRETS, names_read_by, settings_of, variables_of

README = KUBERNETES / "README.md"
BUDGET_SHARE_MAX = 0.8
POOLS = {"gateway": "GATEWAY_POOL_SIZE", "billing": "BILLING_POOL_SIZE", "generation": "GENERATION_POOL_SIZE"}
POOLS["notifier"] = "NOTIFIER_DATABASE_POOL_SIZE"


def test_processes_are_given_only_variables_they_know(manifests: Manifests) -> None:
    for workload in manifests.workloads():
        unknown = set(manifests.environment(workload)) - names_read_by(workload.args)
        assert unknown == set(), workload.name


async def test_every_process_would_start_in_production(manifests: Manifests, monkeypatch: pytest.MonkeyPatch) -> None:
    for workload in manifests.workloads():
        environment = manifests.environment(workload)
        with monkeypatch.context() as patch:
            for name in names_read_by(workload.args):
                patch.delenv(name, raising=False)
            for name, value in environment.items():
                patch.setenv(name, SAMPLE_SECRETS[name] if value is None else value)
            for cls in settings_of(workload.args):
                settings = cls()
                if isinstance(settings, CommonSettings):
                    assert settings.production
                    assert settings.database_url_for(workload.args[0])
                elif isinstance(settings, ProviderSettings):
                    await build_providers(settings, None).aclose()


def test_secret_values_come_from_secrets_only(manifests: Manifests) -> None:
    assert manifests.of_kind("Secret") == []
    for config in manifests.of_kind("ConfigMap"):
        assert set(config["data"]) & set(SAMPLE_SECRETS) == set()
    for workload in manifests.workloads():
        plain = {name for name, value in manifests.environment(workload).items() if value is not None}
        assert plain & set(SAMPLE_SECRETS) == set()


def test_secrets_are_described_in_the_readme(production: Manifests) -> None:
    references = {
        (secret, key)
        for workload in production.workloads()
        for _, secret, key in production.secret_references(workload)
    }
    rows = [line.split("|") for line in README.read_text().splitlines() if line.startswith("| `")]
    described = {(row[1].strip(" `"), row[2].strip(" `")) for row in rows if len(row) == 6}
    assert described == references


def test_only_workers_hold_the_keys_of_providers(manifests: Manifests) -> None:
    storage = {name for name in variables_of(StorageSettings) if name in SAMPLE_SECRETS}
    keys = {name for name in variables_of(ProviderSettings) if name in SAMPLE_SECRETS} - storage

    def holders(names: set[str]) -> set[str]:
        return {one.args[-1] for one in manifests.workloads() if names & set(manifests.environment(one))}

    assert (len(storage), len(keys)) == (1, 2)
    assert holders(keys) == {"worker"}
    assert holders(storage) == {"worker", "service"}


def test_pools_of_all_replicas_fit_into_postgres(manifests: Manifests) -> None:
    (namespace,) = manifests.of_kind("Namespace")
    allowed = int(namespace["metadata"]["annotations"]["atelier.studio/postgres-max-connections"])
    limits = {
        scaler["spec"]["scaleTargetRef"]["name"]: scaler["spec"].get("maxReplicas") or scaler["spec"]["maxReplicaCount"]
        for scaler in manifests.of_kind("HorizontalPodAutoscaler", "ScaledObject")
    }
    total = 0
    for workload in manifests.workloads("Deployment"):
        replicas = limits[workload.name] if workload.name in limits else workload.spec["replicas"]
        surge = workload.spec["strategy"]["rollingUpdate"]["maxSurge"]
        total += (replicas + surge) * int(manifests.environment(workload)[POOLS[workload.args[0]]] or "")
    assert 100 < total <= BUDGET_SHARE_MAX * allowed


def test_workers_scale_on_figures_the_sweeper_publishes(production: Manifests) -> None:
    import generation.sweeper  # noqa: F401 - its metrics register themselves

    emitted = {metric.name for metric in REGISTRY.collect()}
    objects = production.of_kind("ScaledObject")
    assert len(objects) == 4
    for scaled in objects:
        target = production.deployment(scaled["spec"]["scaleTargetRef"]["name"])
        job_class = target.labels["atelier.studio/job-class"]
        (trigger,) = scaled["spec"]["triggers"]
        selector = f'{{namespace="atelier",job_class="{job_class}"}}'
        assert trigger["metadata"]["query"] == f"max(runs_waiting{selector}) + max(runs_running{selector})"
        assert {"runs_waiting", "runs_running"} <= emitted
        slots = json.loads(production.environment(target)["GENERATION_SLOTS"] or "")
        assert trigger["metadata"]["threshold"] == str(slots[job_class])
        assert scaled["spec"]["minReplicaCount"] <= scaled["spec"]["fallback"]["replicas"]


def test_slots_are_given_for_every_class(manifests: Manifests) -> None:
    environment = manifests.environment(manifests.deployment("generation"))
    assert GenerationSettings.model_validate(
        {"redis_url": "redis://queue", "slots": json.loads(environment["GENERATION_SLOTS"] or "")}
    ).slots
