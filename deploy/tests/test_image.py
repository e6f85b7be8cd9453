"""The image: the Dockerfile is sound, and the wheels it builds carry everything the source trees hold."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from .manifests import ROOT

DOCKERFILE = ROOT / "Dockerfile"
PACKAGES = ("libs/common", "services/gateway", "services/billing", "services/generation", "services/notifier")
_PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def _text() -> str:
    return DOCKERFILE.read_text()


def _pins(name: str) -> dict[str, str]:
    return dict(_PIN.findall((ROOT / "requirements" / name).read_text()))


def test_dockerfile_has_no_lint() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    result = subprocess.run([linter, DOCKERFILE], capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode == 0, result.stdout


def test_holds_every_package_but_the_sandbox() -> None:
    services = {f"services/{path.parent.name}" for path in (ROOT / "services").glob("*/pyproject.toml")}
    libraries = {f"libs/{path.parent.name}" for path in (ROOT / "libs").glob("*/pyproject.toml")}
    assert services | libraries == {*PACKAGES, "services/sandbox"}
    for package in PACKAGES:
        assert f"COPY {package} {package}\n" in _text()
        assert f"./{package}" in _text()
    assert "sandbox" not in _text()


def test_build_context_holds_what_is_copied_and_no_more() -> None:
    sources = re.findall(r"^COPY (?!--from)(.+) \S+$", _text(), re.MULTILINE)
    files = {name for line in sources for name in line.split()}
    assert files == {*PACKAGES, "requirements/build.txt", "requirements/runtime.txt"}
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    admitted = {rule[1:] for rule in rules if rule.startswith("!")}
    assert "*" in rules
    parts = {f"{package}/{part}" for package in PACKAGES for part in ("src", "pyproject.toml")}
    assert admitted == parts | {"requirements/build.txt", "requirements/runtime.txt"}


def test_installs_only_what_is_locked_by_hash() -> None:
    installs = re.findall(r"install\s(?:\\\n\s*)?([^&]*?)(?=\n \w|\s&&|\n\n)", _text().replace("\\\n", " "))
    assert len(installs) == 3
    assert all("--require-hashes" in line or "--no-index" in line for line in installs)
    for name in ("build.txt", "runtime.txt"):
        entries = re.findall(r"^\S+==.*?(?=^\S+==|\Z)", (ROOT / "requirements" / name).read_text(), re.M | re.S)
        assert entries
        assert all("--hash=sha256:" in entry for entry in entries)


def test_builds_with_the_same_tools_as_everywhere_else() -> None:
    local = _pins("local.txt")
    assert {name: local.get(name) for name in _pins("build.txt")} == _pins("build.txt")


@pytest.mark.parametrize("name", ["Dockerfile", "requirements/build.txt", "requirements/build.in"])
def test_names_no_index(name: str) -> None:
    addresses = re.findall(r"https?://[^\s'\"]+", (ROOT / name).read_text())
    assert [address for address in addresses if not address.startswith("http://127.0.0.1")] == []
    assert "index-url" not in (ROOT / name).read_text()


def test_runs_as_a_numeric_user_without_a_shell() -> None:
    assert "\nUSER 10001:10001\n" in _text()
    assert '\nENTRYPOINT ["python", "-m"]\n' in _text()
    assert "org.opencontainers.image.revision" in _text()


@pytest.mark.parametrize("package", PACKAGES)
def test_wheel_carries_every_file_of_the_source_tree(package: str, tmp_path: Path) -> None:
    source = ROOT / package / "src"
    expected = {
        str(path.relative_to(source))
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    (wheel,) = WheelBuilder(str(ROOT / package)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        carried = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert carried == expected


def test_data_files_are_among_what_is_looked_for() -> None:
    suffixes = {path.suffix for package in PACKAGES for path in (ROOT / package / "src").rglob("*")}
    assert {".lua", ".toml", ".html", ".txt", ".mako"} <= suffixes
