"""The published schemas are what the code says, and they describe real events."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from common.events.registry import EVENT_TYPES

SCRIPT = Path(__file__).resolve().parents[4] / "scripts" / "event_schemas.py"


@pytest.fixture(scope="module")
def schemas() -> ModuleType:
    spec = importlib.util.spec_from_file_location("event_schemas", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_files_are_what_the_registry_says(schemas: ModuleType):
    assert schemas.differences() == [], "run scripts/event_schemas.py"


def test_a_stale_a_missing_and_a_left_over_file_are_noticed(schemas: ModuleType, tmp_path: Path):
    schemas.write(tmp_path)
    assert schemas.differences(tmp_path) == []
    (tmp_path / "job.submitted.schema.json").unlink()
    (tmp_path / "job.teleported.schema.json").write_text("{}")
    (tmp_path / "run.failed.schema.json").write_text("{}")
    assert schemas.differences(tmp_path) == [
        "job.submitted.schema.json",
        "job.teleported.schema.json",
        "run.failed.schema.json",
    ]
    schemas.write(tmp_path)
    assert schemas.differences(tmp_path) == []


def test_each_schema_says_who_speaks_and_who_listens(schemas: ModuleType):
    for name, event_type in EVENT_TYPES.items():
        schema = json.loads(schemas.render(event_type))
        assert schema["title"] == name
        assert schema["x-topic"] == event_type.topic
        assert schema["x-published-by"] not in schema["x-read-by"]
        assert "event_id" in schema["properties"]
