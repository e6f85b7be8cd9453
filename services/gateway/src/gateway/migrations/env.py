"""Alembic's entry: the gateway's metadata, gathered from every noun, and the shared careful runner."""

from importlib import import_module
from pathlib import Path

from common.db.migrate import run_environment
from gateway.tables import metadata

for tables in sorted(Path(__file__).parents[1].glob("*/tables.py")):
    import_module(f"gateway.{tables.parent.name}.tables")

run_environment(metadata)
