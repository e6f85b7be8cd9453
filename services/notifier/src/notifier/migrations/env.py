"""Alembic's entry: the notifier's metadata, gathered from every noun, and the shared careful runner."""

import notifier.feed.tables
import notifier.mail.tables  # noqa: F401 - each import adds its tables to the metadata
from common.db.migrate import run_environment
from notifier.tables import metadata

run_environment(metadata)
