"""Every manifest is valid against the Kubernetes API, strictly: a member the API does not know is a mistake."""

from pathlib import Path

import jsonschema_rs
import pytest

from .kubernetes_schemas import VERSIONS, check
from .manifests import KUBERNETES, Manifests, plain_files

KUSTOMIZATIONS = sorted(path.parent for path in KUBERNETES.rglob("kustomization.yaml"))


@pytest.mark.parametrize("version", VERSIONS)
def test_rendered_manifests_are_valid(manifests: Manifests, version: str) -> None:
    for document in manifests.documents:
        check(document, version)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("directory", ["base", "components/keda", "components/alerts", "components/http-route"])
def test_plain_files_are_valid(directory: str, version: str) -> None:
    checked = [document for _, documents in plain_files(KUBERNETES / directory) for document in documents]
    assert checked
    for document in checked:
        check(document, version)


def test_no_file_is_forgotten() -> None:
    listed = {path for directory in KUSTOMIZATIONS for path, _ in plain_files(directory)}
    patches = {path for path in KUBERNETES.rglob("*.yaml") if _is_named_as_patch(path)}
    kustomizations = {directory / "kustomization.yaml" for directory in KUSTOMIZATIONS}
    assert set(KUBERNETES.rglob("*.yaml")) == listed | patches | kustomizations


def _is_named_as_patch(path: Path) -> bool:
    owners = (parent / "kustomization.yaml" for parent in path.parents if parent != path)
    return any(f"path: {path.relative_to(owner.parent)}" in owner.read_text() for owner in owners if owner.exists())


@pytest.mark.parametrize("version", VERSIONS)
def test_a_mistyped_member_is_found(version: str) -> None:
    (documents,) = (
        found for path, found in plain_files(KUBERNETES / "base" / "billing") if path.name == "deployment.yaml"
    )
    documents[0]["spec"]["template"]["spec"]["containers"][0]["resourcez"] = {}
    with pytest.raises(jsonschema_rs.ValidationError):
        check(documents[0], version)
