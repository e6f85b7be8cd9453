"""What Deployments, Jobs, Services, budgets and scalers say of each other agrees; pods are as restricted as can be."""

import re

import pytest

from common import runtime
from common.http.health import PATHS
from generation.kinds.kind import JOB_CLASSES
from generation.main import ROLES

from .manifests import ROOT, Document, Manifests, Workload
from .variables import SERVICES

VOLUMES_ALLOWED = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "projected", "secret"}
PSA_RESTRICTED = "pod-security.kubernetes.io/enforce"


def _pre_stop_seconds(workload: Workload) -> int:
    return int(workload.container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0))


def test_there_is_every_process_once(manifests: Manifests) -> None:
    commands = {workload.name: workload.args for workload in manifests.workloads("Deployment")}
    assert commands == {
        "gateway": ["gateway"],
        "billing": ["billing"],
        "notifier": ["notifier"],
        "generation": ["generation", "service"],
        "generation-sweeper": ["generation", "sweeper"],
        **{f"generation-worker-{name}": ["generation", "worker"] for name in JOB_CLASSES},
    }
    assert {role for _, *roles in commands.values() for role in roles} <= set(ROLES)


def test_every_worker_serves_the_class_it_is_named_after(manifests: Manifests) -> None:
    for name in JOB_CLASSES:
        environment = manifests.environment(manifests.deployment(f"generation-worker-{name}"))
        assert environment["GENERATION_CLASSES"] == name


def test_selectors_match_the_pods_of_one_workload_only(manifests: Manifests) -> None:
    for workload in manifests.workloads("Deployment"):
        assert [found.name for found in manifests.selected(workload.spec["selector"]["matchLabels"])] == [workload.name]
    for service in manifests.of_kind("Service"):
        found = manifests.selected(service["spec"]["selector"])
        assert [workload.name for workload in found] == [service["metadata"]["name"]]


def test_services_lead_to_ports_that_containers_have(manifests: Manifests) -> None:
    for service in manifests.of_kind("Service"):
        (workload,) = manifests.selected(service["spec"]["selector"])
        for port in service["spec"]["ports"]:
            assert workload.ports[port["targetPort"]] == port["port"]


def test_every_deployment_has_a_disruption_budget_that_lets_nodes_drain(manifests: Manifests) -> None:
    budgets = {
        found.name: budget["spec"]
        for budget in manifests.of_kind("PodDisruptionBudget")
        for found in manifests.selected(budget["spec"]["selector"]["matchLabels"])
    }
    assert set(budgets) == {workload.name for workload in manifests.workloads("Deployment")}
    assert len(manifests.of_kind("PodDisruptionBudget")) == len(budgets)
    for spec in budgets.values():
        assert spec["maxUnavailable"] == 1
        assert spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


def test_scalers_have_a_target_whose_replicas_nobody_else_sets(manifests: Manifests) -> None:
    scalers = manifests.of_kind("HorizontalPodAutoscaler", "ScaledObject")
    targets = [scaler["spec"]["scaleTargetRef"]["name"] for scaler in scalers]
    assert len(set(targets)) == len(targets)
    for target in targets:
        assert "replicas" not in manifests.deployment(target).spec
    unscaled = {workload.name for workload in manifests.workloads("Deployment")} - set(targets)
    assert all("replicas" in manifests.deployment(name).spec for name in unscaled)


def test_autoscaler_measures_a_container_that_requests_what_it_measures(manifests: Manifests) -> None:
    for scaler in manifests.of_kind("HorizontalPodAutoscaler"):
        container = manifests.deployment(scaler["spec"]["scaleTargetRef"]["name"]).container
        for metric in scaler["spec"]["metrics"]:
            assert metric["containerResource"]["container"] == container["name"]
            assert metric["containerResource"]["name"] in container["resources"]["requests"]


def test_probes_ask_paths_that_exist(manifests: Manifests) -> None:
    livez, readyz, _ = PATHS
    for workload in manifests.workloads("Deployment"):
        expected = {"startupProbe": livez, "livenessProbe": livez, "readinessProbe": readyz}
        probes = {name: workload.container[name]["httpGet"] for name in expected}
        assert {name: probe["path"] for name, probe in probes.items()} == expected
        assert all(probe["port"] in workload.ports for probe in probes.values())


def test_containers_listen_where_the_manifests_say(manifests: Manifests) -> None:
    for workload in manifests.workloads("Deployment"):
        service = workload.args[0].upper()
        variable = f"{service}_WORKER_PORT" if workload.args[-1] == "worker" else f"{service}_PORT"
        environment = manifests.environment(workload)
        assert environment[variable] == str(workload.ports["http"])
        assert environment[f"{service}_HOST"] == "0.0.0.0"  # noqa: S104 - inside a pod


def test_grace_outlasts_the_drain(manifests: Manifests) -> None:
    margin = runtime._HANG_MARGIN_SECONDS + runtime._FLUSH_SECONDS
    for workload in manifests.workloads("Deployment"):
        drain = float(manifests.environment(workload)["DRAIN_SECONDS"] or "")
        needed = _pre_stop_seconds(workload) + drain + margin
        assert workload.pod["terminationGracePeriodSeconds"] >= needed, workload.name


def test_pods_behind_a_service_wait_until_they_are_forgotten(manifests: Manifests) -> None:
    for service in manifests.of_kind("Service"):
        assert _pre_stop_seconds(manifests.deployment(service["metadata"]["name"])) >= 5


def test_rollouts_never_reduce_what_is_ready(manifests: Manifests) -> None:
    for workload in manifests.workloads("Deployment"):
        assert workload.spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
        keys = {constraint["topologyKey"] for constraint in workload.pod["topologySpreadConstraints"]}
        assert keys == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}


def test_memory_is_reserved_and_processor_time_is_not_capped(manifests: Manifests) -> None:
    for workload in manifests.workloads():
        resources = workload.container["resources"]
        assert resources["limits"] == {"memory": resources["requests"]["memory"]}
        assert "cpu" in resources["requests"]


def test_pods_meet_the_restricted_standard(manifests: Manifests) -> None:
    (namespace,) = manifests.of_kind("Namespace")
    assert namespace["metadata"]["labels"][PSA_RESTRICTED] == "restricted"
    for workload in manifests.workloads():
        _assert_restricted(workload.pod, workload.container)


def _assert_restricted(pod: Document, container: Document) -> None:
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers", "ephemeralContainers"} & pod.keys()
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert all(set(volume) - {"name"} <= VOLUMES_ALLOWED for volume in pod["volumes"])
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "hostPort" not in str(container.get("ports", ""))


def test_pods_run_as_the_user_of_the_image(manifests: Manifests) -> None:
    match = re.search(r"^USER (\d+):(\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert match is not None
    for workload in manifests.workloads():
        context = workload.pod["securityContext"]
        assert (str(context["runAsUser"]), str(context["runAsGroup"])) == match.groups()


def test_pods_get_no_credentials_of_the_cluster(manifests: Manifests) -> None:
    accounts = {account["metadata"]["name"] for account in manifests.of_kind("ServiceAccount")}
    used = {workload.pod["serviceAccountName"] for workload in manifests.workloads()}
    assert used == accounts
    assert all(account["automountServiceAccountToken"] is False for account in manifests.of_kind("ServiceAccount"))
    assert all(workload.pod["automountServiceAccountToken"] is False for workload in manifests.workloads())


def test_every_process_is_of_the_same_release(manifests: Manifests) -> None:
    assert len({workload.container["image"] for workload in manifests.workloads()}) == 1


def test_production_names_a_release_and_its_migrations_after_it(production: Manifests) -> None:
    image = production.deployment("gateway").container["image"]
    tag = image.rpartition(":")[2]
    assert re.fullmatch(r"\d+\.\d+\.\d+", tag)
    assert {workload.name for workload in production.workloads("Job")} == {f"migrate-{name}-{tag}" for name in SERVICES}


def test_every_service_has_a_migration_that_ends(manifests: Manifests) -> None:
    jobs = manifests.workloads("Job")
    assert sorted(job.args for job in jobs) == sorted([name, "migrate"] for name in SERVICES)
    for job in jobs:
        assert job.pod["restartPolicy"] == "Never"
        assert {"backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"} <= job.spec.keys()


def test_everything_lives_in_one_namespace(manifests: Manifests) -> None:
    (namespace,) = manifests.of_kind("Namespace")
    others = [document for document in manifests.documents if document["kind"] != "Namespace"]
    assert {document["metadata"]["namespace"] for document in others} == {namespace["metadata"]["name"]}


@pytest.mark.parametrize("phase", ["foundation", "migration"])
def test_releases_can_be_applied_in_order(production: Manifests, phase: str) -> None:
    """`kubectl apply -l app.kubernetes.io/component=…` finds what must stand before the rest."""
    found = {
        document["kind"]
        for document in production.documents
        if document["metadata"].get("labels", {}).get("app.kubernetes.io/component") == phase
    }
    assert found == ({"Job"} if phase == "migration" else {"Namespace", "ServiceAccount", "ConfigMap", "NetworkPolicy"})
