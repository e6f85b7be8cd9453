"""Owns the schemas of the Kubernetes API: those of `kubernetes_validate`, strict, compiled once, and ours for CRDs."""

import json
from functools import cache
from importlib import resources
from pathlib import Path

import jsonschema_rs

from .manifests import Document

VERSIONS = ("1.37", "1.33")  # the newest, and the oldest that is supported
CUSTOM = {
    "gateway.networking.k8s.io/v1/HTTPRoute": "http-route.json",
    "keda.sh/v1alpha1/ScaledObject": "scaled-object.json",
    "monitoring.coreos.com/v1/PrometheusRule": "prometheus-rule.json",
}
_OURS = Path(__file__).parent / "schemas"
_THEIRS = resources.files("kubernetes_validate") / "kubernetes-json-schema"


def check(document: Document, version: str) -> None:
    """Compare a manifest with its schema.

    Raises:
        jsonschema_rs.ValidationError: a member is unknown, missing or of the wrong type.
        FileNotFoundError: this version has no such kind.
    """
    _validator(document["apiVersion"], document["kind"], version).validate(document)


@cache
def _validator(api_version: str, kind: str, version: str) -> jsonschema_rs.Draft202012Validator:
    if ours := CUSTOM.get(f"{api_version}/{kind}"):
        return jsonschema_rs.Draft202012Validator(json.loads((_OURS / ours).read_text()))
    group, _, name = api_version.rpartition("/")
    parts = [kind.lower(), group.partition(".")[0], name]
    file = "-".join(part for part in parts if part) + ".json"
    schema = json.loads((_THEIRS / f"v{version}.0-local-strict" / file).read_text())
    return jsonschema_rs.Draft202012Validator(schema, registry=_definitions(version))


@cache
def _definitions(version: str) -> jsonschema_rs.Registry:
    schema = json.loads((_THEIRS / f"v{version}.0-local-strict" / "_definitions.json").read_text())
    return jsonschema_rs.Registry([(schema["$id"], schema)])
