"""Alembic's entry: generation's metadata and the shared careful runner."""

import generation.artefacts.tables
import generation.assets.tables
import generation.documents.tables
import generation.entitlements.tables
import generation.kept.tables
import generation.questionnaires.tables
import generation.runs.tables  # noqa: F401 - as above
from common.db.migrate import run_environment
from generation.tables import metadata

run_environment(metadata)
