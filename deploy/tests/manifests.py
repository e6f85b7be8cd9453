"""Owns how the tests get at the manifests: rendered by kubectl, or the plain files where there is no kubectl."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
KUBERNETES = ROOT / "deploy" / "k8s"
RENDERINGS = ("base", "overlays/dev", "overlays/prod")
RENDER_SECONDS_MAX = 30

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment or a Job, with the parts of it that most tests ask for."""

    document: Document

    @property
    def name(self) -> str:
        return str(self.document["metadata"]["name"])

    @property
    def kind(self) -> str:
        return str(self.document["kind"])

    @property
    def spec(self) -> Document:
        return dict(self.document["spec"])

    @property
    def pod(self) -> Document:
        return dict(self.spec["template"]["spec"])

    @property
    def labels(self) -> dict[str, str]:
        return dict(self.spec["template"]["metadata"]["labels"])

    @property
    def container(self) -> Document:
        (container,) = self.pod["containers"]
        return dict(container)

    @property
    def args(self) -> list[str]:
        return list(self.container["args"])

    @property
    def ports(self) -> dict[str, int]:
        return {port["name"]: port["containerPort"] for port in self.container.get("ports", [])}


@dataclass(frozen=True, slots=True)
class Manifests:
    """Everything one kustomization renders to."""

    documents: list[Document]

    def of_kind(self, *kinds: str) -> list[Document]:
        return [document for document in self.documents if document["kind"] in kinds]

    def named(self, kind: str, name: str) -> Document:
        (found,) = (document for document in self.of_kind(kind) if document["metadata"]["name"] == name)
        return found

    def workloads(self, *kinds: str) -> list[Workload]:
        return [Workload(document) for document in self.of_kind(*(kinds or ("Deployment", "Job")))]

    def deployment(self, name: str) -> Workload:
        return Workload(self.named("Deployment", name))

    def selected(self, labels: dict[str, str]) -> list[Workload]:
        """The workloads whose pods carry all these labels."""
        return [workload for workload in self.workloads() if labels.items() <= workload.labels.items()]

    def environment(self, workload: Workload) -> dict[str, str | None]:
        """What a container's environment will be; None stands for the value of a secret."""
        values: dict[str, str | None] = {}
        for source in workload.container.get("envFrom", []):
            values |= self.named("ConfigMap", source["configMapRef"]["name"])["data"]
        for entry in workload.container.get("env", []):
            values[entry["name"]] = entry.get("value") or _from_label(entry, workload)
        return values

    def secret_references(self, workload: Workload) -> Iterator[tuple[str, str, str]]:
        """Each secret that is used: the variable, the secret's name, the key in it."""
        for entry in workload.container.get("env", []):
            reference = entry.get("valueFrom", {}).get("secretKeyRef")
            if reference:
                yield entry["name"], reference["name"], reference["key"]


def _from_label(entry: Document, workload: Workload) -> str | None:
    path = entry["valueFrom"].get("fieldRef", {}).get("fieldPath", "")
    return workload.labels[path.removeprefix("metadata.labels['").removesuffix("']")] if path else None


def kubectl() -> str | None:
    """Where kubectl is, if it is."""
    return shutil.which("kubectl")


def render(name: str) -> Manifests:
    """What kustomize makes of a directory under `deploy/k8s`."""
    command = kubectl()
    assert command is not None
    result = subprocess.run(
        [command, "kustomize", KUBERNETES / name],
        capture_output=True,
        text=True,
        timeout=RENDER_SECONDS_MAX,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert not result.stderr, result.stderr
    return Manifests(_documents(result.stdout))


def plain_files(directory: Path) -> Iterator[tuple[Path, list[Document]]]:
    """The files a kustomization lists as resources, as they stand: no patches, names, labels or generators."""
    kustomization = yaml.safe_load((directory / "kustomization.yaml").read_text())
    for resource in kustomization.get("resources", []):
        path = (directory / resource).resolve()
        if path.is_dir():
            yield from plain_files(path)
        else:
            yield path, _documents(path.read_text())


def _documents(text: str) -> list[Document]:
    return [document for document in yaml.safe_load_all(text) if document]
