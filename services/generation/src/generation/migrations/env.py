"""Alembic's entry: generation's metadata and the shared careful runner."""

import generation.runs.tables  # noqa: F401 - the import adds its tables to the metadata
from common.db.migrate import run_environment
from generation.tables import metadata

run_environment(metadata)
