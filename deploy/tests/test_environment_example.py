"""`.env.example` names every variable there is, explains it, and shows the default the code has."""

import re
from typing import NamedTuple

from generation.providers.settings import ProviderSettings

from .manifests import ROOT
from .variables import DATABASE_OVERRIDES, INSTANCE, SERVICES, SettingsClass, Variable, variables_of

EXAMPLE = ROOT / ".env.example"
COMPOSE = ROOT / "docker-compose.yml"
_LINE = re.compile(r"(#?)([A-Z][A-Z0-9_]*)=(.*)")
_INTERPOLATED = re.compile(r"\$\{([A-Z_]+)(?::-([^}]*))?")

# Where compose has another default than the code, and .env.example says so.
_COMPOSE_DEFAULTS = {"REDIS_URL"}


class Line(NamedTuple):
    """One variable of the file."""

    optional: bool
    value: str
    explained: bool


def _lines() -> dict[str, Line]:
    found: dict[str, Line] = {}
    explained = False
    for text in EXAMPLE.read_text().splitlines():
        match = _LINE.fullmatch(text)
        if match:
            assert match.group(2) not in found, f"{match.group(2)} appears twice"
            found[match.group(2)] = Line(bool(match.group(1)), match.group(3), explained)
        else:
            explained = text.startswith("# ") and not text.startswith("# ---")
    return found


def _known() -> dict[str, Variable]:
    classes: list[SettingsClass] = [*SERVICES.values(), ProviderSettings]
    return {name: variable for cls in classes for name, variable in variables_of(cls).items()}


def _interpolated() -> dict[str, str | None]:
    text = COMPOSE.read_text()
    return {match.group(1): match.group(2) for match in _INTERPOLATED.finditer(text)}


def test_names_every_variable_of_the_settings_and_no_other() -> None:
    expected = {*_known(), *_interpolated(), *DATABASE_OVERRIDES.values(), INSTANCE}
    assert set(_lines()) == expected


def test_explains_every_variable() -> None:
    assert [name for name, line in _lines().items() if not line.explained] == []


def test_shows_the_defaults_the_code_has() -> None:
    lines = _lines()
    shown = {name: line.value for name, line in lines.items() if line.optional and name not in _COMPOSE_DEFAULTS}
    defaults = {name: variable.default for name, variable in _known().items() if name in shown}
    assert {name: shown[name] for name in defaults} == defaults


def test_shows_the_defaults_compose_has_for_its_own_variables() -> None:
    own = {name: default for name, default in _interpolated().items() if name not in _known()}
    lines = _lines()
    assert {name: lines[name].value for name, default in own.items() if default} == {
        name: default for name, default in own.items() if default
    }


def test_leaves_empty_what_must_be_given() -> None:
    required = {name for name, line in _lines().items() if not line.optional}
    text = COMPOSE.read_text()
    assert required == set(re.findall(r"\$\{([A-Z_]+):\?", text))
    assert all(_lines()[name].value == "" for name in required)
