"""The TypeScript client is what the OpenAPI documents say, compiles, and names no package registry."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "clients" / "typescript"
SECONDS_MAX = 100


@pytest.fixture(scope="module")
def tools() -> None:
    """What package-lock.json names, installed; Node is on the machine that runs CI, others may do without."""
    if shutil.which("npm") is None:
        assert not os.environ.get("CI"), "CI must check the TypeScript client, and finds no npm"
        pytest.skip("NOT CHECKED: the TypeScript client needs Node 20 and npm, which are not here")
    run("make", "-s", "clients/typescript/node_modules/.installed", where=ROOT)


def run(*command: str, where: Path = CLIENT) -> None:
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.usefixtures("tools")
def test_its_types_are_those_of_the_documents() -> None:
    run("npm", "run", "--silent", "check")


@pytest.mark.usefixtures("tools")
def test_it_compiles() -> None:
    run("npm", "run", "--silent", "types")


def test_its_lock_names_no_registry_and_pins_every_package() -> None:
    lock = json.loads((CLIENT / "package-lock.json").read_text(encoding="utf-8"))

    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    assert all("resolved" not in package and package["integrity"] for package in packages.values())
    assert not (CLIENT / ".npmrc").exists()
